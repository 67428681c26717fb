/* SPDX-License-Identifier: MIT */
#include "port.h"

#include "event.h"
#include "host.h"
#include "memory.h"
#include "translate.h"

#define TSS_IO_MAP_BASE 0x66u
#define TSS32_AVAILABLE 9u
#define TSS32_BUSY      11u

static enum whe_result read_tss(struct whe_call *call, uint32_t offset, uint64_t *value)
{
    uint64_t linear = (whe_segment(&call->regs, WHE_REG_TR)->Base + offset) &
                      (call->vp->ExecutionState.EferLma ? ~UINT64_C(0) : UINT64_C(0xffffffff));
    struct whe_span span;
    WHE_TRY(whe_probe(call, linear, 2, WHE_INTENT_READ | WHE_INTENT_SYSTEM, &span));
    return whe_span_read(call, &span, value);
}

enum whe_result whe_port_check(struct whe_call *call, uint16_t port, unsigned size)
{
    unsigned iopl = (call->vp->Rflags >> WHE_RFLAGS_IOPL_SHIFT) & 3;
    bool needs_map = call->mode.vm86 || (call->mode.protected_mode && call->mode.cpl > iopl);
    if (!needs_map)
        return WHE_OK;

    WHE_TRY(whe_host_get_one(call, WHE_REG_TR));
    const WHV_X64_SEGMENT_REGISTER *tr = whe_segment(&call->regs, WHE_REG_TR);
    bool has_map = tr->Present && !tr->NonSystemSegment &&
                   (tr->SegmentType == TSS32_AVAILABLE || tr->SegmentType == TSS32_BUSY) &&
                   tr->Limit >= TSS_IO_MAP_BASE + 1;
    if (!has_map)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);

    uint64_t base, bits;
    WHE_TRY(read_tss(call, TSS_IO_MAP_BASE, &base));
    /* Two bytes are read for every port, so both must lie within the limit. SDM 1, 19.5.2. */
    uint32_t offset = (uint32_t)base + port / 8u;
    if (offset + 1 > tr->Limit)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    WHE_TRY(read_tss(call, offset, &bits));
    unsigned forbidden = (unsigned)(bits >> (port % 8u)) & ((1u << size) - 1);
    return forbidden ? whe_fault_code(call, WHE_VECTOR_GP, 0) : WHE_OK;
}
