/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "name_lists.h"

struct reg_row {
    const char *text;
    WHV_REGISTER_NAME name;
    enum wht_reg_kind kind;
};

#define U64     WHT_REG_U64
#define U128    WHT_REG_U128
#define SEGMENT WHT_REG_SEGMENT
#define TABLE   WHT_REG_TABLE

static const struct reg_row regs[] = {
#define WHV_REGISTER(prefix, suffix, number, text, kind) {text, prefix##suffix, kind},
#include <whvemu/whv_registers.def>
};

#define REG_COUNT (sizeof(regs) / sizeof(regs[0]))

const char *const wht_mode_names[WHT_MODE_NAMES] = {"real16",   "vm86",     "prot16", "prot32",
                                                    "compat16", "compat32", "long64"};
const char *const wht_access_names[WHT_ACCESS_NAMES] = {"read", "write", "execute"};
const char *const wht_port_names[WHT_PORT_NAMES] = {"in", "out"};
const char *const wht_match_names[WHT_MATCH_NAMES] = {"effects", "device", "strict"};
const char *const wht_status_names[WHT_STATUS_NAMES] = {
    "success",          "internal-failure", "io-failed",
    "mem-failed",       "translate-failed", "translate-unaligned",
    "get-regs-failed",  "set-regs-failed",  "interrupt-caused-intercept",
    "cannot-be-faulted"};
const char *const wht_result_names[WHT_RESULT_NAMES] = {
    "success",      "page-not-present", "privilege-violation", "invalid-page-table-flags",
    "gpa-unmapped", "gpa-no-read",      "gpa-no-write",        "gpa-illegal-overlay",
    "intercept"};

const struct wht_named wht_translate_flags[WHT_TRANSLATE_FLAGS] = {
    {"read", WHvTranslateGvaFlagValidateRead},
    {"write", WHvTranslateGvaFlagValidateWrite},
    {"execute", WHvTranslateGvaFlagValidateExecute},
    {"privilege-exempt", WHvTranslateGvaFlagPrivilegeExempt},
    {"set-page-table-bits", WHvTranslateGvaFlagSetPageTableBits},
    {"enforce-smap", WHvTranslateGvaFlagEnforceSmap},
    {"override-smap", WHvTranslateGvaFlagOverrideSmap}};

const struct wht_named wht_hresults[WHT_HRESULTS] = {{"S_OK", 0},
                                                     {"S_FALSE", 1},
                                                     {"E_FAIL", 0x80004005},
                                                     {"E_ABORT", 0x80004004},
                                                     {"E_ACCESSDENIED", 0x80070005},
                                                     {"E_INVALIDARG", 0x80070057},
                                                     {"E_OUTOFMEMORY", 0x8007000e},
                                                     {"E_NOTIMPL", 0x80004001},
                                                     {"E_UNEXPECTED", 0x8000ffff},
                                                     {"E_POINTER", 0x80004003}};

const struct wht_named wht_rflags_names[WHT_RFLAGS] = {
    {"cf", 1u << 0},  {"pf", 1u << 2},   {"af", 1u << 4},   {"zf", 1u << 6},
    {"sf", 1u << 7},  {"tf", 1u << 8},   {"if", 1u << 9},   {"df", 1u << 10},
    {"of", 1u << 11}, {"nt", 1u << 14},  {"rf", 1u << 16},  {"vm", 1u << 17},
    {"ac", 1u << 18}, {"vif", 1u << 19}, {"vip", 1u << 20}, {"id", 1u << 21}};

const struct wht_named wht_vectors[WHT_VECTORS] = {
    {"de", 0},  {"db", 1},  {"nmi", 2}, {"bp", 3},  {"of", 4},  {"br", 5},  {"ud", 6},
    {"nm", 7},  {"df", 8},  {"ts", 10}, {"np", 11}, {"ss", 12}, {"gp", 13}, {"pf", 14},
    {"mf", 16}, {"ac", 17}, {"mc", 18}, {"xm", 19}, {"ve", 20}, {"cp", 21}};

