/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "Registers" and "Expected registers". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print_parts.h"
#include "values.h"
#include "words/name_lists.h"
#include "words/names.h"

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

#define PRINT_PART(register, key, member)                                                          \
    static struct wht_node *print_##register##_##key(const struct wht_printer *p,                  \
                                                     const void *object)                           \
    {                                                                                              \
        return wht_build_hex(p->arena, ((const WHV_REGISTER_VALUE *)object)->member);              \
    }
PRINT_PART(segment, sel, Segment.Selector)
PRINT_PART(segment, base, Segment.Base)
PRINT_PART(segment, limit, Segment.Limit)
PRINT_PART(segment, attr, Segment.Attributes)
PRINT_PART(table, base, Table.Base)
PRINT_PART(table, limit, Table.Limit)

static const struct wht_print_key segment_keys[] = {
#define SEGMENT_KEY(key, is_required, how, shape) {#key, print_segment_##key},
#include "keys.def"
};
static const struct wht_print_key table_keys[] = {
#define TABLE_KEY(key, is_required, how, shape) {#key, print_table_##key},
#include "keys.def"
};

/* @return "real:0x..." if that says all of a segment, or NULL. */
static struct wht_node *real_segment(const struct wht_printer *p, WHV_REGISTER_NAME name,
                                     const WHV_X64_SEGMENT_REGISTER *value)
{
    char text[24];
    const WHV_X64_SEGMENT_REGISTER real = wht_real_segment(p->c->init.cpl, name, value->Selector);
    if (value->Base != real.Base || value->Limit != real.Limit ||
        value->Attributes != real.Attributes)
        return NULL;
    snprintf(text, sizeof(text), "real:0x%x", (unsigned)value->Selector);
    return wht_build_string(p->arena, text);
}

static struct wht_node *segment(const struct wht_printer *p, WHV_REGISTER_NAME name,
                                const WHV_REGISTER_VALUE *value)
{
    const enum wht_mode mode = p->c->init.mode;
    bool may_be_real = mode == WHT_MODE_REAL16 || mode == WHT_MODE_VM86;
    struct wht_node *real =
        wht_prints_short(p) && may_be_real ? real_segment(p, name, &value->Segment) : NULL;
    return real ? real : wht_print_object(p, segment_keys, COUNT(segment_keys), value);
}

struct wht_node *wht_print_value(const struct wht_printer *p, WHV_REGISTER_NAME name,
                                 const WHV_REGISTER_VALUE *value)
{
    switch (wht_reg_kind(name)) {
    case WHT_REG_SEGMENT:
        return segment(p, name, value);
    case WHT_REG_TABLE:
        return wht_print_object(p, table_keys, COUNT(table_keys), value);
    case WHT_REG_U128:
        return wht_build_hex128(p->arena, value->Reg128.High64, value->Reg128.Low64);
    default:
        return wht_build_hex(p->arena, value->Reg64);
    }
}

/* @return the flags that the mask leaves out, or NULL if it leaves out bits that have no name. */
static struct wht_node *undef_flags(const struct wht_printer *p, const struct wht_want_reg *want)
{
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    uint64_t rest = ~want->mask.Low64;
    if (want->name != WHvX64RegisterRflags)
        return NULL;
    for (size_t i = 0; i < WHT_RFLAGS; i++) {
        if (!(rest & wht_rflags_names[i].value))
            continue;
        wht_build_add(&list, NULL, wht_build_string(p->arena, wht_rflags_names[i].name));
        rest &= ~(uint64_t)wht_rflags_names[i].value;
    }
    return rest == 0 ? list.node : NULL;
}

/* Bits that are not compared stay as they were seen in the short forms alone. */
static struct wht_node *print_value(const struct wht_printer *p, const void *object)
{
    const struct wht_want_reg *want = object;
    if (want->kind != WHT_WANT_VALUE)
        return NULL;
    WHV_REGISTER_VALUE value = *want->values;
    if (!wht_prints_short(p)) {
        value.Reg128.Low64 &= want->mask.Low64;
        value.Reg128.High64 &= want->mask.High64;
    }
    return wht_print_value(p, want->name, &value);
}

