/* SPDX-License-Identifier: MIT */
#include "alike.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/str.h"
#include "format/case_code.h"

/* The shape of calls: one number each, in which a repetition of one or two counts once. */
struct shape {
    uint64_t *items;
    size_t count;
    size_t capacity;
};

static void put(struct wht_sha256 *sha, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    wht_sha256_add(sha, bytes, sizeof(bytes));
}

static bool repeats(const struct shape *shape, uint64_t item)
{
    const uint64_t *end = shape->items + shape->count;
    return (shape->count >= 1 && end[-1] == item) ||
           (shape->count >= 3 && end[-2] == item && end[-1] == end[-3]);
}

static void add(struct shape *shape, uint64_t item)
{
    if (repeats(shape, item))
        return;
    shape->items = wht_grow(shape->items, shape->count, &shape->capacity, sizeof(*shape->items));
    shape->items[shape->count++] = item;
}

static void add_calls(struct shape *shape, const struct wht_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct wht_call *call = &calls[i];
        uint64_t item = wht_hash_add(WHT_HASH, (uint64_t)call->kind);
        item =
            wht_hash_add(wht_hash_add(item, call->size), call->has_fail ? (uint32_t)call->fail : 0);
        item = wht_hash_add(wht_hash_add(item, call->flags), (uint64_t)call->result);
        /* Names have no order. */
        uint64_t names = 0;
        for (size_t j = 0; j < call->reg_count; j++)
            names += wht_hash_add(WHT_HASH, (uint32_t)call->regs[j].name);
        add(shape, wht_hash_add(item, names));
        add_calls(shape, call->children, call->child_count);
    }
}

static void put_exit(struct wht_sha256 *sha, const struct wht_exit *exit)
{
    put(sha, (uint64_t)exit->kind);
    put(sha, (uint64_t)exit->access);
    put(sha, exit->kind == WHT_EXIT_IO ? exit->size : 0);
    put(sha, exit->kind == WHT_EXIT_IO && exit->string);
    put(sha, exit->kind == WHT_EXIT_IO && exit->rep);
    put(sha, exit->kind == WHT_EXIT_MMIO && exit->gva_valid);
    put(sha, exit->bytes_given);
    put(sha, exit->interruption_pending);
    put(sha, exit->interrupt_shadow);
}

static void put_surroundings(struct wht_sha256 *sha, const struct wht_case *c)
{
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < c->memory_count; i++) {
        if (c->memory[i].kind != last)
            put(sha, c->memory[i].kind);
        last = c->memory[i].kind;
    }
    put(sha, UINT64_MAX);
    for (size_t i = 0; i < c->page_count; i++) {
        bool fails = c->pages[i].result != WHvTranslateGvaResultSuccess;
        if (fails || c->pages[i].gpa % 4096 != 0)
            put(sha, (uint64_t)c->pages[i].result << 8 | c->pages[i].purposes);
    }
    put(sha, UINT64_MAX);
}

static void put_expect(struct wht_sha256 *sha, const struct wht_expect *expect)
{
    put(sha, (uint32_t)expect->hr);
    put(sha, expect->status);
    put(sha, expect->has_fault ? 1u + expect->fault.vector : 0u);
    put(sha, expect->trap);
    for (size_t i = 0; i < expect->reg_count; i++)
        put(sha, (uint32_t)expect->regs[i].name);
    put(sha, expect->memory_count > 0);
}

void wht_alike_key(const struct wht_case *c, uint8_t key[WHT_SHA256_SIZE])
{
    struct wht_sha256 sha;
    struct shape shape = {.count = 0};
    struct wht_insn_info info;
    size_t size =
        wht_insn_info(wht_code_of(c), c->code, c->code_size, &info) ? info.length : c->code_size;
    wht_sha256_begin(&sha);
    put(&sha, size);
    wht_sha256_add(&sha, c->code, size);
    put(&sha, (uint64_t)c->init.mode << 8 | c->init.cpl);
    put(&sha, (uint64_t)c->api << 8 | (uint64_t)c->match);
    put_exit(&sha, &c->exit);
    put_surroundings(&sha, c);
    put_expect(&sha, &c->expect);
    add_calls(&shape, c->expect.calls, c->expect.call_count);
    for (size_t i = 0; i < shape.count; i++)
        put(&sha, shape.items[i]);
    free(shape.items);
    wht_sha256_end(&sha, key);
}
