/* SPDX-License-Identifier: MIT */
/*
 * SGDT, SIDT, SLDT, STR, SMSW: what they store is not the oracle's own, and a system with UMIP does
 * not tell it. The manual's pseudo-code does.
 */
#include "generate.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))
#define UMIP         0x8a0u /* CR4, with PGE and PAE */
#define VECTOR_GP    13u

static const struct {
    const char *name;
    WHV_REGISTER_NAME source;
    uint16_t opcode;
    uint8_t digit;
    bool is_table; /* a limit and a base */
    uint64_t value;
} rows[] = {
    {"sgdt", WHvX64RegisterGdtr, 0x0f01, 0, true, UINT64_C(0xfffff80012345678)},
    {"sidt", WHvX64RegisterIdtr, 0x0f01, 1, true, UINT64_C(0x00007fff89abcdef)},
    {"sldt", WHvX64RegisterLdtr, 0x0f00, 0, false, 0x1238},
    {"str", WHvX64RegisterTr, 0x0f00, 1, false, 0x5670},
    {"smsw", WHvX64RegisterCr0, 0x0f01, 4, false, 0x80050033},
};

static WHV_REGISTER_VALUE source_of(unsigned i, uint64_t value, uint16_t limit)
{
    WHV_REGISTER_VALUE source = {.Reg128 = {.Low64 = 0}};
    if (rows[i].is_table) {
        source.Table.Base = value;
        source.Table.Limit = limit;
    } else if (rows[i].source == WHvX64RegisterCr0) {
        source.Reg64 = value;
    } else {
        source.Segment.Selector = (uint16_t)value;
        source.Segment.Limit = UINT32_MAX;
        source.Segment.Attributes = rows[i].source == WHvX64RegisterTr ? 0x8b : 0x82;
    }
    return source;
}

/* Puts what is stored into the result's memory. */
static void keep(struct gen_case *c, struct oracle_out *out, uint64_t at, uint64_t value,
                 unsigned size)
{
    gen_writes(c, at, size);
    for (unsigned i = 0; i < size; i++)
        out->memory[at - GEN_DEVICE + i] = (uint8_t)(value >> 8 * i);
}

static void store(struct gen_writer *writer, enum oracle_mode mode, unsigned i, bool is_protected)
{
    static const char *const modes[] = {"long64", "prot32"};
    const uint64_t value = gen_cut(rows[i].value, mode == ORACLE_64 ? 8 : 4);
    const uint16_t limit = (uint16_t)(0x57 + 0x110 * i);
    struct gen_case *c = gen_begin(writer, mode);
    gen_name(c, "%s-%s%s", rows[i].name, modes[mode], is_protected ? "-umip-gp" : "");
    gen_opcode(c, rows[i].opcode, rows[i].digit);
    const uint64_t at = gen_operand(c, 0, 8);
    gen_give(c, rows[i].source, source_of(i, value, limit));
    if (is_protected)
        gen_give(c, WHvX64RegisterCr4, (WHV_REGISTER_VALUE){.Reg64 = UMIP});
    struct oracle_out *out = gen_result(c);
    if (is_protected) {
        out->completed = false;
        out->trap = VECTOR_GP;
    } else {
        keep(c, out, at, rows[i].is_table ? limit : value, 2);
        if (rows[i].is_table)
            keep(c, out, at + 2, value, mode == ORACLE_64 ? 8 : 4);
    }
    gen_emit_result(writer, out);
}

void gen_system_store(struct gen_writer *writer)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_32; mode++)
        for (unsigned i = 0; i < COUNT(rows); i++)
            for (unsigned is_protected = 0; is_protected < 2; is_protected++)
                store(writer, mode, i, is_protected);
}
