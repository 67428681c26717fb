/* SPDX-License-Identifier: MIT */
#include "expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "case_code.h"
#include "words/name_lists.h"
#include "words/names.h"

#define DATA_MAX (512u << 10) /* what `data` and `fill` can hold */
#define FILL_MIN 16u          /* shorter regions show their bytes, equal or not */

static struct wht_node *word(struct wht_arena *arena, const char *const *names, int index)
{
    return wht_build_string(arena, names[index]);
}

static bool is_zero(const WHV_REGISTER_VALUE *value)
{
    return value->Reg128.Low64 == 0 && value->Reg128.High64 == 0;
}

static struct wht_node *expand_init(struct wht_arena *arena, const struct wht_init *init,
                                    enum wht_expansion expansion)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    bool drops_zeros = expansion == WHT_EXPAND_MEANING && !init->others_unknown;
    wht_build_add(&object, "mode", word(arena, wht_mode_names, (int)init->mode));
    wht_build_add(&object, "cpl", wht_build_count(arena, init->cpl));
    if (init->others_unknown)
        wht_build_add(&object, "others", wht_build_string(arena, "unknown"));
    for (size_t i = 0; i < init->reg_count; i++) {
        const struct wht_reg *reg = &init->regs[i];
        if (!drops_zeros || !is_zero(&reg->value))
            wht_expand_add_reg(&object, reg->name, wht_expand_value(arena, reg->name, &reg->value));
    }
    return object.node;
}

static struct wht_node *expand_exit(struct wht_arena *arena, const struct wht_exit *exit)
{
    static const char *const kinds[] = {"mmio", "io"};
    static const char *const accesses[] = {"read", "write", "execute"};
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&object, "kind", word(arena, kinds, (int)exit->kind));
    wht_build_add(&object, "access", word(arena, accesses, (int)exit->access));
    if (exit->kind == WHT_EXIT_MMIO) {
        wht_build_add(&object, "gpa", wht_build_hex(arena, exit->gpa));
        wht_build_add(&object, "gva", wht_build_hex(arena, exit->gva));
        wht_build_add(&object, "gva_valid", wht_build_bool(arena, exit->gva_valid));
        wht_build_add(&object, "gpa_unmapped", wht_build_bool(arena, exit->gpa_unmapped));
    } else {
        wht_build_add(&object, "port", wht_build_hex(arena, exit->port));
        wht_build_add(&object, "size", wht_build_count(arena, exit->size));
        wht_build_add(&object, "string", wht_build_bool(arena, exit->string));
        wht_build_add(&object, "rep", wht_build_bool(arena, exit->rep));
    }
    wht_build_add(&object, "bytes_given", wht_build_count(arena, exit->bytes_given));
    wht_build_add(&object, "instr_len", wht_build_count(arena, exit->instr_len));
    wht_build_add(&object, "interruption_pending",
                  wht_build_bool(arena, exit->interruption_pending));
    wht_build_add(&object, "interrupt_shadow", wht_build_bool(arena, exit->interrupt_shadow));
    wht_build_add(&object, "debug_active", wht_build_bool(arena, exit->debug_active));
    wht_build_add(&object, "cr8", wht_build_count(arena, exit->cr8));
    return object.node;
}

/* @return the length of the shortest piece that gives the bytes when it is repeated: Knuth, Morris
 * and Pratt's table of borders. */
static size_t find_period(const uint8_t *data, size_t size)
{
    uint32_t *border = malloc(size * sizeof(*border));
    uint32_t length = 0;
    if (!border)
        abort();
    border[0] = 0;
    for (size_t i = 1; i < size; i++) {
        while (length > 0 && data[i] != data[length])
            length = border[length - 1];
        if (data[i] == data[length])
            length++;
        border[i] = length;
    }
    free(border);
    return size - length;
}

