/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

#include "format/case_code.h"

#define NOP 0x90

/* Regions are sorted and do not overlap. Returns the count if none contains gpa. */
static size_t region_at(const struct wht_case *c, uint64_t gpa)
{
    size_t low = 0;
    size_t high = c->memory_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct wht_memory *m = &c->memory[middle];
        if (gpa < m->gpa)
            high = middle;
        else if (gpa - m->gpa >= m->size)
            low = middle + 1;
        else
            return middle;
    }
    return c->memory_count;
}

static int code_at(const struct wht_guest *guest, uint64_t gpa)
{
    for (unsigned i = 0; i < guest->code_count; i++)
        if (guest->code_gpa[i] == gpa)
            return (int)i;
    return -1;
}

/* One answer for each region and each page. */
static bool reserve_asked(struct wht_guest *guest, const struct wht_case *c)
{
    const size_t count = c->memory_count + c->page_count;
    if (count > guest->asked_capacity) {
        free(guest->asked_memory);
        guest->asked_memory = malloc(count * sizeof(*guest->asked_memory));
        guest->asked_capacity = guest->asked_memory ? count : 0;
    }
    guest->asked_pages = guest->asked_memory ? guest->asked_memory + c->memory_count : NULL;
    return count <= guest->asked_capacity;
}

static bool reserve(struct wht_guest *guest, size_t ram, size_t regions)
{
    if (ram > guest->ram_capacity) {
        free(guest->pristine);
        free(guest->current);
        guest->pristine = malloc(ram);
        guest->current = malloc(ram);
        guest->ram_capacity = guest->pristine && guest->current ? ram : 0;
        if (guest->ram_capacity == 0)
            return false;
    }
    if (regions > guest->start_capacity) {
        free(guest->starts);
        guest->starts = malloc(regions * sizeof(*guest->starts));
        guest->start_capacity = guest->starts ? regions : 0;
    }
    return regions <= guest->start_capacity;
}

/* RAM takes the byte over; ROM, devices and holes that are listed there keep their own say. */
static void place_code_byte(struct wht_guest *guest, uint64_t gpa, uint8_t byte)
{
    const struct wht_case *c = guest->c;
    size_t i = region_at(c, gpa);
    if (i == c->memory_count) {
        guest->code_gpa[guest->code_count] = gpa;
        guest->code_byte[guest->code_count++] = byte;
    } else if (c->memory[i].kind == WHT_MEMORY_RAM) {
        guest->pristine[guest->starts[i] + (gpa - c->memory[i].gpa)] = byte;
    }
}

bool wht_is_walked(WHV_TRANSLATE_GVA_RESULT_CODE result)
{
    return result == WHvTranslateGvaResultSuccess || result == WHvTranslateGvaResultGpaUnmapped ||
           result == WHvTranslateGvaResultGpaNoReadAccess ||
           result == WHvTranslateGvaResultGpaNoWriteAccess;
}

static void place_code(struct wht_guest *guest)
{
    const struct wht_case *c = guest->c;
    uint64_t mask = c->init.mode == WHT_MODE_LONG64 ? UINT64_MAX : UINT32_MAX;
    uint64_t start = wht_code_linear(c);
    guest->code_count = 0;
    for (unsigned i = 0; i < WHT_CODE_SIZE; i++) {
        uint64_t linear = (start + i) & mask;
        uint64_t offset = linear % WHT_PAGE_SIZE;
        uint64_t gpa;
        if (!wht_is_walked(wht_guest_translate(guest, linear - offset,
                                               WHvTranslateGvaFlagValidateExecute, &gpa)))
            continue;
        place_code_byte(guest, gpa + offset, i < c->code_size ? c->code[i] : NOP);
    }
}

