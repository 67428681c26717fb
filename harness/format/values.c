/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "words/names.h"

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool wht_parse_hex(const char *text, WHV_UINT128 *value, bool *overflows)
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

/* Says how to write a number as the string that it must be. */
static bool refuse_number(struct wht_check *check, const struct wht_node *node)
{
    char written[WHT_NUMBER_TEXT];
    wht_number_text(check, node, written);
    size_t digits = strspn(written, "0123456789");
    bool is_known = digits < 20 && written[digits] == 0; /* it fits into 64 bits */
    return wht_fail(check, node,
                    "found the number %s, expected a string like \"0x%llx\": JSON numbers lose "
                    "64-bit values",
                    written, is_known ? strtoull(written, NULL, 10) : 0x1fULL);
}

bool wht_get_hex128(struct wht_check *check, const struct wht_node *node, unsigned bits,
                    WHV_UINT128 *value)
{
    bool overflows;
    if (node->kind == WHT_NODE_NUMBER)
        return refuse_number(check, node);
    if (node->kind != WHT_NODE_STRING)
        return wht_fail(check, node, "found %s, expected a string like \"0x1f\"",
                        wht_node_kind_name(node));
    if (!wht_parse_hex(node->string, value, &overflows))
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
    if (!wht_get_hex128(check, node, bits, &wide))
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
        if (*c == ' ' && taken.size > 0 && c[strspn(c, " ")] != 0) {
            c += strspn(c, " ");
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

WHV_X64_SEGMENT_REGISTER wht_real_segment(uint8_t cpl, WHV_REGISTER_NAME name, uint16_t selector)
{
    const struct wht_segment_context real = {.mode = WHT_MODE_REAL16, .cpl = cpl};
    WHV_X64_SEGMENT_REGISTER segment = wht_mode_segment(&real, name);
    segment.Selector = selector;
    segment.Base = (UINT64)selector << 4;
    return segment;
}

static bool take_segment_sel(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t value = 0;
    bool is_good = wht_get_hex(check, node, 16, &value);
    ((WHV_X64_SEGMENT_REGISTER *)target)->Selector = (UINT16)value;
    return is_good;
}

static bool take_segment_base(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 64, &((WHV_X64_SEGMENT_REGISTER *)target)->Base);
}

static bool take_segment_limit(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t value = 0;
    bool is_good = wht_get_hex(check, node, 32, &value);
    ((WHV_X64_SEGMENT_REGISTER *)target)->Limit = (UINT32)value;
    return is_good;
}

static bool take_segment_attr(struct wht_check *check, const struct wht_node *node, void *target)
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
    static const struct wht_field fields[] = {
#define SEGMENT_KEY(key, is_required, how, shape) {#key, take_segment_##key, is_required},
#include "keys.def"
    };
    static const char *const words[] = {"flat", "null"};
    WHV_UINT128 selector;
    bool overflows;
    if (node->kind == WHT_NODE_OBJECT)
        return wht_take_object(check, node, fields, COUNT(fields), value);
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
    if (strncmp(text, "real:", 5) == 0 && wht_parse_hex(text + 5, &selector, &overflows)) {
        if (overflows || selector.High64 > 0 || selector.Low64 > 0xffff)
            return wht_fail(check, node, "found \"%.60s\", expected a selector of at most 16 bits",
                            text);
        *value = wht_real_segment(context->cpl, name, (UINT16)selector.Low64);
        return true;
    }
    const char *meant = wht_did_you_mean(text, words, 2);
    if (meant)
        return wht_fail(check, node,
                        "found \"%.40s\", expected a segment register; did you mean \"%s\"?", text,
                        meant);
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
    static const struct wht_field fields[] = {
#define TABLE_KEY(key, is_required, how, shape) {#key, take_table_##key, is_required},
#include "keys.def"
    };
    *value = (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 0}};
    switch (wht_reg_kind(name)) {
    case WHT_REG_SEGMENT:
        return get_segment(check, node, name, context, &value->Segment);
    case WHT_REG_TABLE:
        return wht_take_object(check, node, fields, COUNT(fields), &value->Table);
    case WHT_REG_U128:
        return wht_get_hex128(check, node, 128, &value->Reg128);
    default:
        return wht_get_hex(check, node, 64, &value->Reg64);
    }
}
