/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "memory" and "pages". */
#include <stdlib.h>
#include <string.h>

#include "print_parts.h"
#include "words/name_lists.h"

#define DATA_MAX    (512u << 10) /* what `data` and `fill` can hold */
#define FILL_MIN    16u          /* shorter regions show their bytes, equal or not */
#define COUNT(list) (sizeof(list) / sizeof(list[0]))

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

static bool is_uniform(const struct wht_memory *memory)
{
    size_t size = (size_t)memory->size;
    return size > FILL_MIN && memcmp(memory->data, memory->data + 1, size - 1) == 0;
}

static bool is_bytes(const struct wht_memory *memory)
{
    return memory->data && !is_uniform(memory) && memory->size <= DATA_MAX;
}

static struct wht_node *print_region_gpa(const struct wht_printer *p, const void *object)
{
    return wht_build_hex(p->arena, ((const struct wht_memory *)object)->gpa);
}

static struct wht_node *print_region_size(const struct wht_printer *p, const void *object)
{
    const struct wht_memory *memory = object;
    return is_bytes(memory) ? NULL : wht_build_count(p->arena, (int64_t)memory->size);
}

static struct wht_node *print_region_data(const struct wht_printer *p, const void *object)
{
    const struct wht_memory *memory = object;
    return is_bytes(memory) ? wht_build_bytes(p->arena, memory->data, NULL, (size_t)memory->size)
                            : NULL;
}

static struct wht_node *print_region_fill(const struct wht_printer *p, const void *object)
{
    const struct wht_memory *memory = object;
    if (!memory->data || is_bytes(memory))
        return NULL;
    size_t period = is_uniform(memory) ? 1 : find_period(memory->data, (size_t)memory->size);
    if (wht_prints_short(p) && period == 1 && memory->data[0] == 0)
        return NULL;
    return wht_build_bytes(p->arena, memory->data, NULL, period);
}

static struct wht_node *print_region_kind(const struct wht_printer *p, const void *object)
{
    static const char *const names[] = {"ram", "rom", "device", "hole"};
    const struct wht_memory *memory = object;
    bool is_usual = wht_prints_short(p) && memory->kind == WHT_MEMORY_RAM;
    return is_usual ? NULL : wht_build_string(p->arena, names[memory->kind]);
}

struct wht_node *wht_print_memory(const struct wht_printer *p)
{
    static const struct wht_print_key keys[] = {
#define REGION_KEY(key, is_required, how, shape) {#key, print_region_##key},
#include "keys.def"
    };
    const struct wht_case *c = p->c;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    for (size_t i = 0; i < c->memory_count; i++)
        wht_build_add(&list, NULL, wht_print_object(p, keys, COUNT(keys), &c->memory[i]));
    return c->memory_count == 0 && wht_prints_short(p) ? NULL : list.node;
}

static struct wht_node *print_page_gva(const struct wht_printer *p, const void *object)
{
    return wht_build_hex(p->arena, ((const struct wht_page *)object)->gva);
}

static struct wht_node *print_page_gpa(const struct wht_printer *p, const void *object)
{
    const struct wht_page *page = object;
    bool is_usual = wht_prints_short(p) && page->gpa == page->gva;
    return is_usual ? NULL : wht_build_hex(p->arena, page->gpa);
}

static struct wht_node *print_page_result(const struct wht_printer *p, const void *object)
{
    const struct wht_page *page = object;
    bool is_usual = wht_prints_short(p) && page->result == WHvTranslateGvaResultSuccess;
    return is_usual ? NULL : wht_build_string(p->arena, wht_result_names[page->result]);
}

static struct wht_node *print_page_for(const struct wht_printer *p, const void *object)
{
    const struct wht_page *page = object;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    for (size_t i = 0; i < WHT_ACCESS_NAMES; i++)
        if (page->purposes >> i & 1)
            wht_build_add(&list, NULL, wht_build_string(p->arena, wht_access_names[i]));
    bool is_usual = wht_prints_short(p) && page->purposes == WHT_FOR_ALL;
    return is_usual ? NULL : list.node;
}

static int compare_pages(const void *a, const void *b)
{
    const struct wht_page *left = a;
    const struct wht_page *right = b;
    if (left->gva != right->gva)
        return left->gva < right->gva ? -1 : 1;
    return left->purposes < right->purposes ? -1 : left->purposes > right->purposes;
}

struct wht_node *wht_print_pages(const struct wht_printer *p)
{
    static const struct wht_print_key keys[] = {
#define PAGE_KEY(key, is_required, how, shape) {#key, print_page_##key},
#include "keys.def"
    };
    const struct wht_case *c = p->c;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    struct wht_page *pages = wht_arena_take(p->arena, (c->page_count + 1) * sizeof(*pages));
    for (size_t i = 0; i < c->page_count; i++)
        pages[i] = c->pages[i];
    if (!wht_prints_short(p))
        qsort(pages, c->page_count, sizeof(*pages), compare_pages);
    for (size_t i = 0; i < c->page_count; i++)
        wht_build_add(&list, NULL, wht_print_object(p, keys, COUNT(keys), &pages[i]));
    return c->page_count == 0 && wht_prints_short(p) ? NULL : list.node;
}
