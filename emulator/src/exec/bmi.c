/* SPDX-License-Identifier: MIT */
/*
 * Bit counts, BMI1, BMI2, ADX, CRC32: SDM 2A, 2B, 2D. In C: they are short, and the host need not
 * have them. Flags that the manual leaves undefined are cleared, as AMD's processors do.
 */
#include "alu.h"
#include "kernel.h"

/* Castagnoli's polynomial, its bits reversed. */
#define CRC32C UINT32_C(0x82f63b78)

static void put_flags(uint64_t *rflags, uint64_t set)
{
    *rflags = (*rflags & ~WHE_RFLAGS_STATUS) | set;
}

static uint64_t flag_if(bool condition, uint64_t flag)
{
    return condition ? flag : 0;
}

uint64_t whe_binary_popcnt(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)a, (void)size;
    put_flags(rflags, flag_if(b == 0, WHE_RFLAGS_ZF));
    return (unsigned)__builtin_popcountll(b);
}

/* CF: there is no bit; ZF: there are none to count. */
static uint64_t count(uint64_t counted, uint64_t b, uint64_t *rflags)
{
    *rflags &= ~(WHE_RFLAGS_CF | WHE_RFLAGS_ZF);
    *rflags |= flag_if(b == 0, WHE_RFLAGS_CF) | flag_if(counted == 0, WHE_RFLAGS_ZF);
    return counted;
}

uint64_t whe_binary_lzcnt(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)a;
    return count(b ? (unsigned)__builtin_clzll(b) - whe_alu_unused_bits(size) : 8u * size, b,
                 rflags);
}

uint64_t whe_binary_tzcnt(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
    (void)a;
    return count(b ? (unsigned)__builtin_ctzll(b) : 8u * size, b, rflags);
}

enum whe_vector whe_kernel_crc32(struct whe_work *work)
{
    uint32_t crc = (uint32_t)work->value[0].u64;
    for (unsigned i = 0; i < work->insn->operand[1].size; i++) {
        crc ^= work->value[1].bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? CRC32C : 0);
    }
    work->value[0].u64 = crc;
    return WHE_VECTOR_NONE;
}

/* The operation: the place of the carry, which is all that changes. */
enum whe_vector whe_kernel_adx(struct whe_work *work)
{
    const unsigned place = work->insn->operation;
    const unsigned carry = work->rflags >> place & 1;
    uint64_t flags = 0;
    work->value[0].u64 = whe_alu_add(work->value[0].u64, work->value[1].u64, carry,
                                     work->insn->operand[0].size, &flags);
    work->rflags &= ~(UINT64_C(1) << place);
    work->rflags |= (flags & WHE_RFLAGS_CF) << place;
    work->writes_flags = true;
    return WHE_VECTOR_NONE;
}

/* The first operand becomes a result of which ZF and SF tell. */
static enum whe_vector give(struct whe_work *work, uint64_t result, bool carry)
{
    const struct whe_operand *to = &work->insn->operand[0];
    result &= to->mask;
    work->value[0].u64 = result;
    put_flags(&work->rflags,
              (whe_alu_result_flags(result, to->size) & (WHE_RFLAGS_ZF | WHE_RFLAGS_SF)) |
                  flag_if(carry, WHE_RFLAGS_CF));
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_andn(struct whe_work *work)
{
    return give(work, ~work->value[1].u64 & work->value[2].u64, false);
}

/* The third operand: where to start, and above that how many bits. */
enum whe_vector whe_kernel_bextr(struct whe_work *work)
{
    const unsigned start = work->value[2].u64 & 0xff;
    const unsigned length = work->value[2].u64 >> 8 & 0xff;
    uint64_t bits = start < 64 ? work->value[1].u64 >> start : 0;
    if (length < 64)
        bits &= (UINT64_C(1) << length) - 1;
    enum whe_vector none = give(work, bits, false);
    work->rflags &= ~WHE_RFLAGS_SF; /* undefined */
    return none;
}

enum whe_vector whe_kernel_blsi(struct whe_work *work)
{
    const uint64_t from = work->value[1].u64;
    return give(work, (0 - from) & from, from != 0);
}

enum whe_vector whe_kernel_blsmsk(struct whe_work *work)
{
    const uint64_t from = work->value[1].u64;
    return give(work, (from - 1) ^ from, from == 0);
}

enum whe_vector whe_kernel_blsr(struct whe_work *work)
{
    const uint64_t from = work->value[1].u64;
    return give(work, (from - 1) & from, from == 0);
}

enum whe_vector whe_kernel_bzhi(struct whe_work *work)
{
    const unsigned bits = 8u * work->insn->operand[0].size;
    const unsigned from = work->value[2].u64 & 0xff;
    const uint64_t keep = from < bits ? (UINT64_C(1) << from) - 1 : UINT64_MAX;
    return give(work, work->value[1].u64 & keep, from >= bits);
}

/* The third operand tells where the low bits of the second go. */
enum whe_vector whe_kernel_pdep(struct whe_work *work)
{
    uint64_t from = work->value[1].u64, to = 0;
    for (uint64_t rest = work->value[2].u64; rest != 0; rest &= rest - 1, from >>= 1)
        to |= from & 1 ? rest & (0 - rest) : 0;
    work->value[0].u64 = to;
    return WHE_VECTOR_NONE;
}

/* The other way round. */
enum whe_vector whe_kernel_pext(struct whe_work *work)
{
    uint64_t to = 0;
    unsigned at = 0;
    for (uint64_t rest = work->value[2].u64; rest != 0; rest &= rest - 1, at++)
        to |= (work->value[1].u64 >> __builtin_ctzll(rest) & 1) << at;
    work->value[0].u64 = to;
    return WHE_VECTOR_NONE;
}

/* The high half, the low half, a factor; the other is rDX. Where both halves are one register the
   high one stays: the first operand is written last. */
enum whe_vector whe_kernel_mulx(struct whe_work *work)
{
    uint64_t flags = 0;
    work->value[1].u64 = whe_alu_mul(work->value[2].u64, work->value[3].u64, false,
                                     work->insn->operand[0].size, &work->value[0].u64, &flags);
    return WHE_VECTOR_NONE;
}

/* The operation: enum whe_shift. No flags. */
enum whe_vector whe_kernel_shift_to(struct whe_work *work)
{
    uint64_t flags = 0;
    work->value[0].u64 =
        whe_alu_shift((enum whe_shift)work->insn->operation, work->value[1].u64,
                      (unsigned)work->value[2].u64 & 0xff, work->insn->operand[0].size, &flags);
    return WHE_VECTOR_NONE;
}
