/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "expect". */
#include <stdlib.h>
#include <string.h>

#include "take.h"
#include "values.h"
#include "words/name_lists.h"

#define BYTES_MAX (512u << 10)

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static bool take_hr(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hresult(check, node, &((struct wht_case *)target)->expect.hr);
}

static bool take_status(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_expect *expect = &((struct wht_case *)target)->expect;
    uint32_t status = 0;
    bool is_good = true;
    if (!wht_get_list(check, node, 1))
        return false;
    for (const struct wht_node *child = node->first; child; child = child->next) {
        int bit = 0;
        if (!wht_get_name(check, child, wht_status_names, WHT_STATUS_NAMES, "a status", &bit))
            is_good = false;
        else if (status & 1u << bit)
            is_good = wht_fail(check, child, "found \"%s\" a second time, expected it once",
                               wht_status_names[bit]);
        else
            status |= 1u << bit;
    }
    if (is_good)
        expect->status = status;
    return is_good;
}

static bool take_regs(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_case *c = target;
    return wht_get_want_regs(check, node, &c->init, &c->expect.regs, &c->expect.reg_count);
}

static bool take_wanted_gpa(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 64, &((struct wht_want_memory *)target)->gpa);
}

static bool take_wanted_data(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_bytes(check, node, true, BYTES_MAX, &((struct wht_want_memory *)target)->data);
}

/* Expected bytes and where they stand, to find overlaps. */
struct placed_bytes {
    uint64_t gpa;
    uint64_t last;
    bool is_reported;
    const struct wht_node *node;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed_bytes *left = a;
    const struct placed_bytes *right = b;
    if (left->gpa != right->gpa)
        return left->gpa < right->gpa ? -1 : 1;
    return left->node->offset < right->node->offset ? -1 : 1;
}

/* Of two entries that overlap, the one that stands later in the file is wrong. */
static void report_overlap(struct wht_check *check, struct placed_bytes *a, struct placed_bytes *b)
{
    struct placed_bytes *later = a->node->offset > b->node->offset ? a : b;
    if (!later->is_reported)
        wht_fail(check, later->node, "found bytes that overlap those at 0x%llx, expected them once",
                 (unsigned long long)(later == a ? b : a)->gpa);
    later->is_reported = true;
}

static bool check_placed(struct wht_check *check, struct placed_bytes *placed, size_t count)
{
    bool is_good = true;
    struct placed_bytes *furthest = NULL;
    qsort(placed, count, sizeof(*placed), compare_placed);
    for (size_t i = 0; i < count; i++) {
        if (furthest && placed[i].gpa <= furthest->last) {
            report_overlap(check, furthest, &placed[i]);
            is_good = false;
        }
        if (!furthest || placed[i].last > furthest->last)
            furthest = &placed[i];
    }
    return is_good;
}

/* @return whether the entry has a place. */
static bool take_bytes(struct wht_check *check, const struct wht_node *node,
                       struct wht_want_memory *want, struct placed_bytes *placed)
{
    static const struct wht_field fields[] = {
#define WANTED_KEY(key, is_required, how, shape) {#key, take_wanted_##key, is_required},
#include "keys.def"
    };
    *want = (struct wht_want_memory){.pos = wht_node_pos(check, node)};
    if (!wht_take_object(check, node, fields, COUNT(fields), want))
        return false;
    *placed = (struct placed_bytes){
        .gpa = want->gpa, .last = want->gpa + (want->data.size - 1), .node = node};
    return placed->last >= placed->gpa ||
           wht_fail(check, node,
                    "found bytes that run past the end of the address space, expected them within "
                    "64 bits");
}

static bool take_memory(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_expect *expect = &((struct wht_case *)target)->expect;
    bool is_good = true;
    size_t count = 0;
    if (!wht_get_list(check, node, 0))
        return false;
    expect->memory =
        wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(*expect->memory));
    struct placed_bytes *placed =
        wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(*placed));
    for (const struct wht_node *child = node->first; child; child = child->next) {
        if (take_bytes(check, child, &expect->memory[count], &placed[count]))
            count++;
        else
            is_good = false;
    }
    expect->memory_count = count;
    return check_placed(check, placed, count) && is_good;
}

static bool take_fault_vector(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_want_fault *fault = target;
    const char *names[WHT_VECTORS];
    uint64_t value = 0;
    int index = 0;
    if (node->kind == WHT_NODE_STRING && strncmp(node->string, "0x", 2) == 0) {
        if (!wht_get_hex(check, node, 8, &value))
            return false;
    } else {
        for (size_t i = 0; i < WHT_VECTORS; i++)
            names[i] = wht_vectors[i].name;
        if (!wht_get_name(check, node, names, WHT_VECTORS, "an exception like \"pf\" or \"0x0e\"",
                          &index))
            return false;
        value = wht_vectors[index].value;
    }
    fault->vector = (uint8_t)value;
    return true;
}

static bool take_fault_code(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_want_fault *fault = target;
    uint64_t value = 0;
    fault->has_code = true;
    bool is_good = wht_get_hex(check, node, 32, &value);
    fault->code = (uint32_t)value;
    return is_good;
}

static bool take_fault_address(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_want_fault *fault = target;
    fault->has_address = true;
    return wht_get_hex(check, node, 64, &fault->address);
}

static bool take_fault(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const struct wht_field fields[] = {
#define FAULT_KEY(key, is_required, how, shape) {#key, take_fault_##key, is_required},
#include "keys.def"
    };
    struct wht_expect *expect = &((struct wht_case *)target)->expect;
    expect->has_fault = true;
    return wht_take_object(check, node, fields, COUNT(fields), &expect->fault);
}

static bool take_trap(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_bool(check, node, &((struct wht_case *)target)->expect.trap);
}

static bool take_others(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"unchanged", "any"};
    int others = 0;
    bool is_good = wht_get_name(check, node, names, 2, "what becomes of the others", &others);
    ((struct wht_case *)target)->expect.others_any = others == 1;
    return is_good;
}

static bool take_calls(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_case *c = target;
    c->expect.has_calls = true;
    bool is_good = wht_take_calls(check, node, c, &c->expect.calls, &c->expect.call_count);
    return node->kind == WHT_NODE_LIST && wht_check_repeats(check, node, c->expect.calls) &&
           is_good;
}

/* Rules between keys, as far as each is right by itself. */
static bool check_sense(struct wht_check *check, const struct wht_node *node,
                        const struct wht_expect *expect)
{
    const struct wht_node *fault = wht_node_member(node, "fault");
    bool is_good = true;
    if (fault && expect->trap)
        is_good = wht_fail_key(check, wht_more_specific(wht_node_member(node, "trap"), fault),
                               "found a trap beside a fault, expected one of them");
    if (fault && expect->status != 1)
        is_good = wht_fail(check, wht_more_specific(fault, wht_node_member(node, "status")),
                           "found a fault beside a status other than success, expected success: an "
                           "injected fault is one");
    return is_good;
}

bool wht_take_expect(struct wht_check *check, const struct wht_node *node, struct wht_case *c)
{
    static const struct wht_field fields[] = {
#define EXPECT_KEY(key, is_required, how, shape) {#key, take_##key, is_required},
#include "keys.def"
    };
    c->expect.status = 1;
    bool is_good = wht_take_object(check, node, fields, COUNT(fields), c);
    if (node->kind != WHT_NODE_OBJECT || check->is_partial)
        return is_good;
    return check_sense(check, node, &c->expect) && is_good;
}
