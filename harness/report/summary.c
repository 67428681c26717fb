/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/names.h"

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (!memory)
        abort();
    return memory;
}

static char *copy(const char *string)
{
    size_t size = strlen(string) + 1;
    return memcpy(allocate(NULL, size), string, size);
}

static struct wht_group *find_group(const struct wht_summary *summary, const char *key)
{
    for (size_t i = 0; i < summary->group_count; i++)
        if (strcmp(summary->groups[i].key, key) == 0)
            return &summary->groups[i];
    return NULL;
}

static void join_group(struct wht_group *group, const char *name)
{
    group->more++;
    if (group->name_count == WHT_GROUP_NAMES)
        return;
    if (!group->names)
        group->names = allocate(NULL, WHT_GROUP_NAMES * sizeof(*group->names));
    group->names[group->name_count++] = copy(name);
}

void wht_summary_add_failure(struct wht_summary *summary, const char *key, const char *name,
                             const char *block)
{
    struct wht_group *group = find_group(summary, key);
    if (group) {
        join_group(group, name);
        return;
    }
    if (summary->group_count == WHT_GROUPS_MAX) {
        summary->not_shown++;
        return;
    }
    if (summary->group_count == summary->group_capacity) {
        summary->group_capacity = summary->group_capacity ? 2 * summary->group_capacity : 16;
        summary->groups =
            allocate(summary->groups, summary->group_capacity * sizeof(*summary->groups));
    }
    summary->groups[summary->group_count++] =
        (struct wht_group){.key = copy(key), .block = copy(block)};
}

void wht_summary_failures(struct wht_text *text, const struct wht_summary *summary, bool colours)
{
    for (size_t i = 0; i < summary->group_count; i++) {
        const struct wht_group *group = &summary->groups[i];
        wht_text_add(text, group->block);
        if (group->more > 0) {
            wht_text_addf(text, "\n  and %" PRIu64 " more like this:\n", group->more);
            for (size_t j = 0; j < group->name_count; j++)
                wht_text_addf(text, "    %s\n", group->names[j]);
            if (group->more > group->name_count)
                wht_text_addf(text, "    ... (%" PRIu64 " others)\n",
                              group->more - group->name_count);
        }
        wht_text_add(text, "\n");
    }
    if (summary->not_shown > 0) {
        wht_text_colour(text, colours, WHT_YELLOW, "Not shown");
        wht_text_addf(text, ": %" PRIu64 " failures of other kinds\n\n", summary->not_shown);
    }
}

static void add_part(struct wht_text *text, uint64_t count, const char *what)
{
    if (count > 0)
        wht_text_addf(text, ", %" PRIu64 " %s", count, what);
}

static void add_levels(struct wht_text *text, const struct wht_summary *s)
{
    for (int level = WHT_MATCH_STRICT; level >= WHT_MATCH_EFFECTS; level--) {
        wht_text_addf(text, "  %-8s", wht_match_name((enum wht_match)level));
        if (s->judged[level] == 0)
            wht_text_add(text, "none judged\n");
        else
            wht_text_addf(text, "%" PRIu64 " of %" PRIu64 " pass\n", s->level_passed[level],
                          s->judged[level]);
    }
}

void wht_summary_counts(struct wht_text *text, const struct wht_summary *s, double seconds,
                        bool only_total)
{
    uint64_t cases = s->passed + s->failed + s->skipped + s->expected + s->may_fail;
    if (!only_total) {
        wht_text_addf(text, "%" PRIu64 " case%s in %" PRIu64 " file%s: %" PRIu64 " passed", cases,
                      cases == 1 ? "" : "s", s->files, s->files == 1 ? "" : "s", s->passed);
        wht_text_addf(text, ", %" PRIu64 " failed", s->failed);
        add_part(text, s->expected, "failed as expected");
        add_part(text, s->may_fail, "failed that may");
        add_part(text, s->skipped, "skipped");
        wht_text_addf(text, " (%.2f s)\n", seconds);
        add_levels(text, s);
    }
    /* Programs read this line: it stays plain. */
    wht_text_addf(text, "%" PRIu64 " passed, %" PRIu64 " failed", s->passed, s->failed);
    add_part(text, s->skipped, "skipped");
    wht_text_add(text, "\n");
}

void wht_summary_free(struct wht_summary *summary)
{
    for (size_t i = 0; i < summary->group_count; i++) {
        struct wht_group *group = &summary->groups[i];
        for (size_t j = 0; j < group->name_count; j++)
            free(group->names[j]);
        free(group->names);
        free(group->key);
        free(group->block);
    }
    free(summary->groups);
    *summary = (struct wht_summary){.groups = NULL};
}
