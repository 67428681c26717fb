/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "exit". */
#include "case_code.h"
#include "exit_defaults.h"
#include "take.h"
#include "values.h"
#include "words/name_lists.h"

/* Which keys were written is noted: some defaults depend on others. */
struct taking {
    struct wht_exit *exit;
    const struct wht_node *kind_node;
};

static void give(struct taking *t, enum wht_exit_key key)
{
    t->exit->given |= 1u << key;
}

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
    give(t, WHT_EXIT_KEY_gva);
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
    give(t, WHT_EXIT_KEY_bytes_given);
    return is_good;
}

static bool take_instr_len(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    int64_t length = 0;
    bool is_good = wht_get_count(check, node, 0, 255, &length);
    t->exit->instr_len = (uint8_t)length;
    give(t, WHT_EXIT_KEY_instr_len);
    return is_good;
}

static bool take_cr8(struct wht_check *check, const struct wht_node *node, void *target)
{
    uint64_t cr8 = 0;
    int64_t count = 0;
    give(target, WHT_EXIT_KEY_cr8);
    bool is_good = node->kind == WHT_NODE_STRING ? wht_get_hex(check, node, 4, &cr8)
                                                 : wht_get_count(check, node, 0, 15, &count);
    ((struct taking *)target)->exit->cr8 = (uint8_t)(cr8 | (uint64_t)count);
    return is_good;
}

#define TAKE_BOOL(member)                                                                          \
    static bool take_##member(struct wht_check *check, const struct wht_node *node, void *target)  \
    {                                                                                              \
        give(target, WHT_EXIT_KEY_##member);                                                       \
        return wht_get_bool(check, node, &((struct taking *)target)->exit->member);                \
    }

TAKE_BOOL(gva_valid)
TAKE_BOOL(gpa_unmapped)
TAKE_BOOL(interruption_pending)
TAKE_BOOL(interrupt_shadow)
TAKE_BOOL(debug_active)
TAKE_BOOL(string)
TAKE_BOOL(rep)

/* Keys of exits of one kind. */
struct kind_key {
    const char *key;
    bool is_required;
};

#define KIND_KEY(key, is_required, how, shape) {#key, is_required},
static const struct kind_key mmio_keys[] = {
#define EXIT_MMIO_KEY KIND_KEY
#include "keys.def"
};
static const struct kind_key io_keys[] = {
#define EXIT_IO_KEY KIND_KEY
#include "keys.def"
};

static bool refuse_keys(struct wht_check *check, const struct wht_node *node,
                        const struct wht_node *kind, const struct kind_key *keys, size_t count)
{
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        const struct wht_node *member = wht_node_member(node, keys[i].key);
        if (member)
            is_good = wht_fail_key(check, wht_more_specific(member, kind),
                                   "found \"%s\" in an exit of kind %s, expected it "
                                   "in the other kind only",
                                   keys[i].key, kind->string);
    }
    return is_good;
}

static bool require_keys(struct wht_check *check, const struct wht_node *node,
                         const struct kind_key *keys, size_t count)
{
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].is_required && !wht_node_member(node, keys[i].key))
            is_good = wht_fail_missing(check, node, keys[i].key);
    }
    return is_good;
}

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

/* Each kind has its own keys. */
static bool check_kind(struct wht_check *check, const struct wht_node *node, const struct taking *t)
{
    bool is_good = true;
    if (t->exit->kind == WHT_EXIT_MMIO) {
        is_good = require_keys(check, node, mmio_keys, COUNT(mmio_keys));
        return refuse_keys(check, node, t->kind_node, io_keys, COUNT(io_keys)) && is_good;
    }
    if (t->exit->access == WHT_ACCESS_EXECUTE)
        is_good = wht_fail(check, wht_more_specific(wht_node_member(node, "access"), t->kind_node),
                           "found \"execute\" in an exit of kind io, expected \"read\" (IN) or "
                           "\"write\" (OUT)");
    is_good = require_keys(check, node, io_keys, COUNT(io_keys)) && is_good;
    return refuse_keys(check, node, t->kind_node, mmio_keys, COUNT(mmio_keys)) && is_good;
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
#define EXIT_KEY(key, is_required, how, shape)      {#key, take_##key, is_required},
#define EXIT_MMIO_KEY(key, is_required, how, shape) {#key, take_##key, false},
#define EXIT_IO_KEY(key, is_required, how, shape)   {#key, take_##key, false},
#include "keys.def"
    };
    struct taking t = {.exit = &c->exit};
    c->exit.gva_valid = true;
    c->exit.gpa_unmapped = true;
    bool is_good = wht_take_object(check, node, fields, COUNT(fields), &t);
    if (check->is_partial)
        return is_good;
    if (node->kind == WHT_NODE_OBJECT && t.kind_node)
        is_good &= check_kind(check, node, &t);
    is_good &= check_length(check, node, c);
    wht_exit_fill_in(c, &c->exit, c->exit.given);
    return is_good;
}
