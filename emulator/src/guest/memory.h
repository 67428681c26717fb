/* SPDX-License-Identifier: MIT */
/**
 * @file memory.h
 * Probing and accessing operands. A probe translates every page of an operand with its final intent
 * and raises what there is to raise; reads and writes of a probed span can then only fail by
 * callback.
 */
#ifndef WHE_MEMORY_H
#define WHE_MEMORY_H

#include "call.h"
#include "host.h"
#include "linear.h"
#include "translate.h"

/** The guest-physical places of an operand of up to 512 bytes: at most two pages, or pages that
 * follow each other. */
struct whe_span {
    uint64_t gpa[2];
    uint16_t size;
    /** How many of its last bytes lie at gpa[1]; the others are at gpa[0]. */
    uint16_t rest;
};

/** As whe_probe, for operands that cross a page; span->size is set already. */
enum whe_result whe_probe_split(struct whe_call *call, uint64_t linear, unsigned intent,
                                struct whe_span *span);

/**
 * Translates the one or two pages of an operand.
 * @param linear address of its first byte.
 * @param size   1 to 512.
 * @param intent mask of whe_intent.
 * @param span   receives the guest-physical places.
 */
static inline enum whe_result whe_probe(struct whe_call *call, uint64_t linear, unsigned size,
                                        unsigned intent, struct whe_span *span)
{
    span->size = (uint16_t)size;
    if ((linear & WHE_PAGE_MASK) + size > WHE_PAGE_SIZE)
        return whe_probe_split(call, linear, intent, span);
    span->rest = 0;
    return whe_translate(call, linear, intent, &span->gpa[0]);
}

/** As whe_span_read, for spans that cross a page. */
enum whe_result whe_span_read_split(struct whe_call *call, const struct whe_span *span,
                                    uint64_t *value);
/** As whe_span_write, for spans that cross a page. */
enum whe_result whe_span_write_split(struct whe_call *call, const struct whe_span *span,
                                     uint64_t value);

/** Reads a span of up to 8 bytes in ascending order. @param value receives it, zero-extended. */
static inline enum whe_result whe_span_read(struct whe_call *call, const struct whe_span *span,
                                            uint64_t *value)
{
    if (span->rest == 0)
        return whe_host_read(call, span->gpa[0], span->size, value);
    uint64_t joined; /* apart from value, which can then stay in a register */
    WHE_TRY(whe_span_read_split(call, span, &joined));
    *value = joined;
    return WHE_OK;
}

/** Writes a span of up to 8 bytes in ascending order. @param value no bits set above the size. */
static inline enum whe_result whe_span_write(struct whe_call *call, const struct whe_span *span,
                                             uint64_t value)
{
    if (span->rest == 0)
        return whe_host_write(call, span->gpa[0], span->size, value);
    return whe_span_write_split(call, span, value);
}

/** The accesses of a span: so many bytes in the first, and in each of the others; a page's edge
 * splits one. Both 0: as many of the rest of a page as 8 bytes have room for. */
struct whe_pieces {
    uint8_t first, next;
};

/**
 * Reads a span of any size in ascending order.
 * @param data receives span->size bytes.
 */
enum whe_result whe_span_read_pieces(struct whe_call *call, const struct whe_span *span,
                                     struct whe_pieces pieces, uint8_t *data);
/** Writes one likewise. */
enum whe_result whe_span_write_pieces(struct whe_call *call, const struct whe_span *span,
                                      struct whe_pieces pieces, const uint8_t *data);

/** @return the first `size` bytes of a span, or all if they are fewer. */
static inline struct whe_span whe_span_cut(const struct whe_span *span, unsigned size)
{
    const unsigned first = (unsigned)(span->size - span->rest);
    struct whe_span cut = *span;
    if (size >= span->size)
        return cut;
    cut.size = (uint16_t)size;
    cut.rest = (uint16_t)(size > first ? size - first : 0);
    return cut;
}

/** @return `size` bytes of a span, from its byte `at` on. */
static inline struct whe_span whe_span_part(const struct whe_span *span, unsigned at, unsigned size)
{
    const unsigned first = (unsigned)(span->size - span->rest);
    struct whe_span part = {.size = (uint16_t)size};
    if (at >= first) {
        part.gpa[0] = span->gpa[1] + (at - first);
        return part;
    }
    part.gpa[0] = span->gpa[0] + at;
    part.gpa[1] = span->gpa[1];
    part.rest = (uint16_t)(at + size > first ? at + size - first : 0);
    return part;
}

/**
 * A pointer of a string instruction: remembers which offsets lie in the page that was probed last,
 * so that an element in the same page costs a comparison.
 */
struct whe_cursor {
    struct whe_place place;
    /** Of the element probed last. */
    struct whe_span span;
    /** First offset of the page's valid offsets. */
    uint64_t first;
    /** Largest (offset - first) at which an element fits into them. */
    uint64_t room;
    /** Offset + delta is the guest-physical address. */
    uint64_t delta;
    bool has_page;
};

/** Probes across a page boundary or in another page; use whe_cursor_probe. */
enum whe_result whe_cursor_move(struct whe_call *call, struct whe_cursor *cursor, uint64_t offset);

/** Makes cursor->span the element at offset. Results as of whe_linear and whe_probe. */
static inline enum whe_result whe_cursor_probe(struct whe_call *call, struct whe_cursor *cursor,
                                               uint64_t offset)
{
    if (offset - cursor->first > cursor->room || !cursor->has_page)
        return whe_cursor_move(call, cursor, offset);
    cursor->span.gpa[0] = offset + cursor->delta;
    return WHE_OK;
}

#endif
