/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "cli/pending_verb.h"
#include "cli/verb.h"

static const struct wht_option options[] = {
    WHT_SELECTION(struct wht_pending_run, selection),
    {.name = NULL},
};

static bool take_all(void *user, const struct wht_pending_visit *visit)
{
    (void)user;
    visit->pending->fate = WHT_PENDING_ACCEPTED;
    return true;
}

static int bless(struct wht_pending_run *r)
{
    int code = wht_pending_run(r);
    if (code != WHT_EXIT_OK)
        return code;
    r->facts.done = r->accepted;
    code = wht_exit_code(&r->facts);
    if (code == WHT_EXIT_NOTHING)
        fprintf(stderr, "whvtrace bless: no result is pending there\n");
    printf("%" PRIu64 " case%s blessed\n", r->accepted, r->accepted == 1 ? "" : "s");
    return code;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_pending_run r = {.verb = verb->name, .visit = take_all};
    int code = wht_verb_take(verb, args, &r.paths, &r);
    if (code < 0 && r.paths.count == 0)
        code = wht_usage_error(verb->name, "a trace file, a folder or FILE#ID is missing");
    else if (code < 0)
        code = bless(&r);
    wht_pending_run_free(&r);
    return code;
}

const struct wht_verb wht_verb_bless = {
    .name = "bless",
    .operands = "PATH...",
    .summary = "accept pending results",
    .details =
        "A PATH is a trace file, a folder, or FILE#ID. What 'whvtrace run --update' left beside it "
        "is\n"
        "written into the cases. Each keeps its note, its level, its order and what its author "
        "left\n"
        "open (undef, either, any, masked bytes), and says in 'x-blessed' of its 'source' which "
        "emulator "
        "its\n"
        "expectation comes from. It never expects less than before. A file that is canonical stays "
        "so.\n\n"
        "A result is refused if its case has changed since, is gone or was withdrawn, or if the "
        "file's\n"
        "'defaults' say what it would have to take away. Such results stay pending and make exit "
        "code\n"
        "1. Without any there, exit code 4.\n",
    .options = options,
    .run = run,
};
