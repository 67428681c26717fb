/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alike.h"
#include "corpus_out.h"
#include "platform.h"
#include "pool.h"
#include "replay/backend.h"
#include "replay/result.h"
#include "select.h"
#include "verb.h"

#define KEEP_MAX 1000000u

enum { OUTPUT = 1, KEEP, EMULATOR, JOBS, TIMEOUT, FORCE };

static const struct wht_option options[] = {
    {OUTPUT, "output", 'o', "FILE", "the corpus to write, *.trace.jsonl; required"},
    {KEEP, "keep", 0, "N", "how many cases that are alike stay (default: 1)"},
    {EMULATOR, "emulator", 0, "builtin|PATH", "cases that it fails stay, however many"},
    {JOBS, "jobs", 'j', "N", "worker processes (default: processors)"},
    {TIMEOUT, "timeout", 0, "SECONDS", "for each case, and for loading (default: 10)"},
    WHT_CORPUS_OUT_FORCE(FORCE),
    {.name = NULL},
};

/* A place in a file whose case failed; in the order of files and cases. */
struct failure {
    size_t file;
    uint64_t ordinal;
};

struct kind {
    uint8_t key[WHT_SHA256_SIZE];
    uint64_t count; /* of those that were kept */
    bool is_taken;
};

struct dedupe {
    struct wht_pool_options pool;
    struct wht_words paths;
    struct wht_file_list files;
    const char *output;
    bool force;
    uint64_t keep;
    struct wht_corpus_out out;
    struct failure *failures;
    size_t failure_count;
    size_t failure_capacity;
    size_t next_failure;
    struct kind *kinds; /* a hash table */
    size_t kind_count;
    size_t kind_capacity;
    uint64_t dropped;
    uint64_t incomplete;
    uint64_t failing;
    size_t errors;
};

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 256;
    items = realloc(items, *capacity * size);
    if (!items)
        abort();
    return items;
}

static size_t file_index(const struct dedupe *d, const char *file, size_t from)
{
    while (from < d->files.count && strcmp(d->files.paths[from], file) != 0)
        from++;
    return from;
}

static bool on_case(void *user, const struct wht_case_frame *result)
{
    struct dedupe *d = user;
    if (result->kind != WHT_CASE_FAILED)
        return true;
    d->failures = grow(d->failures, d->failure_count, &d->failure_capacity, sizeof(*d->failures));
    size_t last = d->failure_count > 0 ? d->failures[d->failure_count - 1].file : 0;
    d->failures[d->failure_count++] =
        (struct failure){.file = file_index(d, result->file, last), .ordinal = result->ordinal};
    return true;
}

/* The second reading reports errors. */
static void on_error(void *user, const struct wht_error *error)
{
    (void)user;
    (void)error;
}

static int find_failures(struct dedupe *d)
{
    const struct wht_pool_handler handler = {.user = d, .on_case = on_case, .on_error = on_error};
    struct wht_words none = {.count = 0};
    char error[WHT_POOL_ERROR_MAX] = "";
    uint64_t elsewhere = 0;
    d->pool.patterns = &none;
    d->pool.expectations = &none;
    enum wht_pool_end end = wht_pool_run(&d->pool, &d->files, &handler, &elsewhere, error);
    if (end == WHT_POOL_NO_PROCESS)
        snprintf(error, sizeof(error), "a worker process could not be started");
    if (*error)
        fprintf(stderr, "whvtrace dedupe: %s\n", error);
    return end == WHT_POOL_INTERRUPTED   ? WHT_EXIT_INTERRUPTED
           : end == WHT_POOL_NO_EMULATOR ? WHT_EXIT_EMULATOR
           : end == WHT_POOL_NO_PROCESS  ? WHT_EXIT_FAILED
                                         : WHT_EXIT_OK;
}

static struct kind *find_kind(struct dedupe *d, const uint8_t *key)
{
    uint64_t hash;
    memcpy(&hash, key, sizeof(hash));
    size_t at = (size_t)hash & (d->kind_capacity - 1);
    while (d->kinds[at].is_taken && memcmp(d->kinds[at].key, key, WHT_SHA256_SIZE) != 0)
        at = (at + 1) & (d->kind_capacity - 1);
    return &d->kinds[at];
}

static void grow_kinds(struct dedupe *d)
{
    struct kind *old = d->kinds;
    size_t count = d->kind_capacity;
    if (2 * d->kind_count + 2 < count)
        return;
    d->kind_capacity = count ? 2 * count : 1024;
    d->kinds = calloc(d->kind_capacity, sizeof(*d->kinds));
    if (!d->kinds)
        abort();
    for (size_t i = 0; i < count; i++)
        if (old[i].is_taken)
            *find_kind(d, old[i].key) = old[i];
    free(old);
}

/* @return those that are alike; valid until the next call. */
static struct kind *kind_of(struct dedupe *d, const struct wht_case *c)
{
    uint8_t key[WHT_SHA256_SIZE];
    wht_alike_key(c, key);
    grow_kinds(d);
    struct kind *kind = find_kind(d, key);
    if (!kind->is_taken) {
        memcpy(kind->key, key, sizeof(key));
        kind->is_taken = true;
        d->kind_count++;
    }
    return kind;
}

