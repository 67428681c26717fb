/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include "event.h"
#include "linear.h"
#include "memory.h"
#include "translate.h"

#define SELECTOR_RPL 3u
#define SELECTOR_TI  4u

#define TYPE_ACCESSED   1u
#define TYPE_WRITABLE   2u /* data */
#define TYPE_READABLE   2u /* code */
#define TYPE_CONFORMING 4u /* code */
#define TYPE_CODE       8u

/* Byte 5 of a descriptor holds type, S, DPL and P. */
#define ACCESS_BYTE 5u

/* Accessed, writable data at DPL 3, present: virtual-8086 mode knows nothing else. SDM 3A, 21.2. */
#define VM86_ATTRIBUTES 0xf3u

/* @param before real mode keeps limit and attributes: that is what makes unreal mode. SDM 3A,
   21.1.1. */
static WHV_X64_SEGMENT_REGISTER
real_segment(const struct whe_call *call, const WHV_X64_SEGMENT_REGISTER *before, uint16_t selector)
{
    WHV_X64_SEGMENT_REGISTER value = *before;
    value.Selector = selector;
    value.Base = (uint64_t)selector << 4;
    if (call->mode.vm86) {
        value.Limit = 0xffff;
        value.Attributes = VM86_ATTRIBUTES;
    }
    return value;
}

/* SS may only be null in 64-bit mode below CPL 3, with RPL = CPL. */
static enum whe_result find_null(struct whe_call *call, enum whe_reg segment, uint16_t selector,
                                 WHV_X64_SEGMENT_REGISTER *value)
{
    const struct whe_mode *mode = &call->mode;
    if (segment == WHE_REG_SS &&
        (mode->code != WHE_CODE64 || mode->cpl == 3 || (selector & SELECTOR_RPL) != mode->cpl))
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    *value = (WHV_X64_SEGMENT_REGISTER){.Selector = selector};
    /*
     * The DPL of SS is where virtualisation keeps the CPL, also if SS is unusable. SDM 3C, 24.4.1.
     */
    if (segment == WHE_REG_SS)
        value->DescriptorPrivilegeLevel = mode->cpl & 3u;
    return WHE_OK;
}

static WHV_X64_SEGMENT_REGISTER segment_from_descriptor(uint64_t descriptor, uint16_t selector)
{
    WHV_X64_SEGMENT_REGISTER value = {.Selector = selector};
    value.Base = ((descriptor >> 16) & 0xffffff) | ((descriptor >> 56) << 24);
    value.Attributes = (UINT16)((descriptor >> 40) & 0xf0ff);
    value.Limit = (UINT32)((descriptor & 0xffff) | ((descriptor >> 32) & 0xf0000));
    if (value.Granularity)
        value.Limit = value.Limit << 12 | 0xfff;
    return value;
}

static bool is_allowed(const struct whe_mode *mode, enum whe_reg segment,
                       const WHV_X64_SEGMENT_REGISTER *value)
{
    unsigned type = value->SegmentType;
    unsigned rpl = value->Selector & SELECTOR_RPL;
    unsigned dpl = value->DescriptorPrivilegeLevel;
    if (!value->NonSystemSegment)
        return false;
    if (segment == WHE_REG_SS)
        return !(type & TYPE_CODE) && (type & TYPE_WRITABLE) && rpl == mode->cpl &&
               dpl == mode->cpl;
    if ((type & TYPE_CODE) && !(type & TYPE_READABLE))
        return false;
    bool is_conforming = (type & TYPE_CODE) && (type & TYPE_CONFORMING);
    return is_conforming || (rpl <= dpl && mode->cpl <= dpl);
}

/* Finds the descriptor's linear address. @return false if the selector lies outside its table. */
static bool locate(const struct whe_call *call, uint16_t selector, uint64_t *linear)
{
    const struct whe_regs *regs = &call->regs;
    unsigned offset = selector & ~(SELECTOR_RPL | SELECTOR_TI);
    uint64_t base = regs->value[WHE_REG_GDTR].Table.Base;
    uint32_t limit = regs->value[WHE_REG_GDTR].Table.Limit;
    if (selector & SELECTOR_TI) {
        const WHV_X64_SEGMENT_REGISTER *ldtr = whe_segment(regs, WHE_REG_LDTR);
        if (!ldtr->Present)
            return false;
        base = ldtr->Base;
        limit = ldtr->Limit;
    }
    *linear =
        (base + offset) & (call->vp->ExecutionState.EferLma ? ~UINT64_C(0) : UINT64_C(0xffffffff));
    return offset + 7 <= limit;
}

enum whe_result whe_read_descriptor(struct whe_call *call, uint16_t selector, bool *is_there,
                                    uint64_t *descriptor)
{
    uint64_t linear;
    struct whe_span span;
    *descriptor = 0;
    *is_there = (selector & ~SELECTOR_RPL) != 0 && locate(call, selector, &linear);
    if (!*is_there)
        return WHE_OK;
    WHE_TRY(whe_probe(call, linear, 8, WHE_INTENT_READ | WHE_INTENT_SYSTEM, &span));
    return whe_span_read(call, &span, descriptor);
}

