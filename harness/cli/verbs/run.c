/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/outfile.h"
#include "base/platform.h"
#include "cli/progress.h"
#include "cli/report_options.h"
#include "cli/verb.h"
#include "format/revoked.h"
#include "run/about.h"
#include "run/exit_facts.h"
#include "run/pool.h"
#include "run/select.h"
#include "run/state.h"
#include "run/tally.h"
#include "run/update.h"
#include "session/backend.h"

/* Workers are told by their command line. */
#define EXPECTATIONS_MAX 16u

struct run {
    struct wht_pool_options pool;
    struct wht_words paths;
    struct wht_selection selection;
    struct wht_words expectations;
    struct wht_wanted_reports wanted;
    struct wht_report_style style;
    /** Auto, always or never. */
    const char *color;
    bool only_failed;
    bool failed_first;
    struct wht_state state;
    struct wht_update update;
    /** Pending results fail the run. */
    bool is_frozen;
    /** 0: no limit. */
    uint64_t max_failures;
    char *root;
    char *builtin_expectations;
    struct wht_file_list files;
    struct wht_tally tally;
    struct wht_exit_facts facts;
    struct wht_progress_line progress;
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
    {"update", 0, NULL, "write what came out of failing cases as pending results",
     WHT_FLAG(struct run, update.is_wanted)},
    {"frozen", 0, NULL, "pending results fail the run; so they do where CI is set",
     WHT_FLAG(struct run, is_frozen)},
    {"write-expectations", 0, "FILE", "what fails now, as known gaps for the next run",
     WHT_TEXT(struct run, tally.known_out.path)},
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
    WHT_REPORT_OPTION(struct run, wanted),
    {"quiet", 'q', NULL, "one line per failure, and the totals",
     WHT_FLAG(struct run, style.is_quiet)},
    {"verbose", 'v', NULL, "one line per case", WHT_FLAG(struct run, style.is_verbose)},
    {"color", 0, "auto|always|never", "auto: on a terminal; see NO_COLOR and FORCE_COLOR below",
     WHT_CHOICE(struct run, color)},
    {"no-color", 0, NULL, "the same as --color never", WHT_TAKE(take_no_color, struct run, color)},
    {.name = NULL},
};

static void on_tick(void *user, size_t files_done)
{
    struct run *r = user;
    wht_progress_line_show(&r->progress, &r->tally.summary, files_done);
}

static void on_error(void *user, const struct wht_error *error)
{
    struct run *r = user;
    wht_progress_line_clear(&r->progress);
    wht_error_print(stderr, error);
    wht_tally_error(&r->tally, error);
}