static bool has_tag(const struct wht_case *c, const char *tag)
{
    for (size_t i = 0; i < c->tags.count; i++)
        if (strcmp(c->tags.items[i], tag) == 0)
            return true;
    return false;
}

static bool has_failed(struct dedupe *d, size_t file, uint64_t ordinal)
{
    const struct failure *f = d->failures;
    while (d->next_failure < d->failure_count &&
           (f[d->next_failure].file < file ||
            (f[d->next_failure].file == file && f[d->next_failure].ordinal < ordinal)))
        d->next_failure++;
    return d->next_failure < d->failure_count && f[d->next_failure].file == file &&
           f[d->next_failure].ordinal == ordinal;
}

static void handle(struct dedupe *d, size_t file, const struct wht_case *c,
                   const struct wht_node *node)
{
    bool is_incomplete = has_tag(c, "incomplete");
    bool is_failing = has_failed(d, file, c->ordinal);
    struct kind *kind = is_incomplete || is_failing ? NULL : kind_of(d, c);
    char id[WHT_ID_MAX];
    d->incomplete += is_incomplete;
    d->failing += is_failing;
    if (kind && kind->count >= d->keep) {
        d->dropped++;
        return;
    }
    wht_corpus_out_id(&d->out, c->id, id);
    /* One that is not valid does not stand for the others. */
    if (wht_corpus_out_node(&d->out, c->name, id, node) && kind)
        kind->count++;
}

static void read_files(struct dedupe *d)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    for (size_t i = 0; i < d->files.count; i++) {
        struct wht_reader *reader = wht_reader_open(d->files.paths[i], &load);
        if (!reader) {
            d->errors++;
            continue;
        }
        for (struct wht_case *c; (c = wht_reader_next(reader)) != NULL;) {
            handle(d, i, c, wht_reader_text(reader));
            wht_case_free(c);
        }
        d->errors += wht_reader_error_count(reader);
        wht_reader_close(reader);
    }
}

static int dedupe(struct dedupe *d)
{
    char *root = NULL;
    if (d->paths.count == 0)
        return wht_usage_error("dedupe", "a trace file is missing");
    int code = wht_select_files("dedupe", &d->paths, &d->files, &root);
    free(root);
    wht_outfile_protect(d->pool.emulator);
    if (code == WHT_EXIT_OK)
        code = wht_corpus_out_open(&d->out, "dedupe", d->output, d->force);
    if (code != WHT_EXIT_OK)
        return code;
    code = find_failures(d);
    if (code == WHT_EXIT_OK)
        read_files(d);
    int closed = wht_corpus_out_close(&d->out, code == WHT_EXIT_OK);
    if (code == WHT_EXIT_OK)
        code = closed;
    if (code != WHT_EXIT_OK)
        return code;
    printf("%" PRIu64 " of %" PRIu64 " cases kept, %zu kinds; %" PRIu64 " failing, %" PRIu64
           " incomplete\n",
           d->out.cases, d->out.cases + d->out.rejected + d->dropped, d->kind_count, d->failing,
           d->incomplete);
    return d->errors + d->out.rejected > 0 ? WHT_EXIT_INVALID
           : d->out.cases == 0             ? WHT_EXIT_NOTHING
                                           : WHT_EXIT_OK;
}

static bool take_option(void *user, const struct wht_args *args, int id, const char *value)
{
    struct dedupe *d = user;
    switch (id) {
    case OUTPUT:
        d->output = value;
        return true;
    case EMULATOR:
        d->pool.emulator = value;
        return true;
    case KEEP:
        return wht_args_number(args, "--keep", value, 1, KEEP_MAX, &d->keep);
    case JOBS:
        return wht_pool_take_jobs(&d->pool, args, "--jobs", value);
    case TIMEOUT:
        return wht_pool_take_timeout(&d->pool, args, value);
    case FORCE:
        d->force = true;
        return true;
    default:
        return false;
    }
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct dedupe d = {.pool = wht_pool_defaults(), .keep = 1};
    int code = wht_verb_take(verb, args, &d.paths, take_option, &d);
    if (code < 0)
        code = dedupe(&d);
    wht_words_free(&d.paths);
    wht_file_list_free(&d.files);
    free(d.failures);
    free(d.kinds);
    return code;
}

const struct wht_verb wht_verb_dedupe = {
    .name = "dedupe",
    .operands = "PATH...",
    .summary = "keep few of the cases that are alike",
    .details =
        "Cases are alike if instruction, mode, privilege level, exit and match level are, the "
        "shape\n"
        "of their calls (kinds, sizes, registers, flags, failures; a repetition counts once), the\n"
        "kinds of memory, and what is expected, whatever the addresses and data. The first ones\n"
        "stay, in the order of the files, as they were written. A case with the tag 'incomplete',\n"
        "and one that the emulator fails, always stays and does not count among those "
        "alike.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
