/* SPDX-License-Identifier: MIT */
/*
 * Each kind of line has a function that asks for its keys, with the functions that read a trace's
 * values. Those that take a value check it and forget it: a case is made of the nodes themselves.
 */
#include "capture_line.h"

#include <string.h>

#include "format/source.h"
#include "format/take.h"
#include "format/values.h"
#include "words/name_lists.h"
#include "words/names.h"

#define COUNT_MAX ((INT64_C(1) << 53) - 1)
#define CODE_MAX  16 /* bytes in an exit context */
#define DATA_MAX  8  /* bytes of a memory access */

#define TAKE_HEX(name, bits)                                                                       \
    static bool name(struct wht_check *check, const struct wht_node *node, void *target)           \
    {                                                                                              \
        uint64_t value;                                                                            \
        (void)target;                                                                              \
        return wht_get_hex(check, node, bits, &value);                                             \
    }

#define TAKE_COUNT(name, least, most)                                                              \
    static bool name(struct wht_check *check, const struct wht_node *node, void *target)           \
    {                                                                                              \
        int64_t value;                                                                             \
        (void)target;                                                                              \
        return wht_get_count(check, node, least, most, &value);                                    \
    }

TAKE_HEX(take_hex4, 4)
TAKE_HEX(take_hex16, 16)
TAKE_HEX(take_hex32, 32)
TAKE_HEX(take_hex64, 64)
TAKE_COUNT(take_number, 0, COUNT_MAX)
TAKE_COUNT(take_dropped_calls, 1, COUNT_MAX)
TAKE_COUNT(take_length, 0, 15)
TAKE_COUNT(take_byte, 0, 0xff)
TAKE_COUNT(take_word, 0, 0xffff)

static bool take_nothing(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    (void)node;
    (void)target;
    return true;
}

static bool take_text(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    (void)target;
    return wht_get_string(check, node, &text);
}

static bool take_segment(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const struct wht_segment_context context = {.mode = WHT_MODE_LONG64};
    WHV_REGISTER_VALUE value;
    (void)target;
    return wht_get_object(check, node) &&
           wht_get_reg_value(check, node, WHvX64RegisterCs, &context, &value);
}

/* A map of registers. Whoever records them writes segments as objects. */
static bool take_registers(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const struct wht_segment_context context = {.mode = WHT_MODE_LONG64};
    bool is_good = wht_get_object(check, node);
    (void)target;
    if (!is_good)
        return false;
    for (const struct wht_node *child = node->first; child; child = child->next) {
        WHV_REGISTER_NAME name;
        WHV_REGISTER_VALUE value;
        if (!wht_get_reg_key(check, child, &name))
            is_good = false;
        else if (wht_reg_kind(name) == WHT_REG_SEGMENT)
            is_good &= take_segment(check, child, NULL);
        else
            is_good &= wht_get_reg_value(check, child, name, &context, &value);
    }
    return wht_check_regs_once(check, node) && is_good;
}

static bool take_names(struct wht_check *check, const struct wht_node *node)
{
    bool is_good = true;
    for (const struct wht_node *child = node->first; child; child = child->next) {
        WHV_REGISTER_NAME name;
        const char *text;
        is_good &= wht_get_string(check, child, &text) && wht_get_reg_key(check, child, &name);
    }
    return is_good && wht_check_regs_once(check, node);
}

static bool take_flag(struct wht_check *check, const struct wht_node *node, void *target)
{
    bool value;
    (void)target;
    return wht_get_bool(check, node, &value);
}

static bool take_hr(struct wht_check *check, const struct wht_node *node, void *target)
{
    HRESULT hr;
    (void)target;
    return wht_get_hresult(check, node, &hr);
}

static bool take_source(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return wht_take_source(check, node);
}

static bool is_hex(const struct wht_node *node)
{
    return node->kind == WHT_NODE_STRING && strncmp(node->string, "0x", 2) == 0;
}

static bool take_result(struct wht_check *check, const struct wht_node *node, void *target)
{
    int result;
    if (is_hex(node))
        return take_hex32(check, node, target);
    return wht_get_name(check, node, wht_result_names, WHT_RESULT_NAMES, "a translate result",
                        &result);
}

static bool take_flags(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *names[WHT_TRANSLATE_FLAGS];
    bool is_good = wht_get_list(check, node, 0);
    int index;
    (void)target;
    for (size_t i = 0; i < WHT_TRANSLATE_FLAGS; i++)
        names[i] = wht_translate_flags[i].name;
    for (const struct wht_node *child = is_good ? node->first : NULL; child; child = child->next)
        is_good &=
            wht_get_name(check, child, names, WHT_TRANSLATE_FLAGS, "a translate flag", &index);
    return is_good;
}

