/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "cli/pending_diff.h"
#include "cli/pending_verb.h"
#include "cli/verb.h"

struct review {
    struct wht_pending_run run;
    const char *color;
    bool colours;
    /** Somebody is there to answer. */
    bool asks;
    uint64_t skipped;
};

static const struct wht_option options[] = {
    WHT_SELECTION(struct review, run.selection),
    {"color", 0, "auto|always|never", "auto: on a terminal", WHT_CHOICE(struct review, color)},
    {.name = NULL},
};

/* @return the first letter of an answer; 'q' at the end of the input. */
static int read_answer(void)
{
    char line[64];
    if (!fgets(line, sizeof(line), stdin))
        return 'q';
    if (!strchr(line, '\n'))
        for (int c; (c = getchar()) != '\n' && c != EOF;)
            ;
    return line[0] == '\n' ? '?' : line[0];
}

/* @return false to go no further. */
static bool ask(struct review *r, struct wht_pending *pending)
{
    for (;;) {
        printf("[a]ccept, [r]eject, [s]kip, [q]uit? ");
        fflush(stdout);
        switch (read_answer()) {
        case 'a':
            pending->fate = WHT_PENDING_ACCEPTED;
            return true;
        case 'r':
            pending->fate = WHT_PENDING_DROPPED;
            return true;
        case 's':
            r->skipped++;
            return true;
        case 'q':
            return false;
        default:
            printf("accept writes it into the case, reject forgets it, skip leaves it pending\n");
        }
    }
}

static bool visit(void *user, const struct wht_pending_visit *visited)
{
    struct review *r = user;
    struct wht_text text = {.text = NULL};
    wht_pending_show(&text, r->colours, visited->name, visited->c, visited->pending);
    fputs(wht_text_get(&text), stdout);
    wht_text_free(&text);
    const bool goes_on = !r->asks || ask(r, visited->pending);
    printf("\n");
    return goes_on;
}

static int conclude(struct review *r)
{
    const uint64_t waiting = r->run.visited - r->run.accepted - r->run.dropped;
    if (r->asks)
        printf("%" PRIu64 " accepted, %" PRIu64 " rejected, %" PRIu64 " skipped\n", r->run.accepted,
               r->run.dropped, r->skipped);
    else
        printf("%" PRIu64 " pending result%s\n", waiting, waiting == 1 ? "" : "s");
    r->run.facts.pending = r->asks ? 0 : waiting;
    r->run.facts.done = 1;
    return wht_exit_code(&r->run.facts);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct review r = {.run = {.verb = verb->name, .visit = visit}, .color = "auto"};
    int code = wht_verb_take(verb, args, &r.run.paths, &r);
    if (code < 0) {
        r.run.user = &r;
        r.colours = wht_wants_colours(r.color, stdout);
        r.asks = wht_is_terminal(stdin) && wht_is_terminal(stdout);
        code = wht_pending_run(&r.run);
        if (code == WHT_EXIT_OK)
            code = conclude(&r);
    }
    wht_pending_run_free(&r.run);
    return code;
}

const struct wht_verb wht_verb_review = {
    .name = "review",
    .operands = "[PATH...]",
    .summary = "go through pending results",
    .details =
        "Shows for each result that 'whvtrace run --update' left what goes from the expectation "
        "and\n"
        "what comes, and asks: accept writes it into the case as 'whvtrace bless' does, reject "
        "forgets\n"
        "it, skip leaves it pending, quit leaves all others. Where standard input or output is no\n"
        "terminal they are listed, and exit code 6 says that there are any.\n",
    .options = options,
    .run = run,
};
