/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENTS 6

/* A segment register in a saved context. */
struct hidden {
    uint32_t selector;
    uint32_t padding;
    uint64_t base;
    uint32_t limit;
    uint32_t flags; /* the upper half of the descriptor without base and limit */
};

struct registers {
    uc_engine *uc;
    uc_context *context;
    size_t segments; /* offset of the first of SEGMENTS struct hidden */
};

/* In the order in which a context has them. */
static const struct {
    WHV_REGISTER_NAME name;
    int unicorn;
} segments[SEGMENTS] = {
    {WHvX64RegisterEs, UC_X86_REG_ES}, {WHvX64RegisterCs, UC_X86_REG_CS},
    {WHvX64RegisterSs, UC_X86_REG_SS}, {WHvX64RegisterDs, UC_X86_REG_DS},
    {WHvX64RegisterFs, UC_X86_REG_FS}, {WHvX64RegisterGs, UC_X86_REG_GS},
};

/* Without those that 32-bit processors lack. */
static const struct {
    WHV_REGISTER_NAME name;
    int unicorn;
    unsigned size;
} plain[] = {
    {WHvX64RegisterRax, UC_X86_REG_EAX, 4},       {WHvX64RegisterRcx, UC_X86_REG_ECX, 4},
    {WHvX64RegisterRdx, UC_X86_REG_EDX, 4},       {WHvX64RegisterRbx, UC_X86_REG_EBX, 4},
    {WHvX64RegisterRsp, UC_X86_REG_ESP, 4},       {WHvX64RegisterRbp, UC_X86_REG_EBP, 4},
    {WHvX64RegisterRsi, UC_X86_REG_ESI, 4},       {WHvX64RegisterRdi, UC_X86_REG_EDI, 4},
    {WHvX64RegisterRflags, UC_X86_REG_EFLAGS, 4}, {WHvX64RegisterCr0, UC_X86_REG_CR0, 4},
    {WHvX64RegisterCr2, UC_X86_REG_CR2, 4},       {WHvX64RegisterCr3, UC_X86_REG_CR3, 4},
    {WHvX64RegisterCr4, UC_X86_REG_CR4, 4},       {WHvX64RegisterXmm0, UC_X86_REG_XMM0, 16},
    {WHvX64RegisterXmm1, UC_X86_REG_XMM1, 16},    {WHvX64RegisterXmm2, UC_X86_REG_XMM2, 16},
    {WHvX64RegisterXmm3, UC_X86_REG_XMM3, 16},    {WHvX64RegisterXmm4, UC_X86_REG_XMM4, 16},
    {WHvX64RegisterXmm5, UC_X86_REG_XMM5, 16},    {WHvX64RegisterXmm6, UC_X86_REG_XMM6, 16},
    {WHvX64RegisterXmm7, UC_X86_REG_XMM7, 16},
};

static uint16_t probe(unsigned segment)
{
    return (uint16_t)(0x1357 + 0x1111 * segment);
}

static bool is_layout(const uint8_t *at)
{
    for (unsigned i = 0; i < SEGMENTS; i++) {
        struct hidden hidden;
        memcpy(&hidden, at + i * sizeof(hidden), sizeof(hidden));
        if (hidden.selector != probe(i) || hidden.base != (uint64_t)probe(i) * 16 ||
            hidden.limit != 0xffff)
            return false;
    }
    return true;
}

static bool find_segments(struct registers *registers)
{
    const size_t size = uc_context_size(registers->uc);
    const uint8_t *bytes = (const uint8_t *)registers->context;
    const uint16_t zero = 0;
    for (unsigned i = 0; i < SEGMENTS; i++) {
        const uint16_t selector = probe(i);
        uc_reg_write(registers->uc, segments[i].unicorn, &selector);
    }
    uc_context_save(registers->uc, registers->context);
    for (unsigned i = 0; i < SEGMENTS; i++)
        uc_reg_write(registers->uc, segments[i].unicorn, &zero);
    for (size_t at = 0; at + SEGMENTS * sizeof(struct hidden) <= size; at += 4) {
        registers->segments = at;
        if (is_layout(bytes + at))
            return true;
    }
    return false;
}

struct registers *registers_create(uc_engine *uc)
{
    struct registers *registers = calloc(1, sizeof(*registers));
    if (!registers)
        return NULL;
    registers->uc = uc;
    if (uc_context_alloc(uc, &registers->context) == UC_ERR_OK && find_segments(registers))
        return registers;
    registers_destroy(registers);
    return NULL;
}

void registers_destroy(struct registers *registers)
{
    if (!registers)
        return;
    if (registers->context)
        uc_context_free(registers->context);
    free(registers);
}

static void get_segment(struct registers *registers, unsigned index,
                        WHV_X64_SEGMENT_REGISTER *value)
{
    struct hidden hidden;
    const uint8_t *bytes = (const uint8_t *)registers->context;
    uc_context_save(registers->uc, registers->context);
    memcpy(&hidden, bytes + registers->segments + index * sizeof(hidden), sizeof(hidden));
    value->Base = hidden.base;
    value->Limit = hidden.limit;
    value->Selector = (UINT16)hidden.selector;
    value->Attributes = (UINT16)(hidden.flags >> 8 & 0xf0ff);
}

static void get_table(struct registers *registers, int unicorn, WHV_X64_TABLE_REGISTER *value)
{
    uc_x86_mmr table = {0};
    uc_reg_read(registers->uc, unicorn, &table);
    value->Base = table.base;
    value->Limit = (UINT16)table.limit;
}

bool registers_get(struct registers *registers, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE *value)
{
    memset(value, 0, sizeof(*value));
    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (plain[i].name == name)
            return uc_reg_read(registers->uc, plain[i].unicorn, value) == UC_ERR_OK &&
                   (plain[i].size == 16 || (value->Reg64 &= 0xffffffff, true));
    for (unsigned i = 0; i < SEGMENTS; i++)
        if (segments[i].name == name) {
            get_segment(registers, i, &value->Segment);
            return true;
        }
    if (name == WHvX64RegisterGdtr || name == WHvX64RegisterIdtr) {
        get_table(registers, name == WHvX64RegisterGdtr ? UC_X86_REG_GDTR : UC_X86_REG_IDTR,
                  &value->Table);
        return true;
    }
    /* What a 32-bit processor lacks is zero. */
    return (name >= WHvX64RegisterR8 && name <= WHvX64RegisterR15) || name == WHvX64RegisterCr8 ||
           name == WHvX64RegisterEfer;
}

bool registers_set(struct registers *registers, WHV_REGISTER_NAME name,
                   const WHV_REGISTER_VALUE *value)
{
    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (plain[i].name == name)
            return uc_reg_write(registers->uc, plain[i].unicorn, value) == UC_ERR_OK;
    for (unsigned i = 0; i < SEGMENTS; i++)
        if (segments[i].name == name)
            return uc_reg_write(registers->uc, segments[i].unicorn, &value->Segment.Selector) ==
                   UC_ERR_OK;
    return name >= WHvX64RegisterR8 && name <= WHvX64RegisterR15 && value->Reg64 == 0;
}