/* The list is sorted by unsigned number. */
static const struct reg_row *find_reg(WHV_REGISTER_NAME name)
{
    size_t low = 0;
    size_t high = REG_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (regs[middle].name == name)
            return &regs[middle];
        if ((uint32_t)regs[middle].name < (uint32_t)name)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

#define SLOTS 1024u /* a power of two, so many that hardly two names share one */

static unsigned slot_from_text(const char *text)
{
    uint64_t hash = wht_hash_add_text(WHT_HASH, text);
    return (unsigned)((hash ^ hash >> 32) % SLOTS);
}

_Static_assert(2 * REG_COUNT < SLOTS && REG_COUNT < UINT16_MAX, "there are empty slots");

/* 1 + row by name, filled at the first call by whichever thread comes first; others scan. */
static const uint16_t *rows_by_text(void)
{
    static uint16_t slots[SLOTS];
    static atomic_int state; /* 0 nobody fills, 1 somebody does, 2 done */
    int idle = 0;
    if (atomic_load(&state) == 2)
        return slots;
    if (!atomic_compare_exchange_strong(&state, &idle, 1))
        return NULL;
    for (size_t i = 0; i < REG_COUNT; i++) {
        unsigned slot = slot_from_text(regs[i].text);
        while (slots[slot] != 0)
            slot = (slot + 1) % SLOTS;
        slots[slot] = (uint16_t)(i + 1);
    }
    atomic_store(&state, 2);
    return slots;
}

static const struct reg_row *find_text(const char *text)
{
    const uint16_t *slots = rows_by_text();
    for (size_t i = 0; !slots && i < REG_COUNT; i++) {
        if (strcmp(regs[i].text, text) == 0)
            return &regs[i];
    }
    if (!slots)
        return NULL;
    for (unsigned slot = slot_from_text(text); slots[slot] != 0; slot = (slot + 1) % SLOTS) {
        if (strcmp(regs[slots[slot] - 1].text, text) == 0)
            return &regs[slots[slot] - 1];
    }
    return NULL;
}

bool wht_reg_number(const char *text, WHV_REGISTER_NAME *name)
{
    if (strncmp(text, "reg:0x", 6) != 0 || strlen(text) != 14 ||
        strspn(text + 6, "0123456789abcdefABCDEF") != 8)
        return false;
    *name = (WHV_REGISTER_NAME)strtoul(text + 6, NULL, 16);
    return true;
}

bool wht_reg_from_name(const char *text, WHV_REGISTER_NAME *name)
{
    const struct reg_row *row = find_text(text);
    if (row) {
        *name = row->name;
        return true;
    }
    if (!wht_reg_number(text, name))
        return false;
    return find_reg(*name) == NULL; /* one register, one name */
}

const char *wht_reg_name(WHV_REGISTER_NAME name, char *buf)
{
    const struct reg_row *row = find_reg(name);
    if (row)
        snprintf(buf, WHT_NAME_MAX, "%s", row->text);
    else
        snprintf(buf, WHT_NAME_MAX, "reg:0x%08x", (unsigned)name);
    return buf;
}

size_t wht_reg_names(const char **names, size_t capacity)
{
    size_t count = 0;
    for (; count < REG_COUNT && count < capacity; count++)
        names[count] = regs[count].text;
    return count;
}

bool wht_reg_has_name(WHV_REGISTER_NAME name)
{
    return find_reg(name) != NULL;
}

enum wht_reg_kind wht_reg_kind(WHV_REGISTER_NAME name)
{
    const struct reg_row *row = find_reg(name);
    return row ? row->kind : WHT_REG_U64;
}

const char *wht_reg_format(WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value, char *buf)
{
    switch (wht_reg_kind(name)) {
    case WHT_REG_SEGMENT:
        snprintf(buf, WHT_NAME_MAX, "{sel 0x%x base 0x%llx limit 0x%x attr 0x%x}",
                 value->Segment.Selector, (unsigned long long)value->Segment.Base,
                 value->Segment.Limit, value->Segment.Attributes);
        break;
    case WHT_REG_TABLE:
        snprintf(buf, WHT_NAME_MAX, "{base 0x%llx limit 0x%x}",
                 (unsigned long long)value->Table.Base, value->Table.Limit);
        break;
    case WHT_REG_U128:
        snprintf(buf, WHT_NAME_MAX, "0x%016llx%016llx", (unsigned long long)value->Reg128.High64,
                 (unsigned long long)value->Reg128.Low64);
        break;
    default:
        if (name == WHvX64RegisterRflags)
            return wht_rflags_format(value->Reg64, buf);
        snprintf(buf, WHT_NAME_MAX, "0x%llx", (unsigned long long)value->Reg64);
    }
    return buf;
}

/* Appends to a buffer of WHT_NAME_MAX bytes. */
static void append(char *buf, const char *text)
{
    size_t used = strlen(buf);
    snprintf(buf + used, WHT_NAME_MAX - used, "%s", text);
}

const char *wht_rflags_format(uint64_t rflags, char *buf)
{
    const char *separator = "";
    snprintf(buf, WHT_NAME_MAX, "0x%llx [", (unsigned long long)rflags);
    for (size_t i = WHT_RFLAGS; i-- > 0;) {
        if (!(rflags & wht_rflags_names[i].value))
            continue;
        char upper[4] = "";
        for (size_t j = 0; wht_rflags_names[i].name[j]; j++)
            upper[j] = (char)(wht_rflags_names[i].name[j] - 'a' + 'A');
        append(buf, separator);
        append(buf, upper);
        separator = " ";
    }
    append(buf, "]");
    return buf;
}

const char *wht_status_format(uint32_t status, char *buf)
{
    buf[0] = 0;
    for (size_t i = 0; i < WHT_STATUS_NAMES; i++) {
        if (!(status & 1u << i))
            continue;
        append(buf, buf[0] ? "+" : "");
        append(buf, wht_status_names[i]);
    }
    if (status >> WHT_STATUS_NAMES != 0 || status == 0) {
        char rest[32];
        snprintf(rest, sizeof(rest), "%s0x%x", buf[0] ? "+" : "",
                 status >> WHT_STATUS_NAMES << WHT_STATUS_NAMES);
        append(buf, rest);
    }
    return buf;
}

const char *wht_hresult_format(HRESULT hr, char *buf)
{
    for (size_t i = 0; i < WHT_HRESULTS; i++) {
        if (wht_hresults[i].value == (uint32_t)hr) {
            snprintf(buf, WHT_NAME_MAX, "%s", wht_hresults[i].name);
            return buf;
        }
    }
    snprintf(buf, WHT_NAME_MAX, "0x%08x", (uint32_t)hr);
    return buf;
}

const char *wht_mode_name(enum wht_mode mode)
{
    return wht_mode_names[mode];
}

const char *wht_match_name(enum wht_match match)
{
    return wht_match_names[match];
}

const char *wht_translate_result_name(WHV_TRANSLATE_GVA_RESULT_CODE result)
{
    return (unsigned)result < WHT_RESULT_NAMES ? wht_result_names[result] : "unknown";
}

const char *wht_translate_flags_format(uint32_t flags, char *buf)
{
    snprintf(buf, WHT_NAME_MAX, "%s", flags ? "" : "none");
    for (size_t i = 0; i < WHT_TRANSLATE_FLAGS; i++) {
        if (!(flags & wht_translate_flags[i].value))
            continue;
        append(buf, buf[0] ? "|" : "");
        append(buf, wht_translate_flags[i].name);
    }
    return buf;
}

const char *wht_vector_format(unsigned vector, char *buf)
{
    for (size_t i = 0; i < WHT_VECTORS; i++) {
        if (wht_vectors[i].value == vector) {
            snprintf(buf, WHT_NAME_MAX, "#%c%c", wht_vectors[i].name[0] - 'a' + 'A',
                     wht_vectors[i].name[1] - 'a' + 'A');
            return buf;
        }
    }
    snprintf(buf, WHT_NAME_MAX, "vector 0x%02x", vector);
    return buf;
}
