/* SPDX-License-Identifier: MIT */
/* memory.c, whatever the size: spans of 1 to 64 bytes at every place around a page edge. */
#include <string.h>

#include "memory.h"
#include "run.h"

#define EDGE  0x9000u
#define OTHER 0x4000u /* where the page behind the edge lies */

static WHV_EMULATOR_CALLBACKS callbacks;
static WHV_VP_EXIT_CONTEXT vp;
static struct whe_call call;

static void prepare(void)
{
    guest_init(&guest, GUEST_LONG64);
    guest_map(&guest, EDGE, OTHER, WHvTranslateGvaResultSuccess, 0);
    for (unsigned i = 0; i < 0x80; i++) {
        guest.memory[EDGE - 1 - i] = (uint8_t)(0x80 - i);
        guest.memory[OTHER + i] = (uint8_t)(0x81 + i);
        guest.memory[EDGE + i] = 0xee; /* must not be touched */
    }
    callbacks = guest_callbacks();
    memset(&call, 0, sizeof(call));
    memset(&vp, 0, sizeof(vp));
    call.vp = &vp;
    call.callbacks = &callbacks;
    call.context = &guest;
    call.mode.code = WHE_CODE64;
    whe_translations_init(&call.translations);
}

static struct whe_span probe(uint64_t linear, unsigned size)
{
    struct whe_span span;
    cr_assert_eq(whe_probe(&call, linear, size, WHE_INTENT_READ | WHE_INTENT_WRITE, &span), WHE_OK);
    return span;
}

/* @return the byte that prepare has put at a linear address. */
static uint8_t byte_at(uint64_t linear)
{
    return (uint8_t)(linear - EDGE + 0x81);
}

/* What the log shows from an event on is `size` bytes at `linear`, in as few pieces as may be. */
static size_t expect_pieces(size_t at, bool is_write, uint64_t linear, unsigned size)
{
    while (size > 0) {
        uint64_t room = linear < EDGE ? EDGE - linear : 64;
        unsigned piece = size < 8 ? size : 8;
        if (piece > room)
            piece = (unsigned)room;
        const struct guest_event *event = event_of(GUEST_MEMORY_ACCESS, at++);
        cr_assert_eq(event->size, piece, "%u bytes at %#llx", event->size,
                     (unsigned long long)event->address);
        cr_assert_eq(event->address, linear < EDGE ? linear : linear - EDGE + OTHER);
        cr_assert_eq(event->is_write, is_write);
        linear += piece;
        size -= piece;
    }
    return at;
}

Test(memory, any_span_is_read_and_written_in_ascending_pieces)
{
    const struct whe_pieces eights = {0, 0};
    for (unsigned size = 1; size <= 64; size++) {
        for (uint64_t linear = EDGE - size - 1; linear <= EDGE + 1; linear++) {
            uint8_t data[64];
            prepare();
            struct whe_span span = probe(linear, size);
            cr_assert_eq(whe_span_read_pieces(&call, &span, eights, data), WHE_OK);
            for (unsigned i = 0; i < size; i++)
                cr_assert_eq(data[i], byte_at(linear + i), "size %u", size);
            memset(data, 0x11, sizeof(data));
            cr_assert_eq(whe_span_write_pieces(&call, &span, eights, data), WHE_OK);
            for (uint64_t i = EDGE - 0x42; i < EDGE + 0x42; i++) {
                uint8_t found = guest.memory[i < EDGE ? i : i - EDGE + OTHER];
                cr_assert_eq(found, i - linear < size ? 0x11 : byte_at(i), "size %u", size);
            }
            size_t next = expect_pieces(0, false, linear, size);
            cr_assert_eq(expect_pieces(next, true, linear, size), count_of(GUEST_MEMORY_ACCESS));
            cr_assert_null(guest.broken, "%s", guest.broken);
        }
    }
}

Test(memory, values_are_put_together_from_both_pages)
{
    for (unsigned size = 1; size <= 8; size++) {
        for (uint64_t linear = EDGE - size - 1; linear <= EDGE + 1; linear++) {
            uint64_t value, expected = 0;
            prepare();
            struct whe_span span = probe(linear, size);
            for (unsigned i = size; i > 0; i--)
                expected = expected << 8 | byte_at(linear + i - 1);
            cr_assert_eq(whe_span_read(&call, &span, &value), WHE_OK);
            cr_assert_eq(value, expected, "size %u: %#llx", size, (unsigned long long)value);
            cr_assert_eq(whe_span_write(&call, &span, ~expected & whe_mask_from_size(size)),
                         WHE_OK);
            for (unsigned i = 0; i < size; i++) {
                uint64_t at = linear + i;
                cr_assert_eq(guest.memory[at < EDGE ? at : at - EDGE + OTHER],
                             (uint8_t)~byte_at(at));
            }
            cr_assert_null(guest.broken, "%s", guest.broken);
        }
    }
}

Test(memory, the_second_page_of_a_span_wraps_as_linear_addresses_do)
{
    static const struct {
        enum whe_code code;
        bool lma;
        unsigned intent;
        uint64_t linear, second;
    } rows[] = {
        {WHE_CODE32, false, WHE_INTENT_READ, 0xffffffff, 0},
        {WHE_CODE32, true, WHE_INTENT_READ, 0xffffffff, 0},
        {WHE_CODE32, false, WHE_INTENT_READ | WHE_INTENT_SYSTEM, 0xffffffff, 0},
        {WHE_CODE32, true, WHE_INTENT_READ | WHE_INTENT_SYSTEM, 0xffffffff, 0x100000000},
        {WHE_CODE64, true, WHE_INTENT_READ, 0xffffffff, 0x100000000},
        {WHE_CODE64, true, WHE_INTENT_READ, 0xffffffffffffffff, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct whe_span span;
        prepare();
        call.mode.code = (uint8_t)rows[i].code;
        vp.ExecutionState.EferLma = rows[i].lma;
        cr_expect_eq(whe_probe(&call, rows[i].linear, 2, rows[i].intent, &span), WHE_OK);
        cr_expect_eq(event_of(GUEST_TRANSLATE, 1)->address, rows[i].second, "row %zu", i);
        cr_expect_eq(span.gpa[1], rows[i].second, "row %zu", i);
        cr_expect_eq(span.rest, 1, "row %zu", i);
    }
}
