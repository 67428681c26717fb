/* SPDX-License-Identifier: MIT */
/* A verb that changes cases: those that do not run in long mode get RAX 1 and a tag, the others
 * stay, and cases with that tag go. */
#include "verb_mark.h"

#include <string.h>

#include "corpus/visit.h"

struct mark {
    struct wht_visit visit;
    const char *tag;
};

static const struct wht_option options[] = {
    WHT_VISIT_OUTPUT(struct mark),
    {"tag", 0, "WORD", "the tag", WHT_TEXT(struct mark, tag)},
    {.name = NULL},
};

static enum wht_fate visit(void *user, struct wht_visited *visited)
{
    const struct mark *m = user;
    for (size_t i = 0; i < visited->c->tags.count; i++)
        if (strcmp(visited->c->tags.items[i], m->tag) == 0)
            return WHT_DROP;
    if (visited->c->init.mode == WHT_MODE_LONG64)
        return WHT_KEEP;
    struct wht_case *c = wht_visited_change(visited);
    wht_case_set_reg64(c, WHvX64RegisterRax, 1);
    wht_case_add_string(c, &c->tags, m->tag);
    return WHT_REPLACE;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    static const struct wht_visitor visitor = {.reads = true, .visit = visit};
    struct mark m = {.visit = wht_visit_new(verb->name), .tag = "marked"};
    int code = wht_verb_take(verb, args, &m.visit.paths, &m);
    if (code < 0)
        code = wht_visit_run(&m.visit, &visitor, &m);
    wht_visit_free(&m.visit);
    return code;
}

const struct wht_verb verb_mark = {.name = "mark", .options = options, .run = run};
