/* SPDX-License-Identifier: MIT */
/* Flags, conversions, decimal adjustment, LEA: SDM 2A, 2B. SALC: AMD and Intel never wrote of it;
   it makes a byte of CF. */
#include "alu.h"
#include "kernel.h"

#define LAHF_FLAGS (WHE_RFLAGS_SF | WHE_RFLAGS_ZF | WHE_RFLAGS_AF | WHE_RFLAGS_PF | WHE_RFLAGS_CF)
#define LAHF_ONE   2u

enum whe_vector whe_kernel_nothing(struct whe_work *work)
{
    (void)work;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_lea(struct whe_work *work)
{
    work->value[0].u64 = work->value[1].u64;
    return WHE_VECTOR_NONE;
}

/* CWD, CDQ, CQO. */
enum whe_vector whe_kernel_sign(struct whe_work *work)
{
    const unsigned size = work->insn->operand[1].size;
    work->value[0].u64 = (uint64_t)((int64_t)whe_sign_extend(work->value[1].u64, size) >> 63);
    return WHE_VECTOR_NONE;
}

/* Of 16 bits the result is undefined: AMD's and Intel's processors give 0. */
uint64_t whe_binary_bswap(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)b, (void)rflags;
    return size == 2 ? 0 : __builtin_bswap64(a) >> whe_alu_unused_bits(size);
}

enum whe_vector whe_kernel_lahf(struct whe_work *work)
{
    work->value[0].u64 = (work->rflags & LAHF_FLAGS) | LAHF_ONE;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_sahf(struct whe_work *work)
{
    work->rflags = (work->rflags & ~LAHF_FLAGS) | (work->value[0].u64 & LAHF_FLAGS);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_clear_flag(struct whe_work *work)
{
    work->rflags &= ~(UINT64_C(1) << work->insn->operation);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_set_flag(struct whe_work *work)
{
    work->rflags |= UINT64_C(1) << work->insn->operation;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_change_flag(struct whe_work *work)
{
    work->rflags ^= UINT64_C(1) << work->insn->operation;
    return WHE_VECTOR_NONE;
}

static void put_carries(struct whe_work *work, bool has_aux, bool has_carry)
{
    work->rflags &= ~(WHE_RFLAGS_AF | WHE_RFLAGS_CF);
    work->rflags |= (has_aux ? WHE_RFLAGS_AF : 0) | (has_carry ? WHE_RFLAGS_CF : 0);
}

/* SF, ZF and PF of AL; the others are left to the caller. */
static void put_result_flags(struct whe_work *work, uint64_t al)
{
    const uint64_t flags = WHE_RFLAGS_SF | WHE_RFLAGS_ZF | WHE_RFLAGS_PF;
    work->rflags = (work->rflags & ~flags) | (whe_alu_result_flags(al, 1) & flags);
}

/* DAA, DAS. */
enum whe_vector whe_kernel_adjust_packed(struct whe_work *work)
{
    const bool is_subtraction = work->insn->operation != 0;
    const unsigned old = work->value[0].u64 & 0xff;
    const bool had_carry = (work->rflags & WHE_RFLAGS_CF) != 0;
    const bool has_aux = (old & 0xf) > 9 || (work->rflags & WHE_RFLAGS_AF) != 0;
    const bool has_high = old > 0x99 || had_carry;
    const unsigned by = (has_aux ? 6u : 0) + (has_high ? 0x60u : 0);
    /* DAS also keeps the borrow of its first step. */
    const bool has_borrow = is_subtraction && has_aux && old < 6;
    const unsigned al = (is_subtraction ? old - by : old + by) & 0xff;
    work->value[0].u64 = al;
    put_result_flags(work, al);
    put_carries(work, has_aux, has_high || has_borrow);
    return WHE_VECTOR_NONE;
}

/* AAA, AAS: AL, AH. */
enum whe_vector whe_kernel_adjust_digit(struct whe_work *work)
{
    const bool is_subtraction = work->insn->operation != 0;
    const bool is_adjusted = (work->value[0].u64 & 0xf) > 9 || (work->rflags & WHE_RFLAGS_AF) != 0;
    uint64_t ax = work->value[1].u64 << 8 | work->value[0].u64;
    if (is_adjusted)
        ax = is_subtraction ? ax - 0x106 : ax + 0x106;
    work->value[0].u64 = ax & 0xf;
    work->value[1].u64 = ax >> 8 & 0xff;
    put_carries(work, is_adjusted, is_adjusted);
    return WHE_VECTOR_NONE;
}

/* The base, AL, AH. */
enum whe_vector whe_kernel_aam(struct whe_work *work)
{
    const uint64_t base = work->value[0].u64 & 0xff;
    const uint64_t al = work->value[1].u64;
    if (base == 0)
        return WHE_VECTOR_DE;
    work->value[1].u64 = al % base;
    work->value[2].u64 = al / base;
    put_result_flags(work, al % base);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_aad(struct whe_work *work)
{
    const uint64_t base = work->value[0].u64 & 0xff;
    const uint64_t al = (work->value[1].u64 + work->value[2].u64 * base) & 0xff;
    work->value[1].u64 = al;
    work->value[2].u64 = 0;
    put_result_flags(work, al);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_salc(struct whe_work *work)
{
    work->value[0].u64 = work->rflags & WHE_RFLAGS_CF ? 0xff : 0;
    return WHE_VECTOR_NONE;
}
