/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "Text and limits": free keys. */
#include "take.h"
#include "values.h"

void wht_take_free(struct wht_check *check, const struct wht_node *node, struct wht_free_list *list)
{
    struct wht_case owner = {.arena = check->arena};
    for (const struct wht_node *member = node->first; member; member = member->next) {
        if (!member->key || !wht_is_free_key(member->key))
            continue;
        wht_case_add_free(&owner, list, member->key, member);
        wht_spell(check, list->items[list->count - 1].value, member);
    }
}
