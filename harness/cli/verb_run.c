/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"
#include "platform.h"
#include "pool.h"
#include "replay/backend.h"
#include "replay/result.h"
#include "report/summary.h"
#include "select.h"
#include "trace/names.h"
#include "trace/revoked.h"
#include "verb.h"

#define TIMEOUT_S_DEFAULT 10u
#define PROGRESS_MS       100u
/* Workers are told by their command line. */
#define PATTERNS_MAX     64u
#define EXPECTATIONS_MAX 16u

enum {
    JOBS = 1,
    PATTERN,
    EMULATOR,
    MATCH,
    EXPECTATIONS,
    TIMEOUT,
    MAX_FAILURES,
    QUIET,
    VERBOSE,
    NO_COLOR
};

static const struct wht_option options[] = {
    {PATTERN, "select", 'k', "PATTERN", "only tests whose name contains it; * and ? are wild"},
    {MATCH, "match", 0, "LEVEL", "strict, device or effects: judge no case more strictly"},
    {EMULATOR, "emulator", 0, "builtin|PATH", "the emulator: built in, or a shared library"},
    {EXPECTATIONS, "expectations", 0, "FILE", "known gaps of the emulator"},
    {JOBS, "jobs", 'j', "N", "worker processes (default: processors)"},
    {TIMEOUT, "timeout", 0, "SECONDS", "for each case (default: 10)"},
    {MAX_FAILURES, "max-failures", 0, "N", "stop after N failures"},
    {QUIET, "quiet", 'q', NULL, "one line per failure, and the totals"},
    {VERBOSE, "verbose", 'v', NULL, "one line per case"},
    {NO_COLOR, "no-color", 0, NULL, "no colours, even on a terminal"},
    {.name = NULL},
};

struct run {
    struct wht_pool_options pool;
    struct wht_words paths;
    struct wht_words patterns;
    struct wht_words expectations;
    uint64_t max_failures; /**< 0: no limit */
    bool is_quiet;
    bool is_verbose;
    char *root;
    char *builtin_expectations;
    struct wht_file_list files;
    struct wht_known known;
    struct wht_summary summary;
    uint64_t file_errors;
    uint64_t started_ms;
    bool shows_progress;
    uint64_t progress_ms;
};

static bool take_level(const char *value, enum wht_match *level)
{
    for (int i = WHT_MATCH_EFFECTS; i <= WHT_MATCH_STRICT; i++)
        if (strcmp(value, wht_match_name((enum wht_match)i)) == 0) {
            *level = (enum wht_match)i;
            return true;
        }
    wht_usage_error("run", "option '--match' got '%s', expected strict, device or effects", value);
    return false;
}

static bool add_word(struct wht_words *words, const char *option, const char *value, size_t max)
{
    if (words->count == max) {
        wht_usage_error("run", "option '%s' was given more than %zu times", option, max);
        return false;
    }
    wht_words_add(words, value);
    return true;
}

static bool take_expectations(struct run *r, const char *value)
{
    if (!wht_is_file(value)) {
        wht_usage_error("run", "option '--expectations': there is no file '%s'", value);
        return false;
    }
    return add_word(&r->expectations, "--expectations", value, EXPECTATIONS_MAX);
}

static bool take_option(struct run *r, const struct wht_args *args, int id, const char *value)
{
    uint64_t number = 0;
    switch (id) {
    case WHT_ARG_OPERAND:
        wht_words_add(&r->paths, value);
        return true;
    case JOBS:
        if (!wht_args_number(args, "-j", value, 1, 256, &number))
            return false;
        r->pool.jobs = (unsigned)number;
        return true;
    case PATTERN:
        return add_word(&r->patterns, "-k", value, PATTERNS_MAX);
    case EMULATOR:
        r->pool.emulator = value;
        return true;
    case MATCH:
        return take_level(value, &r->pool.level);
    case EXPECTATIONS:
        return take_expectations(r, value);
    case TIMEOUT:
        if (!wht_args_number(args, "--timeout", value, 1, 86400, &number))
            return false;
        r->pool.timeout_ms = number * 1000;
        return true;
    case MAX_FAILURES:
        return wht_args_number(args, "--max-failures", value, 1, UINT32_MAX, &r->max_failures);
    case QUIET:
        r->is_quiet = true;
        return true;
    case VERBOSE:
        r->is_verbose = true;
        return true;
    case NO_COLOR:
        r->pool.colours = false;
        return true;
    default:
        return false;
    }
}

static void show_progress(struct run *r, size_t files_done)
{
    const struct wht_summary *s = &r->summary;
    uint64_t now = wht_now_ms();
    if (!r->shows_progress || now - r->progress_ms < PROGRESS_MS)
        return;
    r->progress_ms = now;
    fprintf(stderr, "\r\033[K%" PRIu64 " cases, file %zu of %zu, %" PRIu64 " failed",
            s->passed + s->failed + s->skipped + s->expected + s->may_fail, files_done + 1,
            r->files.count, s->failed);
}