static void add_content(struct wht_build *object, const struct wht_memory *memory)
{
    struct wht_arena *arena = object->arena;
    size_t size = (size_t)memory->size;
    bool is_uniform = size > FILL_MIN && memcmp(memory->data, memory->data + 1, size - 1) == 0;
    if (!is_uniform && size <= DATA_MAX) {
        wht_build_add(object, "data", wht_build_bytes(arena, memory->data, NULL, size));
        return;
    }
    size_t period = is_uniform ? 1 : find_period(memory->data, size);
    wht_build_add(object, "size", wht_build_count(arena, (int64_t)size));
    wht_build_add(object, "fill", wht_build_bytes(arena, memory->data, NULL, period));
}

static struct wht_node *expand_memory(struct wht_arena *arena, const struct wht_case *c)
{
    static const char *const kinds[] = {"ram", "rom", "device", "hole"};
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    for (size_t i = 0; i < c->memory_count; i++) {
        const struct wht_memory *memory = &c->memory[i];
        struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
        wht_build_add(&object, "gpa", wht_build_hex(arena, memory->gpa));
        if (memory->data)
            add_content(&object, memory);
        else
            wht_build_add(&object, "size", wht_build_count(arena, (int64_t)memory->size));
        wht_build_add(&object, "kind", word(arena, kinds, (int)memory->kind));
        wht_build_add(&list, NULL, object.node);
    }
    return list.node;
}

static int compare_pages(const void *a, const void *b)
{
    const struct wht_page *left = a;
    const struct wht_page *right = b;
    if (left->gva != right->gva)
        return left->gva < right->gva ? -1 : 1;
    return left->purposes < right->purposes ? -1 : left->purposes > right->purposes;
}

static struct wht_node *expand_pages(struct wht_arena *arena, const struct wht_case *c)
{
    static const char *const purposes[] = {"read", "write", "execute"};
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    struct wht_page *sorted = wht_arena_take(arena, (c->page_count + 1) * sizeof(*sorted));
    for (size_t i = 0; i < c->page_count; i++)
        sorted[i] = c->pages[i];
    qsort(sorted, c->page_count, sizeof(*sorted), compare_pages);
    for (size_t i = 0; i < c->page_count; i++) {
        struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
        struct wht_build wanted = wht_build_new(arena, WHT_NODE_LIST);
        for (int j = 0; j < 3; j++)
            if (sorted[i].purposes >> j & 1)
                wht_build_add(&wanted, NULL, word(arena, purposes, j));
        wht_build_add(&object, "gva", wht_build_hex(arena, sorted[i].gva));
        wht_build_add(&object, "gpa", wht_build_hex(arena, sorted[i].gpa));
        wht_build_add(&object, "result", word(arena, wht_result_names, (int)sorted[i].result));
        wht_build_add(&object, "for", wanted.node);
        wht_build_add(&list, NULL, object.node);
    }
    return list.node;
}

static int compare_wanted(const void *a, const void *b)
{
    const struct wht_want_memory *left = a;
    const struct wht_want_memory *right = b;
    return left->gpa < right->gpa ? -1 : left->gpa > right->gpa;
}

static struct wht_node *expand_wanted_memory(struct wht_arena *arena, const struct wht_expect *e)
{
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    struct wht_want_memory *sorted = wht_arena_take(arena, (e->memory_count + 1) * sizeof(*sorted));
    for (size_t i = 0; i < e->memory_count; i++)
        sorted[i] = e->memory[i];
    qsort(sorted, e->memory_count, sizeof(*sorted), compare_wanted);
    for (size_t i = 0; i < e->memory_count; i++) {
        const struct wht_bytes *data = &sorted[i].data;
        struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
        wht_build_add(&object, "gpa", wht_build_hex(arena, sorted[i].gpa));
        wht_build_add(&object, "data", wht_build_bytes(arena, data->data, data->mask, data->size));
        wht_build_add(&list, NULL, object.node);
    }
    return list.node;
}

static struct wht_node *expand_fault(struct wht_arena *arena, const struct wht_want_fault *fault)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_node *vector = wht_build_hex(arena, fault->vector);
    for (size_t i = 0; i < WHT_VECTORS; i++)
        if (wht_vectors[i].value == fault->vector)
            vector = wht_build_string(arena, wht_vectors[i].name);
    wht_build_add(&object, "vector", vector);
    if (fault->has_code)
        wht_build_add(&object, "code", wht_build_hex(arena, fault->code));
    if (fault->has_address)
        wht_build_add(&object, "address", wht_build_hex(arena, fault->address));
    return object.node;
}

