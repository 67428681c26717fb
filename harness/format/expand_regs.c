/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "expand.h"
#include "model.h"
#include "words/name_lists.h"
#include "words/names.h"

static struct wht_node *hex128(struct wht_arena *arena, WHV_UINT128 value)
{
    return wht_build_hex128(arena, value.High64, value.Low64);
}

struct wht_node *wht_expand_value(struct wht_arena *arena, WHV_REGISTER_NAME name,
                                  const WHV_REGISTER_VALUE *value)
{
    struct wht_build object;
    switch (wht_reg_kind(name)) {
    case WHT_REG_SEGMENT:
        object = wht_build_new(arena, WHT_NODE_OBJECT);
        wht_build_add(&object, "sel", wht_build_hex(arena, value->Segment.Selector));
        wht_build_add(&object, "base", wht_build_hex(arena, value->Segment.Base));
        wht_build_add(&object, "limit", wht_build_hex(arena, value->Segment.Limit));
        wht_build_add(&object, "attr", wht_build_hex(arena, value->Segment.Attributes));
        return object.node;
    case WHT_REG_TABLE:
        object = wht_build_new(arena, WHT_NODE_OBJECT);
        wht_build_add(&object, "base", wht_build_hex(arena, value->Table.Base));
        wht_build_add(&object, "limit", wht_build_hex(arena, value->Table.Limit));
        return object.node;
    case WHT_REG_U128:
        return hex128(arena, value->Reg128);
    default:
        return wht_build_hex(arena, value->Reg64);
    }
}

/* @return the flags that the mask leaves out, or NULL if it leaves out bits that have no name. */
static struct wht_node *undef_flags(struct wht_arena *arena, uint64_t mask)
{
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    uint64_t rest = ~mask;
    for (size_t i = 0; i < WHT_RFLAGS; i++) {
        if (!(rest & wht_rflags_names[i].value))
            continue;
        wht_build_add(&list, NULL, wht_build_string(arena, wht_rflags_names[i].name));
        rest &= ~(uint64_t)wht_rflags_names[i].value;
    }
    return rest == 0 ? list.node : NULL;
}

static struct wht_node *masked(struct wht_arena *arena, const struct wht_want_reg *want)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    WHV_REGISTER_VALUE value = *want->values;
    WHV_UINT128 mask = want->mask;
    struct wht_node *flags =
        want->name == WHvX64RegisterRflags ? undef_flags(arena, mask.Low64) : NULL;
    value.Reg128.Low64 &= mask.Low64;
    value.Reg128.High64 &= mask.High64;
    if (wht_reg_kind(want->name) == WHT_REG_U64)
        mask.High64 = 0;
    wht_build_add(&object, "value", wht_expand_value(arena, want->name, &value));
    wht_build_add(&object, flags ? "undef" : "mask", flags ? flags : hex128(arena, mask));
    return object.node;
}

static int compare_values(const void *a, const void *b)
{
    const WHV_UINT128 *left = &((const WHV_REGISTER_VALUE *)a)->Reg128;
    const WHV_UINT128 *right = &((const WHV_REGISTER_VALUE *)b)->Reg128;
    if (left->High64 != right->High64)
        return left->High64 < right->High64 ? -1 : 1;
    return left->Low64 < right->Low64 ? -1 : left->Low64 > right->Low64;
}

static struct wht_node *alternatives(struct wht_arena *arena, const struct wht_want_reg *want)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    WHV_REGISTER_VALUE *sorted = wht_arena_take(arena, want->count * sizeof(*sorted));
    memcpy(sorted, want->values, want->count * sizeof(*sorted));
    qsort(sorted, want->count, sizeof(*sorted), compare_values);
    for (size_t i = 0; i < want->count; i++)
        wht_build_add(&list, NULL, wht_expand_value(arena, want->name, &sorted[i]));
    wht_build_add(&object, "either", list.node);
    return object.node;
}

static struct wht_node *expand_want(struct wht_arena *arena, const struct wht_want_reg *want)
{
    if (want->kind == WHT_WANT_ANY)
        return wht_build_string(arena, "any");
    if (want->kind == WHT_WANT_EITHER)
        return alternatives(arena, want);
    bool is_whole = want->mask.Low64 == UINT64_MAX &&
                    (want->mask.High64 == UINT64_MAX || wht_reg_kind(want->name) == WHT_REG_U64);
    return is_whole ? wht_expand_value(arena, want->name, want->values) : masked(arena, want);
}

void wht_expand_add_reg(struct wht_build *build, WHV_REGISTER_NAME name, struct wht_node *value)
{
    char text[WHT_NAME_MAX];
    wht_build_add(build, wht_arena_copy(build->arena, wht_reg_name(name, text)), value);
}

struct wht_node *wht_expand_wants(struct wht_arena *arena, const struct wht_want_reg *regs,
                                  size_t count)
{
    struct wht_build map = wht_build_new(arena, WHT_NODE_OBJECT);
    for (size_t i = 0; i < count; i++)
        wht_expand_add_reg(&map, regs[i].name, expand_want(arena, &regs[i]));
    return map.node;
}
