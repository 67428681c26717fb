/* SPDX-License-Identifier: MIT */
/* BT, BTS, BTR, BTC, BSF, BSR. */
#include <inttypes.h>

#include "generate.h"

static const char *const names[] = {"bt", "bts", "btr", "btc"};
static const unsigned sizes[] = {2, 4, 8};

#define PATTERN UINT64_C(0x8001a55a7ffe0180)
#define BASE    (GEN_DEVICE + 0x800)

/* OF, SF, AF and PF are undefined; ZF is not touched. SDM 2A, "BT". */
#define UNDEFINED (GEN_OF | GEN_SF | GEN_AF | GEN_PF)

static void with_register(struct gen_writer *writer, unsigned operation, unsigned size,
                          int64_t offset)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-m%u-r%u-%s%" PRId64, names[operation], 8 * size, 8 * size,
             offset < 0 ? "minus-" : "", offset < 0 ? -offset : offset);
    gen_width(c, size);
    gen_opcode(c, 0x0fa3 + 8 * operation, ORACLE_RDX);
    /* Whole operands of `size` bytes, counted from the address. */
    int64_t bits = 8 * (int64_t)size;
    int64_t operand = (offset - ((offset % bits + bits) % bits)) / bits;
    uint64_t at = BASE + (uint64_t)(operand * (int64_t)size);
    gen_poke(c, at, gen_cut(PATTERN, size), size);
    c->in.gpr[ORACLE_RBX] = BASE;
    /* Bits above the operand's size do not take part. */
    c->in.gpr[ORACLE_RDX] = size == 8
                                ? (uint64_t)offset
                                : (UINT64_C(0x5a5a5a5a5a5a5a5a) & ~gen_cut(UINT64_MAX, size)) |
                                      gen_cut((uint64_t)offset, size);
    c->in.rflags = operation & 1 ? GEN_ZF : GEN_CF;
    c->undefined = UNDEFINED;
    gen_reads(c, at, size);
    if (operation > 0)
        gen_writes(c, at, size);
    gen_emit(writer);
}

void gen_bit_register(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < 4; operation++)
        for (unsigned size = 0; size < 3; size++) {
            const int64_t bits = 8 * (int64_t)sizes[size];
            const int64_t offsets[] = {
                0,     7,         8,         bits - 1,          bits,    bits + 9, -1,
                -bits, -bits - 1, -bits + 1, 0x17ff * 8 - bits, -0x3fff, 8 * 0x800};
            for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
                if (sizes[size] == 2 && offsets[i] > INT16_MAX)
                    continue;
                with_register(writer, operation, sizes[size], offsets[i]);
            }
        }
}

void gen_bit_immediate(struct gen_writer *writer)
{
    for (unsigned operation = 0; operation < 4; operation++)
        for (unsigned size = 0; size < 3; size++) {
            const unsigned bits = 8 * sizes[size];
            const unsigned offsets[] = {0, 8, bits - 1, bits, bits + 7, 0xff};
            for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
                struct gen_case *c = gen_begin(writer, ORACLE_64);
                gen_name(c, "%s-m%u-imm8-%u", names[operation], bits, offsets[i]);
                gen_width(c, sizes[size]);
                gen_opcode(c, 0x0fba, 4 + operation);
                gen_immediate(c, offsets[i], 1);
                uint64_t at = gen_operand(c, gen_cut(PATTERN, sizes[size]), sizes[size]);
                c->in.rflags = i & 1 ? GEN_CF : GEN_ZF;
                c->undefined = UNDEFINED;
                gen_reads(c, at, sizes[size]);
                if (operation > 0)
                    gen_writes(c, at, sizes[size]);
                gen_emit(writer);
            }
        }
}

/* Without a bit that is set the manuals differ about the destination: left out. */
void gen_bit_scan(struct gen_writer *writer)
{
    for (unsigned is_reverse = 0; is_reverse < 2; is_reverse++)
        for (unsigned size = 0; size < 3; size++) {
            const uint64_t top = UINT64_C(1) << (8 * sizes[size] - 1);
            const uint64_t values[] = {1, top, top | 1, 0x180, UINT64_MAX, PATTERN >> 3};
            for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
                uint64_t value = gen_cut(values[i], sizes[size]);
                struct gen_case *c = gen_begin(writer, ORACLE_64);
                gen_name(c, "%s-r%u-m%u-%" PRIx64, is_reverse ? "bsr" : "bsf", 8 * sizes[size],
                         8 * sizes[size], value);
                gen_width(c, sizes[size]);
                gen_opcode(c, 0x0fbc + is_reverse, ORACLE_RDX);
                uint64_t at = gen_operand(c, value, sizes[size]);
                c->in.gpr[ORACLE_RDX] = UINT64_C(0x1122334455667788);
                c->in.rflags = GEN_STATUS;
                c->undefined = UNDEFINED | GEN_CF;
                gen_reads(c, at, sizes[size]);
                gen_emit(writer);
            }
        }
}
