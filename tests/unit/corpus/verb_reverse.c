/* SPDX-License-Identifier: MIT */
/* A verb as short as one that makes a corpus can be: the cases in reverse order, with other ids. */
#include "verb_reverse.h"

#include <stdio.h>

#include "corpus/visit.h"

struct reverse {
    struct wht_visit visit;
    const char *prefix;
    char id[WHT_ID_MAX];
};

static const struct wht_option options[] = {
    WHT_VISIT_OUTPUT(struct reverse),
    {"prefix", 0, "NAME", "what ids begin with", WHT_TEXT(struct reverse, prefix)},
    WHT_VISIT_SELECTION(struct reverse),
    WHT_VISIT_FORCE(struct reverse),
    {.name = NULL},
};

static enum wht_fate rename_and_hold(void *user, struct wht_visited *visited)
{
    struct reverse *r = user;
    snprintf(r->id, sizeof(r->id), "%s%s", r->prefix, visited->id);
    visited->id = r->id;
    return WHT_LATER;
}

static void put_all(void *user)
{
    struct reverse *r = user;
    for (size_t i = r->visit.held_count; i-- > 0;)
        wht_visit_put(&r->visit, i);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    static const struct wht_visitor visitor = {
        .reads = true, .visit = rename_and_hold, .on_last = put_all};
    struct reverse r = {.visit = wht_visit_new(verb->name), .prefix = ""};
    int code = wht_verb_take(verb, args, &r.visit.paths, &r);
    if (code < 0)
        code = wht_visit_run(&r.visit, &visitor, &r);
    wht_visit_free(&r.visit);
    return code;
}

const struct wht_verb verb_reverse = {.name = "reverse", .options = options, .run = run};
