/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <stdlib.h>
#include <string.h>

/* A case that repeats more than this would need another notation to be judged by its effects. */
#define ANSWERS_MAX (1u << 20)

/* Grows an array of items of the given size by one place. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(items, *capacity * size);
    if (!grown)
        abort();
    return grown;
}

void wht_devices_load(struct wht_devices *devices, const struct wht_guest *guest)
{
    devices->guest = guest;
    devices->count = 0;
    devices->byte_count = 0;
    devices->are_listed = false;
}

void wht_devices_reset(struct wht_devices *devices)
{
    for (size_t i = 0; i < devices->byte_count; i++)
        devices->bytes[i].answered = 0;
}

void wht_devices_free(struct wht_devices *devices)
{
    free(devices->items);
    free(devices->bytes);
    *devices = (struct wht_devices){.items = NULL};
}

static bool add_answer(void *user, const struct wht_expected_call *expected)
{
    struct wht_devices *devices = user;
    if (!wht_is_compared(devices->guest, WHT_MATCH_DEVICE, expected))
        return true;
    if (devices->count == ANSWERS_MAX)
        return false;
    devices->items =
        grow(devices->items, devices->count, &devices->capacity, sizeof(*devices->items));
    uint32_t item = (uint32_t)devices->count++;
    devices->items[item] = *expected;
    for (uint32_t i = 0; i < expected->call->size; i++) {
        devices->bytes = grow(devices->bytes, devices->byte_count, &devices->byte_capacity,
                              sizeof(*devices->bytes));
        devices->bytes[devices->byte_count++] =
            (struct wht_answer_byte){.address = wht_expected_address(expected) + i,
                                     .kind = (uint32_t)expected->call->kind,
                                     .item = item};
    }
    return true;
}

/* By kind, address, and place in the case. */
static int compare_bytes(const void *a, const void *b)
{
    const struct wht_answer_byte *left = a;
    const struct wht_answer_byte *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return (left->item > right->item) - (left->item < right->item);
}

static void list_answers(struct wht_devices *devices)
{
    const struct wht_expect *expect = &devices->guest->c->expect;
    if (devices->are_listed)
        return;
    wht_visit_calls(expect->calls, expect->call_count, add_answer, devices);
    if (devices->byte_count > 1)
        qsort(devices->bytes, devices->byte_count, sizeof(*devices->bytes), compare_bytes);
    devices->are_listed = true;
}

/* @return the first byte that does not come before a kind and address. */
static size_t lower_bound(const struct wht_devices *devices, enum wht_call_kind kind,
                          uint64_t address)
{
    const struct wht_answer_byte wanted = {.address = address, .kind = (uint32_t)kind};
    size_t low = 0;
    size_t high = devices->byte_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_bytes(&devices->bytes[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct wht_devices *devices, size_t i, enum wht_call_kind kind,
                  uint64_t address)
{
    return i < devices->byte_count && devices->bytes[i].kind == (uint32_t)kind &&
           devices->bytes[i].address == address;
}

/* The element that answers for a byte next, or the last one again. The first byte of each address
 * counts how many have answered, so that no search begins anew. */
static const struct wht_expected_call *find_answer(struct wht_devices *devices,
                                                   enum wht_call_kind kind, uint64_t address)
{
    size_t first = lower_bound(devices, kind, address);
    if (!is_at(devices, first, kind, address))
        return NULL;
    size_t at = first + devices->bytes[first].answered;
    if (is_at(devices, at, kind, address)) {
        devices->bytes[first].answered++;
        return &devices->items[devices->bytes[at].item];
    }
    while (at-- > first)
        if (!devices->items[devices->bytes[at].item].call->has_fail)
            return &devices->items[devices->bytes[at].item];
    return NULL;
}

struct wht_device_answer wht_devices_access(struct wht_devices *devices,
                                            const struct wht_event *event, uint8_t *data)
{
    bool is_read = event->kind == WHT_CALL_MEM_READ || event->kind == WHT_CALL_IO_IN;
    struct wht_device_answer answered = {.is_complete = true};
    list_answers(devices);
    for (uint32_t i = 0; i < event->size; i++) {
        uint64_t address = event->address + i;
        const struct wht_expected_call *item = find_answer(devices, event->kind, address);
        if (!item)
            answered.is_complete = false;
        else if (item->call->has_fail)
            answered.fails = item->call;
        else if (is_read)
            data[i] = item->call->data.data[address - wht_expected_address(item)];
    }
    return answered;
}

bool wht_devices_cover(struct wht_devices *devices, uint64_t gpa, uint32_t size)
{
    list_answers(devices);
    for (uint32_t i = 0; i < size; i++)
        if (is_at(devices, lower_bound(devices, WHT_CALL_MEM_READ, gpa + i), WHT_CALL_MEM_READ,
                  gpa + i))
            return true;
    return false;
}
