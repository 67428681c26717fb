/* SPDX-License-Identifier: MIT */
/* The command line that run/pool_arguments.c writes. */
#include "run/worker.h"

#include <stdlib.h>
#include <string.h>

#include "cli/verb.h"
#include "session/backend.h"

static bool take_work(const struct wht_args *args, const struct wht_option *option,
                      const char *value, void *target)
{
    (void)args;
    (void)option;
    return wht_work_from_name(value, target);
}

static bool take_shard(const struct wht_args *args, const struct wht_option *option,
                       const char *value, void *target)
{
    struct wht_worker_options *w = target;
    (void)args;
    (void)option;
    return wht_take_shard(value, &w->shard, &w->shard_count);
}

/* What cannot be read selects nothing. */
static bool take_listed(const struct wht_args *args, const struct wht_option *option,
                        const char *value, void *target)
{
    struct wht_worker_options *w = target;
    (void)args;
    return wht_select_listed(&w->selection, value, strcmp(option->name, "not-in") == 0);
}

static const struct wht_option options[] = {
    {"emulator", 0, "builtin|PATH", "the emulator",
     WHT_TEXT(struct wht_worker_options, report.emulator)},
    {"match", 0, "LEVEL", "the strictest level", WHT_MATCH(struct wht_worker_options, level)},
    {"work", 0, "KIND", "judge, record or redact",
     WHT_TAKE(take_work, struct wht_worker_options, work)},
    {"colours", 0, NULL, "colours in failure blocks",
     WHT_FLAG(struct wht_worker_options, report.colours)},
    {"detail", 0, NULL, "failures as JSON, too", WHT_FLAG(struct wht_worker_options, wants_detail)},
    {"labels", 0, NULL, "what cases are counted by",
     WHT_FLAG(struct wht_worker_options, wants_labels)},
    WHT_SELECTION(struct wht_worker_options, selection),
    {"test", 0, "FILE#ID", "likewise",
     WHT_TAKE(wht_take_test, struct wht_worker_options, selection)},
    {"in", 0, "FILE", "likewise, which names them", WHT_TAKE_ALL(take_listed)},
    {"not-in", 0, "FILE", "those that it does not name", WHT_TAKE_ALL(take_listed)},
    {"shard", 0, "K/N", "which of these, by their names", WHT_TAKE_ALL(take_shard)},
    {"expectations", 0, "FILE", "cases to skip",
     WHT_WORDS(struct wht_worker_options, expectation_files)},
    {"seed", 0, "N", "of replacements",
     WHT_NUMBER(struct wht_worker_options, redaction.seed, 0, UINT64_MAX)},
    {"only-whole", 0, NULL, "drop cases of which data must stay",
     WHT_FLAG(struct wht_worker_options, redaction.only_whole)},
    {"keep-handle", 0, NULL, "never destroy a handle",
     WHT_FLAG(struct wht_worker_options, keeps_handle)},
    {"not-run", 0, "REASON", "run no case, and say so of each",
     WHT_TEXT(struct wht_worker_options, not_run)},
    {.name = NULL},
};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const char *command = getenv("WHVTRACE_COMMAND");
    const char *show = getenv("WHVTRACE_SHOW");
    const char *debug = getenv("WHVTRACE_DEBUG");
    struct wht_worker_options w = {
        .report = {.emulator = WHT_BACKEND_BUILTIN,
                   .command = command && *command ? command : "whvtrace run",
                   .show = show && *show ? show : "whvtrace show",
                   .debug = debug && *debug ? debug : "gdb --args whvtrace debug"},
        .level = WHT_MATCH_STRICT,
        .shard = 1,
        .shard_count = 1};
    const char *value = NULL;
    for (enum wht_arg arg; (arg = wht_args_next(args, &value)) != WHT_ARG_END;)
        if (arg != WHT_ARG_OPTION || !wht_args_take(args, value, &w))
            return wht_usage_error(verb->name, "is started by 'whvtrace run'");
    int code = wht_worker_run(&w);
    wht_selection_free(&w.selection);
    wht_words_free(&w.expectation_files);
    return code;
}

const struct wht_verb wht_verb_worker = {
    .name = "worker",
    .operands = "",
    .summary = "run cases for 'whvtrace run'",
    .options = options,
    .run = run,
    .is_hidden = true,
};
