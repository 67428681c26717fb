/* SPDX-License-Identifier: MIT */
#include "memory.h"

/* Linear addresses wrap at 4 GiB outside 64-bit mode; the bases of system tables are 64 bits wide
   in compatibility mode too. */
static uint64_t linear_mask(const struct whe_call *call, unsigned intent)
{
    if ((intent & WHE_INTENT_SYSTEM) && call->vp->ExecutionState.EferLma)
        return ~UINT64_C(0);
    return whe_mode_linear_mask(&call->mode);
}

enum whe_result whe_probe_split(struct whe_call *call, uint64_t linear, unsigned intent,
                                struct whe_span *span)
{
    const uint64_t first = WHE_PAGE_SIZE - (linear & WHE_PAGE_MASK);
    span->rest = (uint16_t)(span->size - first);
    WHE_TRY(whe_translate(call, linear, intent, &span->gpa[0]));
    uint64_t next = (linear + first) & linear_mask(call, intent);
    return whe_translate(call, next, intent, &span->gpa[1]);
}

enum whe_result whe_span_read_split(struct whe_call *call, const struct whe_span *span,
                                    uint64_t *value)
{
    const unsigned first = (unsigned)(span->size - span->rest);
    uint64_t low, high;
    WHE_TRY(whe_host_read(call, span->gpa[0], first, &low));
    WHE_TRY(whe_host_read(call, span->gpa[1], span->rest, &high));
    *value = low | high << (8 * first);
    return WHE_OK;
}

enum whe_result whe_span_write_split(struct whe_call *call, const struct whe_span *span,
                                     uint64_t value)
{
    const unsigned first = (unsigned)(span->size - span->rest);
    WHE_TRY(whe_host_write(call, span->gpa[0], first, value & whe_mask_from_size(first)));
    return whe_host_write(call, span->gpa[1], span->rest, value >> (8 * first));
}

/* The next piece of a span from byte `at` on. @return its size. */
static unsigned next_piece(const struct whe_span *span, struct whe_pieces pieces, unsigned at,
                           uint64_t *gpa)
{
    const unsigned first = (unsigned)(span->size - span->rest);
    unsigned most = 8;
    if (at < pieces.first)
        most = pieces.first - at;
    else if (pieces.next != 0)
        most = pieces.next - (at - pieces.first) % pieces.next;
    unsigned end = at < first ? first : span->size;
    *gpa = at < first ? span->gpa[0] + at : span->gpa[1] + (at - first);
    const unsigned page = (unsigned)(WHE_PAGE_SIZE - (*gpa & WHE_PAGE_MASK));
    most = page < most ? page : most;
    return end - at < most ? end - at : most;
}

enum whe_result whe_span_read_pieces(struct whe_call *call, const struct whe_span *span,
                                     struct whe_pieces pieces, uint8_t *data)
{
    for (unsigned at = 0; at < span->size;) {
        uint64_t gpa, value;
        unsigned piece = next_piece(span, pieces, at, &gpa);
        WHE_TRY(whe_host_read(call, gpa, piece, &value));
        memcpy(data + at, &value, piece);
        at += piece;
    }
    return WHE_OK;
}

enum whe_result whe_span_write_pieces(struct whe_call *call, const struct whe_span *span,
                                      struct whe_pieces pieces, const uint8_t *data)
{
    for (unsigned at = 0; at < span->size;) {
        uint64_t gpa, value = 0;
        unsigned piece = next_piece(span, pieces, at, &gpa);
        memcpy(&value, data + at, piece);
        WHE_TRY(whe_host_write(call, gpa, piece, value));
        at += piece;
    }
    return WHE_OK;
}

enum whe_result whe_cursor_move(struct whe_call *call, struct whe_cursor *cursor, uint64_t offset)
{
    uint64_t linear;
    cursor->has_page = false;
    WHE_TRY(whe_linear_checked(call, &cursor->place, offset, &linear));
    WHE_TRY(whe_probe(call, linear, cursor->place.size, cursor->place.intent, &cursor->span));
    if (cursor->span.rest != 0)
        return WHE_OK;

    const struct whe_bounds bounds = whe_place_bounds(call, &cursor->place);
    uint64_t below = linear & WHE_PAGE_MASK;
    uint64_t above = WHE_PAGE_MASK - below;
    if (below > offset - bounds.first)
        below = offset - bounds.first;
    if (above > bounds.last - offset)
        above = bounds.last - offset;
    cursor->first = offset - below;
    cursor->room = below + above - (cursor->place.size - 1u);
    cursor->delta = cursor->span.gpa[0] - offset;
    cursor->has_page = true;
    return WHE_OK;
}
