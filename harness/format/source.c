/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "source". */
#include "source.h"

#include "take.h"

#include <inttypes.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static bool take_text(struct wht_check *check, const struct wht_node *node, char **text)
{
    const char *value;
    if (!wht_get_string(check, node, &value))
        return false;
    *text = wht_arena_copy(check->arena, value);
    return true;
}

#define TAKE_TEXT(type, member)                                                                    \
    static bool take_##member(struct wht_check *check, const struct wht_node *node, void *target)  \
    {                                                                                              \
        return take_text(check, node, &((struct type *)target)->member);                           \
    }

TAKE_TEXT(wht_source, tool)
TAKE_TEXT(wht_source, vmm)
TAKE_TEXT(wht_source, os)
TAKE_TEXT(wht_source, cpu)
TAKE_TEXT(wht_source, guest)
TAKE_TEXT(wht_source, date)
TAKE_TEXT(wht_source, from)
TAKE_TEXT(wht_source_emulator, file)
TAKE_TEXT(wht_source_emulator, version)
TAKE_TEXT(wht_source_emulator, sha256)

static bool take_kind(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"hand", "captured", "generated", "minimized"};
    int kind;
    if (!wht_get_name(check, node, names, COUNT(names), "a kind of source", &kind))
        return false;
    ((struct wht_source *)target)->kind = wht_arena_copy(check->arena, names[kind]);
    return true;
}

static bool take_emulator(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const struct wht_field fields[] = {
#define EMULATOR_KEY(key, is_required, how, shape) {#key, take_##key, is_required},
#include "keys.def"
    };
    struct wht_source *source = target;
    source->emulator = wht_arena_take(check->arena, sizeof(*source->emulator));
    return wht_take_object(check, node, fields, COUNT(fields), source->emulator);
}

static bool take_seed(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_source *source = target;
    char text[24];
    int64_t value;
    if (node->kind == WHT_NODE_STRING)
        return take_text(check, node, &source->seed);
    if (!wht_get_count(check, node, 0, (INT64_C(1) << 53) - 1, &value))
        return false;
    snprintf(text, sizeof(text), "%" PRId64, value);
    source->seed = wht_arena_copy(check->arena, text);
    source->is_seed_number = true;
    return true;
}

static bool take_redacted(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_source *source = target;
    source->has_redacted = true;
    return wht_get_bool(check, node, &source->redacted);
}

bool wht_take_source(struct wht_check *check, const struct wht_node *node,
                     struct wht_source *source)
{
    static const struct wht_field fields[] = {
#define SOURCE_KEY(key, is_required, how, shape) {#key, take_##key, is_required},
#include "keys.def"
    };
    source->is_given = true;
    wht_take_free(check, node, &source->free);
    return wht_take_object(check, node, fields, COUNT(fields), source);
}
