/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "expect". */
#include <stdlib.h>

#include "print_parts.h"
#include "words/name_lists.h"

#define SUCCESS     1u /* a status */
#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static struct wht_node *print_hr(const struct wht_printer *p, const void *object)
{
    const struct wht_expect *e = object;
    return wht_prints_short(p) && e->hr == S_OK ? NULL : wht_print_hresult(p, e->hr);
}

/* It is not compared beside a failure. */
static struct wht_node *print_status(const struct wht_printer *p, const void *object)
{
    const struct wht_expect *e = object;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    for (int i = 0; i < WHT_STATUS_NAMES; i++)
        if (e->status >> i & 1)
            wht_build_add(&list, NULL, wht_build_string(p->arena, wht_status_names[i]));
    bool is_usual = wht_prints_short(p) && e->status == SUCCESS;
    return e->hr != S_OK || is_usual ? NULL : list.node;
}

static struct wht_node *print_regs(const struct wht_printer *p, const void *object)
{
    const struct wht_expect *e = object;
    return wht_prints_short(p) && e->reg_count == 0 ? NULL
                                                    : wht_print_wants(p, e->regs, e->reg_count);
}

static struct wht_node *print_wanted_gpa(const struct wht_printer *p, const void *object)
{
    return wht_build_hex(p->arena, ((const struct wht_want_memory *)object)->gpa);
}

static struct wht_node *print_wanted_data(const struct wht_printer *p, const void *object)
{
    const struct wht_bytes *data = &((const struct wht_want_memory *)object)->data;
    return wht_build_bytes(p->arena, data->data, data->mask, data->size);
}

static int compare_wanted(const void *a, const void *b)
{
    const struct wht_want_memory *left = a;
    const struct wht_want_memory *right = b;
    return left->gpa < right->gpa ? -1 : left->gpa > right->gpa;
}

static struct wht_node *print_memory(const struct wht_printer *p, const void *object)
{
    static const struct wht_print_key keys[] = {
#define WANTED_KEY(key, is_required, how, shape) {#key, print_wanted_##key},
#include "keys.def"
    };
    const struct wht_expect *e = object;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    struct wht_want_memory *wanted =
        wht_arena_take(p->arena, (e->memory_count + 1) * sizeof(*wanted));
    for (size_t i = 0; i < e->memory_count; i++)
        wanted[i] = e->memory[i];
    if (!wht_prints_short(p))
        qsort(wanted, e->memory_count, sizeof(*wanted), compare_wanted);
    for (size_t i = 0; i < e->memory_count; i++)
        wht_build_add(&list, NULL, wht_print_object(p, keys, COUNT(keys), &wanted[i]));
    return wht_prints_short(p) && e->memory_count == 0 ? NULL : list.node;
}

static struct wht_node *print_fault_vector(const struct wht_printer *p, const void *object)
{
    const struct wht_want_fault *fault = object;
    for (size_t i = 0; i < WHT_VECTORS; i++)
        if (wht_vectors[i].value == fault->vector)
            return wht_build_string(p->arena, wht_vectors[i].name);
    return wht_build_hex(p->arena, fault->vector);
}

static struct wht_node *print_fault_code(const struct wht_printer *p, const void *object)
{
    const struct wht_want_fault *fault = object;
    return fault->has_code ? wht_build_hex(p->arena, fault->code) : NULL;
}

static struct wht_node *print_fault_address(const struct wht_printer *p, const void *object)
{
    const struct wht_want_fault *fault = object;
    return fault->has_address ? wht_build_hex(p->arena, fault->address) : NULL;
}

static struct wht_node *print_fault(const struct wht_printer *p, const void *object)
{
    static const struct wht_print_key keys[] = {
#define FAULT_KEY(key, is_required, how, shape) {#key, print_fault_##key},
#include "keys.def"
    };
    const struct wht_expect *e = object;
    return e->has_fault ? wht_print_object(p, keys, COUNT(keys), &e->fault) : NULL;
}

static struct wht_node *print_trap(const struct wht_printer *p, const void *object)
{
    const struct wht_expect *e = object;
    return wht_prints_short(p) && !e->trap ? NULL : wht_build_bool(p->arena, e->trap);
}

static struct wht_node *print_others(const struct wht_printer *p, const void *object)
{
    const struct wht_expect *e = object;
    if (wht_prints_short(p) && !e->others_any)
        return NULL;
    return wht_build_string(p->arena, e->others_any ? "any" : "unchanged");
}

static struct wht_node *print_calls(const struct wht_printer *p, const void *object)
{
    const struct wht_expect *e = object;
    return e->has_calls ? wht_print_calls(p, e->calls, e->call_count) : NULL;
}

struct wht_node *wht_print_expect(const struct wht_printer *p)
{
    static const struct wht_print_key keys[] = {
#define EXPECT_KEY(key, is_required, how, shape) {#key, print_##key},
#include "keys.def"
    };
    return wht_print_object(p, keys, COUNT(keys), &p->c->expect);
}
