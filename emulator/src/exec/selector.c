/* SPDX-License-Identifier: MIT */
/* LAR, LSL, VERR, VERW: SDM 2A, 2D. The descriptor was read; without one ZF is 0. */
#include "kernel.h"
#include "rflags.h"

#define SELECTOR_RPL 3u

#define TYPE_WRITABLE   2u /* data */
#define TYPE_READABLE   2u /* code */
#define TYPE_CONFORMING 4u /* code */
#define TYPE_CODE       8u

/* System descriptors that LAR and LSL know, by type (SDM 2A, tables of LAR and LSL): the TSS of 16
   and of 32 bits, the LDT, gates; in IA-32e mode others do not exist. */
#define TSS16        (1u << 1 | 1u << 3)
#define LDT          (1u << 2)
#define GATES16      (1u << 4 | 1u << 5)
#define TSS32        (1u << 9 | 1u << 11)
#define CALL_GATE32  (1u << 12)
#define LSL_TYPES    (TSS16 | LDT | TSS32)
#define LAR_TYPES    (LSL_TYPES | GATES16 | CALL_GATE32)
#define LSL_TYPES_64 (LDT | TSS32)
#define LAR_TYPES_64 (LSL_TYPES_64 | CALL_GATE32)

static unsigned type_of(uint64_t descriptor)
{
    return descriptor >> 40 & 15;
}

static bool is_system(uint64_t descriptor)
{
    return (descriptor >> 44 & 1) == 0;
}

/* Conforming code may be seen by everybody. */
static bool is_privileged(const struct whe_work *work, uint64_t selector)
{
    const unsigned dpl = work->descriptor >> 45 & 3;
    const unsigned conforming = TYPE_CODE | TYPE_CONFORMING;
    if (!is_system(work->descriptor) && (type_of(work->descriptor) & conforming) == conforming)
        return true;
    return work->mode->cpl <= dpl && (selector & SELECTOR_RPL) <= dpl;
}

static void set_zero_flag(struct whe_work *work, bool is_set)
{
    work->rflags = (work->rflags & ~WHE_RFLAGS_ZF) | (is_set ? WHE_RFLAGS_ZF : 0);
}

/* The first operand becomes the value, or stays. */
static enum whe_vector give(struct whe_work *work, unsigned system_types, uint64_t value)
{
    const bool is_right =
        work->has_descriptor && is_privileged(work, work->value[1].u64) &&
        (!is_system(work->descriptor) || (system_types >> type_of(work->descriptor) & 1));
    if (is_right)
        work->value[0].u64 = value;
    else
        work->writes &= (uint8_t)~1u;
    set_zero_flag(work, is_right);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_lar(struct whe_work *work)
{
    return give(work, work->mode->long_mode ? LAR_TYPES_64 : LAR_TYPES,
                work->descriptor >> 32 & 0x00ffff00);
}

enum whe_vector whe_kernel_lsl(struct whe_work *work)
{
    const uint64_t d = work->descriptor;
    uint64_t limit = (d & 0xffff) | (d >> 32 & 0xf0000);
    if (d >> 55 & 1)
        limit = limit << 12 | 0xfff;
    return give(work, work->mode->long_mode ? LSL_TYPES_64 : LSL_TYPES, limit);
}

/* The operation: is it to be written? */
enum whe_vector whe_kernel_verify(struct whe_work *work)
{
    const unsigned type = type_of(work->descriptor);
    const bool is_readable = !(type & TYPE_CODE) || (type & TYPE_READABLE);
    const bool is_writable = !(type & TYPE_CODE) && (type & TYPE_WRITABLE);
    set_zero_flag(work, work->has_descriptor && !is_system(work->descriptor) &&
                            is_privileged(work, work->value[0].u64) &&
                            (work->insn->operation ? is_writable : is_readable));
    return WHE_VECTOR_NONE;
}