static struct wht_node *expand_expect(struct wht_arena *arena, const struct wht_expect *e,
                                      enum wht_expansion expansion)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build status = wht_build_new(arena, WHT_NODE_LIST);
    char text[WHT_NAME_MAX];
    for (int i = 0; i < WHT_STATUS_NAMES; i++)
        if (e->status >> i & 1)
            wht_build_add(&status, NULL, word(arena, wht_status_names, i));
    wht_build_add(&object, "hr", wht_build_string(arena, wht_hresult_format(e->hr, text)));
    if (e->hr == S_OK) /* else it is not compared */
        wht_build_add(&object, "status", status.node);
    wht_build_add(&object, "regs", wht_expand_wants(arena, e->regs, e->reg_count));
    wht_build_add(&object, "memory", expand_wanted_memory(arena, e));
    if (e->has_fault)
        wht_build_add(&object, "fault", expand_fault(arena, &e->fault));
    wht_build_add(&object, "trap", wht_build_bool(arena, e->trap));
    wht_build_add(&object, "others", wht_build_string(arena, e->others_any ? "any" : "unchanged"));
    if (e->has_calls)
        wht_build_add(&object, "calls",
                      wht_expand_calls(arena, e->calls, e->call_count, expansion));
    return object.node;
}

static void add_strings(struct wht_build *object, const char *key,
                        const struct wht_strings *strings)
{
    struct wht_build list = wht_build_new(object->arena, WHT_NODE_LIST);
    for (size_t i = 0; i < strings->count; i++)
        wht_build_add(&list, NULL, wht_build_string(object->arena, strings->items[i]));
    if (strings->count > 0)
        wht_build_add(object, key, list.node);
}

static void add_asm(struct wht_build *object, const struct wht_case *c)
{
    char text[256];
    if (wht_case_disasm(c, text, sizeof(text), NULL))
        wht_build_add(object, "asm", wht_build_string(object->arena, text));
    else if (c->asm_text)
        wht_build_add(object, "asm", wht_build_string(object->arena, c->asm_text));
}

struct wht_node *wht_expand_case(struct wht_arena *arena, const struct wht_case *c,
                                 enum wht_expansion expansion)
{
    static const char *const apis[] = {"shipping", "preview"};
    static const char *const verdicts[] = {"must", "may"};
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    bool is_all = expansion == WHT_EXPAND_ALL;
    if (is_all) {
        wht_build_add(&object, "format", wht_build_string(arena, "whv-trace/1.0"));
        wht_build_add(&object, "id", wht_build_string(arena, c->id));
    }
    add_strings(&object, "todo", &c->todo); /* it decides whether the case can pass */
    wht_build_add(&object, "code", wht_build_bytes(arena, c->code, NULL, c->code_size));
    if (is_all)
        add_asm(&object, c);
    wht_build_add(&object, "api", word(arena, apis, (int)c->api));
    wht_build_add(&object, "init", expand_init(arena, &c->init, expansion));
    wht_build_add(&object, "exit", expand_exit(arena, &c->exit));
    wht_build_add(&object, "memory", expand_memory(arena, c));
    wht_build_add(&object, "pages", expand_pages(arena, c));
    wht_build_add(&object, "expect", expand_expect(arena, &c->expect, expansion));
    wht_build_add(&object, "match", word(arena, wht_match_names, (int)c->match));
    wht_build_add(&object, "verdict", word(arena, verdicts, (int)c->verdict));
    if (!is_all)
        return object.node;
    add_strings(&object, "flags", &c->flags);
    add_strings(&object, "spec", &c->spec);
    if (c->deliberate)
        wht_build_add(&object, "deliberate", wht_build_string(arena, c->deliberate));
    add_strings(&object, "tags", &c->tags);
    if (c->note)
        wht_build_add(&object, "note", wht_build_string(arena, c->note));
    return object.node;
}