/* Bits without a name stand in hex. */
static bool take_status(struct wht_check *check, const struct wht_node *node, void *target)
{
    bool is_good = wht_get_list(check, node, 0);
    int index;
    for (const struct wht_node *child = is_good ? node->first : NULL; child; child = child->next)
        is_good &= is_hex(child) ? take_hex32(check, child, target)
                                 : wht_get_name(check, child, wht_status_names, WHT_STATUS_NAMES,
                                                "a status", &index);
    return is_good;
}

static bool take_word_of(struct wht_check *check, const struct wht_node *node, const char *one,
                         const char *other, const char *what)
{
    const char *const names[] = {one, other};
    int index;
    return wht_get_name(check, node, names, 2, what, &index);
}

static bool take_api(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return take_word_of(check, node, "shipping", "preview", "a form of the API");
}

static bool take_kind(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return take_word_of(check, node, "mmio", "io", "a kind of exit");
}

static bool take_mem(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return take_word_of(check, node, "read", "write", "a direction");
}

static bool take_io(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return take_word_of(check, node, "in", "out", "a direction");
}

static bool take_code(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_bytes bytes;
    (void)target;
    if (!wht_get_bytes(check, node, false, CODE_MAX, &bytes))
        return false;
    return bytes.size == CODE_MAX ||
           wht_fail(check, node, "found %zu bytes, expected %d", (size_t)bytes.size, CODE_MAX);
}

static bool take_data(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_bytes bytes;
    (void)target;
    return wht_get_bytes(check, node, true, DATA_MAX, &bytes);
}

#define FIELDS(list) list, sizeof(list) / sizeof(list[0])

static bool take_context(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const struct wht_field fields[] = {{"execution_state", take_hex16, true},
                                              {"instruction_length", take_length, true},
                                              {"cr8", take_hex4, true},
                                              {"cs", take_segment, true},
                                              {"rip", take_hex64, true},
                                              {"rflags", take_hex64, true}};
    return wht_take_object(check, node, FIELDS(fields), target);
}

static bool take_memory_access(struct wht_check *check, const struct wht_node *node)
{
    static const struct wht_field fields[] = {{"byte_count", take_byte, true},
                                              {"bytes", take_code, true},
                                              {"info", take_hex32, true},
                                              {"gpa", take_hex64, true},
                                              {"gva", take_hex64, true}};
    return wht_take_object(check, node, FIELDS(fields), NULL);
}

static bool take_port_access(struct wht_check *check, const struct wht_node *node)
{
    static const struct wht_field fields[] = {
        {"byte_count", take_byte, true}, {"bytes", take_code, true}, {"info", take_hex32, true},
        {"port", take_hex16, true},      {"rax", take_hex64, true},  {"rcx", take_hex64, true},
        {"rsi", take_hex64, true},       {"rdi", take_hex64, true},  {"ds", take_segment, true},
        {"es", take_segment, true}};
    return wht_take_object(check, node, FIELDS(fields), NULL);
}

static bool check_header(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"cap", take_nothing, true}, {"format", take_nothing, true}, {"source", take_source, true}};
    return wht_take_object(check, line, FIELDS(fields), NULL);
}

static bool check_begin(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"cap", take_nothing, true},        {"n", take_nothing, true},
        {"vp", take_number, true},          {"api", take_api, true},
        {"kind", take_kind, true},          {"context", take_context, true},
        {"access", take_nothing, true},     {"init", take_registers, false},
        {"reconstructed", take_flag, false}};
    bool is_good = wht_take_object(check, line, FIELDS(fields), NULL);
    const struct wht_node *kind = wht_node_member(line, "kind");
    const struct wht_node *access = wht_node_member(line, "access");
    if (!is_good)
        return false;
    return strcmp(kind->string, "io") == 0 ? take_port_access(check, access)
                                           : take_memory_access(check, access);
}

/* @return whether the callback gave an answer. */
static bool is_answered(const struct wht_node *line)
{
    const struct wht_node *hr = wht_node_member(line, "hr");
    return hr && hr->kind == WHT_NODE_STRING && strcmp(hr->string, "S_OK") == 0;
}

/* @return true if the line has the key, which it must have if it `is_needed`. */
static bool check_has(struct wht_check *check, const struct wht_node *line, const char *key,
                      bool is_needed)
{
    return !is_needed || wht_node_member(line, key) || wht_fail_missing(check, line, key);
}

static bool check_memory(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"n", take_nothing, true}, {"hr", take_hr, false},    {"mem", take_mem, true},
        {"gpa", take_hex64, true}, {"size", take_byte, true}, {"data", take_data, false}};
    if (!wht_take_object(check, line, FIELDS(fields), NULL))
        return false;
    double size = wht_node_member(line, "size")->number;
    bool is_write = strcmp(wht_node_member(line, "mem")->string, "write") == 0;
    return check_has(check, line, "data",
                     (is_write || is_answered(line)) && size >= 1 && size <= DATA_MAX);
}

