/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static struct wht_group *find(const struct wht_groups *groups, const char *key)
{
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].key, key) == 0)
            return &groups->items[i];
    return NULL;
}

static void free_representative(struct wht_group *group)
{
    free(group->name);
    free(group->file);
    free(group->cause);
    free(group->block);
}

static void represent(struct wht_group *group, const struct wht_report_case *failure)
{
    group->name = wht_copy_text(failure->name);
    group->file = wht_copy_text(failure->file);
    group->line = failure->line;
    group->cause = wht_copy_text(failure->cause);
    group->block = wht_copy_text(failure->block);
    group->is_explained = failure->is_explained;
}

static void add_name(struct wht_group *group, const char *name)
{
    if (group->name_count < WHT_GROUP_NAMES)
        group->names[group->name_count++] = wht_copy_text(name);
}

static void add_mnemonic(struct wht_group *group, const char *mnemonic)
{
    if (!*mnemonic)
        return;
    for (size_t i = 0; i < group->mnemonic_count; i++)
        if (strcmp(group->mnemonics[i].name, mnemonic) == 0) {
            group->mnemonics[i].count++;
            return;
        }
    if (group->mnemonic_count == WHT_GROUP_MNEMONICS) {
        group->other_mnemonics++;
        return;
    }
    struct wht_group_mnemonic *added = &group->mnemonics[group->mnemonic_count++];
    snprintf(added->name, sizeof(added->name), "%s", mnemonic);
    added->count = 1;
}

static void join(struct wht_group *group, const struct wht_report_case *failure)
{
    bool is_better = failure->is_explained && !group->is_explained;
    group->count++;
    add_mnemonic(group, failure->mnemonic);
    add_name(group, is_better ? group->name : failure->name);
    if (!is_better)
        return;
    free_representative(group);
    represent(group, failure);
}

void wht_groups_add(struct wht_groups *groups, const struct wht_report_case *failure)
{
    struct wht_group *group = find(groups, failure->key);
    if (group) {
        join(group, failure);
        return;
    }
    if (groups->count == WHT_GROUPS_MAX) {
        groups->left_out++;
        return;
    }
    groups->items =
        wht_grow(groups->items, groups->count, &groups->capacity, sizeof(*groups->items));
    group = &groups->items[groups->count++];
    *group = (struct wht_group){.key = wht_copy_text(failure->key), .count = 1};
    represent(group, failure);
    add_mnemonic(group, failure->mnemonic);
}

/* By insertion: stable, and there are few. */
void wht_groups_sort(struct wht_groups *groups)
{
    for (size_t i = 1; i < groups->count; i++) {
        struct wht_group moved = groups->items[i];
        size_t place = i;
        for (; place > 0 && groups->items[place - 1].count < moved.count; place--)
            groups->items[place] = groups->items[place - 1];
        groups->items[place] = moved;
    }
}

void wht_groups_free(struct wht_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct wht_group *group = &groups->items[i];
        for (size_t j = 0; j < group->name_count; j++)
            free(group->names[j]);
        free_representative(group);
        free(group->key);
    }
    free(groups->items);
    *groups = (struct wht_groups){.items = NULL};
}