enum whe_result whe_mark_segment(struct whe_call *call, const struct whe_new_segment *to)
{
    return to->is_unmarked ? whe_span_write(call, &to->mark, to->value.Attributes & 0xffu) : WHE_OK;
}

/* The last of what may fault: whether the mark can be made. */
static enum whe_result prepare_mark(struct whe_call *call, uint64_t linear,
                                    struct whe_new_segment *to)
{
    to->is_unmarked = !(to->value.SegmentType & TYPE_ACCESSED);
    if (!to->is_unmarked)
        return WHE_OK;
    to->value.SegmentType |= TYPE_ACCESSED;
    return whe_probe(call, linear + ACCESS_BYTE, 1, WHE_INTENT_WRITE | WHE_INTENT_SYSTEM,
                     &to->mark);
}

/* The selector is not null. */
static enum whe_result read_segment(struct whe_call *call, uint16_t selector, uint64_t *linear,
                                    struct whe_new_segment *to)
{
    struct whe_span span;
    uint64_t descriptor;
    if (!locate(call, selector, linear))
        return whe_fault_code(call, WHE_VECTOR_GP, selector & ~SELECTOR_RPL);
    WHE_TRY(whe_probe(call, *linear, 8, WHE_INTENT_READ | WHE_INTENT_SYSTEM, &span));
    WHE_TRY(whe_span_read(call, &span, &descriptor));
    to->value = segment_from_descriptor(descriptor, selector);
    return WHE_OK;
}

enum whe_result whe_find_segment(struct whe_call *call, enum whe_reg segment, uint16_t selector,
                                 struct whe_new_segment *to)
{
    const uint32_t code = selector & ~SELECTOR_RPL;
    uint64_t linear;
    to->is_unmarked = false;
    if (!call->mode.protected_mode) {
        to->value = real_segment(call, whe_segment(&call->regs, segment), selector);
        return WHE_OK;
    }
    if (code == 0)
        return find_null(call, segment, selector, &to->value);
    WHE_TRY(read_segment(call, selector, &linear, to));
    if (!is_allowed(&call->mode, segment, &to->value))
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    if (!to->value.Present)
        return whe_fault_code(call, segment == WHE_REG_SS ? WHE_VECTOR_SS : WHE_VECTOR_NP, code);
    return prepare_mark(call, linear, to);
}

enum whe_result whe_load_segment(struct whe_call *call, enum whe_reg segment, uint16_t selector)
{
    struct whe_new_segment to;
    WHE_TRY(whe_find_segment(call, segment, selector, &to));
    WHE_TRY(whe_mark_segment(call, &to));
    whe_segment_set(&call->regs, segment, &to.value);
    return WHE_OK;
}

#define TYPE_TSS16       1u
#define TYPE_LDT         2u
#define TYPE_CALL_GATE16 4u
#define TYPE_TASK_GATE   5u
#define TYPE_TSS         9u
#define TYPE_CALL_GATE   12u
#define TYPE_BUSY        2u

/* A system descriptor in the place of a code segment, with the checks that come before what it
   would do. In IA-32e mode there are no tasks. SDM 3A, 6.8.6, 8.7. */
static enum whe_result refuse_system(struct whe_call *call, const WHV_X64_SEGMENT_REGISTER *value)
{
    const uint32_t code = value->Selector & ~SELECTOR_RPL;
    const unsigned type = value->SegmentType;
    const unsigned dpl = value->DescriptorPrivilegeLevel;
    const bool is_long = call->mode.long_mode;
    const bool is_call = type == TYPE_CALL_GATE || (type == TYPE_CALL_GATE16 && !is_long);
    const bool is_task =
        !is_long && (type == TYPE_TASK_GATE || type == TYPE_TSS16 || type == TYPE_TSS);
    if ((!is_call && !is_task) || dpl < call->mode.cpl || dpl < (value->Selector & SELECTOR_RPL))
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    if (!value->Present)
        return whe_fault_code(call, WHE_VECTOR_NP, code);
    return is_call ? WHE_CALL_GATE : WHE_TASK_SWITCH;
}

/* Conforming code runs at the caller's level, other code at its own. */
static bool is_code_allowed(const struct whe_mode *mode, const WHV_X64_SEGMENT_REGISTER *value,
                            bool is_return)
{
    const unsigned rpl = value->Selector & SELECTOR_RPL;
    const unsigned dpl = value->DescriptorPrivilegeLevel;
    const unsigned level = is_return ? rpl : mode->cpl;
    if (!(value->SegmentType & TYPE_CODE) || (mode->long_mode && value->Long && value->Default) ||
        (is_return && rpl < mode->cpl))
        return false;
    if (value->SegmentType & TYPE_CONFORMING)
        return dpl <= level;
    return dpl == level && (is_return || rpl <= mode->cpl);
}

