/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/outfile.h"
#include "base/platform.h"
#include "base/text.h"
#include "cli/verb.h"
#include "format/revoked.h"
#include "run/exit_facts.h"
#include "run/pool.h"
#include "run/select.h"
#include "run/state.h"
#include "run/tally.h"
#include "session/backend.h"

#define PROGRESS_MS 100u
/* Workers are told by their command line. */
#define EXPECTATIONS_MAX 16u

/** A --report, opened when the command line has been read. */
struct wanted_report {
    const struct wht_format *format;
    const char *path;
};

struct run {
    struct wht_pool_options pool;
    struct wht_words paths;
    struct wht_selection selection;
    struct wht_words expectations;
    struct wanted_report wanted[WHT_REPORTS_MAX];
    size_t wanted_count;
    struct wht_report_style style;
    /** Auto, always or never. */
    const char *color;
    bool only_failed;
    bool failed_first;
    struct wht_state state;
    /** 0: no limit. */
    uint64_t max_failures;
    char *root;
    char *builtin_expectations;
    struct wht_file_list files;
    struct wht_tally tally;
    struct wht_exit_facts facts;
    uint64_t started_ms;
    bool shows_progress;
    /** A line of it is on the terminal. */
    bool has_progress;
    uint64_t progress_ms;
};

static bool take_expectations(const struct wht_args *args, const struct wht_option *option,
                              const char *value, void *target)
{
    (void)option;
    if (!wht_is_file(value)) {
        wht_usage_error(args->verb, "option '--expectations': there is no file '%s'", value);
        return false;
    }
    struct wht_words *files = target;
    if (files->count == EXPECTATIONS_MAX) {
        wht_usage_error(args->verb, "option '--expectations' was given more than %u times",
                        EXPECTATIONS_MAX);
        return false;
    }
    wht_words_add(files, value);
    return true;
}

static bool take_emulator(const struct wht_args *args, const struct wht_option *option,
                          const char *value, void *target)
{
    if (!*value)
        wht_usage_error(args->verb, "option '--emulator' got '', expected builtin or a path");
    return *value && wht_take_text(args, option, value, target);
}

static bool take_jobs(const struct wht_args *args, const struct wht_option *option,
                      const char *value, void *target)
{
    (void)option;
    return wht_pool_take_jobs(target, args, "-j", value);
}

static bool take_shard(const struct wht_args *args, const struct wht_option *option,
                       const char *value, void *target)
{
    struct wht_pool_options *pool = target;
    (void)option;
    if (wht_take_shard(value, &pool->shard, &pool->shard_count))
        return true;
    wht_usage_error(args->verb,
                    "option '--shard' got '%s', expected K/N with 1 <= K <= N <= 1000000", value);
    return false;
}

static bool take_off(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    (void)args;
    (void)option;
    (void)value;
    *(bool *)target = false;
    return true;
}

static bool take_no_color(const struct wht_args *args, const struct wht_option *option,
                          const char *value, void *target)
{
    (void)args;
    (void)option;
    (void)value;
    *(const char **)target = "never";
    return true;
}

static void list_formats(char *list, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; wht_formats[i] && used < n; i++)
        used += (size_t)snprintf(list + used, n - used, "%s%s",
                                 i == 0               ? ""
                                 : wht_formats[i + 1] ? ", "
                                                      : " or ",
                                 wht_formats[i]->name);
}

static void add_format_names(struct wht_text *words)
{
    for (size_t i = 0; wht_formats[i]; i++)
        wht_text_addf(words, " %s", wht_formats[i]->name);
}

static bool take_report(const struct wht_args *args, const struct wht_option *option,
                        const char *value, void *target)
{
    struct run *r = target;
    (void)option;
    char list[128];
    size_t size = strcspn(value, "=");
    const char *path = value[size] == '=' ? value + size + 1 : NULL;
    const struct wht_format *format = wht_format_find(value, size);
    list_formats(list, sizeof(list));
    if (!format)
        wht_usage_error(args->verb, "option '--report' got '%s', expected %s", value, list);
    else if (path && !*path)
        wht_usage_error(args->verb, "option '--report' got '%s': the file has no name", value);
    else if (r->wanted_count == WHT_REPORTS_MAX)
        wht_usage_error(args->verb, "option '--report' was given more than %d times",
                        WHT_REPORTS_MAX);
    else {
        bool is_stdout = path && strcmp(path, "-") == 0;
        r->wanted[r->wanted_count++] = (struct wanted_report){format, is_stdout ? NULL : path};
        return true;
    }
    return false;
}