static void clear_progress(const struct run *r)
{
    if (r->shows_progress)
        fprintf(stderr, "\r\033[K");
}

static void on_tick(void *user, size_t files_done)
{
    show_progress(user, files_done);
}

static void on_error(void *user, const struct wht_error *error)
{
    struct run *r = user;
    clear_progress(r);
    wht_error_print(stderr, error);
    r->file_errors++;
}

static void count_levels(struct run *r, const struct wht_case_frame *result)
{
    for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_STRICT; level++) {
        r->summary.judged[level] += result->judged >> level & 1;
        r->summary.level_passed[level] += result->passed >> level & 1;
    }
}

static void print_line(struct run *r, enum wht_colour colour, const char *word,
                       const struct wht_case_frame *result, const char *more)
{
    struct wht_text line = {.text = NULL};
    clear_progress(r);
    wht_text_colour(&line, r->pool.colours, colour, word);
    wht_text_addf(&line, " %s%s%s\n", result->name, *more ? ": " : "", more);
    fputs(wht_text_get(&line), stdout);
    wht_text_free(&line);
}

static void add_failure(struct run *r, const struct wht_case_frame *result, const char *cause,
                        const char *key)
{
    struct wht_text block = {.text = NULL};
    r->summary.failed++;
    if (r->is_quiet || r->is_verbose)
        print_line(r, WHT_RED, "FAIL", result, cause);
    if (r->is_quiet)
        return;
    wht_text_colour(&block, r->pool.colours, WHT_RED, "FAIL");
    wht_text_addf(&block, " %s: ", result->name);
    wht_text_add(&block, cause);
    wht_text_addf(&block, "\n%s", result->block);
    wht_summary_add_failure(&r->summary, key, result->name, wht_text_get(&block));
    wht_text_free(&block);
}

/* A case that does not come out as its entry says: the entry is wrong now, or the emulator worse.
 */
static void add_contradiction(struct run *r, const struct wht_case_frame *result,
                              const struct wht_expectation *entry)
{
    struct wht_text cause = {.text = NULL};
    struct wht_text key = {.text = NULL};
    wht_text_addf(&cause, "%s, but %s:%u expects it to %s (%s)",
                  result->kind == WHT_CASE_PASSED ? "passes" : result->cause, entry->file,
                  (unsigned)entry->pos.line, wht_known_word(entry), entry->reason);
    wht_text_addf(&key, "%s:%u/%d/%s", entry->file, (unsigned)entry->pos.line, result->kind,
                  result->key);
    add_failure(r, result, wht_text_get(&cause), wht_text_get(&key));
    wht_text_free(&cause);
    wht_text_free(&key);
}

static void count_case(struct run *r, const struct wht_case_frame *result)
{
    const struct wht_expectation *entry = wht_known_find(&r->known, result->name);
    bool holds = entry && wht_known_holds(entry, result);
    if (result->kind == WHT_CASE_SKIPPED) {
        r->summary.skipped++;
        if (r->is_verbose)
            print_line(r, WHT_YELLOW, "SKIP", result, result->cause);
    } else if (entry && !holds) {
        add_contradiction(r, result, entry);
    } else if (holds) {
        r->summary.expected++;
        if (r->is_verbose)
            print_line(r, WHT_YELLOW, "KNOWN", result, entry->reason);
    } else if (result->kind == WHT_CASE_PASSED) {
        r->summary.passed++;
        if (r->is_verbose)
            print_line(r, WHT_GREEN, "PASS", result, "");
    } else if (result->is_may) {
        r->summary.may_fail++;
        if (r->is_verbose)
            print_line(r, WHT_YELLOW, "MAY", result, result->cause);
    } else {
        add_failure(r, result, result->cause, result->key);
    }
}

static bool on_case(void *user, const struct wht_case_frame *result)
{
    struct run *r = user;
    count_levels(r, result);
    count_case(r, result);
    return r->max_failures == 0 || r->summary.failed < r->max_failures;
}

/* The built-in emulator's own gaps stand beside its traces. */
static void add_builtin_expectations(struct run *r)
{
    static const char below_root[] = "/expectations/builtin.json";
    if (!r->root || strcmp(r->pool.emulator, WHT_BACKEND_BUILTIN) != 0)
        return;
    size_t size = strlen(r->root) + sizeof(below_root);
    r->builtin_expectations = malloc(size);
    if (!r->builtin_expectations)
        abort();
    snprintf(r->builtin_expectations, size, "%s%s", r->root, below_root);
    if (wht_is_file(r->builtin_expectations))
        wht_words_add(&r->expectations, r->builtin_expectations);
}

