/* SPDX-License-Identifier: MIT */
#include "linear.h"

#include "attributes.h"
#include "control.h"
#include "event.h"
#include "host.h"
#include "translate.h"

/* Bits of a segment's type (SDM 3A, 3.4.5.1). */
#define TYPE_WRITABLE    2u /* data */
#define TYPE_READABLE    2u /* code */
#define TYPE_EXPAND_DOWN 4u /* data */
#define TYPE_CODE        8u

static WHE_COLD enum whe_result segment_fault(struct whe_call *call, bool is_stack)
{
    return whe_fault_code(call, is_stack ? WHE_VECTOR_SS : WHE_VECTOR_GP, 0);
}

static bool is_canonical57(uint64_t address)
{
    return (address + (UINT64_C(1) << 56)) >> 57 == 0;
}

enum whe_result whe_check_canonical(struct whe_call *call, uint64_t linear, unsigned size,
                                    bool is_stack)
{
    uint64_t last = linear + size - 1;
    if (whe_is_canonical48(linear) && whe_is_canonical48(last))
        return WHE_OK;
    WHE_TRY(whe_host_get_one(call, WHE_REG_CR4));
    if ((whe_reg_get(&call->regs, WHE_REG_CR4) & WHE_CR4_LA57) && is_canonical57(linear) &&
        is_canonical57(last))
        return WHE_OK;
    return segment_fault(call, is_stack);
}

enum whe_result whe_check_target(struct whe_call *call, unsigned code, uint32_t limit, uint64_t rip)
{
    if (code == WHE_CODE64)
        return whe_check_canonical(call, rip, 1, false);
    return rip > limit ? whe_fault_code(call, WHE_VECTOR_GP, 0) : WHE_OK;
}

static bool type_allows(const WHV_X64_SEGMENT_REGISTER *segment, unsigned intent)
{
    unsigned type = segment->SegmentType;
    if (!segment->Present || !segment->NonSystemSegment)
        return false;
    if ((intent & WHE_INTENT_WRITE) && ((type & TYPE_CODE) || !(type & TYPE_WRITABLE)))
        return false;
    if ((intent & WHE_INTENT_READ) && (type & TYPE_CODE) && !(type & TYPE_READABLE))
        return false;
    return true;
}

static struct whe_bounds bounds_from_segment(const WHV_X64_SEGMENT_REGISTER *segment)
{
    struct whe_bounds bounds = {0, segment->Limit};
    if ((segment->SegmentType & (TYPE_CODE | TYPE_EXPAND_DOWN)) == TYPE_EXPAND_DOWN) {
        bounds.first = (uint64_t)segment->Limit + 1;
        bounds.last = segment->Default ? 0xffffffff : 0xffff;
    }
    return bounds;
}

static WHE_APART enum whe_result linear_segmented(struct whe_call *call,
                                                  const struct whe_place *place, uint64_t offset,
                                                  uint64_t *linear)
{
    const WHV_X64_SEGMENT_REGISTER *segment = whe_call_segment(call, place->segment);
    const struct whe_bounds bounds = bounds_from_segment(segment);
    if (call->mode.protected_mode && !type_allows(segment, place->intent))
        return segment_fault(call, place->is_stack);
    if (offset < bounds.first || offset + place->size - 1 > bounds.last)
        return segment_fault(call, place->is_stack);
    *linear = (segment->Base + offset) & 0xffffffff;
    return WHE_OK;
}

static WHE_APART enum whe_result linear_flat(struct whe_call *call, const struct whe_place *place,
                                             uint64_t offset, uint64_t *linear)
{
    *linear = offset;
    if (place->segment >= WHE_REG_FS)
        *linear += whe_call_segment(call, place->segment)->Base;
    return whe_check_canonical(call, *linear, place->size, place->is_stack);
}

static enum whe_result linear_unaligned(struct whe_call *call, const struct whe_place *place,
                                        uint64_t offset, uint64_t *linear)
{
    return call->mode.code == WHE_CODE64 ? linear_flat(call, place, offset, linear)
                                         : linear_segmented(call, place, offset, linear);
}

static WHE_COLD enum whe_result linear_aligned(struct whe_call *call, const struct whe_place *place,
                                               uint64_t offset, uint64_t *linear)
{
    WHE_TRY(linear_unaligned(call, place, offset, linear));
    if ((*linear & (place->alignment - 1u)) != 0)
        return whe_fault_code(call, WHE_VECTOR_AC, 0);
    return WHE_OK;
}

enum whe_result whe_linear_checked(struct whe_call *call, const struct whe_place *place,
                                   uint64_t offset, uint64_t *linear)
{
    return call->mode.check_alignment ? linear_aligned(call, place, offset, linear)
                                      : linear_unaligned(call, place, offset, linear);
}

struct whe_bounds whe_place_bounds(const struct whe_call *call, const struct whe_place *place)
{
    if (call->mode.code == WHE_CODE64)
        return (struct whe_bounds){0, UINT64_MAX};
    return bounds_from_segment(whe_call_segment(call, place->segment));
}
