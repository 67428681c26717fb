/* SPDX-License-Identifier: MIT */
/* XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B. */
#include <inttypes.h>

#include "generate.h"

#define NOISE UINT64_C(0x1122334455667788)
#define LOCK  0xf0u

static const unsigned sizes[] = {1, 2, 4, 8};

static void exchange(struct gen_writer *writer, bool adds, bool is_locked, unsigned size,
                     uint64_t memory, uint64_t value)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s%s-m%u-r%u-%" PRIx64 "-%" PRIx64, is_locked ? "lock-" : "",
             adds ? "xadd" : "xchg", 8 * size, 8 * size, memory, value);
    if (is_locked)
        gen_byte(c, LOCK);
    gen_width(c, size);
    gen_opcode(c, (adds ? 0x0fc0 : 0x86) + (size > 1 ? 1u : 0u), ORACLE_RDX);
    uint64_t at = gen_operand(c, memory, size);
    c->in.gpr[ORACLE_RDX] = size == 8 ? value : (NOISE & ~gen_cut(UINT64_MAX, size)) | value;
    c->in.rflags = GEN_STATUS;
    gen_reads(c, at, size);
    gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_exchange(struct gen_writer *writer)
{
    for (unsigned adds = 0; adds < 2; adds++)
        for (unsigned i = 0; i < 4; i++) {
            unsigned size = sizes[i];
            uint64_t top = UINT64_C(1) << (8 * size - 1);
            const uint64_t pairs[][2] = {
                {UINT64_C(0x8899aabbccddeeff), UINT64_C(0x0f1e2d3c4b5a6978)},
                {top, top},
                {top - 1, 1},
                {0, UINT64_MAX}};
            for (unsigned n = 0; n < (adds ? 4u : 1u); n++)
                for (unsigned is_locked = 0; is_locked < 2; is_locked++)
                    exchange(writer, adds, is_locked, size, gen_cut(pairs[n][0], size),
                             gen_cut(pairs[n][1], size));
        }
}

void gen_compare_exchange(struct gen_writer *writer)
{
    static const char *const names[] = {"equal", "below", "above", "sign"};
    for (unsigned size = 0; size < 4; size++)
        for (unsigned n = 0; n < 4; n++)
            for (unsigned is_locked = 0; is_locked < 2; is_locked++) {
                uint64_t memory = gen_cut(UINT64_C(0x8090a0b0c0d0e0f0), sizes[size]);
                const uint64_t accumulators[] = {memory, memory - 1, memory + 1,
                                                 memory >> 1 & ~UINT64_C(0x80)};
                struct gen_case *c = gen_begin(writer, ORACLE_64);
                gen_name(c, "%scmpxchg-m%u-r%u-%s", is_locked ? "lock-" : "", 8 * sizes[size],
                         8 * sizes[size], names[n]);
                if (is_locked)
                    gen_byte(c, LOCK);
                gen_width(c, sizes[size]);
                gen_opcode(c, 0x0fb0 + (sizes[size] > 1 ? 1u : 0u), ORACLE_RDX);
                uint64_t at = gen_operand(c, memory, sizes[size]);
                uint64_t mask = gen_cut(UINT64_MAX, sizes[size]);
                c->in.gpr[ORACLE_RAX] = (NOISE & ~mask) | (accumulators[n] & mask);
                c->in.gpr[ORACLE_RDX] = UINT64_C(0xfedcba9876543210);
                c->in.rflags = n & 1 ? GEN_STATUS : 0;
                gen_reads(c, at, sizes[size]);
                gen_writes(c, at, sizes[size]);
                gen_emit(writer);
            }
}

void gen_compare_exchange_pair(struct gen_writer *writer)
{
    static const char *const names[] = {"equal", "low-differs", "high-differs", "both-differ"};
    const uint64_t low = UINT64_C(0x8877665544332211), high = UINT64_C(0xffeeddccbbaa9988);
    for (unsigned half = 4; half <= 8; half += 4)
        for (unsigned n = 0; n < 4; n++)
            for (unsigned is_locked = 0; is_locked < 2; is_locked++) {
                struct gen_case *c = gen_begin(writer, ORACLE_64);
                gen_name(c, "%scmpxchg%ub-%s", is_locked ? "lock-" : "", 2 * half, names[n]);
                if (is_locked)
                    gen_byte(c, LOCK);
                gen_width(c, half);
                gen_opcode(c, 0x0fc7, 1);
                /* rBX is stored, so another register has to point. */
                c->in.code[c->in.code_size - 1] = 1 << 3 | ORACLE_RSI;
                uint64_t at = gen_operand(c, gen_cut(low, half), half);
                gen_poke(c, at + half, gen_cut(high, half), half);
                c->in.gpr[ORACLE_RSI] = at;
                c->in.gpr[ORACLE_RBX] = UINT64_C(0x0102030405060708);
                c->in.gpr[ORACLE_RCX] = UINT64_C(0x1112131415161718);
                /* Without REX.W the upper halves do not take part. */
                uint64_t noise = half == 4 ? NOISE & ~(uint64_t)UINT32_MAX : 0;
                c->in.gpr[ORACLE_RAX] = noise | (gen_cut(low, half) ^ (n & 1 ? 0x80 : 0));
                c->in.gpr[ORACLE_RDX] = noise | (gen_cut(high, half) ^ (n & 2 ? 0x80 : 0));
                c->in.rflags = n & 1 ? GEN_STATUS : GEN_STATUS & ~GEN_ZF;
                gen_reads(c, at, 2 * half);
                gen_writes(c, at, 2 * half);
                gen_emit(writer);
            }
}
