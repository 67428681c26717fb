/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "name_lists.h"
#include "names.h"

#define REG_NAMES_MAX 256

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Parses "0x" digits with `_` between digits. @return false if the text is spelled otherwise. */
static bool parse_hex(const char *text, WHV_UINT128 *value, bool *overflows)
{
    *value = (WHV_UINT128){.Low64 = 0};
    *overflows = false;
    if (text[0] != '0' || text[1] != 'x' || digit_value(text[2]) < 0)
        return false;
    for (const char *c = text + 2; *c; c++) {
        if (*c == '_') {
            if (digit_value(c[-1]) < 0 || digit_value(c[1]) < 0)
                return false;
            continue;
        }
        int digit = digit_value(*c);
        if (digit < 0)
            return false;
        *overflows |= value->High64 >> 60 != 0;
        value->High64 = value->High64 << 4 | value->Low64 >> 60;
        value->Low64 = value->Low64 << 4 | (unsigned)digit;
    }
    return true;
}

static bool get_hex128(struct wht_check *check, const struct wht_node *node, unsigned bits,
                       WHV_UINT128 *value)
{
    bool overflows;
    if (node->kind == WHT_NODE_NUMBER)
        return wht_fail(check, node,
                        "found the number %.17g, expected a string like \"0x%llx\": JSON "
                        "numbers lose 64-bit values",
                        node->number,
                        node->is_integer && node->number >= 0 && node->number < 9e15
                            ? (unsigned long long)node->number
                            : 0x1fULL);
    if (node->kind != WHT_NODE_STRING)
        return wht_fail(check, node, "found %s, expected a string like \"0x1f\"",
                        wht_node_kind_name(node));
    if (!parse_hex(node->string, value, &overflows))
        return wht_fail(check, node, "found \"%.60s\", expected \"0x\" and hexadecimal digits",
                        node->string);
    bool fits = !overflows && (bits == 128 || value->High64 == 0) &&
                (bits >= 64 || value->Low64 >> bits == 0);
    if (!fits)
        return wht_fail(check, node, "found \"%.60s\", expected a value of at most %u bits",
                        node->string, bits);
    return true;
}

bool wht_get_hex(struct wht_check *check, const struct wht_node *node, unsigned bits,
                 uint64_t *value)
{
    WHV_UINT128 wide = {.Low64 = 0};
    if (!get_hex128(check, node, bits, &wide))
        return false;
    *value = wide.Low64;
    return true;
}

bool wht_get_bytes(struct wht_check *check, const struct wht_node *node, bool allow_any, size_t max,
                   struct wht_bytes *bytes)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    size_t capacity = strlen(text) / 2 + 1;
    struct wht_bytes taken = {.data = wht_arena_take(check->arena, capacity)};
    uint8_t *mask = wht_arena_take(check->arena, capacity);
    bool has_any = false;
    for (const char *c = text; *c;) {
        if (*c == ' ') {
            c++;
            continue;
        }
        bool is_any = allow_any && c[0] == '?' && c[1] == '?';
        int high = digit_value(c[0]);
        int low = high < 0 ? -1 : digit_value(c[1]);
        if (!is_any && (high < 0 || low < 0))
            return wht_fail(check, node,
                            "found \"%.16s\" in bytes, expected pairs of hexadecimal "
                            "digits%s",
                            c, allow_any ? " or \"??\"" : "");
        mask[taken.size] = (uint8_t)(is_any ? 0 : 0xff);
        taken.data[taken.size++] = (uint8_t)(is_any ? 0 : high << 4 | low);
        has_any |= is_any;
        c += 2;
    }
    if (taken.size == 0)
        return wht_fail(check, node, "found no bytes, expected at least one");
    if (taken.size > max)
        return wht_fail(check, node, "found %zu bytes, expected at most %zu", taken.size, max);
    taken.mask = has_any ? mask : NULL;
    *bytes = taken;
    return true;
}

static bool is_code(WHV_REGISTER_NAME name)
{
    return name == WHvX64RegisterCs;
}

WHV_X64_SEGMENT_REGISTER wht_mode_segment(const struct wht_segment_context *context,
                                          WHV_REGISTER_NAME name)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Limit = 0xffffffff};
    bool is_16bit = context->mode == WHT_MODE_PROT16 || context->mode == WHT_MODE_COMPAT16;
    segment.Selector = (UINT16)((is_code(name) ? 0x08 : 0x10) | context->cpl);
    segment.SegmentType = is_code(name) ? 0xbu : 0x3u;
    segment.NonSystemSegment = 1;
    segment.Present = 1;
    segment.DescriptorPrivilegeLevel = context->cpl & 3u;
    segment.Granularity = 1;
    segment.Long = is_code(name) && context->mode == WHT_MODE_LONG64;
    segment.Default = !is_16bit && !segment.Long;
    if (context->mode == WHT_MODE_REAL16 || context->mode == WHT_MODE_VM86) {
        segment.Limit = 0xffff;
        segment.Selector = 0;
        segment.Granularity = 0;
        segment.Default = 0;
    }
    return segment;
}

