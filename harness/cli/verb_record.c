/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/platform.h"
#include "corpus_out.h"
#include "platform.h"
#include "pool.h"
#include "replay/backend.h"
#include "replay/result.h"
#include "select.h"
#include "trace/build.h"
#include "trace/sha256.h"
#include "verb.h"

enum { OUTPUT = 1, EMULATOR, PATTERN, JOBS, TIMEOUT, FORCE };

static const struct wht_option options[] = {
    {OUTPUT, "output", 'o', "FILE", "the corpus to write, *.trace.jsonl; required"},
    {EMULATOR, "emulator", 0, "builtin|PATH", "the emulator: built in, or a shared library"},
    {PATTERN, "select", 'k', "PATTERN", "only tests whose name contains it; * and ? are wild"},
    {JOBS, "jobs", 'j', "N", "worker processes (default: processors)"},
    {TIMEOUT, "timeout", 0, "SECONDS", "for each case, and for loading (default: 10)"},
    WHT_CORPUS_OUT_FORCE(FORCE),
    {.name = NULL},
};

struct record {
    struct wht_pool_options pool;
    struct wht_words paths;
    struct wht_words patterns;
    struct wht_words expectations; /* none */
    const char *output;
    bool force;
    struct wht_file_list files;
    struct wht_corpus_out out;
    uint64_t left_out;
    uint64_t lost; /* crashes and timeouts */
    uint64_t skipped;
    uint64_t errors;
    uint64_t differing; /* do not pass when replayed */
};

static void add_text(struct wht_build *object, const char *key, const char *text)
{
    if (*text)
        wht_build_add(object, key, wht_build_string(object->arena, text));
}

static bool hash_file(const char *path, char text[2 * WHT_SHA256_SIZE + 1])
{
    uint8_t bytes[4096], digest[WHT_SHA256_SIZE];
    struct wht_sha256 sha;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    wht_sha256_begin(&sha);
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        wht_sha256_add(&sha, bytes, got);
    bool is_read = !ferror(file);
    fclose(file);
    wht_sha256_end(&sha, digest);
    for (size_t i = 0; i < WHT_SHA256_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return is_read;
}

/* Folders say more of who recorded than of what. */
static const char *file_name(const char *path)
{
    const char *name = path;
    for (const char *c = path; *c; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    return name;
}

static struct wht_node *emulator_of(struct wht_arena *arena, const char *emulator,
                                    const char *version)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    char digest[2 * WHT_SHA256_SIZE + 1];
    add_text(&object, "file", file_name(emulator));
    if (strcmp(emulator, WHT_BACKEND_BUILTIN) == 0) {
        add_text(&object, "version", WHVTRACE_VERSION);
        return object.node;
    }
    add_text(&object, "version", version);
    if (hash_file(emulator, digest))
        add_text(&object, "sha256", digest);
    return object.node;
}

/* Where the recording comes from stands once, under every case. */
static void write_header(struct record *r, const char *version)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_build header = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build defaults = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build source = wht_build_new(arena, WHT_NODE_OBJECT);
    char text[256], date[WHVC_DATE];
    add_text(&source, "kind", "captured");
    add_text(&source, "tool", "whvtrace record " WHVTRACE_VERSION);
    whvc_describe_system(text, sizeof(text));
    add_text(&source, "os", text);
    whvc_describe_cpu(text, sizeof(text));
    add_text(&source, "cpu", text);
    wht_build_add(&source, "emulator", emulator_of(arena, r->pool.emulator, version));
    whvc_date(date);
    add_text(&source, "date", date);
    wht_build_add(&defaults, "source", source.node);
    add_text(&header, "format", "whv-trace/1.0");
    wht_build_add(&header, "defaults", defaults.node);
    wht_corpus_out_header(&r->out, &header);
    wht_arena_free(arena);
}

static bool on_recorded(void *user, const struct wht_case_frame *result)
{
    struct record *r = user;
    char id[WHT_ID_MAX];
    if (result->kind == WHT_CASE_SKIPPED) {
        r->skipped++;
        fprintf(stderr, "%s: skipped: %s\n", result->name, result->cause);
        return true;
    }
    if (result->ending != WHT_ENDED_NORMALLY) {
        r->lost++;
        fprintf(stderr, "%s: %s\n", result->name, result->cause);
        return true;
    }
    if (*result->block)
        fprintf(stderr, "%s: %s\n", result->name, result->block);
    if (result->kind == WHT_CASE_FAILED) {
        r->left_out++;
        fprintf(stderr, "%s: left out: %s\n", result->name, result->cause);
        return true;
    }
    if (!r->out.judge)
        write_header(r, result->key);
    wht_corpus_out_id(&r->out, result->name, id);
    wht_corpus_out_case(&r->out, result->name, id, result->detail);
    return true;
}

static bool on_replayed(void *user, const struct wht_case_frame *result)
{
    struct record *r = user;
    if (result->kind == WHT_CASE_PASSED)
        return true;
    r->differing++;
    fprintf(stderr, "%s: does not replay: %s\n", result->name, result->cause);
    return true;
}

static void on_error(void *user, const struct wht_error *error)
{
    struct record *r = user;
    r->errors += error->more > 0 ? error->more : 1;
    wht_error_print(stderr, error);
}

