/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus_out.h"
#include "platform.h"
#include "pool.h"
#include "replay/result.h"
#include "select.h"
#include "verb.h"

enum { OUTPUT = 1, SEED, EMULATOR, ONLY_WHOLE, JOBS, TIMEOUT, FORCE };

static const struct wht_option options[] = {
    {OUTPUT, "output", 'o', "FILE", "the corpus to write, *.trace.jsonl; required"},
    {SEED, "seed", 0, "N", "decides the replacements; default: another one each time"},
    {EMULATOR, "emulator", 0, "builtin|PATH", "with which each case is tried before and after"},
    {ONLY_WHOLE, "only-whole", 0, NULL, "drop cases of which data must stay"},
    {JOBS, "jobs", 'j', "N", "worker processes (default: processors)"},
    {TIMEOUT, "timeout", 0, "SECONDS", "for each case, and for loading (default: 10)"},
    WHT_CORPUS_OUT_FORCE(FORCE),
    {.name = NULL},
};

struct redact {
    struct wht_pool_options pool;
    struct wht_words paths;
    struct wht_file_list files;
    const char *output;
    bool force;
    struct wht_corpus_out out;
    uint64_t partly;
    uint64_t dropped;
    size_t errors;
};

/* The id of a test's name: folders may hold a '#', ids may not. */
static const char *id_of(const char *name)
{
    const char *hash = strrchr(name, '#');
    return hash ? hash + 1 : name;
}

static bool on_case(void *user, const struct wht_case_frame *result)
{
    struct redact *r = user;
    char id[WHT_ID_MAX];
    if (result->kind != WHT_CASE_PASSED) {
        r->dropped++;
        fprintf(stderr, "%s: dropped: %s\n", result->name, result->cause);
        return true;
    }
    if (*result->block) {
        r->partly++;
        fprintf(stderr, "%s: not redacted: %s\n", result->name, result->block);
    }
    wht_corpus_out_id(&r->out, id_of(result->name), id);
    wht_corpus_out_case(&r->out, result->name, id, result->detail);
    return true;
}

static void on_error(void *user, const struct wht_error *error)
{
    struct redact *r = user;
    r->errors++;
    wht_error_print(stderr, error);
}

/* @return WHT_EXIT_OK or another exit code after saying why. */
static int run_pool(struct redact *r)
{
    const struct wht_pool_handler handler = {.user = r, .on_case = on_case, .on_error = on_error};
    const struct wht_words none = {.count = 0};
    char error[WHT_POOL_ERROR_MAX] = "";
    uint64_t elsewhere = 0;
    r->pool.redacts = true;
    r->pool.patterns = &none;
    r->pool.expectations = &none;
    enum wht_pool_end end = wht_pool_run(&r->pool, &r->files, &handler, &elsewhere, error);
    if (end == WHT_POOL_NO_PROCESS)
        snprintf(error, sizeof(error), "a worker process could not be started");
    if (*error)
        fprintf(stderr, "whvtrace redact: %s\n", error);
    return end == WHT_POOL_INTERRUPTED   ? WHT_EXIT_INTERRUPTED
           : end == WHT_POOL_NO_EMULATOR ? WHT_EXIT_EMULATOR
           : *error                      ? WHT_EXIT_FAILED
                                         : WHT_EXIT_OK;
}

static int finish(struct redact *r)
{
    int closed = wht_corpus_out_close(&r->out, true);
    if (closed != WHT_EXIT_OK)
        return closed;
    printf("%" PRIu64 " case%s redacted, %" PRIu64 " of them in part; %" PRIu64 " dropped\n",
           r->out.cases, r->out.cases == 1 ? "" : "s", r->partly, r->dropped);
    return r->errors + r->out.rejected > 0 ? WHT_EXIT_INVALID
           : r->dropped > 0                ? WHT_EXIT_FAILED
           : r->out.cases == 0             ? WHT_EXIT_NOTHING
                                           : WHT_EXIT_OK;
}

static int redact(struct redact *r)
{
    char *root = NULL;
    if (r->paths.count == 0)
        return wht_usage_error("redact", "a trace file is missing");
    int code = wht_select_files("redact", &r->paths, &r->files, &root);
    free(root);
    if (code == WHT_EXIT_OK) {
        wht_outfile_protect(r->pool.emulator);
        code = wht_corpus_out_open(&r->out, "redact", r->output, r->force);
    }
    if (code != WHT_EXIT_OK)
        return code;
    code = run_pool(r);
    if (code == WHT_EXIT_EMULATOR || code == WHT_EXIT_INTERRUPTED) {
        wht_corpus_out_close(&r->out, false);
        return code;
    }
    int finished = finish(r);
    return code != WHT_EXIT_OK ? code : finished;
}

static bool take_option(void *user, const struct wht_args *args, int id, const char *value)
{
    struct redact *r = user;
    switch (id) {
    case OUTPUT:
        r->output = value;
        return true;
    case EMULATOR:
        r->pool.emulator = value;
        return true;
    case JOBS:
        return wht_pool_take_jobs(&r->pool, args, "--jobs", value);
    case TIMEOUT:
        return wht_pool_take_timeout(&r->pool, args, value);
    case SEED:
        return wht_args_number(args, "--seed", value, 0, UINT64_MAX, &r->pool.redaction.seed);
    case ONLY_WHOLE:
        r->pool.redaction.only_whole = true;
        return true;
    case FORCE:
        r->force = true;
        return true;
    default:
        return false;
    }
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct redact r = {.pool = wht_pool_defaults()};
    r.pool.redaction.seed = wht_now_us() ^ (uint64_t)(uintptr_t)verb << 20;
    int code = wht_verb_take(verb, args, &r.paths, take_option, &r);
    if (code < 0)
        code = redact(&r);
    wht_words_free(&r.paths);
    wht_file_list_free(&r.files);
    return code;
}

const struct wht_verb wht_verb_redact = {
    .name = "redact",
    .operands = "PATH...",
    .summary = "replace the data of a guest in cases",
    .details =
        "Each byte of memory, device data and registers that hold data is replaced by another "
        "one,\n"
        "the same one throughout a case, so that what is copied still matches. Code, addresses,\n"
        "counters, flags, segments and system registers stay; notes go. Each case is run before\n"
        "and after: it must pass, or fail for the same reason. Where the data decides, as in an\n"
        "addition, what the instruction reads and writes stays, and the case is named; what shows\n"
        "something else even then is dropped, and named; so is one in which the emulator crashes\n"
        "or hangs.\n\n"
        "This hides contents from a reader and is no encryption: 00, ff, lengths and repetitions\n"
        "stay visible.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
