/* SPDX-License-Identifier: MIT */
#include "record_line.h"

#include "base/arena.h"
#include "base/json_build.h"
#include "format/print.h"
#include "members.h"

static void add_list(struct wht_build *object, const char *key, struct wht_build *list)
{
    if (list->node->first)
        wht_build_add(object, key, list->node);
}

/* @return what was noticed, or NULL. */
static struct wht_node *noticed(struct wht_arena *arena, const struct wht_recording *recording)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build looked = wht_build_new(arena, WHT_NODE_LIST);
    struct wht_build broken = wht_build_new(arena, WHT_NODE_LIST);
    for (int i = 0; i < WHT_POISON_COUNT; i++)
        if (recording->looked_at >> i & 1)
            wht_build_add(&looked, NULL,
                          wht_build_string(arena, wht_poison_text((enum wht_poison)i)));
    for (int i = 0; i < WHT_RULE_COUNT; i++)
        if (recording->broken >> i & 1)
            wht_build_add(&broken, NULL, wht_build_string(arena, wht_rule_text((enum wht_rule)i)));
    add_list(&object, "looked_at", &looked);
    add_list(&object, "broken_rules", &broken);
    if (recording->is_unsteady)
        wht_build_add(&object, "unsteady", wht_build_bool(arena, true));
    if (recording->patterned > 0)
        wht_build_add(&object, "answered_by_pattern", wht_build_count(arena, recording->patterned));
    if (recording->uncaptured > 0)
        wht_build_add(&object, "not_captured", wht_build_count(arena, recording->uncaptured));
    return object.node->first ? object.node : NULL;
}

void wht_record_line(struct wht_text *out, const struct wht_case *c,
                     const struct wht_recording *recording)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_case made = *recording->made; /* but for what is said of it */
    made.arena = arena;
    made.source = (struct wht_source){.is_given = true, .from = c->name};
    made.free = (struct wht_free_list){.count = 0};
    struct wht_node *notes = noticed(arena, recording);
    if (notes)
        wht_case_add_free(&made, &made.free, "x-recorded", notes);
    wht_members_write(out, wht_print_case(arena, &made, WHT_PRINT_ALL));
    wht_arena_free(arena);
}

static void remark(struct wht_text *out, const char *prefix, const char *text)
{
    wht_text_addf(out, "%s%s%s", *wht_text_get(out) ? "; " : "", prefix, text);
}

void wht_record_remarks(struct wht_text *out, const struct wht_recording *recording)
{
    for (int i = 0; i < WHT_POISON_COUNT; i++)
        if (recording->looked_at >> i & 1)
            remark(out, "looked at ", wht_poison_text((enum wht_poison)i));
    for (int i = 0; i < WHT_RULE_COUNT; i++)
        if (recording->broken >> i & 1)
            remark(out, "broke a rule: ", wht_rule_text((enum wht_rule)i));
    if (recording->is_unsteady)
        remark(out, "", "two equal calls went differently");
}
