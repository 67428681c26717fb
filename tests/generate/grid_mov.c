/* SPDX-License-Identifier: MIT */
/* MOVZX, MOVSX, MOVSXD, byte registers, effective addresses, MOVBE, MOVNTI, XLAT. */
#include "generate.h"

#define NOISE UINT64_C(0x1122334455667788)

static void extend(struct gen_writer *writer, const char *name, unsigned opcode, unsigned from,
                   unsigned to, bool has_sign)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-r%u-m%u-%s", name, 8 * to, 8 * from, has_sign ? "negative" : "positive");
    gen_width(c, to);
    gen_opcode(c, opcode, ORACLE_RDX);
    uint64_t at = gen_operand(c,
                              gen_cut(has_sign ? 0x81a2c384 : 0x71625344, from) |
                                  (has_sign ? UINT64_C(0x80) << (8 * from - 8) : 0),
                              from);
    if (!has_sign)
        c->device[at - GEN_DEVICE + from] = 0xff; /* what must not be read */
    c->in.gpr[ORACLE_RDX] = NOISE;
    gen_reads(c, at, from);
    gen_emit(writer);
}

void gen_extend(struct gen_writer *writer)
{
    for (unsigned has_sign = 0; has_sign < 2; has_sign++)
        for (unsigned to = 2; to <= 8; to *= 2) {
            extend(writer, "movzx", 0x0fb6, 1, to, has_sign);
            extend(writer, "movsx", 0x0fbe, 1, to, has_sign);
            extend(writer, "movzx", 0x0fb7, 2, to, has_sign);
            extend(writer, "movsx", 0x0fbf, 2, to, has_sign);
            if (to == 8)
                extend(writer, "movsxd", 0x63, 4, to, has_sign);
        }
}

static void byte_register(struct gen_writer *writer, bool is_store, unsigned rex, unsigned reg)
{
    static const char *const names[] = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
    static const char *const with_rex[] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    const char *direction = is_store ? "store" : "load";
    if (rex & 4)
        gen_name(c, "%s-r%ub", direction, reg + 8);
    else
        gen_name(c, "%s-%s%s", direction, rex ? "rex-" : "", rex ? with_rex[reg] : names[reg]);
    for (unsigned i = 0; i < 16; i++)
        c->in.gpr[i] = UINT64_C(0x8070605040302010) + i * UINT64_C(0x0101010101010101);
    uint64_t at = gen_operand(c, 0xa5, 1);
    /* High bytes exist without REX alone, where RSI is none of the registers; else R14 points. */
    c->in.gpr[rex ? 14 : ORACLE_RSI] = at;
    if (rex)
        gen_byte(c, 0x41 | rex);
    gen_byte(c, is_store ? 0x88 : 0x8a);
    gen_byte(c, reg << 3 | 6);
    if (is_store)
        gen_writes(c, at, 1);
    else
        gen_reads(c, at, 1);
    gen_emit(writer);
}

void gen_byte_registers(struct gen_writer *writer)
{
    for (unsigned is_store = 0; is_store < 2; is_store++)
        for (unsigned reg = 0; reg < 8; reg++) {
            byte_register(writer, is_store, 0, reg);
            byte_register(writer, is_store, 0x40, reg);
            byte_register(writer, is_store, 0x44, reg);
        }
}

static void wide_register(struct gen_writer *writer, bool is_store, unsigned size, unsigned reg)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-register-%u-%u-bits", is_store ? "store" : "load", reg, 8 * size);
    for (unsigned i = 0; i < 16; i++)
        c->in.gpr[i] = UINT64_C(0x8070605040302010) + i * UINT64_C(0x0101010101010101);
    uint64_t at = gen_operand(c, gen_cut(UINT64_C(0xa5b6c7d8e9fa0b1c), size), size);
    unsigned pointer = reg == ORACLE_RBX ? ORACLE_RSI : ORACLE_RBX;
    c->in.gpr[pointer] = at;
    if (size == 2)
        gen_byte(c, 0x66);
    gen_byte(c, 0x40 | (size == 8 ? 8 : 0) | (reg >= 8 ? 4 : 0));
    gen_byte(c, is_store ? 0x89 : 0x8b);
    gen_byte(c, (reg & 7) << 3 | pointer);
    if (is_store)
        gen_writes(c, at, size);
    else
        gen_reads(c, at, size);
    gen_emit(writer);
}

void gen_wide_registers(struct gen_writer *writer)
{
    for (unsigned is_store = 0; is_store < 2; is_store++)
        for (unsigned size = 2; size <= 8; size *= 2)
            for (unsigned reg = 0; reg < 16; reg++)
                wide_register(writer, is_store, size, reg);
}

/* Small numbers in all registers; those that point hold the device's address as well. */
static void address_registers(struct gen_case *c)
{
    for (unsigned i = 0; i < 16; i++)
        c->in.gpr[i] = 0x21 + 0x13 * i;
    c->in.gpr[ORACLE_RDX] = 0x5a;
}