static bool check_port(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"n", take_nothing, true},  {"hr", take_hr, false},    {"io", take_io, true},
        {"port", take_hex16, true}, {"size", take_word, true}, {"data", take_hex32, false}};
    if (!wht_take_object(check, line, FIELDS(fields), NULL))
        return false;
    bool is_out = strcmp(wht_node_member(line, "io")->string, "out") == 0;
    return check_has(check, line, "data", is_out || is_answered(line));
}

static bool check_translate(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"n", take_nothing, true},       {"hr", take_hr, false},
        {"translate", take_hex64, true}, {"flags", take_flags, true},
        {"result", take_result, false},  {"gpa", take_hex64, false}};
    if (!wht_take_object(check, line, FIELDS(fields), NULL))
        return false;
    return check_has(check, line, "result", is_answered(line)) &&
           check_has(check, line, "gpa", is_answered(line));
}

/* Names alone stand where the callback answered nothing. */
static bool take_get(struct wht_check *check, const struct wht_node *node, void *target)
{
    if (node->kind == WHT_NODE_LIST && !is_answered(node->parent))
        return take_names(check, node);
    return take_registers(check, node, target);
}

static bool check_get(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"n", take_nothing, true}, {"hr", take_hr, false}, {"get", take_get, true}};
    return wht_take_object(check, line, FIELDS(fields), NULL);
}

static bool check_set(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"n", take_nothing, true}, {"hr", take_hr, false}, {"set", take_registers, true}};
    return wht_take_object(check, line, FIELDS(fields), NULL);
}

static bool check_callback(struct wht_check *check, const struct wht_node *line)
{
    if (wht_node_member(line, "mem"))
        return check_memory(check, line);
    if (wht_node_member(line, "io"))
        return check_port(check, line);
    if (wht_node_member(line, "translate"))
        return check_translate(check, line);
    if (wht_node_member(line, "get"))
        return check_get(check, line);
    if (wht_node_member(line, "set"))
        return check_set(check, line);
    return wht_fail(check, line,
                    "found no callback, expected \"mem\", \"io\", \"translate\", "
                    "\"get\" or \"set\"");
}

static bool check_dropped(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {{"cap", take_nothing, true},
                                              {"n", take_nothing, true},
                                              {"calls", take_dropped_calls, true}};
    return wht_take_object(check, line, FIELDS(fields), NULL);
}

static bool check_end(struct wht_check *check, const struct wht_node *line)
{
    static const struct wht_field fields[] = {
        {"cap", take_nothing, true},  {"n", take_nothing, true},
        {"hr", take_hr, true},        {"status", take_status, false},
        {"reason", take_text, false}, {"reconstructed", take_flag, false}};
    return wht_take_object(check, line, FIELDS(fields), NULL) &&
           check_has(check, line, "status", is_answered(line));
}

static const char *const kinds[] = {[WHT_CAPTURE_HEADER] = "hdr",
                                    [WHT_CAPTURE_BEGIN] = "begin",
                                    [WHT_CAPTURE_CALLBACK] = "",
                                    [WHT_CAPTURE_DROPPED] = "dropped",
                                    [WHT_CAPTURE_END] = "end"};

enum wht_capture_kind wht_capture_kind(const struct wht_node *line)
{
    const struct wht_node *cap = wht_node_member(line, "cap");
    if (!cap)
        return WHT_CAPTURE_CALLBACK;
    for (int i = 0; cap->kind == WHT_NODE_STRING && i < WHT_CAPTURE_UNKNOWN; i++)
        if (i != WHT_CAPTURE_CALLBACK && strcmp(cap->string, kinds[i]) == 0)
            return (enum wht_capture_kind)i;
    return WHT_CAPTURE_UNKNOWN;
}

bool wht_capture_check(struct wht_check *check, const struct wht_node *line,
                       enum wht_capture_kind kind)
{
    static const char *const names[] = {"hdr", "begin", "dropped", "end"};
    int index;
    bool is_good = wht_check_duplicates(check, line);
    switch (kind) {
    case WHT_CAPTURE_HEADER:
        return check_header(check, line) && is_good;
    case WHT_CAPTURE_BEGIN:
        return check_begin(check, line) && is_good;
    case WHT_CAPTURE_CALLBACK:
        return check_callback(check, line) && is_good;
    case WHT_CAPTURE_DROPPED:
        return check_dropped(check, line) && is_good;
    case WHT_CAPTURE_END:
        return check_end(check, line) && is_good;
    default:
        return wht_get_name(check, wht_node_member(line, "cap"), names, 4, "a kind of line",
                            &index);
    }
}
