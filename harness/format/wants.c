/* SPDX-License-Identifier: MIT */
/* Expected registers, in all the forms that a trace may give them, and what a get answers:
 * traces/FORMAT.md, "Expected registers". */
#include <stdlib.h>
#include <string.h>

#include "values.h"
#include "words/name_lists.h"
#include "words/names.h"

/* What an expected register object collects before it is put together. */
struct want_parts {
    WHV_REGISTER_NAME name;
    const struct wht_node *value;
    const struct wht_node *mask;
    const struct wht_node *undef;
    const struct wht_node *either;
};

static bool take_value(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->value = node;
    return true;
}

static bool take_mask(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->mask = node;
    return true;
}

static bool take_undef(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->undef = node;
    return true;
}

static bool take_either(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->either = node;
    return true;
}

static bool get_undef(struct wht_check *check, const struct wht_node *node, WHV_REGISTER_NAME name,
                      WHV_UINT128 *mask)
{
    const char *names[WHT_RFLAGS];
    uint64_t undef = 0;
    bool is_good = true;
    if (name != WHvX64RegisterRflags)
        return wht_fail_key(check, node,
                            "found \"undef\" for another register, expected it for "
                            "rflags only");
    if (!wht_get_list(check, node, 1))
        return false;
    for (size_t i = 0; i < WHT_RFLAGS; i++)
        names[i] = wht_rflags_names[i].name;
    for (const struct wht_node *child = node->first; child; child = child->next) {
        int index;
        if (!wht_get_name(check, child, names, WHT_RFLAGS, "a flag", &index))
            is_good = false;
        else if (undef & wht_rflags_names[index].value)
            is_good = wht_fail(check, child, "found \"%s\" a second time, expected it once",
                               names[index]);
        else
            undef |= wht_rflags_names[index].value;
    }
    mask->Low64 &= ~undef;
    return is_good;
}

static bool get_either(struct wht_check *check, const struct wht_node *node,
                       const struct wht_segment_context *context, struct wht_want_reg *want)
{
    bool is_good = true;
    if (!wht_get_list(check, node, 2))
        return false;
    want->kind = WHT_WANT_EITHER;
    want->values = wht_arena_take(check->arena, wht_node_count(node) * sizeof(*want->values));
    for (const struct wht_node *child = node->first; child; child = child->next)
        is_good &=
            wht_get_reg_value(check, child, want->name, context, &want->values[want->count++]);
    return is_good;
}

static bool get_want_object(struct wht_check *check, const struct wht_node *node,
                            const struct wht_segment_context *context, struct wht_want_reg *want)
{
    static const struct wht_field fields[] = {
#define WANT_KEY(key, is_required, how, shape) {#key, take_##key, is_required},
#include "keys.def"
    };
    struct want_parts parts = {.name = want->name};
    if (!wht_take_object(check, node, fields, sizeof(fields) / sizeof(fields[0]), &parts))
        return false;
    if (!parts.value && !parts.either)
        return wht_fail(check, node, "found neither, expected \"value\" or \"either\"");
    if (parts.value && parts.either)
        return wht_fail_key(check, parts.either,
                            "found \"either\" beside \"value\", expected one of them");
    const struct wht_node *modifier = parts.mask ? parts.mask : parts.undef;
    if (parts.either && modifier)
        return wht_fail_key(check, modifier,
                            "found \"%s\" beside \"either\", expected it beside "
                            "\"value\"",
                            modifier->key);
    bool is_good = true;
    if (parts.mask)
        is_good &= wht_get_hex128(check, parts.mask,
                                  wht_reg_kind(want->name) == WHT_REG_U64 ? 64 : 128, &want->mask);
    if (parts.undef)
        is_good &= get_undef(check, parts.undef, want->name, &want->mask);
    if (parts.either)
        return get_either(check, parts.either, context, want) && is_good;
    want->values = wht_arena_take(check->arena, sizeof(*want->values));
    want->count = 1;
    return wht_get_reg_value(check, parts.value, want->name, context, want->values) && is_good;
}