/* `sib`: -1 for none. */
static void address(struct gen_writer *writer, enum oracle_mode mode, bool other_width,
                    unsigned rex, unsigned mod, unsigned rm, int sib)
{
    static const char *const modes[] = {"long64", "prot32", "prot16"};
    struct gen_case *c = gen_begin(writer, mode);
    bool is16 = (mode == ORACLE_16) != (other_width && mode != ORACLE_64);
    bool has_sib = sib >= 0;
    unsigned base = (has_sib ? (unsigned)sib & 7 : rm) | (rex & 1) << 3;
    bool is_absolute = mod == 0 && (is16 ? rm == 6 : (base & 7) == 5);
    if (has_sib)
        gen_name(c, "%s%s-rex%x-mod%u-sib%02x", modes[mode], other_width ? "-67" : "", rex & 7, mod,
                 (unsigned)sib);
    else
        gen_name(c, "%s%s-rex%x-mod%u-rm%u", modes[mode], other_width ? "-67" : "", rex & 7, mod,
                 rm);
    address_registers(c);
    if (other_width)
        gen_byte(c, 0x67);
    if (rex)
        gen_byte(c, rex);
    gen_byte(c, 0x88);
    gen_byte(c, mod << 6 | ORACLE_RDX << 3 | rm);
    if (has_sib)
        gen_byte(c, (unsigned)sib);
    if (is16) {
        gen_immediate(c, 0x0234, is_absolute ? 2 : mod == 2 ? 2 : mod);
    } else {
        uint64_t wide = GEN_DEVICE + 0x123;
        gen_immediate(c, mod == 1 ? 0xf3 : wide, is_absolute || mod == 2 ? 4 : mod);
        if (!is_absolute && mod != 2)
            c->in.gpr[base] += GEN_DEVICE + 0x40;
    }
    gen_emit_where(writer);
}

static void addresses_of(struct gen_writer *writer, enum oracle_mode mode, bool other_width,
                         unsigned rex)
{
    bool is16 = (mode == ORACLE_16) != (other_width && mode != ORACLE_64);
    for (unsigned mod = 0; mod < 3; mod++)
        for (unsigned rm = 0; rm < 8; rm++) {
            bool is_sib = !is16 && rm == 4;
            /* RIP-relative addresses differ from here to the guest. */
            bool is_rip = mode == ORACLE_64 && mod == 0 && rm == 5;
            if (!is_sib && !is_rip)
                address(writer, mode, other_width, rex, mod, rm, -1);
        }
}

static void sibs_of(struct gen_writer *writer, enum oracle_mode mode, bool other_width,
                    unsigned rex)
{
    /* No index, index and base of each kind, each scale. */
    static const uint8_t sibs[] = {0x24, 0x23, 0x0b, 0x4b, 0x8b, 0xcb, 0x35, 0xf5,
                                   0x3c, 0x6e, 0xa5, 0x25, 0x7d, 0xee, 0x07};
    for (unsigned mod = 0; mod < 3; mod++)
        for (unsigned i = 0; i < sizeof(sibs); i++) {
            unsigned base = (sibs[i] & 7u) | (rex & 1) << 3;
            unsigned index = (sibs[i] >> 3 & 7u) | (rex & 2) << 2;
            if (base != index || index == 4)
                address(writer, mode, other_width, rex, mod, 4, sibs[i]);
        }
}

void gen_address(struct gen_writer *writer)
{
    addresses_of(writer, ORACLE_16, false, 0);
    addresses_of(writer, ORACLE_32, false, 0);
    addresses_of(writer, ORACLE_64, false, 0);
    addresses_of(writer, ORACLE_64, false, 0x41);
    addresses_of(writer, ORACLE_64, true, 0);
    sibs_of(writer, ORACLE_32, false, 0);
    sibs_of(writer, ORACLE_64, false, 0);
    sibs_of(writer, ORACLE_64, false, 0x41);
    sibs_of(writer, ORACLE_64, false, 0x42);
    sibs_of(writer, ORACLE_64, false, 0x43);
    sibs_of(writer, ORACLE_64, true, 0);
}

static void swap(struct gen_writer *writer, const char *name, unsigned opcode, unsigned size,
                 bool is_store)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-%s%u", name, is_store ? "m" : "r", 8 * size);
    gen_width(c, size);
    if (opcode > 0xffff)
        gen_byte(c, opcode >> 16);
    gen_opcode(c, opcode & 0xffff, ORACLE_RDX);
    uint64_t at = gen_operand(c, gen_cut(UINT64_C(0x8091a2b3c4d5e6f7), size), size);
    c->in.gpr[ORACLE_RDX] = NOISE;
    if (is_store)
        gen_writes(c, at, size);
    else
        gen_reads(c, at, size);
    gen_emit(writer);
}

static void table(struct gen_writer *writer, enum oracle_mode mode, bool other_width,
                  unsigned index)
{
    static const char *const modes[] = {"long64", "prot32", "prot16"};
    struct gen_case *c = gen_begin(writer, mode);
    gen_name(c, "xlat-%s%s-%02x", modes[mode], other_width ? "-67" : "", index);
    if (other_width)
        gen_byte(c, 0x67);
    gen_byte(c, 0xd7);
    uint64_t at = gen_operand(c, 0, 1);
    gen_poke(c, at + index, 0xc3, 1);
    c->in.gpr[ORACLE_RAX] = (NOISE & (mode == ORACLE_64 ? ~UINT64_C(0xff) : 0xffffff00)) | index;
    gen_reads(c, at + index, 1);
    gen_emit(writer);
}

void gen_special(struct gen_writer *writer)
{
    for (unsigned size = 2; size <= 8; size *= 2) {
        swap(writer, "movbe", 0x0f38f0, size, false);
        swap(writer, "movbe", 0x0f38f1, size, true);
        if (size > 2)
            swap(writer, "movnti", 0x0fc3, size, true);
    }
    for (unsigned i = 0; i < 3; i++) {
        static const uint8_t indices[] = {0, 0x7f, 0xff};
        table(writer, ORACLE_64, false, indices[i]);
        table(writer, ORACLE_64, true, indices[i]);
        table(writer, ORACLE_32, false, indices[i]);
        table(writer, ORACLE_16, false, indices[i]);
    }
}