/* @return WHT_EXIT_OK or another exit code after saying why. */
static int run_pool(struct record *r, const struct wht_file_list *files, bool records)
{
    const struct wht_pool_handler handler = {
        .user = r, .on_case = records ? on_recorded : on_replayed, .on_error = on_error};
    struct wht_pool_options pool = r->pool;
    struct wht_words none = {.count = 0};
    char error[WHT_POOL_ERROR_MAX] = "";
    uint64_t elsewhere = 0;
    pool.records = records;
    pool.patterns = records ? &r->patterns : &none;
    pool.expectations = &r->expectations;
    enum wht_pool_end end = wht_pool_run(&pool, files, &handler, &elsewhere, error);
    if (end == WHT_POOL_NO_PROCESS)
        snprintf(error, sizeof(error), "a worker process could not be started");
    if (*error)
        fprintf(stderr, "whvtrace record: %s\n", error);
    return end == WHT_POOL_INTERRUPTED   ? WHT_EXIT_INTERRUPTED
           : end == WHT_POOL_NO_EMULATOR ? WHT_EXIT_EMULATOR
           : *error                      ? WHT_EXIT_FAILED
                                         : WHT_EXIT_OK;
}

/* The proof that a recording says what the emulator does: it passes, strictly. */
static int replay_output(struct record *r)
{
    char *path = (char *)r->output;
    const struct wht_file_list files = {.paths = &path, .count = 1};
    return run_pool(r, &files, false);
}

static void print_count(uint64_t count, const char *what)
{
    if (count > 0)
        printf(", %" PRIu64 " %s", count, what);
}

static void print_counts(const struct record *r)
{
    printf("%" PRIu64 " case%s recorded", r->out.cases, r->out.cases == 1 ? "" : "s");
    if (r->out.is_published)
        printf(" in %s", r->output);
    print_count(r->out.rejected, "not valid");
    print_count(r->left_out, "left out");
    print_count(r->lost, "crashed or timed out");
    print_count(r->skipped, "skipped");
    print_count(r->differing, "not replayed");
    printf("\n");
}

static int record(struct record *r)
{
    char *root = NULL;
    int code = wht_select_files("record", &r->paths, &r->files, &root);
    free(root);
    if (code != WHT_EXIT_OK)
        return code;
    wht_outfile_protect(r->pool.emulator);
    code = wht_corpus_out_open(&r->out, "record", r->output, r->force);
    if (code != WHT_EXIT_OK)
        return code;
    code = run_pool(r, &r->files, true);
    int closed = wht_corpus_out_close(&r->out, code == WHT_EXIT_OK || code == WHT_EXIT_FAILED);
    if (closed != WHT_EXIT_OK)
        code = closed;
    if (code == WHT_EXIT_OK && r->out.cases > 0)
        code = replay_output(r);
    if (code != WHT_EXIT_EMULATOR)
        print_counts(r);
    if (code != WHT_EXIT_OK)
        return code;
    uint64_t handled = r->out.cases + r->left_out + r->lost;
    return r->errors + r->out.rejected > 0            ? WHT_EXIT_INVALID
           : r->left_out + r->lost + r->differing > 0 ? WHT_EXIT_FAILED
           : handled > 0                              ? WHT_EXIT_OK
           : r->skipped > 0                           ? WHT_EXIT_SKIPPED
                                                      : WHT_EXIT_NOTHING;
}

static bool take_option(void *user, const struct wht_args *args, int id, const char *value)
{
    struct record *r = user;
    switch (id) {
    case OUTPUT:
        r->output = value;
        return true;
    case EMULATOR:
        r->pool.emulator = value;
        return true;
    case PATTERN:
        wht_words_add(&r->patterns, value);
        return true;
    case JOBS:
        return wht_pool_take_jobs(&r->pool, args, "--jobs", value);
    case TIMEOUT:
        return wht_pool_take_timeout(&r->pool, args, value);
    case FORCE:
        r->force = true;
        return true;
    default:
        return false;
    }
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct record r = {.pool = wht_pool_defaults()};
    int code = wht_verb_take(verb, args, &r.paths, take_option, &r);
    if (code < 0)
        code = record(&r);
    wht_words_free(&r.paths);
    wht_words_free(&r.patterns);
    wht_file_list_free(&r.files);
    return code;
}

const struct wht_verb wht_verb_record = {
    .name = "record",
    .operands = "[PATH...]",
    .summary = "run cases against an emulator and write what it does",
    .details =
        "Registers, memory and the exit come from the cases, and so do the answers of devices; "
        "what\n"
        "they expect does not matter. A byte that no case answers is 0xc0 + (A ^ A >> 8), cut to\n"
        "8 bits, where A is its address or port; a register that was not captured is 0. What is\n"
        "left undefined is poisoned in two ways: 'x-recorded' of a case names what the emulator\n"
        "looked at, which rules of the contract it broke, and how many reads got the pattern.\n"
        "A recording holds 150,000 callbacks and registers in batches.\n\n"
        "The cases written are strict, and are replayed against the same emulator at once. A case\n"
        "in which it crashes or hangs is lost; what no case can express is left out; both are\n"
        "named, and make exit code 1.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
