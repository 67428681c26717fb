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

/* The next run of bytes that have all bits of `state`, from `*at`; runs end with the page. @return
 * its length, 0 if there is none. */
static size_t next_run(const struct wht_ram_page *page, unsigned state, size_t *at)
{
    size_t end;
    while (*at < WHT_IMPORT_PAGE && (page->state[*at] & state) != state)
        ++*at;
    for (end = *at; end < WHT_IMPORT_PAGE && (page->state[end] & state) == state;)
        end++;
    return end - *at;
}

void wht_ram_regions(const struct wht_ram *ram, struct wht_case *c)
{
    for (size_t i = 0; i < ram->count; i++) {
        const struct wht_ram_page *page = ram->pages[i];
        for (size_t at = 0, size; (size = next_run(page, WHT_RAM_TOUCHED, &at)) > 0; at += size)
            wht_case_add_memory(c, WHT_MEMORY_RAM, page->gpa + at, page->initial + at, size);
    }
}

void wht_ram_written(const struct wht_ram *ram, struct wht_case *c)
{
    for (size_t i = 0; i < ram->count; i++) {
        const struct wht_ram_page *page = ram->pages[i];
        const unsigned state = WHT_RAM_TOUCHED | WHT_RAM_WRITTEN;
        for (size_t at = 0, size; (size = next_run(page, state, &at)) > 0; at += size) {
            uint8_t mask[WHT_IMPORT_PAGE];
            for (size_t j = 0; j < size; j++)
                mask[j] = page->state[at + j] & WHT_RAM_HIDDEN ? 0 : 0xff;
            wht_case_want_memory(c, page->gpa + at, page->current + at, mask, size);
        }
    }
}