bool wht_guest_load(struct wht_guest *guest, const struct wht_case *c)
{
    size_t ram = 0;
    for (size_t i = 0; i < c->memory_count; i++)
        if (c->memory[i].kind == WHT_MEMORY_RAM)
            ram += c->memory[i].size;
    if (!reserve(guest, ram, c->memory_count) || !reserve_asked(guest, c))
        return false;
    guest->c = c;
    guest->ram_size = 0;
    for (size_t i = 0; i < c->memory_count; i++) {
        guest->starts[i] = guest->ram_size;
        if (c->memory[i].kind != WHT_MEMORY_RAM || c->memory[i].size == 0)
            continue;
        memcpy(guest->pristine + guest->ram_size, c->memory[i].data, c->memory[i].size);
        guest->ram_size += c->memory[i].size;
    }
    place_code(guest);
    guest->is_dirty = true;
    return true;
}

void wht_guest_reset(struct wht_guest *guest)
{
    if (guest->is_dirty && guest->ram_size > 0)
        memcpy(guest->current, guest->pristine, guest->ram_size);
    guest->is_dirty = false;
    guest->written_count = 0;
    if (guest->c->memory_count + guest->c->page_count > 0)
        memset(guest->asked_memory, 0, guest->c->memory_count + guest->c->page_count);
}

void wht_guest_free(struct wht_guest *guest)
{
    free(guest->pristine);
    free(guest->current);
    free(guest->starts);
    free(guest->asked_memory);
    *guest = (struct wht_guest){.c = NULL};
}

static enum wht_place byte_place(const struct wht_guest *guest, uint64_t gpa, bool is_write)
{
    const struct wht_case *c = guest->c;
    size_t i = region_at(c, gpa);
    if (i == c->memory_count)
        return !is_write && code_at(guest, gpa) >= 0 ? WHT_PLACE_MODEL : WHT_PLACE_DEVICE;
    switch (c->memory[i].kind) {
    case WHT_MEMORY_RAM:
        return WHT_PLACE_MODEL;
    case WHT_MEMORY_ROM:
        return is_write ? WHT_PLACE_DEVICE : WHT_PLACE_MODEL;
    case WHT_MEMORY_HOLE:
        return WHT_PLACE_HOLE;
    case WHT_MEMORY_DEVICE:
        break;
    }
    return WHT_PLACE_DEVICE;
}

enum wht_place wht_guest_place(const struct wht_guest *guest, uint64_t gpa, uint32_t size,
                               bool is_write)
{
    enum wht_place place = WHT_PLACE_MODEL;
    for (uint32_t i = 0; i < size && place != WHT_PLACE_DEVICE; i++) {
        enum wht_place byte = byte_place(guest, gpa + i, is_write);
        if (byte > place)
            place = byte;
    }
    return place;
}

void wht_guest_ask(const struct wht_guest *guest, uint64_t gpa, uint32_t size)
{
    for (uint32_t i = 0; guest->c->memory_count > 0 && i < size; i++) {
        size_t region = region_at(guest->c, gpa + i);
        if (region < guest->c->memory_count)
            guest->asked_memory[region] = true;
    }
}

void wht_guest_read(const struct wht_guest *guest, uint64_t gpa, uint32_t size, uint8_t *data)
{
    const struct wht_case *c = guest->c;
    for (uint32_t i = 0; i < size; i++) {
        size_t region = region_at(c, gpa + i);
        int code = region == c->memory_count ? code_at(guest, gpa + i) : -1;
        if (code >= 0) {
            data[i] = guest->code_byte[code];
        } else if (region < c->memory_count) {
            uint64_t offset = gpa + i - c->memory[region].gpa;
            if (c->memory[region].kind == WHT_MEMORY_RAM)
                data[i] = guest->current[guest->starts[region] + offset];
            else if (c->memory[region].kind == WHT_MEMORY_ROM)
                data[i] = c->memory[region].data[offset];
        }
    }
}

