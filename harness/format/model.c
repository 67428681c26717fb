/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <string.h>

#include "base/json_build.h"

static int compare_names(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

const WHV_REGISTER_VALUE *wht_init_reg(const struct wht_init *init, WHV_REGISTER_NAME name)
{
    static const WHV_REGISTER_VALUE zero = {.Reg128 = {.Low64 = 0}};
    size_t low = 0;
    size_t high = init->reg_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_names((uint32_t)init->regs[middle].name, (uint32_t)name);
        if (order == 0)
            return &init->regs[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return init->others_unknown ? NULL : &zero;
}

const struct wht_want_reg *wht_want_reg_of(const struct wht_want_reg *regs, size_t count,
                                           WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < count; i++)
        if (regs[i].name == name)
            return &regs[i];
    return NULL;
}

bool wht_call_is_io(enum wht_call_kind kind)
{
    return kind == WHT_CALL_IO_IN || kind == WHT_CALL_IO_OUT;
}

void wht_case_free(struct wht_case *c)
{
    if (c)
        wht_arena_free(c->arena);
}

/* @return a copy of a list; its elements still share what they point to. */
static void *copy_list(struct wht_arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = wht_arena_take_raw(arena, count * size + 1);
    if (count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

/* The lists of a copy are as long as they are: the first element that is added moves them. */
#define COPY_LIST(arena, list, count, room)                                                        \
    ((list) = copy_list(arena, list, count, sizeof(*(list))), (room) = 0)

static void copy_text(struct wht_arena *arena, char **text)
{
    *text = *text ? wht_arena_copy(arena, *text) : NULL;
}

static void copy_strings(struct wht_arena *arena, struct wht_strings *strings)
{
    COPY_LIST(arena, strings->items, strings->count, strings->room);
    for (size_t i = 0; i < strings->count; i++)
        copy_text(arena, &strings->items[i]);
}

static void copy_bytes(struct wht_arena *arena, struct wht_bytes *bytes)
{
    if (bytes->data)
        bytes->data = copy_list(arena, bytes->data, bytes->size, 1);
    if (bytes->mask)
        bytes->mask = copy_list(arena, bytes->mask, bytes->size, 1);
}

static void copy_free(struct wht_arena *arena, struct wht_free_list *list)
{
    COPY_LIST(arena, list->items, list->count, list->room);
    for (size_t i = 0; i < list->count; i++) {
        copy_text(arena, &list->items[i].key);
        list->items[i].value = wht_build_copy(arena, list->items[i].value);
    }
}

static void copy_wants(struct wht_arena *arena, struct wht_want_reg *regs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        regs[i].values = copy_list(arena, regs[i].values, regs[i].count, sizeof(*regs[i].values));
}

/* Recursion is bounded by the depth of a document. */
static void copy_calls(struct wht_arena *arena, struct wht_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct wht_call *call = &calls[i];
        copy_text(arena, &call->note);
        copy_bytes(arena, &call->data);
        COPY_LIST(arena, call->regs, call->reg_count, call->reg_room);
        copy_wants(arena, call->regs, call->reg_count);
        COPY_LIST(arena, call->children, call->child_count, call->child_room);
        copy_calls(arena, call->children, call->child_count);
    }
}

static void copy_expect(struct wht_arena *arena, struct wht_expect *expect)
{
    COPY_LIST(arena, expect->regs, expect->reg_count, expect->reg_room);
    copy_wants(arena, expect->regs, expect->reg_count);
    COPY_LIST(arena, expect->memory, expect->memory_count, expect->memory_room);
    for (size_t i = 0; i < expect->memory_count; i++)
        copy_bytes(arena, &expect->memory[i].data);
    COPY_LIST(arena, expect->calls, expect->call_count, expect->call_room);
    copy_calls(arena, expect->calls, expect->call_count);
}

static void copy_source(struct wht_arena *arena, struct wht_source *source)
{
    char **const texts[] = {&source->kind, &source->tool, &source->vmm,
                            &source->os,   &source->cpu,  &source->guest,
                            &source->date, &source->seed, &source->from};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        copy_text(arena, texts[i]);
    if (source->emulator) {
        source->emulator = copy_list(arena, source->emulator, 1, sizeof(*source->emulator));
        copy_text(arena, &source->emulator->file);
        copy_text(arena, &source->emulator->version);
        copy_text(arena, &source->emulator->sha256);
    }
    copy_free(arena, &source->free);
}

struct wht_case *wht_case_clone(const struct wht_case *c)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_case *copy = copy_list(arena, c, 1, sizeof(*c));
    char **const texts[] = {&copy->schema,   &copy->id,   &copy->name,    &copy->file,
                            &copy->asm_text, &copy->note, &copy->revoked, &copy->deliberate};
    copy->arena = arena;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        copy_text(arena, texts[i]);
    COPY_LIST(arena, copy->init.regs, copy->init.reg_count, copy->init.reg_room);
    COPY_LIST(arena, copy->memory, copy->memory_count, copy->memory_room);
    for (size_t i = 0; i < copy->memory_count; i++) {
        struct wht_memory *memory = &copy->memory[i];
        if (memory->data)
            memory->data = copy_list(arena, memory->data, (size_t)memory->size, 1);
    }
    COPY_LIST(arena, copy->pages, copy->page_count, copy->page_room);
    copy_expect(arena, &copy->expect);
    copy_strings(arena, &copy->flags);
    copy_strings(arena, &copy->spec);
    copy_strings(arena, &copy->todo);
    copy_strings(arena, &copy->tags);
    copy_source(arena, &copy->source);
    copy_free(arena, &copy->free);
    return copy;
}