static const struct wht_option options[] = {
    WHT_SELECTION(struct run, selection),
    {"failed", 0, NULL, "only tests that failed when they ran last",
     WHT_FLAG(struct run, only_failed)},
    {"failed-first", 0, NULL, "these before the others", WHT_FLAG(struct run, failed_first)},
    {"match", 0, "LEVEL", "strict, device or effects: judge no case more strictly",
     WHT_MATCH(struct run, pool.level)},
    {"emulator", 0, "builtin|PATH", "the emulator: built in, or a shared library",
     WHT_TAKE(take_emulator, struct run, pool.emulator)},
    {"expectations", 0, "FILE", "known gaps of the emulator",
     WHT_TAKE(take_expectations, struct run, expectations)},
    {"jobs", 'j', "N", "worker processes (default: processors)",
     WHT_TAKE(take_jobs, struct run, pool)},
    {"timeout", 0, "SECONDS", "for each case, and for loading (default: 10)",
     WHT_TIMEOUT(struct run, pool)},
    {"max-failures", 0, "N", "stop after N failures",
     WHT_NUMBER(struct run, max_failures, 1, UINT32_MAX)},
    {"no-give-up", 0, NULL, "go on although the emulator crashes in every case",
     WHT_TAKE(take_off, struct run, pool.gives_up)},
    {"shard", 0, "K/N", "the K-th of N parts of the cases, told by their names",
     WHT_TAKE(take_shard, struct run, pool)},
    {"report", 0, "FORMAT[=FILE]", "a report, once or several times; see below",
     WHT_TAKE_ALL_WORD(take_report, add_format_names)},
    {"quiet", 'q', NULL, "one line per failure, and the totals",
     WHT_FLAG(struct run, style.is_quiet)},
    {"verbose", 'v', NULL, "one line per case", WHT_FLAG(struct run, style.is_verbose)},
    {"color", 0, "auto|always|never", "auto: on a terminal; see NO_COLOR and FORCE_COLOR below",
     WHT_CHOICE(struct run, color)},
    {"no-color", 0, NULL, "the same as --color never", WHT_TAKE(take_no_color, struct run, color)},
    {.name = NULL},
};

static void show_progress(struct run *r, size_t files_done)
{
    const struct wht_summary *s = &r->tally.summary;
    uint64_t now = wht_now_ms();
    if (!r->shows_progress || now - r->progress_ms < PROGRESS_MS)
        return;
    r->progress_ms = now;
    r->has_progress = true;
    fprintf(stderr, "\r\033[K%" PRIu64 " cases, file %zu of %zu, %" PRIu64 " failed",
            wht_summary_cases(s), files_done + 1, r->files.count, s->outcomes[WHT_OUTCOME_FAILED]);
}

static void clear_progress(struct run *r)
{
    if (r->has_progress)
        fprintf(stderr, "\r\033[K");
    r->has_progress = false;
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
    wht_tally_error(&r->tally, error);
}

static bool on_case(void *user, const struct wht_case_frame *result)
{
    struct run *r = user;
    const uint64_t failures = r->tally.summary.outcomes[WHT_OUTCOME_FAILED];
    if (r->style.is_verbose || r->style.is_quiet)
        clear_progress(r);
    wht_tally_case(&r->tally, result);
    if (result->kind != WHT_CASE_SKIPPED)
        wht_state_note(&r->state, result->name,
                       r->tally.summary.outcomes[WHT_OUTCOME_FAILED] > failures);
    if (!wht_reports_arrive(&r->tally.reports))
        return false;
    return r->max_failures == 0 || r->tally.summary.outcomes[WHT_OUTCOME_FAILED] < r->max_failures;
}