static bool take_sel(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t value = 0;
    bool is_good = wht_get_hex(check, node, 16, &value);
    ((WHV_X64_SEGMENT_REGISTER *)target)->Selector = (UINT16)value;
    return is_good;
}

static bool take_base(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 64, &((WHV_X64_SEGMENT_REGISTER *)target)->Base);
}

static bool take_limit(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t value = 0;
    bool is_good = wht_get_hex(check, node, 32, &value);
    ((WHV_X64_SEGMENT_REGISTER *)target)->Limit = (UINT32)value;
    return is_good;
}

static bool take_attr(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t value = 0;
    bool is_good = wht_get_hex(check, node, 16, &value);
    ((WHV_X64_SEGMENT_REGISTER *)target)->Attributes = (UINT16)value;
    return is_good;
}

static bool get_segment(struct wht_check *check, const struct wht_node *node,
                        WHV_REGISTER_NAME name, const struct wht_segment_context *context,
                        WHV_X64_SEGMENT_REGISTER *value)
{
    static const struct wht_field fields[] = {{"sel", take_sel, true},
                                              {"base", take_base, true},
                                              {"limit", take_limit, true},
                                              {"attr", take_attr, true}};
    WHV_UINT128 selector;
    bool overflows;
    if (node->kind == WHT_NODE_OBJECT)
        return wht_take_object(check, node, fields, 4, value);
    const char *text = node->kind == WHT_NODE_STRING ? node->string : "";
    if (strcmp(text, "null") == 0) {
        *value = (WHV_X64_SEGMENT_REGISTER){.Base = 0};
        return true;
    }
    if (strcmp(text, "flat") == 0) {
        *value = wht_mode_segment(context, name);
        value->Limit = 0xffffffff;
        value->Granularity = 1;
        return true;
    }
    if (strncmp(text, "real:", 5) == 0 && parse_hex(text + 5, &selector, &overflows) &&
        selector.High64 == 0 && selector.Low64 <= 0xffff) {
        struct wht_segment_context real = {.mode = WHT_MODE_REAL16, .cpl = context->cpl};
        *value = wht_mode_segment(&real, name);
        value->Selector = (UINT16)selector.Low64;
        value->Base = selector.Low64 << 4;
        return true;
    }
    return wht_fail(check, node,
                    "found %s%.40s%s, expected {sel, base, limit, attr}, \"flat\", "
                    "\"null\" or \"real:0xf000\"",
                    node->kind == WHT_NODE_STRING ? "\"" : wht_node_kind_name(node), text,
                    node->kind == WHT_NODE_STRING ? "\"" : "");
}

static bool take_table_base(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 64, &((WHV_X64_TABLE_REGISTER *)target)->Base);
}

static bool take_table_limit(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t value = 0;
    bool is_good = wht_get_hex(check, node, 16, &value);
    ((WHV_X64_TABLE_REGISTER *)target)->Limit = (UINT16)value;
    return is_good;
}

bool wht_get_reg_value(struct wht_check *check, const struct wht_node *node, WHV_REGISTER_NAME name,
                       const struct wht_segment_context *context, WHV_REGISTER_VALUE *value)
{
    static const struct wht_field table[] = {{"base", take_table_base, true},
                                             {"limit", take_table_limit, true}};
    *value = (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 0}};
    switch (wht_reg_kind(name)) {
    case WHT_REG_SEGMENT:
        return get_segment(check, node, name, context, &value->Segment);
    case WHT_REG_TABLE:
        return wht_take_object(check, node, table, 2, &value->Table);
    case WHT_REG_U128:
        return get_hex128(check, node, 128, &value->Reg128);
    default:
        return wht_get_hex(check, node, 64, &value->Reg64);
    }
}

