/* SPDX-License-Identifier: MIT */
/* Making and changing cases: model.h. */
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "exit_defaults.h"
#include "model.h"
#include "take.h"
#include "values.h"

/* @return the list with room for one more. */
static void *grow(struct wht_arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = count > 0 ? 2 * count : 4;
    void *grown = wht_arena_take(arena, *room * size);
    if (count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

#define GROW(c, list, count, room)                                                                 \
    ((list) = grow((c)->arena, list, count, &(room), sizeof(*(list))))

char *wht_case_text(struct wht_case *c, const char *text)
{
    return text ? wht_arena_copy(c->arena, text) : NULL;
}

struct wht_case *wht_case_new(const char *id, enum wht_mode mode, uint8_t cpl)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_case *c = wht_arena_take(arena, sizeof(*c));
    c->arena = arena;
    c->id = wht_case_text(c, id);
    c->match = WHT_MATCH_DEVICE;
    c->expect.status = 1;
    c->exit.gva_valid = true;
    c->exit.gpa_unmapped = true;
    c->init.mode = mode;
    c->init.cpl = cpl;
    for (size_t i = 0; i < WHT_MODE_REGISTERS; i++) {
        WHV_REGISTER_VALUE value;
        wht_mode_register(mode, cpl, wht_mode_names_of_registers[i], &value);
        wht_case_set_reg(c, wht_mode_names_of_registers[i], value);
    }
    for (size_t i = 0; i < c->init.reg_count; i++)
        c->init.regs[i].is_given = false;
    c->init.is_given = false;
    return c;
}

void wht_case_set_code(struct wht_case *c, const uint8_t *code, size_t size)
{
    c->code_size = (uint8_t)(size < sizeof(c->code) ? size : sizeof(c->code));
    memset(c->code, 0, sizeof(c->code));
    memcpy(c->code, code, c->code_size);
}

void wht_case_set_reg(struct wht_case *c, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value)
{
    struct wht_init *init = &c->init;
    const struct wht_reg reg = {.name = name, .value = value, .is_given = true};
    size_t i = init->reg_count;
    init->is_given = true;
    while (i > 0 && (uint32_t)init->regs[i - 1].name > (uint32_t)name)
        i--;
    if (i > 0 && init->regs[i - 1].name == name) {
        init->regs[i - 1] = reg;
        return;
    }
    GROW(c, init->regs, init->reg_count, init->reg_room);
    memmove(&init->regs[i + 1], &init->regs[i], (init->reg_count - i) * sizeof(reg));
    init->regs[i] = reg;
    init->reg_count++;
}

void wht_case_set_reg64(struct wht_case *c, WHV_REGISTER_NAME name, uint64_t value)
{
    wht_case_set_reg(c, name, (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = value}});
}

void wht_case_finish_exit(struct wht_case *c)
{
    wht_exit_fill_in(c, &c->exit, c->exit.given);
}

/* @return a copy; NULL of NULL. */
static uint8_t *copy_bytes(struct wht_case *c, const uint8_t *data, size_t size)
{
    return data ? memcpy(wht_arena_take_raw(c->arena, size + 1), data, size) : NULL;
}

struct wht_memory *wht_case_add_memory(struct wht_case *c, enum wht_memory_kind kind, uint64_t gpa,
                                       const uint8_t *data, uint64_t size)
{
    bool has_content = kind == WHT_MEMORY_RAM || kind == WHT_MEMORY_ROM;
    size_t i = c->memory_count;
    GROW(c, c->memory, c->memory_count, c->memory_room);
    for (; i > 0 && c->memory[i - 1].gpa > gpa; i--)
        c->memory[i] = c->memory[i - 1];
    c->memory[i] = (struct wht_memory){
        .gpa = gpa, .size = size, .kind = kind, .index = (uint32_t)c->memory_count++};
    if (has_content)
        c->memory[i].data =
            data ? copy_bytes(c, data, (size_t)size) : wht_arena_take(c->arena, (size_t)size);
    return &c->memory[i];
}

struct wht_page *wht_case_add_page(struct wht_case *c, const struct wht_page *page)
{
    GROW(c, c->pages, c->page_count, c->page_room);
    c->pages[c->page_count] = *page;
    return &c->pages[c->page_count++];
}

/* A list of expected registers. */
struct wants {
    struct wht_want_reg **regs;
    size_t *count;
    size_t *room;
};

static struct wht_want_reg *want(struct wht_case *c, struct wants wants, WHV_REGISTER_NAME name,
                                 const WHV_REGISTER_VALUE *value)
{
    size_t i = *wants.count;
    struct wht_want_reg made = {.name = name,
                                .kind = value ? WHT_WANT_VALUE : WHT_WANT_ANY,
                                .mask = {.Low64 = UINT64_MAX, .High64 = UINT64_MAX}};
    if (value) {
        made.values = wht_arena_take_raw(c->arena, sizeof(*value));
        made.count = 1;
        *made.values = *value;
    }
    while (i > 0 && (uint32_t)(*wants.regs)[i - 1].name > (uint32_t)name)
        i--;
    if (i > 0 && (*wants.regs)[i - 1].name == name) {
        (*wants.regs)[i - 1] = made;
        return &(*wants.regs)[i - 1];
    }
    GROW(c, *wants.regs, *wants.count, *wants.room);
    memmove(&(*wants.regs)[i + 1], &(*wants.regs)[i], (*wants.count - i) * sizeof(made));
    (*wants.regs)[i] = made;
    ++*wants.count;
    return &(*wants.regs)[i];
}