static void print_error(const char *message)
{
    fprintf(stderr, "whvtrace run: %s\n", message);
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

/* Opens what --report asks for, and the report for people unless another takes its place. */
static bool open_reports(struct run *r)
{
    char error[512];
    struct wht_reports *reports = &r->tally.reports;
    for (size_t i = 0; i < r->wanted_count; i++)
        if (!wht_reports_open(reports, r->wanted[i].format, r->wanted[i].path, &r->style, error,
                              sizeof(error))) {
            wht_usage_error("run", "option '--report': %s", error);
            return false;
        }
    const struct wht_format *conflict = wht_reports_conflict(reports);
    if (conflict) {
        wht_usage_error("run",
                        "option '--report': two reports for standard output; "
                        "name a file: %s=FILE",
                        conflict->name);
        return false;
    }
    /* A reader who has seen enough of standard output does not do without the files. */
    if (wht_reports_have_file(reports))
        wht_survive_broken_pipes();
    return wht_reports_own_stdout(reports) ||
           wht_reports_open(reports, &wht_format_pretty, NULL, &r->style, error, sizeof(error));
}

static void count_for_exit(struct run *r)
{
    const struct wht_summary *s = &r->tally.summary;
    uint64_t cases = wht_summary_cases(s);
    r->facts.invalid += s->problems[WHT_PROBLEM_TRACE];
    r->facts.failed += s->outcomes[WHT_OUTCOME_FAILED] + s->problems[WHT_PROBLEM_EXPECTATION];
    r->facts.skipped = s->outcomes[WHT_OUTCOME_SKIPPED];
    r->facts.done = cases - r->facts.skipped;
}

static int conclude(struct run *r, const struct wht_pool_outcome *outcome)
{
    static const enum wht_run_ending endings[] = {[WHT_POOL_DONE] = WHT_RUN_DONE,
                                                  [WHT_POOL_STOPPED] = WHT_RUN_STOPPED,
                                                  [WHT_POOL_INTERRUPTED] = WHT_RUN_INTERRUPTED,
                                                  [WHT_POOL_GAVE_UP] = WHT_RUN_GAVE_UP,
                                                  [WHT_POOL_NO_EMULATOR] = WHT_RUN_BROKEN,
                                                  [WHT_POOL_NO_PROCESS] = WHT_RUN_BROKEN};
    struct wht_report_end report = {.ending = endings[outcome->end],
                                    .message = outcome->message,
                                    .seconds = (double)(wht_now_ms() - r->started_ms) / 1000.0};
    bool is_whole = outcome->end == WHT_POOL_DONE && !wht_has_selection(&r->selection) &&
                    r->pool.shard_count == 1 && r->tally.summary.problems[WHT_PROBLEM_TRACE] == 0;
    clear_progress(r);
    wht_state_write(&r->state, is_whole);
    if (is_whole)
        wht_tally_stale(&r->tally, &r->paths);
    wht_tally_end(&r->tally, &report);
    wht_exit_facts_add(&r->facts, outcome);
    count_for_exit(r);
    int code = wht_exit_code(&r->facts);
    if (*outcome->message)
        print_error(outcome->message);
    else if (code == WHT_EXIT_NOTHING)
        print_error(r->only_failed && r->state.before.size == 0 ? "no test is known to have failed"
                                                                : "no case was selected");
    return code;
}

/* Tests that failed last are a selection, the others another one. */
static void run_cases(struct run *r, const struct wht_pool_handler *handler,
                      struct wht_pool_outcome *outcome)
{
    const bool has_failed = (r->only_failed || r->failed_first) && r->state.before.size > 0 &&
                            wht_select_listed(&r->selection, r->state.path, false);
    if (!has_failed && r->only_failed) {
        *outcome = (struct wht_pool_outcome){.end = WHT_POOL_DONE};
        return;
    }
    wht_run_cases(&r->pool, &r->files, handler, outcome);
    if (!has_failed || r->only_failed || outcome->end != WHT_POOL_DONE ||
        !wht_select_listed(&r->selection, r->state.path, true))
        return;
    const uint64_t others = outcome->other_shards;
    wht_run_cases(&r->pool, &r->files, handler, outcome);
    outcome->other_shards += others;
    r->selection.list = NULL; /* both are all */
}

static int replay(struct run *r)
{
    struct wht_pool_outcome outcome;
    struct wht_pool_handler handler = {
        .user = r, .on_case = on_case, .on_error = on_error, .on_tick = on_tick};
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    int code = wht_select_files("run", &r->paths, &r->selection, &r->files, &r->root);
    if (code != WHT_EXIT_OK)
        return code;
    add_builtin_expectations(r);
    for (size_t i = 0; i < r->expectations.count; i++)
        wht_outfile_protect(r->expectations.items[i]);
    wht_outfile_protect(r->pool.emulator);
    if (!open_reports(r))
        return WHT_EXIT_USAGE;
    struct wht_report_run about = {.version = WHVTRACE_VERSION,
                                   .emulator = r->pool.emulator,
                                   .level = r->pool.level,
                                   .shard = r->pool.shard,
                                   .shard_count = r->pool.shard_count};
    wht_state_read(&r->state, r->root, r->pool.emulator);
    wht_reports_begin(&r->tally.reports, &about);
    r->tally.summary.files = r->files.count;
    r->started_ms = wht_now_ms();
    const char *invalid = NULL;
    if (!wht_known_load(&r->tally.known, &r->expectations, r->pool.emulator))
        invalid = "an expectations file is invalid";
    else if (r->root && !wht_revoked_check(r->root, &load))
        invalid = "the list of withdrawn cases is invalid";
    if (invalid) {
        struct wht_report_end broken = {.ending = WHT_RUN_BROKEN, .message = invalid};
        wht_tally_end(&r->tally, &broken);
        r->facts.invalid++;
        return wht_exit_code(&r->facts);
    }
    r->pool.tells_not_run = true;
    r->pool.selection = &r->selection;
    r->pool.expectations = &r->expectations;
    r->pool.colours = r->style.colours;
    r->pool.wants_detail = wht_reports_want_detail(&r->tally.reports);
    run_cases(r, &handler, &outcome);
    return conclude(r, &outcome);
}

/* A report that is not complete must not pass for one. */
static int close_reports(struct run *r, int code)
{
    if (wht_reports_close(&r->tally.reports, print_error))
        return code;
    r->facts.is_unwritten = true;
    return wht_exit_code(&r->facts);
}

static void release(struct run *r)
{
    wht_words_free(&r->paths);
    wht_selection_free(&r->selection);
    wht_words_free(&r->expectations);
    wht_file_list_free(&r->files);
    wht_tally_free(&r->tally);
    wht_state_free(&r->state);
    free(r->root);
    free(r->builtin_expectations);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct run r = {
        .pool = wht_pool_defaults(), .color = "auto", .shows_progress = wht_is_terminal(stderr)};
    int code = wht_verb_take(verb, args, &r.paths, &r);
    r.style.colours = wht_wants_colours(r.color, stdout);
    if (code < 0)
        code = close_reports(&r, replay(&r));
    release(&r);
    return code;
}

static void add_formats(struct wht_text *text)
{
    wht_text_add(text, "\nreports:\n");
    for (size_t i = 0; wht_formats[i]; i++)
        wht_text_addf(text, "  %-10s%s\n", wht_formats[i]->name, wht_formats[i]->about);
    wht_text_add(
        text,
        "\nWithout a file, or with '-' for one, a report goes to standard output in place of "
        "the one "
        "for\npeople; only one can. 'github' writes its lines there beside the others.\n\n"
        "A file appears, or takes the place of an older one, when its report is whole: also at "
        "an\ninterrupt, and where the emulator cannot be loaded, since a report says so. If it "
        "cannot be\nwritten, the older one stays. 'markdown' is appended. No report can be a "
        "file that is read.\n");
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
        "although all that it means was run, fails the run.\n\n"
        "A call that makes more than 1,000,000 callbacks which its case does not list fails; "
        "after\n"
        "a divergence 1,000 more are answered, and 4 for each that is listed. An emulator that\n"
        "crashes in 20 cases, or times out in 5, before any has passed is given up: the others "
        "are\n"
        "told as skipped, and the exit code is 1. What is wrong with Create or Destroy fails the\n"
        "run and no case. A folder is walked once, whatever links lead to it.\n\n"
        "Which tests failed when they ran last is kept for each traces folder and emulator, below\n"
        "$WHVTRACE_STATE, $XDG_STATE_HOME/whvtrace or ~/.local/state/whvtrace, on Windows\n"
        "%LOCALAPPDATA%\\whvtrace.\n\n"
        "With --color auto, the default, NO_COLOR turns colours off and FORCE_COLOR on, if they "
        "are\n"
        "set and not empty; FORCE_COLOR=0 turns them off.\n",
    .add_more = add_formats,
    .options = options,
    .run = run,
};
