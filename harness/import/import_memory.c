/* SPDX-License-Identifier: MIT */
#include "import_memory.h"

#include <string.h>

/* @return where a page stands, or would have to stand. */
static size_t place_of(const struct wht_ram *ram, uint64_t gpa)
{
    size_t low = 0;
    size_t high = ram->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ram->pages[middle]->gpa < gpa)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void grow(struct wht_ram *ram)
{
    if (ram->count < ram->capacity)
        return;
    ram->capacity = ram->capacity ? 2 * ram->capacity : 4;
    struct wht_ram_page **pages = wht_arena_take(ram->arena, ram->capacity * sizeof(*pages));
    for (size_t i = 0; i < ram->count; i++)
        pages[i] = ram->pages[i];
    ram->pages = pages;
}

/* @return NULL if there are too many. */
static struct wht_ram_page *page_of(struct wht_ram *ram, uint64_t gpa)
{
    gpa &= ~(uint64_t)(WHT_IMPORT_PAGE - 1);
    size_t place = place_of(ram, gpa);
    if (place < ram->count && ram->pages[place]->gpa == gpa)
        return ram->pages[place];
    ram->is_full |= ram->count == WHT_RAM_PAGES;
    if (ram->is_full)
        return NULL;
    grow(ram);
    struct wht_ram_page *page = wht_arena_take(ram->arena, sizeof(*page));
    page->gpa = gpa;
    memmove(ram->pages + place + 1, ram->pages + place,
            (ram->count - place) * sizeof(ram->pages[0]));
    ram->pages[place] = page;
    ram->count++;
    return page;
}

void wht_ram_read(struct wht_ram *ram, uint64_t gpa, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        struct wht_ram_page *page = page_of(ram, gpa + i);
        size_t at = (size_t)((gpa + i) % WHT_IMPORT_PAGE);
        if (!page || (page->state[at] & WHT_RAM_TOUCHED))
            continue;
        page->state[at] |= WHT_RAM_TOUCHED;
        page->initial[at] = page->current[at] = data[i];
    }
}

void wht_ram_write(struct wht_ram *ram, uint64_t gpa, const uint8_t *data, size_t size,
                   bool is_hidden)
{
    for (size_t i = 0; i < size; i++) {
        struct wht_ram_page *page = page_of(ram, gpa + i);
        size_t at = (size_t)((gpa + i) % WHT_IMPORT_PAGE);
        if (!page)
            continue;
        page->state[at] = (uint8_t)((page->state[at] & ~WHT_RAM_HIDDEN) | WHT_RAM_TOUCHED |
                                    WHT_RAM_WRITTEN | (is_hidden ? WHT_RAM_HIDDEN : 0));
        page->current[at] = data[i];
    }
}

/* Runs of bytes that have all bits of `state`, one element each; runs end with the page. */
static struct wht_node *runs(const struct wht_ram *ram, struct wht_arena *arena, unsigned state,
                             bool wants_current)
{
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    for (size_t i = 0; i < ram->count; i++) {
        const struct wht_ram_page *page = ram->pages[i];
        const uint8_t *bytes = wants_current ? page->current : page->initial;
        for (size_t at = 0; at < WHT_IMPORT_PAGE;) {
            uint8_t mask[WHT_IMPORT_PAGE];
            size_t end = at;
            for (; end < WHT_IMPORT_PAGE && (page->state[end] & state) == state; end++)
                mask[end - at] = wants_current && (page->state[end] & WHT_RAM_HIDDEN) ? 0 : 0xff;
            if (end > at) {
                struct wht_build run = wht_build_new(arena, WHT_NODE_OBJECT);
                wht_build_add(&run, "gpa", wht_build_hex(arena, page->gpa + at));
                wht_build_add(&run, "data", wht_build_bytes(arena, bytes + at, mask, end - at));
                wht_build_add(&list, NULL, run.node);
            }
            at = end + 1;
        }
    }
    return list.node->first ? list.node : NULL;
}

struct wht_node *wht_ram_regions(const struct wht_ram *ram, struct wht_arena *arena)
{
    return runs(ram, arena, WHT_RAM_TOUCHED, false);
}

struct wht_node *wht_ram_written(const struct wht_ram *ram, struct wht_arena *arena)
{
    return runs(ram, arena, WHT_RAM_TOUCHED | WHT_RAM_WRITTEN, true);
}