static bool on_case(void *user, const struct wht_case_frame *result)
{
    struct run *r = user;
    if (r->style.is_verbose || r->style.is_quiet)
        wht_progress_line_clear(&r->progress);
    const enum wht_case_outcome outcome = wht_tally_case(&r->tally, result);
    if (result->kind != WHT_CASE_SKIPPED)
        wht_state_note(&r->state, result->name, outcome == WHT_OUTCOME_FAILED);
    wht_update_note(&r->update, result, outcome);
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

static void count_for_exit(struct run *r)
{
    const struct wht_summary *s = &r->tally.summary;
    uint64_t cases = wht_summary_cases(s);
    r->facts.invalid += s->problems[WHT_PROBLEM_TRACE];
    r->facts.failed += s->outcomes[WHT_OUTCOME_FAILED] + s->problems[WHT_PROBLEM_EXPECTATION];
    r->facts.skipped = s->outcomes[WHT_OUTCOME_SKIPPED];
    r->facts.done = cases - r->facts.skipped;
}

/* What is pending after all is told, and fails the run where nobody may accept it. */
static void end_update(struct run *r, const struct wht_pool_outcome *outcome)
{
    const char *ci = getenv("CI");
    const bool is_over = outcome->end != WHT_POOL_DONE && outcome->end != WHT_POOL_STOPPED;
    if (r->update.is_wanted && !is_over)
        wht_update_make(&r->update, &r->pool);
    r->tally.summary.pending = wht_update_count(&r->update);
    if (r->is_frozen || (ci && *ci))
        r->facts.pending = r->tally.summary.pending;
    r->facts.is_unwritten |= r->update.is_unwritten;
    r->facts.is_interrupted |= r->update.is_interrupted;
}

/* What was not run is not known either. */
static void write_known(struct run *r, bool is_whole)
{
    struct wht_known_out *known = &r->tally.known_out;
    const char *path = known->path;
    if (path && !is_whole)
        fprintf(stderr, "whvtrace run: %s is not written: not every case was run\n", path);
    if (wht_known_out_close(known, is_whole))
        return;
    fprintf(stderr, "whvtrace run: %s: %s\n", path, known->out.error);
    r->facts.is_unwritten = true;
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
                                    .seconds =
                                        (double)(wht_now_ms() - r->progress.started_ms) / 1000.0};
    bool is_whole = outcome->end == WHT_POOL_DONE && !wht_has_selection(&r->selection) &&
                    r->pool.shard_count == 1 && r->tally.summary.problems[WHT_PROBLEM_TRACE] == 0;
    wht_progress_line_clear(&r->progress);
    wht_state_write(&r->state, is_whole);
    end_update(r, outcome);
    write_known(r, outcome->end == WHT_POOL_DONE);
    if (is_whole)
        wht_tally_stale(&r->tally, &r->paths);
    wht_tally_end(&r->tally, &report);
    wht_exit_facts_add(&r->facts, outcome);
    count_for_exit(r);
    int code = wht_exit_code(&r->facts);
    if (*outcome->message)
        print_error(outcome->message);
    else if (code == WHT_EXIT_PENDING)
        print_error("results wait to be accepted: see 'whvtrace review'");
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
    r->style.has_scores = strcmp(r->pool.emulator, WHT_BACKEND_BUILTIN) != 0;
    if (!wht_wanted_reports_open("run", &r->wanted, &r->style, &r->tally.reports))
        return WHT_EXIT_USAGE;
    const char *known_path = r->tally.known_out.path;
    if (!wht_known_out_open(&r->tally.known_out))
        return wht_usage_error("run", "option '--write-expectations': %s: %s", known_path,
                               r->tally.known_out.out.error);
    struct wht_about texts;
    const struct wht_report_run about =
        wht_about_run(&texts, &r->pool, &r->files, wht_reports_want_header(&r->tally.reports));
    wht_state_read(&r->state, r->root, r->pool.emulator);
    wht_reports_begin(&r->tally.reports, &about);
    r->tally.summary.files = r->files.count;
    wht_progress_line_begin(&r->progress, &r->files);
    const char *invalid = NULL;
    if (!wht_update_begin(&r->update, &r->files))
        r->facts.invalid++;
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
    r->pool.wants_labels = wht_reports_want_labels(&r->tally.reports);
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
    wht_known_out_close(&r->tally.known_out, false);
    wht_file_list_free(&r->files);
    wht_tally_free(&r->tally);
    wht_state_free(&r->state);
    wht_update_free(&r->update);
    wht_progress_line_free(&r->progress);
    free(r->root);
    free(r->builtin_expectations);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct run r = {.pool = wht_pool_defaults(),
                    .color = "auto",
                    .progress = {.is_shown = wht_is_terminal(stderr)}};
    int code = wht_verb_take(verb, args, &r.paths, &r);
    r.style.colours = wht_wants_colours(r.color, stdout);
    if (code < 0)
        code = close_reports(&r, replay(&r));
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
        "although all that it means was run, fails the run.\n\n"
        "A run against another emulator than the built-in one that has cases of several families\n"
        "ends with a table of families, outcomes and levels, and what passes of each instruction;\n"
        "-v tells all instructions.\n\n"
        "--write-expectations writes an entry for each case that fails, and for those that are "
        "known\n"
        "already: with '--expectations FILE' the same run is green. Its reason is the cause of "
        "the\n"
        "first failure of that kind. It is not written unless every case was run.\n\n"
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
        "With --update, what came out of failing cases stands in FILE.pending.jsonl beside each "
        "FILE\n"
        "afterwards, which is not touched: 'whvtrace review' shows it, 'whvtrace bless' accepts "
        "it. A\n"
        "case that crashed, timed out, was withdrawn or is a known gap is told and left out. With\n"
        "--frozen, or where the environment variable CI is set and not empty, pending results of "
        "what\n"
        "was run make exit code 6.\n\n"
        "With --color auto, the default, NO_COLOR turns colours off and FORCE_COLOR on, if they "
        "are\n"
        "set and not empty; FORCE_COLOR=0 turns them off.\n",
    .add_more = wht_report_formats_add,
    .options = options,
    .run = run,
};