/* A number of at most 64 bits, decimal or "0x...". @return false if it is spelled otherwise. */
static bool parse_distance(const char *text, uint64_t *value)
{
    WHV_UINT128 wide;
    bool overflows;
    *value = 0;
    if (wht_parse_hex(text, &wide, &overflows)) {
        *value = wide.Low64;
        return !overflows && wide.High64 == 0;
    }
    for (const char *c = text; *c; c++) {
        unsigned digit = (unsigned)(*c - '0');
        if (*c < '0' || *c > '9' || *value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return *text != 0;
}

/* "+2", "-0x10". */
static bool get_relative(struct wht_check *check, const struct wht_node *node,
                         const struct wht_init *init, struct wht_want_reg *want)
{
    const char *text = node->string;
    uint64_t delta;
    if (!parse_distance(text + 1, &delta))
        return wht_fail(check, node,
                        "found \"%.40s\", expected a distance of at most 64 bits like \"+2\" or "
                        "\"-0x10\"",
                        text);
    if (wht_reg_kind(want->name) != WHT_REG_U64)
        return wht_fail(check, node,
                        "found a distance for a register that is no number, expected "
                        "a value");
    const WHV_REGISTER_VALUE *start = wht_init_reg(init, want->name);
    if (!start && check->is_partial)
        return true;
    if (!start)
        return wht_fail(check, node,
                        "found a distance from a register that was not captured, "
                        "expected a value");
    want->values = wht_arena_take(check->arena, sizeof(*want->values));
    want->count = 1;
    want->is_distance = true;
    want->values->Reg64 = text[0] == '+' ? start->Reg64 + delta : start->Reg64 - delta;
    return true;
}

bool wht_get_want_reg(struct wht_check *check, const struct wht_node *member,
                      const struct wht_init *init, struct wht_want_reg *want)
{
    const struct wht_segment_context context = {.mode = init->mode, .cpl = init->cpl};
    *want = (struct wht_want_reg){.pos = wht_node_pos(check, member)};
    want->mask = (WHV_UINT128){.Low64 = UINT64_MAX, .High64 = UINT64_MAX};
    if (!wht_get_reg_key(check, member, &want->name))
        return false;
    bool is_reg_object =
        wht_reg_kind(want->name) == WHT_REG_SEGMENT || wht_reg_kind(want->name) == WHT_REG_TABLE;
    if (member->kind == WHT_NODE_STRING && strcmp(member->string, "any") == 0) {
        want->kind = WHT_WANT_ANY;
        return true;
    }
    if (member->kind == WHT_NODE_STRING && (member->string[0] == '+' || member->string[0] == '-'))
        return get_relative(check, member, init, want);
    if (member->kind == WHT_NODE_OBJECT &&
        (!is_reg_object || wht_node_member(member, "value") || wht_node_member(member, "either")))
        return get_want_object(check, member, &context, want);
    want->values = wht_arena_take(check->arena, sizeof(*want->values));
    want->count = 1;
    return wht_get_reg_value(check, member, want->name, &context, want->values);
}

static int compare_wants(const void *a, const void *b)
{
    uint32_t left = (uint32_t)((const struct wht_want_reg *)a)->name;
    uint32_t right = (uint32_t)((const struct wht_want_reg *)b)->name;
    return left < right ? -1 : left > right;
}

void wht_sort_want_regs(struct wht_want_reg *regs, size_t count)
{
    qsort(regs, count, sizeof(*regs), compare_wants);
}

/* A register of a map whose values are plain: what a get answers. */
static bool get_answer_reg(struct wht_check *check, const struct wht_node *member,
                           const struct wht_init *init, struct wht_want_reg *want)
{
    const struct wht_segment_context context = {.mode = init->mode, .cpl = init->cpl};
    *want = (struct wht_want_reg){.pos = wht_node_pos(check, member), .count = 1};
    want->mask = (WHV_UINT128){.Low64 = UINT64_MAX, .High64 = UINT64_MAX};
    want->values = wht_arena_take(check->arena, sizeof(*want->values));
    if (!wht_get_reg_key(check, member, &want->name))
        return false;
    bool is_sign = member->kind == WHT_NODE_STRING && strspn(member->string, "+-") > 0;
    bool is_any = member->kind == WHT_NODE_STRING && strcmp(member->string, "any") == 0;
    bool is_form = member->kind == WHT_NODE_OBJECT &&
                   (wht_node_member(member, "value") || wht_node_member(member, "either"));
    if (is_sign || is_any || is_form)
        return wht_fail(check, member,
                        "found an expectation among the answers of a get, expected "
                        "plain values");
    return wht_get_reg_value(check, member, want->name, &context, want->values);
}

typedef bool get_reg_fn(struct wht_check *check, const struct wht_node *member,
                        const struct wht_init *init, struct wht_want_reg *want);

static bool get_regs(struct wht_check *check, const struct wht_node *node,
                     const struct wht_init *init, get_reg_fn *get, struct wht_want_reg **regs,
                     size_t *count)
{
    bool is_good = true;
    if (!wht_get_object(check, node))
        return false;
    *regs = wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(**regs));
    *count = 0;
    for (const struct wht_node *member = node->first; member; member = member->next) {
        if (get(check, member, init, &(*regs)[*count]))
            ++*count;
        else
            is_good = false;
    }
    wht_sort_want_regs(*regs, *count);
    return wht_check_regs_once(check, node) && is_good;
}

bool wht_get_want_regs(struct wht_check *check, const struct wht_node *node,
                       const struct wht_init *init, struct wht_want_reg **regs, size_t *count)
{
    return get_regs(check, node, init, wht_get_want_reg, regs, count);
}

bool wht_get_answer_regs(struct wht_check *check, const struct wht_node *node,
                         const struct wht_init *init, struct wht_want_reg **regs, size_t *count)
{
    return get_regs(check, node, init, get_answer_reg, regs, count);
}