static struct wht_node *print_mask(const struct wht_printer *p, const void *object)
{
    const struct wht_want_reg *want = object;
    WHV_UINT128 mask = want->mask;
    if (want->kind != WHT_WANT_VALUE || undef_flags(p, want))
        return NULL;
    if (wht_reg_kind(want->name) == WHT_REG_U64)
        mask.High64 = 0;
    return wht_build_hex128(p->arena, mask.High64, mask.Low64);
}

static struct wht_node *print_undef(const struct wht_printer *p, const void *object)
{
    const struct wht_want_reg *want = object;
    return want->kind == WHT_WANT_VALUE ? undef_flags(p, want) : NULL;
}

static int compare_values(const void *a, const void *b)
{
    const WHV_UINT128 *left = &((const WHV_REGISTER_VALUE *)a)->Reg128;
    const WHV_UINT128 *right = &((const WHV_REGISTER_VALUE *)b)->Reg128;
    if (left->High64 != right->High64)
        return left->High64 < right->High64 ? -1 : 1;
    return left->Low64 < right->Low64 ? -1 : left->Low64 > right->Low64;
}

static struct wht_node *print_either(const struct wht_printer *p, const void *object)
{
    const struct wht_want_reg *want = object;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    if (want->kind != WHT_WANT_EITHER)
        return NULL;
    WHV_REGISTER_VALUE *values = wht_arena_take(p->arena, want->count * sizeof(*values));
    memcpy(values, want->values, want->count * sizeof(*values));
    if (!wht_prints_short(p))
        qsort(values, want->count, sizeof(*values), compare_values);
    for (size_t i = 0; i < want->count; i++)
        wht_build_add(&list, NULL, wht_print_value(p, want->name, &values[i]));
    return list.node;
}

/* "+2", "-10". */
static struct wht_node *distance(const struct wht_printer *p, const struct wht_want_reg *want)
{
    char text[32];
    const WHV_REGISTER_VALUE *start = wht_init_reg(&p->c->init, want->name);
    if (!wht_prints_short(p) || !want->is_distance || !start)
        return NULL;
    uint64_t delta = want->values->Reg64 - start->Reg64;
    bool is_back = delta >> 63 != 0;
    snprintf(text, sizeof(text), "%c%" PRIu64, is_back ? '-' : '+', is_back ? 0 - delta : delta);
    return wht_build_string(p->arena, text);
}

static struct wht_node *print_want(const struct wht_printer *p, const struct wht_want_reg *want)
{
    static const struct wht_print_key keys[] = {
#define WANT_KEY(key, is_required, how, shape) {#key, print_##key},
#include "keys.def"
    };
    if (want->kind == WHT_WANT_ANY)
        return wht_build_string(p->arena, "any");
    bool is_whole = want->mask.Low64 == UINT64_MAX &&
                    (want->mask.High64 == UINT64_MAX || wht_reg_kind(want->name) == WHT_REG_U64);
    if (want->kind == WHT_WANT_EITHER || !is_whole)
        return wht_print_object(p, keys, COUNT(keys), want);
    struct wht_node *relative = distance(p, want);
    return relative ? relative : wht_print_value(p, want->name, want->values);
}

void wht_print_add_reg(struct wht_build *build, WHV_REGISTER_NAME name, struct wht_node *value)
{
    char text[WHT_NAME_MAX];
    wht_build_add(build, wht_arena_copy(build->arena, wht_reg_name(name, text)), value);
}

struct wht_node *wht_print_wants(const struct wht_printer *p, const struct wht_want_reg *regs,
                                 size_t count)
{
    struct wht_build map = wht_build_new(p->arena, WHT_NODE_OBJECT);
    for (size_t i = 0; i < count; i++)
        wht_print_add_reg(&map, regs[i].name, print_want(p, &regs[i]));
    return map.node;
}
