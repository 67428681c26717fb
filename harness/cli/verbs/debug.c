/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "cli/one_case.h"
#include "cli/verb.h"
#include "explain/cause.h"
#include "explain/describe.h"
#include "explain/failure.h"
#include "session/progress.h"
#include "session/replayer.h"

/* Callbacks that are listed; an emulator may make them without end. */
#define LISTED_MAX 200u
#define CALLS_MAX  1000000u

struct debug {
    struct wht_words paths;
    const char *emulator;
    uint64_t call; /* 0: before the emulator is called at all */
    bool is_debugged;
    bool has_stopped;
};

static const struct wht_option options[] = {
    {"call", 0, "N", "stop when callback N comes in (default: before the first one is made)",
     WHT_NUMBER(struct debug, call, 1, CALLS_MAX)},
    {"emulator", 0, "builtin|PATH", "the emulator: built in, or a shared library",
     WHT_TEXT(struct debug, emulator)},
    {.name = NULL},
};

/* Of the first call of the case: the others go the same way. */
static void on_progress(void *user, const struct wht_progress *progress)
{
    struct debug *d = user;
    struct wht_text text = {.text = NULL};
    if (progress->doing != WHT_DOING_CALL || progress->calls != 1)
        return;
    const struct wht_event event = wht_progress_event(progress);
    if (progress->callbacks > 0 && progress->callbacks <= LISTED_MAX) {
        wht_describe_event(&text, &event);
        fprintf(stderr, "callback %-4" PRIu32 " %s\n", progress->callbacks, wht_text_get(&text));
        wht_text_free(&text);
    }
    if (progress->callbacks != d->call)
        return;
    d->has_stopped = true;
    if (d->is_debugged)
        wht_stop_in_debugger();
}

/* The command line that stops. */
static void tell_command(const struct debug *d)
{
    struct wht_text text = {.text = NULL};
    wht_describe_shell_word(&text, d->paths.items[0]);
    if (strcmp(d->emulator, WHT_BACKEND_BUILTIN) != 0) {
        wht_text_add(&text, " --emulator ");
        wht_describe_shell_word(&text, d->emulator);
    }
    if (d->call > 0)
        wht_text_addf(&text, " --call %" PRIu64, d->call);
    fprintf(stderr,
            "whvtrace debug: no debugger is attached, so nothing stops; try\n"
            "  gdb -ex run --args whvtrace debug %s\n",
            wht_text_get(&text));
    wht_text_free(&text);
}

static int tell_result(const struct debug *d, const struct wht_case *c,
                       const struct wht_case_result *result)
{
    const struct wht_report_options report = {.emulator = d->emulator};
    struct wht_text cause = {.text = NULL}, key = {.text = NULL}, block = {.text = NULL};
    if (result->kind == WHT_CASE_SKIPPED) {
        printf("SKIP %s: %s\n", c->name, result->reason ? result->reason : "");
        return WHT_EXIT_SKIPPED;
    }
    if (result->kind == WHT_CASE_PASSED) {
        printf("PASS %s\n", c->name);
        return WHT_EXIT_OK;
    }
    wht_report_cause(&cause, &key, c, result);
    wht_report_head(&block, c, result->level, result->passed);
    wht_report_inputs(&block, c);
    wht_report_body(&block, c, result, &report);
    printf("FAIL %s: %s\n%s", c->name, wht_text_get(&cause), wht_text_get(&block));
    wht_text_free(&cause);
    wht_text_free(&key);
    wht_text_free(&block);
    return WHT_EXIT_FAILED;
}

/* Runs the case where a debugger sees it. */
static int debug_case(struct debug *d, const struct wht_case *c)
{
    static struct wht_progress progress;
    char error[WHT_BACKEND_ERROR_MAX];
    struct wht_backend backend;
    struct wht_case_result result;
    if (!wht_backend_open(d->emulator, &backend, error)) {
        fprintf(stderr, "whvtrace debug: %s\n", error);
        return WHT_EXIT_EMULATOR;
    }
    wht_progress_attach(&progress);
    struct wht_replayer *replayer = wht_replayer_open(&backend, error);
    int code = WHT_EXIT_EMULATOR;
    if (replayer) {
        wht_progress_case();
        wht_progress_watch(on_progress, d);
        wht_replay(replayer, c, WHT_MATCH_STRICT, &result);
        wht_progress_watch(NULL, NULL);
        if (d->call > 0 && !d->has_stopped && result.kind != WHT_CASE_SKIPPED)
            fprintf(stderr, "whvtrace debug: there was no callback %" PRIu64 "\n", d->call);
        code = tell_result(d, c, &result);
    } else {
        fprintf(stderr, "whvtrace debug: %s\n", error);
    }
    wht_replayer_close(replayer);
    wht_backend_close(&backend);
    return code;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct debug d = {.emulator = WHT_BACKEND_BUILTIN, .is_debugged = wht_is_debugged()};
    int code = wht_verb_take(verb, args, &d.paths, &d);
    if (code < 0 && d.paths.count != 1)
        code = wht_usage_error(verb->name, "name one case, as FILE#ID");
    struct wht_case *c = code < 0 ? wht_read_one_case(verb->name, &d.paths, &code) : NULL;
    if (c) {
        if (!d.is_debugged)
            tell_command(&d);
        code = debug_case(&d, c);
    }
    wht_case_free(c);
    wht_words_free(&d.paths);
    return code;
}

const struct wht_verb wht_verb_debug = {
    .name = "debug",
    .operands = "FILE#ID",
    .summary = "run a case in this process and stop in a debugger",
    .details =
        "There is no worker and no time limit: emulator and harness are in the process that a\n"
        "debugger has hold of. Callbacks of the case's first call are listed with their numbers "
        "on\n"
        "standard error. With --call N the program stops (SIGTRAP, on Windows a breakpoint) when\n"
        "callback N has come in and is not answered yet: the frames above are the emulator's that\n"
        "made it. Without it the program stops before the emulator is called, when a library is\n"
        "loaded and breakpoints in it can be set. Without a debugger it says how to start one, "
        "and\n"
        "goes on. The case is called as 'run' does, twice and at weaker levels.\n\n"
        "  gdb -ex run --args whvtrace debug 'traces/a.trace.json#store' --call 2\n",
    .options = options,
    .run = run,
};