void wht_guest_write(struct wht_guest *guest, uint64_t gpa, uint32_t size, const uint8_t *data)
{
    const struct wht_case *c = guest->c;
    for (uint32_t i = 0; i < size; i++) {
        size_t region = region_at(c, gpa + i);
        if (region == c->memory_count || c->memory[region].kind != WHT_MEMORY_RAM)
            continue;
        guest->current[guest->starts[region] + (gpa + i - c->memory[region].gpa)] = data[i];
        guest->is_dirty = true;
    }
}

const uint8_t *wht_guest_ram_byte(const struct wht_guest *guest, const uint8_t *image, uint64_t gpa)
{
    const struct wht_case *c = guest->c;
    size_t region = region_at(c, gpa);
    if (region == c->memory_count || c->memory[region].kind != WHT_MEMORY_RAM)
        return NULL;
    return &image[guest->starts[region] + (gpa - c->memory[region].gpa)];
}

static const struct wht_page *page_for(const struct wht_case *c, uint64_t gva, unsigned purpose)
{
    for (size_t i = 0; i < c->page_count; i++)
        if (c->pages[i].gva == gva && (c->pages[i].purposes & purpose))
            return &c->pages[i];
    return NULL;
}

/* The Validate flags of a request and the purposes of an entry are the same three bits. */
_Static_assert((int)WHT_FOR_READ == (int)WHvTranslateGvaFlagValidateRead, "read");
_Static_assert((int)WHT_FOR_WRITE == (int)WHvTranslateGvaFlagValidateWrite, "write");
_Static_assert((int)WHT_FOR_EXECUTE == (int)WHvTranslateGvaFlagValidateExecute, "execute");

WHV_TRANSLATE_GVA_RESULT_CODE wht_guest_translate(const struct wht_guest *guest, uint64_t gva,
                                                  uint32_t flags, uint64_t *gpa)
{
    const unsigned all = WHT_FOR_READ | WHT_FOR_WRITE | WHT_FOR_EXECUTE;
    unsigned purposes = flags & all;
    WHV_TRANSLATE_GVA_RESULT_CODE result = WHvTranslateGvaResultSuccess;
    bool found = false;
    *gpa = gva;
    if (guest->c->page_count == 0)
        return result;
    /* A request that validates nothing is served by whatever the page has, but fails only if all
     * purposes would. */
    for (unsigned bit = WHT_FOR_READ; bit <= WHT_FOR_EXECUTE; bit <<= 1) {
        const struct wht_page *page = page_for(guest->c, gva, bit);
        if (!page || (purposes != 0 && !(purposes & bit)))
            continue;
        if (!found || result == WHvTranslateGvaResultSuccess)
            *gpa = page->gpa;
        found = true;
        if (result == WHvTranslateGvaResultSuccess && (purposes != 0 || page->purposes == all))
            result = page->result;
    }
    return result;
}

void wht_guest_ask_page(const struct wht_guest *guest, uint64_t gva, uint32_t flags)
{
    unsigned purposes = flags & (WHT_FOR_READ | WHT_FOR_WRITE | WHT_FOR_EXECUTE);
    for (unsigned bit = WHT_FOR_READ; bit <= WHT_FOR_EXECUTE; bit <<= 1) {
        const struct wht_page *page = page_for(guest->c, gva, bit);
        if (page && (purposes == 0 || (purposes & bit)))
            guest->asked_pages[page - guest->c->pages] = true;
    }
}

void wht_guest_set(struct wht_guest *guest, const WHV_REGISTER_NAME *names, uint32_t count,
                   const WHV_REGISTER_VALUE *values)
{
    for (uint32_t i = 0; i < count; i++) {
        guest->written_names[i] = names[i];
        guest->written_values[i] = values[i];
    }
    guest->written_count = count;
}

const WHV_REGISTER_VALUE *wht_guest_reg(const struct wht_guest *guest, WHV_REGISTER_NAME name)
{
    for (uint32_t i = 0; i < guest->written_count; i++)
        if (guest->written_names[i] == name)
            return &guest->written_values[i];
    return wht_init_reg(&guest->c->init, name);
}