struct wht_want_reg *wht_case_want(struct wht_case *c, WHV_REGISTER_NAME name,
                                   const WHV_REGISTER_VALUE *value)
{
    struct wht_expect *e = &c->expect;
    return want(c, (struct wants){&e->regs, &e->reg_count, &e->reg_room}, name, value);
}

struct wht_want_reg *wht_case_want64(struct wht_case *c, WHV_REGISTER_NAME name, uint64_t value)
{
    return wht_case_want(c, name, &(WHV_REGISTER_VALUE){.Reg128 = {.Low64 = value}});
}

void wht_case_want_either(struct wht_case *c, struct wht_want_reg *want, WHV_REGISTER_VALUE value)
{
    WHV_REGISTER_VALUE *values = wht_arena_take(c->arena, (want->count + 1) * sizeof(*values));
    for (size_t i = 0; i < want->count; i++)
        values[i] = want->values[i];
    values[want->count++] = value;
    want->values = values;
    want->kind = WHT_WANT_EITHER;
}

/* @return a copy; its mask is NULL if every byte is compared. */
static struct wht_bytes bytes(struct wht_case *c, const uint8_t *data, const uint8_t *mask,
                              size_t size)
{
    struct wht_bytes made = {.data = copy_bytes(c, data, size), .size = size};
    if (mask && memchr(mask, 0, size)) {
        made.mask = copy_bytes(c, mask, size);
        for (size_t i = 0; i < size; i++)
            made.data[i] &= mask[i]; /* as a reader leaves them */
    }
    return made;
}

void wht_case_want_memory(struct wht_case *c, uint64_t gpa, const uint8_t *data,
                          const uint8_t *mask, size_t size)
{
    struct wht_expect *e = &c->expect;
    GROW(c, e->memory, e->memory_count, e->memory_room);
    e->memory[e->memory_count++] =
        (struct wht_want_memory){.gpa = gpa, .data = bytes(c, data, mask, size)};
}

struct wht_call *wht_case_add_call(struct wht_case *c, struct wht_call *group,
                                   enum wht_call_kind kind)
{
    struct wht_call **calls = group ? &group->children : &c->expect.calls;
    size_t *count = group ? &group->child_count : &c->expect.call_count;
    size_t *room = group ? &group->child_room : &c->expect.call_room;
    c->expect.has_calls = true;
    GROW(c, *calls, *count, *room);
    (*calls)[*count] = (struct wht_call){.kind = kind};
    return &(*calls)[(*count)++];
}

void wht_call_set_data(struct wht_case *c, struct wht_call *call, const uint8_t *data,
                       const uint8_t *mask, size_t size)
{
    call->data = bytes(c, data, mask, size);
    call->size = (uint32_t)size;
    call->has_data = true;
}

struct wht_want_reg *wht_call_want(struct wht_case *c, struct wht_call *call,
                                   WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value)
{
    return want(c, (struct wants){&call->regs, &call->reg_count, &call->reg_room}, name, value);
}

void wht_case_add_string(struct wht_case *c, struct wht_strings *strings, const char *text)
{
    GROW(c, strings->items, strings->count, strings->room);
    strings->items[strings->count++] = wht_case_text(c, text);
}

void wht_case_add_free(struct wht_case *c, struct wht_free_list *list, const char *key,
                       const struct wht_node *value)
{
    GROW(c, list->items, list->count, list->room);
    list->items[list->count++] =
        (struct wht_free){.key = wht_case_text(c, key), .value = wht_build_copy(c->arena, value)};
}

static void lay_text(struct wht_case *c, char **text, const char *below)
{
    if (!*text)
        *text = wht_case_text(c, below);
}

static void lay_emulator(struct wht_case *c, const struct wht_source_emulator *below)
{
    if (!below)
        return;
    if (!c->source.emulator)
        c->source.emulator = wht_arena_take(c->arena, sizeof(*c->source.emulator));
    lay_text(c, &c->source.emulator->file, below->file);
    lay_text(c, &c->source.emulator->version, below->version);
    lay_text(c, &c->source.emulator->sha256, below->sha256);
}

void wht_case_lay_source(struct wht_case *c, const struct wht_source *below)
{
    struct wht_source *source = &c->source;
    source->is_given |= below->is_given;
    if (!source->seed)
        source->is_seed_number = below->is_seed_number;
    if (!source->has_redacted)
        source->redacted = below->redacted;
    source->has_redacted |= below->has_redacted;
    lay_text(c, &source->kind, below->kind);
    lay_text(c, &source->tool, below->tool);
    lay_text(c, &source->vmm, below->vmm);
    lay_text(c, &source->os, below->os);
    lay_text(c, &source->cpu, below->cpu);
    lay_emulator(c, below->emulator);
    lay_text(c, &source->guest, below->guest);
    lay_text(c, &source->date, below->date);
    lay_text(c, &source->seed, below->seed);
    lay_text(c, &source->from, below->from);
    for (size_t i = 0; i < below->free.count; i++) {
        bool is_there = false;
        for (size_t j = 0; j < source->free.count; j++)
            is_there |= strcmp(source->free.items[j].key, below->free.items[i].key) == 0;
        if (!is_there)
            wht_case_add_free(c, &source->free, below->free.items[i].key,
                              below->free.items[i].value);
    }
}