static enum whe_result check_code(struct whe_call *call, const WHV_X64_SEGMENT_REGISTER *value,
                                  bool is_return)
{
    const uint32_t code = value->Selector & ~SELECTOR_RPL;
    if (!value->NonSystemSegment && !is_return)
        return refuse_system(call, value);
    if (!value->NonSystemSegment || !is_code_allowed(&call->mode, value, is_return))
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    if (!value->Present)
        return whe_fault_code(call, WHE_VECTOR_NP, code);
    if (is_return && (value->Selector & SELECTOR_RPL) != call->mode.cpl)
        return WHE_OTHER_LEVEL;
    return WHE_OK;
}

uint8_t whe_code_of(const struct whe_mode *mode, const WHV_X64_SEGMENT_REGISTER *code)
{
    if (mode->long_mode && code->Long)
        return WHE_CODE64;
    return code->Default ? WHE_CODE32 : WHE_CODE16;
}

enum whe_result whe_find_code(struct whe_call *call, uint16_t selector, bool is_return,
                              struct whe_new_segment *to)
{
    uint64_t linear;
    to->is_unmarked = false;
    if (!call->mode.protected_mode) {
        to->value = real_segment(call, &call->vp->Cs, selector);
        return WHE_OK;
    }
    if ((selector & ~SELECTOR_RPL) == 0)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    WHE_TRY(read_segment(call, selector, &linear, to));
    WHE_TRY(check_code(call, &to->value, is_return));
    to->value.Selector = (UINT16)((selector & ~SELECTOR_RPL) | call->mode.cpl);
    return prepare_mark(call, linear, to);
}

/* The upper half of a base, and a type that must be 0: SDM 3A, 7.2.3. */
static enum whe_result widen(struct whe_call *call, uint64_t linear, uint32_t code,
                             WHV_X64_SEGMENT_REGISTER *value)
{
    struct whe_span span;
    uint64_t upper;
    WHE_TRY(whe_probe(call, linear + 8, 8, WHE_INTENT_READ | WHE_INTENT_SYSTEM, &span));
    WHE_TRY(whe_span_read(call, &span, &upper));
    if ((upper >> 40 & 0x1f) != 0)
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    value->Base |= upper << 32;
    if (whe_check_canonical(call, value->Base, 1, false) == WHE_FAULT)
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    return WHE_OK;
}

static bool is_right_type(const struct whe_call *call, enum whe_reg reg,
                          const WHV_X64_SEGMENT_REGISTER *value)
{
    if (value->NonSystemSegment)
        return false;
    if (reg == WHE_REG_LDTR)
        return value->SegmentType == TYPE_LDT;
    return value->SegmentType == TYPE_TSS ||
           (value->SegmentType == TYPE_TSS16 && !call->mode.long_mode);
}

static enum whe_result set_busy(struct whe_call *call, uint64_t linear,
                                WHV_X64_SEGMENT_REGISTER *value)
{
    struct whe_span span;
    value->SegmentType |= TYPE_BUSY;
    WHE_TRY(whe_probe(call, linear + ACCESS_BYTE, 1, WHE_INTENT_WRITE | WHE_INTENT_SYSTEM, &span));
    return whe_span_write(call, &span, value->Attributes & 0xffu);
}

enum whe_result whe_load_system(struct whe_call *call, enum whe_reg reg, uint16_t selector)
{
    const uint32_t code = selector & ~SELECTOR_RPL;
    const unsigned size = call->mode.long_mode ? 16 : 8;
    WHV_X64_SEGMENT_REGISTER value = {.Selector = selector};
    uint64_t linear, descriptor;
    struct whe_span span;
    if (code == 0 && reg == WHE_REG_LDTR) {
        whe_segment_set(&call->regs, reg, &value);
        return WHE_OK;
    }
    if (code == 0 || (selector & SELECTOR_TI) || !locate(call, selector, &linear) ||
        code + size - 1 > call->regs.value[WHE_REG_GDTR].Table.Limit)
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    WHE_TRY(whe_probe(call, linear, 8, WHE_INTENT_READ | WHE_INTENT_SYSTEM, &span));
    WHE_TRY(whe_span_read(call, &span, &descriptor));
    value = segment_from_descriptor(descriptor, selector);
    if (!is_right_type(call, reg, &value))
        return whe_fault_code(call, WHE_VECTOR_GP, code);
    if (size == 16)
        WHE_TRY(widen(call, linear, code, &value));
    if (!value.Present)
        return whe_fault_code(call, WHE_VECTOR_NP, code);
    if (reg == WHE_REG_TR)
        WHE_TRY(set_busy(call, linear, &value));
    whe_segment_set(&call->regs, reg, &value);
    return WHE_OK;
}