static int conclude(struct run *r, enum wht_pool_end end)
{
    const struct wht_summary *s = &r->summary;
    size_t stale = 0;
    struct wht_text text = {.text = NULL};
    clear_progress(r);
    wht_summary_failures(&text, s, r->pool.colours);
    fputs(wht_text_get(&text), stdout);
    wht_text_clear(&text);
    if (end == WHT_POOL_DONE && r->patterns.count == 0 && r->file_errors == 0)
        stale = wht_known_stale(&r->known, &r->paths);
    if (end == WHT_POOL_INTERRUPTED)
        printf("Interrupted.\n");
    else if (end == WHT_POOL_STOPPED)
        printf("Stopped after %" PRIu64 " failure%s.\n", s->failed, s->failed == 1 ? "" : "s");
    if (r->file_errors > 0)
        printf("%" PRIu64 " error%s in trace files\n", r->file_errors,
               r->file_errors == 1 ? "" : "s");
    wht_summary_counts(&text, s, (double)(wht_now_ms() - r->started_ms) / 1000.0, r->is_quiet);
    fputs(wht_text_get(&text), stdout);
    wht_text_free(&text);
    if (end == WHT_POOL_INTERRUPTED)
        return WHT_EXIT_INTERRUPTED;
    if (r->file_errors > 0)
        return WHT_EXIT_INVALID;
    if (s->failed > 0 || stale > 0)
        return WHT_EXIT_FAILED;
    uint64_t judged = s->passed + s->expected + s->may_fail;
    if (judged + s->skipped == 0) {
        fprintf(stderr, "whvtrace run: no case was selected\n");
        return WHT_EXIT_NOTHING;
    }
    return judged == 0 ? WHT_EXIT_SKIPPED : WHT_EXIT_OK;
}

static int replay(struct run *r)
{
    char error[WHT_POOL_ERROR_MAX];
    struct wht_pool_handler handler = {
        .user = r, .on_case = on_case, .on_error = on_error, .on_tick = on_tick};
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    int code = wht_select_files("run", &r->paths, &r->files, &r->root);
    if (code != WHT_EXIT_OK)
        return code;
    add_builtin_expectations(r);
    if (!wht_known_load(&r->known, &r->expectations, r->pool.emulator))
        return WHT_EXIT_INVALID;
    if (r->root && !wht_revoked_check(r->root, &load))
        return WHT_EXIT_INVALID;
    r->summary.files = r->files.count;
    r->started_ms = wht_now_ms();
    r->pool.patterns = &r->patterns;
    r->pool.expectations = &r->expectations;
    enum wht_pool_end end = wht_pool_run(&r->pool, &r->files, &handler, error);
    if (end == WHT_POOL_NO_EMULATOR) {
        clear_progress(r);
        fprintf(stderr, "whvtrace run: %s\n", error);
        return WHT_EXIT_EMULATOR;
    }
    if (end == WHT_POOL_NO_PROCESS) {
        fprintf(stderr, "whvtrace run: a worker process could not be started\n");
        return WHT_EXIT_FAILED;
    }
    return conclude(r, end);
}

static void release(struct run *r)
{
    wht_words_free(&r->paths);
    wht_words_free(&r->patterns);
    wht_words_free(&r->expectations);
    wht_file_list_free(&r->files);
    wht_known_free(&r->known);
    wht_summary_free(&r->summary);
    free(r->root);
    free(r->builtin_expectations);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct run r = {.pool = {.emulator = WHT_BACKEND_BUILTIN,
                             .level = WHT_MATCH_STRICT,
                             .timeout_ms = TIMEOUT_S_DEFAULT * 1000,
                             .jobs = wht_processor_count(),
                             .colours = wht_wants_colours(stdout)},
                    .shows_progress = wht_is_terminal(stderr)};
    const char *value = NULL;
    int code = -1;
    for (int id; code < 0 && (id = wht_args_next(args, &value)) != WHT_ARG_END;) {
        if (id == WHT_ARG_HELP)
            code = wht_verb_help_print(verb);
        else if (!take_option(&r, args, id, value))
            code = WHT_EXIT_USAGE;
    }
    if (code < 0)
        code = replay(&r);
    release(&r);
    return code;
}

const struct wht_verb wht_verb_run = {
    .name = "run",
    .operands = "[PATH...]",
    .summary = "replay cases against an emulator",
    .details =
        "A PATH is a trace file or a folder; without one the folder 'traces' is run. Every case "
        "is\n"
        "called twice on a handle that stays alive. The last line of the output is\n"
        "'N passed, N failed' and, if cases were skipped, ', N skipped'.\n\n"
        "Known gaps of the built-in emulator stand in 'expectations/builtin.json' of the traces\n"
        "folder, which is obeyed by itself. An entry whose case passes, or which matches nothing\n"
        "although all that it means was run, fails the run.\n",
    .options = options,
    .run = run,
};
