/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "source". */
#include <stdlib.h>
#include <string.h>

#include "print_parts.h"

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

#define PRINT_TEXT(type, key)                                                                      \
    static struct wht_node *print_##key(const struct wht_printer *p, const void *object)           \
    {                                                                                              \
        return wht_print_text(p, ((const struct type *)object)->key);                              \
    }
PRINT_TEXT(wht_source, kind)
PRINT_TEXT(wht_source, tool)
PRINT_TEXT(wht_source, vmm)
PRINT_TEXT(wht_source, os)
PRINT_TEXT(wht_source, cpu)
PRINT_TEXT(wht_source, guest)
PRINT_TEXT(wht_source, date)
PRINT_TEXT(wht_source, from)
PRINT_TEXT(wht_source_emulator, file)
PRINT_TEXT(wht_source_emulator, version)
PRINT_TEXT(wht_source_emulator, sha256)

static struct wht_node *print_emulator(const struct wht_printer *p, const void *object)
{
    static const struct wht_print_key keys[] = {
#define EMULATOR_KEY(key, is_required, how, shape) {#key, print_##key},
#include "keys.def"
    };
    const struct wht_source *source = object;
    return source->emulator ? wht_print_object(p, keys, COUNT(keys), source->emulator) : NULL;
}

static struct wht_node *print_seed(const struct wht_printer *p, const void *object)
{
    const struct wht_source *source = object;
    if (source->seed && source->is_seed_number)
        return wht_build_count(p->arena, strtoll(source->seed, NULL, 10));
    return wht_print_text(p, source->seed);
}

static struct wht_node *print_redacted(const struct wht_printer *p, const void *object)
{
    const struct wht_source *source = object;
    return source->has_redacted ? wht_build_bool(p->arena, source->redacted) : NULL;
}

struct wht_node *wht_print_source(const struct wht_printer *p, const struct wht_source *source)
{
    static const struct wht_print_key keys[] = {
#define SOURCE_KEY(key, is_required, how, shape) {#key, print_##key},
#include "keys.def"
    };
    if (!source->is_given)
        return NULL;
    struct wht_node *made = wht_print_object(p, keys, COUNT(keys), source);
    wht_print_free(p, made, &source->free);
    return made;
}

struct wht_node *wht_print_header(struct wht_arena *arena, const struct wht_source *source)
{
    const struct wht_printer p = {.arena = arena, .form = WHT_PRINT_SHORT};
    struct wht_build made = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build defaults = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&defaults, "source", wht_print_source(&p, source));
    wht_build_add(&made, "format", wht_build_string(arena, "whv-trace/1.0"));
    wht_build_add(&made, "defaults", defaults.node);
    return made.node;
}