bool wht_get_reg_key(struct wht_check *check, const struct wht_node *member,
                     WHV_REGISTER_NAME *name)
{
    const char *names[REG_NAMES_MAX];
    const char *text = member->key ? member->key : member->string;
    if (wht_reg_from_name(text, name))
        return true;
    if (wht_reg_number(text, name)) {
        char own[WHT_NAME_MAX];
        return wht_fail_key(check, member, "found \"%.40s\", expected its name, \"%s\"", text,
                            wht_reg_name(*name, own));
    }
    const char *meant = wht_did_you_mean(text, names, wht_reg_names(names, REG_NAMES_MAX));
    if (meant)
        return wht_fail_key(check, member,
                            "found the unknown register \"%.40s\"; did you mean \"%s\"?", text,
                            meant);
    return wht_fail_key(check, member,
                        "found the unknown register \"%.40s\", expected a name like \"rax\" or "
                        "\"reg:0x00001234\"",
                        text);
}

/* What an expected register object collects before it is put together. */
struct want_parts {
    WHV_REGISTER_NAME name;
    const struct wht_node *value;
    const struct wht_node *mask;
    const struct wht_node *undef;
    const struct wht_node *either;
};

static bool note_value(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->value = node;
    return true;
}

static bool note_mask(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->mask = node;
    return true;
}

static bool note_undef(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->undef = node;
    return true;
}

static bool note_either(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct want_parts *)target)->either = node;
    return true;
}

static bool get_undef(struct wht_check *check, const struct wht_node *node, WHV_REGISTER_NAME name,
                      WHV_UINT128 *mask)
{
    const char *names[WHT_RFLAGS];
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
        if (wht_get_name(check, child, names, WHT_RFLAGS, "a flag", &index))
            mask->Low64 &= ~(uint64_t)wht_rflags_names[index].value;
        else
            is_good = false;
    }
    return is_good;
}

static bool get_either(struct wht_check *check, const struct wht_node *node,
                       const struct wht_segment_context *context, struct wht_want_reg *want)
{
    if (!wht_get_list(check, node, 2))
        return false;
    want->kind = WHT_WANT_EITHER;
    want->values = wht_arena_take(check->arena, wht_node_count(node) * sizeof(*want->values));
    for (const struct wht_node *child = node->first; child; child = child->next) {
        if (!wht_get_reg_value(check, child, want->name, context, &want->values[want->count++]))
            return false;
    }
    return true;
}

static bool get_want_object(struct wht_check *check, const struct wht_node *node,
                            const struct wht_segment_context *context, struct wht_want_reg *want)
{
    static const struct wht_field fields[] = {{"value", note_value, false},
                                              {"mask", note_mask, false},
                                              {"undef", note_undef, false},
                                              {"either", note_either, false}};
    struct want_parts parts = {.name = want->name};
    if (!wht_take_object(check, node, fields, 4, &parts))
        return false;
    if (!parts.value == !parts.either)
        return wht_fail(check, node, "found %s, expected one of \"value\" and \"either\"",
                        parts.value ? "both \"value\" and \"either\"" : "neither");
    const struct wht_node *modifier = parts.mask ? parts.mask : parts.undef;
    if (parts.either && modifier)
        return wht_fail_key(check, modifier,
                            "found \"%s\" beside \"either\", expected it beside "
                            "\"value\"",
                            modifier->key);
    bool is_good = true;
    if (parts.mask)
        is_good &= get_hex128(check, parts.mask, wht_reg_kind(want->name) == WHT_REG_U64 ? 64 : 128,
                              &want->mask);
    if (parts.undef)
        is_good &= get_undef(check, parts.undef, want->name, &want->mask);
    if (parts.either)
        return get_either(check, parts.either, context, want) && is_good;
    want->values = wht_arena_take(check->arena, sizeof(*want->values));
    want->count = 1;
    return wht_get_reg_value(check, parts.value, want->name, context, want->values) && is_good;
}

/* "+2", "-0x10". */
static bool get_relative(struct wht_check *check, const struct wht_node *node,
                         const struct wht_init *init, struct wht_want_reg *want)
{
    const char *text = node->string;
    const char *digits = text + 1;
    char *end;
    bool is_hex = digits[0] == '0' && digits[1] == 'x';
    uint64_t delta = strtoull(digits, &end, is_hex ? 16 : 10);
    if (digits[0] < '0' || digits[0] > '9' || *end || strlen(digits) > 18)
        return wht_fail(check, node,
                        "found \"%.40s\", expected a distance like \"+2\" or \"-0x10\"", text);
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

/* "reg:0x0000abcd" and "reg:0x0000ABCD" are two keys and one register. */
static bool check_regs_once(struct wht_check *check, const struct wht_node *node,
                            const struct wht_want_reg *regs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        char name[WHT_NAME_MAX];
        if (regs[i - 1].name == regs[i].name)
            return wht_fail(check, node, "found the register \"%s\" twice, expected it once",
                            wht_reg_name(regs[i].name, name));
    }
    return true;
}

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
    return check_regs_once(check, node, *regs, *count) && is_good;
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
