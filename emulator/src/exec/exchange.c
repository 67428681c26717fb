/* SPDX-License-Identifier: MIT */
/*
 * XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B: SDM 2A, 2D. With or without LOCK they are a read and
 * a write of the operand; nothing but the virtual machine can make that atomic.
 */
#include <string.h>

#include "alu.h"
#include "kernel.h"

enum whe_vector whe_kernel_xchg(struct whe_work *work)
{
    const uint64_t first = work->value[0].u64;
    work->value[0].u64 = work->value[1].u64;
    work->value[1].u64 = first;
    return WHE_VECTOR_NONE;
}

/* Where both are one register, the sum stays: the first operand is written last. */
enum whe_vector whe_kernel_xadd(struct whe_work *work)
{
    union whe_value *value = work->value;
    const uint64_t sum =
        whe_alu_add(value[0].u64, value[1].u64, 0, work->insn->operand[0].size, &work->rflags);
    value[1].u64 = value[0].u64;
    value[0].u64 = sum;
    return WHE_VECTOR_NONE;
}

/* The destination, the new value, the accumulator. A comparison that fails still does its write
   cycle in memory; a register stays as it is. */
enum whe_vector whe_kernel_cmpxchg(struct whe_work *work)
{
    const struct whe_operand *to = &work->insn->operand[0];
    union whe_value *value = work->value;
    const uint64_t old = value[0].u64;
    whe_alu_sub(value[2].u64, old, 0, to->size, &work->rflags);
    if (value[2].u64 == old) {
        value[0].u64 = value[1].u64;
        work->writes &= (uint8_t) ~(1u << 2);
    } else {
        value[2].u64 = old;
        if (to->kind != WHE_OPERAND_MEMORY)
            work->writes &= (uint8_t)~1u;
    }
    return WHE_VECTOR_NONE;
}

/* Two halves of 4 or 8 bytes: memory, then rDX and rAX, which are compared, rCX and rBX, which are
   stored. */
enum whe_vector whe_kernel_cmpxchg_pair(struct whe_work *work)
{
    const unsigned half = work->insn->operand[0].size / 2u;
    union whe_value *value = work->value;
    uint8_t *bytes = value[0].bytes;
    uint64_t low = 0;
    uint64_t high = 0;
    memcpy(&low, bytes, half);
    memcpy(&high, bytes + half, half);
    work->rflags &= ~WHE_RFLAGS_ZF;
    if (low == value[2].u64 && high == value[1].u64) {
        memcpy(bytes, &value[4].u64, half);
        memcpy(bytes + half, &value[3].u64, half);
        work->rflags |= WHE_RFLAGS_ZF;
        work->writes = 1;
    } else {
        value[2].u64 = low;
        value[1].u64 = high;
    }
    return WHE_VECTOR_NONE;
}
