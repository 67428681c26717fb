/* SPDX-License-Identifier: MIT */
#include "deliver.h"

#include <stdio.h>

#include "paging.h"

#define PRESENT    0x8000u /* of a descriptor's upper half */
#define FLAG_NT    0x4000u
#define FLAG_AC    0x40000u
#define STACK_SIZE 6 /* words of the largest frame */

struct frame {
    uint64_t word[STACK_SIZE];
    unsigned count;
    unsigned size; /* of a word */
};

static void add(struct frame *frame, uint64_t word)
{
    frame->word[frame->count++] = word;
}

/* Memory goes first: what fails changes no register. */
static bool push(struct memory *memory, struct registers *registers, const struct frame *frame,
                 uint64_t sp, uint64_t mask)
{
    const uint64_t base =
        mask == UINT64_MAX ? 0 : registers_segment(registers, WHvX64RegisterSs)->Base;
    for (unsigned i = 0; i < frame->count; i++) {
        sp = (sp & ~mask) | ((sp - frame->size) & mask);
        if (!paging_write(memory, registers, base + (sp & mask), &frame->word[i], frame->size))
            return false;
    }
    registers_set(registers, WHvX64RegisterRsp, sp);
    return true;
}

static void enter(struct registers *registers, uint64_t rip, uint64_t cleared)
{
    const uint64_t flags = registers_get(registers, WHvX64RegisterRflags);
    registers_set(registers, WHvX64RegisterRflags, flags & ~cleared);
    registers_set(registers, WHvX64RegisterRip, rip);
    registers_set(registers, WHvRegisterInterruptState, 0);
}

static bool deliver_real(struct memory *memory, struct registers *registers,
                         const struct event *event)
{
    WHV_X64_SEGMENT_REGISTER *cs = &registers->general[WHvX64RegisterCs].Segment;
    uint16_t entry[2];
    struct frame frame = {.size = 2};
    add(&frame, registers_get(registers, WHvX64RegisterRflags));
    add(&frame, cs->Selector);
    add(&frame, registers_get(registers, WHvX64RegisterRip));
    const uint64_t table = registers->general[WHvX64RegisterIdtr].Table.Base;
    if (!paging_read(memory, registers, table + event->vector * 4u, entry, sizeof(entry)) ||
        !push(memory, registers, &frame, registers_get(registers, WHvX64RegisterRsp), 0xffff))
        return false;
    cs->Selector = entry[1];
    cs->Base = (UINT64)entry[1] * 16;
    enter(registers, entry[0], RFLAGS_IF | RFLAGS_TF | RFLAGS_RF | FLAG_AC);
    return true;
}

static bool load_code(struct memory *memory, const struct registers *registers, uint16_t selector,
                      WHV_X64_SEGMENT_REGISTER *cs)
{
    const WHV_X64_TABLE_REGISTER *gdt = &registers->general[WHvX64RegisterGdtr].Table;
    uint32_t half[2];
    if (!(selector & 0xfffc) || selector & 4 || (selector & 0xfff8u) + 7u > gdt->Limit ||
        !paging_read(memory, registers, gdt->Base + (selector & 0xfff8u), half, sizeof(half)))
        return false;
    *cs = (WHV_X64_SEGMENT_REGISTER){.Selector = selector,
                                     .Base = half[0] >> 16 | (half[1] & 0xff) << 16 |
                                             (half[1] & 0xff000000),
                                     .Limit = (half[0] & 0xffff) | (half[1] & 0xf0000),
                                     .Attributes = (UINT16)(half[1] >> 8 & 0xf0ff)};
    if (cs->Granularity)
        cs->Limit = cs->Limit << 12 | 0xfff;
    return cs->Present && cs->DescriptorPrivilegeLevel == registers_cpl(registers);
}

static bool deliver_protected(struct memory *memory, struct registers *registers,
                              const struct event *event)
{
    const bool is_long = registers_is_long(registers);
    const unsigned gate_size = is_long ? 16 : 8;
    const WHV_X64_TABLE_REGISTER *idt = &registers->general[WHvX64RegisterIdtr].Table;
    uint32_t gate[4] = {0};
    WHV_X64_SEGMENT_REGISTER cs;
    const uint64_t at = idt->Base + event->vector * (uint64_t)gate_size;
    if (event->vector * gate_size + gate_size - 1 > idt->Limit ||
        !paging_read(memory, registers, at, gate, gate_size) || !(gate[1] & PRESENT) ||
        !load_code(memory, registers, (uint16_t)(gate[0] >> 16), &cs))
        return false;
    const unsigned type = gate[1] >> 8 & 0x1f;
    if ((type & 0x16) != 6 || (is_long && (type < 0xe || gate[1] & 7)))
        return false; /* a task, or a stack of its own */
    const WHV_X64_SEGMENT_REGISTER *ss = registers_segment(registers, WHvX64RegisterSs);
    struct frame frame = {.size = is_long ? 8 : type & 8 ? 4 : 2};
    uint64_t sp = registers_get(registers, WHvX64RegisterRsp);
    if (is_long) {
        add(&frame, ss->Selector);
        add(&frame, sp);
        sp &= ~15ULL;
    }
    add(&frame, registers_get(registers, WHvX64RegisterRflags));
    add(&frame, registers_segment(registers, WHvX64RegisterCs)->Selector);
    add(&frame, registers_get(registers, WHvX64RegisterRip));
    if (event->has_error)
        add(&frame, event->error);
    if (!push(memory, registers, &frame, sp,
              is_long       ? UINT64_MAX
              : ss->Default ? 0xffffffff
                            : 0xffff))
        return false;
    registers->general[WHvX64RegisterCs].Segment = cs;
    const uint64_t offset = (gate[0] & 0xffff) | (gate[1] & 0xffff0000) | (uint64_t)gate[2] << 32;
    enter(registers, frame.size == 2 ? offset & 0xffff : offset,
          RFLAGS_TF | FLAG_NT | RFLAGS_RF | (type & 1 ? 0 : RFLAGS_IF));
    return true;
}

bool deliver(struct memory *memory, struct registers *registers, const struct event *event)
{
    const bool done = registers_is_protected(registers)
                          ? deliver_protected(memory, registers, event)
                          : deliver_real(memory, registers, event);
    if (!done)
        fprintf(stderr, "vector %#x cannot be delivered\n", event->vector);
    return done;
}
