/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "exit". */
#include "case_code.h"
#include "take.h"
#include "values.h"
#include "words/name_lists.h"

/* The case, and which keys were written: some defaults depend on others. */
struct taking {
    struct wht_exit *exit;
    bool has_gva, has_string, has_rep, has_bytes_given, has_instr_len;
    const struct wht_node *kind_node;
    int access;
};

static bool take_kind(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"mmio", "io"};
    struct taking *t = target;
    int kind = 0;
    bool is_good = wht_get_name(check, node, names, 2, "a kind of exit", &kind);
    t->exit->kind = (enum wht_exit_kind)kind;
    t->kind_node = is_good ? node : NULL;
    return is_good;
}

static bool take_access(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    int access = 0;
    bool is_good =
        wht_get_name(check, node, wht_access_names, WHT_ACCESS_NAMES, "an access", &access);
    t->exit->access = (enum wht_access)access;
    return is_good;
}

static bool take_gpa(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 64, &((struct taking *)target)->exit->gpa);
}

static bool take_gva(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->has_gva = true;
    return wht_get_hex(check, node, 64, &t->exit->gva);
}

static bool take_port(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t port = 0;
    bool is_good = wht_get_hex(check, node, 16, &port);
    ((struct taking *)target)->exit->port = (uint16_t)port;
    return is_good;
}

/* AccessSize has three bits; 0, 3 and 5 to 7 are what a malformed context shows. */
static bool take_size(struct wht_check *check, const struct wht_node *node, void *target)
{
    int64_t size = 0;
    bool is_good = wht_get_count(check, node, 0, 7, &size);
    ((struct taking *)target)->exit->size = (uint8_t)size;
    return is_good;
}

static bool take_bytes_given(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    int64_t count = 0;
    bool is_good = wht_get_count(check, node, 0, 255, &count);
    t->exit->bytes_given = (uint8_t)count;
    t->has_bytes_given = true;
    return is_good;
}

static bool take_instr_len(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    int64_t length = 0;
    bool is_good = wht_get_count(check, node, 0, 255, &length);
    t->exit->instr_len = (uint8_t)length;
    t->has_instr_len = true;
    return is_good;
}

static bool take_cr8(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t cr8 = 0;
    int64_t count = 0;
    bool is_good = node->kind == WHT_NODE_STRING ? wht_get_hex(check, node, 4, &cr8)
                                                 : wht_get_count(check, node, 0, 15, &count);
    ((struct taking *)target)->exit->cr8 = (uint8_t)(cr8 | (uint64_t)count);
    return is_good;
}

#define TAKE_BOOL(member)                                                                          \
    static bool take_##member(struct wht_check *check, const struct wht_node *node, void *target)  \
    {                                                                                              \
        return wht_get_bool(check, node, &((struct taking *)target)->exit->member);                \
    }

TAKE_BOOL(gva_valid)
TAKE_BOOL(gpa_unmapped)
TAKE_BOOL(interruption_pending)
TAKE_BOOL(interrupt_shadow)
TAKE_BOOL(debug_active)

static bool take_string(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->has_string = true;
    return wht_get_bool(check, node, &t->exit->string);
}

static bool take_rep(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->has_rep = true;
    return wht_get_bool(check, node, &t->exit->rep);
}

static bool refuse_keys(struct wht_check *check, const struct wht_node *node,
                        const struct wht_node *kind, const char *const *keys, size_t count)
{
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const struct wht_node *member = wht_node_member(node, keys[i]);
        if (member)
            is_good = wht_fail_key(check, wht_more_specific(member, kind),
                                   "found \"%s\" in an exit of kind %s, expected it "
                                   "in the other kind only",
                                   keys[i], kind->string);
    }
    return is_good;
}

static bool require_keys(struct wht_check *check, const struct wht_node *node,
                         const char *const *keys, size_t count)
{
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        if (!wht_node_member(node, keys[i]))
            is_good = wht_fail_missing(check, node, keys[i]);
    }
    return is_good;
}

/* Each kind has its own keys. */
static bool check_kind(struct wht_check *check, const struct wht_node *node, const struct taking *t)
{
    static const char *const mmio[] = {"gpa", "gva", "gva_valid", "gpa_unmapped"};
    static const char *const io[] = {"port", "size", "string", "rep"};
    bool is_good = true;
    if (t->exit->kind == WHT_EXIT_MMIO) {
        is_good = require_keys(check, node, mmio, 1);
        return refuse_keys(check, node, t->kind_node, io, 4) && is_good;
    }
    if (t->exit->access == WHT_ACCESS_EXECUTE)
        is_good = wht_fail(check, wht_more_specific(wht_node_member(node, "access"), t->kind_node),
                           "found \"execute\" in an exit of kind io, expected \"read\" (IN) or "
                           "\"write\" (OUT)");
    is_good = require_keys(check, node, io, 2) && is_good;
    return refuse_keys(check, node, t->kind_node, mmio, 4) && is_good;
}

static void fill_in(struct taking *t, const struct wht_case *c)
{
    struct wht_insn_info info;
    struct wht_exit *exit = t->exit;
    wht_insn_info(wht_code_of(c), c->code, c->code_size, &info);
    if (!t->has_gva)
        exit->gva = exit->gpa;
    if (!t->has_bytes_given)
        exit->bytes_given = c->code_size;
    if (!t->has_instr_len)
        exit->instr_len = info.length;
    if (exit->kind == WHT_EXIT_IO && !t->has_string)
        exit->string = info.is_string_io;
    if (exit->kind == WHT_EXIT_IO && !t->has_rep)
        exit->rep = info.is_string_io && info.has_rep;
}

/* The shipping context has four bits for the length, the preview's has eight. */
static bool check_length(struct wht_check *check, const struct wht_node *node,
                         const struct wht_case *c)
{
    const struct wht_node *length = wht_node_member(node, "instr_len");
    if (!length || c->api != WHT_API_SHIPPING || c->exit.instr_len <= 15)
        return true;
    return wht_fail(check, length,
                    "found %u, expected at most 15: the shipping context has four bits",
                    c->exit.instr_len);
}

bool wht_take_exit(struct wht_check *check, const struct wht_node *node, struct wht_case *c)
{
    static const struct wht_field fields[] = {
        {"kind", take_kind, true},
        {"access", take_access, true},
        {"gpa", take_gpa, false},
        {"gva", take_gva, false},
        {"gva_valid", take_gva_valid, false},
        {"gpa_unmapped", take_gpa_unmapped, false},
        {"port", take_port, false},
        {"size", take_size, false},
        {"string", take_string, false},
        {"rep", take_rep, false},
        {"bytes_given", take_bytes_given, false},
        {"instr_len", take_instr_len, false},
        {"interruption_pending", take_interruption_pending, false},
        {"interrupt_shadow", take_interrupt_shadow, false},
        {"debug_active", take_debug_active, false},
        {"cr8", take_cr8, false},
    };
    struct taking t = {.exit = &c->exit};
    c->exit.gva_valid = true;
    c->exit.gpa_unmapped = true;
    bool is_good = wht_take_object(check, node, fields, sizeof(fields) / sizeof(fields[0]), &t);
    if (check->is_partial)
        return is_good;
    if (node->kind == WHT_NODE_OBJECT && t.kind_node)
        is_good &= check_kind(check, node, &t);
    is_good &= check_length(check, node, c);
    fill_in(&t, c);
    return is_good;
}
