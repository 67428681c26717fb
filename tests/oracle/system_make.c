/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "system.h"

#define R (1u << SYSTEM_REAL)
#define P (1u << SYSTEM_PROTECTED)
#define L (1u << SYSTEM_LONG)

#define ANY    8u
#define MARGIN 0x400u /* that operands keep from both ends of their segment */

#define RFLAGS_FIXED  2u
#define RFLAGS_RANDOM 0x3ed5u /* IOPL OF DF IF SF ZF AF PF CF */

#define CR0_ET     0x10u
#define CR0_RANDOM 0xeu /* MP EM TS */

/* What a load of them may change, of what Unicorn and the emulator have. */
#define CR0_LOADED UINT64_C(0x5002e) /* AM WP NE TS EM MP */
#define CR4_LOADED UINT64_C(0x6df)   /* OSXMMEXCPT OSFXSR PGE MCE PSE DE TSD PVI VME */
#define CR4_PAE    UINT64_C(0x20)

#define ES 0u
#define CS 1u
#define SS 2u
#define DS 3u
#define FS 4u
#define GS 5u

enum form { MEMORY, REGISTER, EITHER, SOLO, FRAME };
enum operand { NUMBER, SELECTOR, TABLE, POINTER, BOUNDS, CONTROL };

/* Descriptors that every case has, by their index. */
enum slot {
    SLOT_NULL,
    SLOT_CODE0, /* SYSTEM_RING0_CODE */
    SLOT_DATA0, /* SYSTEM_RING0_STACK */
    SLOT_CODE,
    SLOT_DATA,
    SLOT_CODE16,
    SLOT_DATA16,
    SLOT_FS,
    SLOT_GS,
    SLOT_FREE
};

static const struct row {
    const char *name;
    unsigned modes;
    uint8_t map, opcode, reg;
    enum form form;
    enum operand operand;
} rows[] = {
#define SYSTEM_ROW(mnemonic, modes, map, opcode, reg, form, operand)                               \
    {#mnemonic, modes, map, opcode, reg, form, operand},
#include "system_rows.def"
};

/* While a case is made. */
struct maker {
    struct rows_random *random;
    struct system_case *the;
    uint8_t *memory;
    const struct row *row;
    unsigned address_size;
    /* REX, or 0. */
    unsigned rex;
    /* A segment, or -1. */
    int override;
    /* Of code, stack and data. */
    unsigned cpl;
};

const char *system_row_name(unsigned row)
{
    return rows[row].name;
}

unsigned system_rows(void)
{
    return sizeof(rows) / sizeof(rows[0]);
}

bool system_row_is_in(unsigned row, enum system_mode mode)
{
    return (rows[row].modes & 1u << mode) != 0;
}

static void emit(struct maker *maker, unsigned byte)
{
    maker->the->code[maker->the->code_size++] = (uint8_t)byte;
}

static WHV_X64_SEGMENT_REGISTER *segment(struct maker *maker, unsigned number)
{
    return &maker->the->before.reg[WHvX64RegisterEs + number].Segment;
}

static uint64_t *gpr(struct maker *maker, unsigned number)
{
    return &maker->the->before.reg[number].Reg64;
}

static uint64_t mask_of(unsigned size)
{
    return size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static void set_part(uint64_t *reg, unsigned size, uint64_t value)
{
    *reg = (*reg & ~mask_of(size)) | (value & mask_of(size));
}

/* SDM 3A, 3.4.5. The limit counts bytes, or pages. */
static uint64_t make_bits(uint32_t base, uint32_t limit, unsigned attributes)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)(attributes & 0xf0ff) << 40 | (uint64_t)(limit & 0xf0000) << 32 |
           (uint64_t)(base >> 24) << 56;
}

static void put_slot(struct maker *maker, uint32_t table, unsigned slot, uint64_t value)
{
    memcpy(maker->memory + table + 8 * slot, &value, sizeof(value));
}

/* A segment register, whose descriptor lies in the table; in real mode it needs none. */
static void set_segment(struct maker *maker, unsigned number, unsigned slot, uint32_t base,
                        uint32_t limit, unsigned attributes)
{
    WHV_X64_SEGMENT_REGISTER *to = segment(maker, number);
    const bool has_pages = (attributes & 0x8000) != 0;
    attributes |= maker->cpl << 5;
    put_slot(maker, SYSTEM_GDT, slot, make_bits(base, limit, attributes));
    *to = (WHV_X64_SEGMENT_REGISTER){.Base = base,
                                     .Limit = has_pages ? limit << 12 | 0xfff : limit,
                                     .Selector = (uint16_t)(8 * slot | maker->cpl)};
    to->Attributes = (uint16_t)attributes;
}

static void make_segments(struct maker *maker)
{
    struct system_case *the = maker->the;
    const bool is_code16 = the->mode == SYSTEM_PROTECTED && rows_once_in(maker->random, 3);
    const bool is_stack16 = the->mode == SYSTEM_PROTECTED && rows_once_in(maker->random, 3);
    /* Unicorn has no way into another CPL in 64-bit mode. */
    maker->cpl = the->mode == SYSTEM_PROTECTED && rows_once_in(maker->random, 3) ? 3 : 0;
    if (the->mode == SYSTEM_REAL) {
        for (unsigned i = ES; i <= GS; i++) {
            const uint16_t selector =
                i == CS ? 0 : (uint16_t)((SYSTEM_DATA >> 4) + rows_below(maker->random, 0x1000));
            *segment(maker, i) = (WHV_X64_SEGMENT_REGISTER){
                .Base = (uint32_t)selector << 4, .Limit = 0xffff, .Selector = selector};
            segment(maker, i)->Attributes = 0x93;
        }
        return;
    }
    put_slot(maker, SYSTEM_GDT, SLOT_CODE0, make_bits(0, 0xfffff, 0xc09b));
    put_slot(maker, SYSTEM_GDT, SLOT_DATA0, make_bits(0, 0xfffff, 0xc093));
    for (unsigned i = ES; i <= DS; i++)
        set_segment(maker, i, SLOT_DATA, 0, 0xfffff, 0xc093);
    set_segment(maker, CS, SLOT_CODE, 0, 0xfffff, the->mode == SYSTEM_LONG ? 0xa09b : 0xc09b);
    set_segment(maker, FS, SLOT_FS, SYSTEM_DATA + 0x100, 0x1ffff, 0x4093);
    set_segment(maker, GS, SLOT_GS, SYSTEM_DATA + 0x230, 0x1ffff, 0x4093);
    if (is_code16)
        set_segment(maker, CS, SLOT_CODE16, 0, 0xffff, 0x009b);
    if (is_stack16)
        set_segment(maker, SS, SLOT_DATA16, SYSTEM_DATA + 0x400, 0xffff, 0x0093);
}

/* A descriptor that may be anything, but is often one that can be loaded. */
static uint64_t make_descriptor(struct maker *maker)
{
    static const uint8_t types[] = {0x92, 0x93, 0x96, 0x9a, 0x9b, 0x9e, 0x82, 0x89, 0x8b, 0x81};
    struct rows_random *random = maker->random;
    unsigned attributes = (unsigned)rows_next(random) & 0xf0ff;
    if (!rows_once_in(random, 3))
        attributes = (attributes & 0xf060) | types[rows_below(random, sizeof(types))];
    if (rows_once_in(random, 2))
        attributes &= ~0x60u; /* DPL 0 */
    return make_bits((uint32_t)rows_next(random), (uint32_t)rows_next(random) & 0xfffff,
                     attributes);
}

/* A selector and what it selects; a descriptor of 16 bytes has a second half. */
static uint16_t make_selector(struct maker *maker)
{
    struct rows_random *random = maker->random;
    uint64_t *descriptor = maker->the->descriptor;
    const unsigned slot = SLOT_FREE + rows_below(random, SYSTEM_SLOTS - SLOT_FREE);
    const bool is_local = rows_once_in(random, 4);
    const unsigned rpl = rows_once_in(random, 3) ? rows_below(random, 4) : 0;
    if (rows_once_in(random, 12))
        return (uint16_t)rpl; /* null */
    const uint32_t table = is_local ? SYSTEM_LDT : SYSTEM_GDT;
    descriptor[0] = make_descriptor(maker);
    put_slot(maker, table, slot, descriptor[0]);
    if (slot + 1 < SYSTEM_SLOTS && maker->the->mode == SYSTEM_LONG) {
        const uint64_t type = rows_once_in(random, 8) ? rows_next(random) << 32 : 0;
        descriptor[1] = type | (uint32_t)((int32_t)rows_next(random) >> 16); /* canonical */
        put_slot(maker, table, slot + 1, descriptor[1]);
    }
    return (uint16_t)(8 * slot | (is_local ? 4 : 0) | rpl);
}

static void make_tables(struct maker *maker)
{
    struct rows_random *random = maker->random;
    WHV_REGISTER_VALUE *reg = maker->the->before.reg;
    const bool is_short = rows_once_in(random, 8);
    reg[WHvX64RegisterGdtr].Table = (WHV_X64_TABLE_REGISTER){
        .Base = SYSTEM_GDT,
        .Limit = (uint16_t)(8 * (is_short ? SYSTEM_SLOTS / 2 : SYSTEM_SLOTS) - 1)};
    reg[WHvX64RegisterIdtr].Table = (WHV_X64_TABLE_REGISTER){
        .Base =
            maker->the->mode == SYSTEM_LONG ? rows_next(random) >> 17 : (uint32_t)rows_next(random),
        .Limit = (uint16_t)rows_next(random)};
    reg[WHvX64RegisterLdtr].Segment = (WHV_X64_SEGMENT_REGISTER){
        .Base = SYSTEM_LDT, .Limit = 8 * SYSTEM_SLOTS - 1, .Selector = 0x1f8};
    reg[WHvX64RegisterLdtr].Segment.Attributes = 0x82;
    reg[WHvX64RegisterTr].Segment = (WHV_X64_SEGMENT_REGISTER){
        .Base = 0x3000, .Limit = 0x67, .Selector = (uint16_t)(rows_next(random) & 0xfff8)};
    reg[WHvX64RegisterTr].Segment.Attributes = 0x8b;
    reg[WHvX64RegisterCr2].Reg64 =
        maker->the->mode == SYSTEM_LONG ? rows_next(random) : (uint32_t)rows_next(random);
    reg[WHvX64RegisterCr3].Reg64 = (uint32_t)rows_next(random) & ~0xfffu;
    reg[WHvX64RegisterCr0].Reg64 |= CR0_ET | (rows_next(random) & CR0_RANDOM);
}

/* Any but CS, which has no data. */
static unsigned pick_override(struct maker *maker)
{
    static const struct {
        uint8_t prefix, number;
    } overrides[] = {{0x64, FS}, {0x65, GS}, {0x26, ES}, {0x36, SS}, {0x3e, DS}};
    const unsigned choice = rows_below(maker->random, maker->the->mode == SYSTEM_LONG ? 2 : 5);
    maker->override = overrides[choice].number;
    return overrides[choice].prefix;
}

/* Prefixes, with the sizes that follow from them. */
static void make_prefixes(struct maker *maker)
{
    struct system_case *the = maker->the;
    const bool is_long = the->mode == SYSTEM_LONG;
    const bool is_16 = the->mode == SYSTEM_REAL || !(segment(maker, CS)->Attributes & 0x6000);
    const bool has_66 = rows_once_in(maker->random, 3), has_67 = rows_once_in(maker->random, 4);
    maker->override = -1;
    if (rows_once_in(maker->random, 6))
        emit(maker, pick_override(maker));
    if (has_66)
        emit(maker, 0x66);
    if (has_67)
        emit(maker, 0x67);
    if (is_long && rows_once_in(maker->random, 2))
        maker->rex = 0x40 | rows_below(maker->random, 16);
    if (maker->row->form == REGISTER) /* REX.R would make CR0 CR8, which Unicorn does not have */
        maker->rex &= ~4u;
    if (maker->rex)
        emit(maker, maker->rex);
    the->operand_size = maker->rex & 8 ? 8 : is_16 != has_66 ? 2 : 4;
    maker->address_size = is_long ? (has_67 ? 4 : 8) : is_16 != has_67 ? 2 : 4;
}

/* An offset in a segment from which an operand of up to MARGIN either way is in memory. */
static uint64_t pick_offset(struct maker *maker, unsigned number, unsigned size)
{
    const bool has_base = maker->the->mode != SYSTEM_LONG || number >= FS;
    const WHV_X64_SEGMENT_REGISTER *in = segment(maker, number);
    const uint64_t base = has_base ? in->Base : 0;
    const uint64_t first = base < SYSTEM_DATA ? SYSTEM_DATA - base : 0;
    uint64_t last = SYSTEM_MEMORY - base - 1;
    if (has_base && in->Limit < last)
        last = in->Limit;
    if (last > mask_of(size))
        last = mask_of(size);
    if (last <= first + 2 * MARGIN)
        return SYSTEM_NEAR + rows_below(maker->random, 0x7000); /* a flat segment by 16 bits */
    return first + MARGIN + rows_below(maker->random, (unsigned)(last - first) - 2 * MARGIN);
}

/* Memory at a base register with a displacement of a byte. @return its address. */
static uint64_t make_address(struct maker *maker, unsigned reg)
{
    /* RBX, RBP, RSI, RDI; SI, DI, BP, BX, which ModRM numbers otherwise. */
    static const uint8_t bases[4] = {3, 5, 6, 7}, bases16[4] = {6, 7, 5, 3};
    const unsigned choice = rows_below(maker->random, 4);
    const bool is_16 = maker->address_size == 2;
    const unsigned rm = is_16 ? 4 + choice : bases[choice];
    const unsigned number = is_16 ? bases16[choice] : bases[choice] | (maker->rex & 1) << 3;
    const bool is_stack = number == 5;
    const unsigned in = maker->override >= 0 ? (unsigned)maker->override : is_stack ? SS : DS;
    const uint64_t offset = pick_offset(maker, in, maker->address_size);
    const int displacement = (int8_t)rows_next(maker->random);
    emit(maker, 0x40 | reg << 3 | rm);
    emit(maker, (uint8_t)displacement);
    set_part(gpr(maker, number), maker->address_size, offset - (uint64_t)(int64_t)displacement);
    const bool has_base = maker->the->mode != SYSTEM_LONG || in >= FS;
    return (has_base ? segment(maker, in)->Base : 0) + offset;
}

/* @return CR0 or CR4 with some bits changed. */
static uint64_t make_control(struct maker *maker)
{
    const WHV_REGISTER_VALUE *reg = maker->the->before.reg;
    const uint64_t changed = rows_next(maker->random) & rows_next(maker->random);
    if (maker->row->reg == 0)
        return reg[WHvX64RegisterCr0].Reg64 ^ (changed & CR0_LOADED);
    return (reg[WHvX64RegisterCr4].Reg64 ^ (changed & CR4_LOADED)) |
           (maker->the->mode == SYSTEM_LONG ? CR4_PAE : 0);
}

/* What the operand holds, as bytes. */
static void make_bytes(struct maker *maker, uint8_t bytes[16])
{
    const uint64_t random[2] = {rows_next(maker->random), rows_next(maker->random)};
    const unsigned size = maker->the->operand_size;
    memcpy(bytes, random, sizeof(random));
    if (maker->the->mode == SYSTEM_LONG && maker->row->operand == TABLE) {
        const int64_t base =
            (int64_t)random[0] >> 17; /* Unicorn takes any, processors canonical ones */
        memcpy(bytes + 2, &base, sizeof(base));
    }
    if (maker->row->operand == CONTROL) {
        const uint64_t value = make_control(maker);
        memcpy(bytes, &value, sizeof(value));
    }
    if (maker->row->operand != SELECTOR && maker->row->operand != POINTER)
        return;
    const uint16_t selector = make_selector(maker);
    memcpy(bytes + (maker->row->operand == POINTER ? size : 0), &selector, sizeof(selector));
}

/* Two numbers near what is in a register. */
static void put_bounds(struct maker *maker, unsigned reg, uint64_t address)
{
    const unsigned size = maker->the->operand_size;
    const uint64_t low = *gpr(maker, reg) + 1 - rows_below(maker->random, 4);
    const uint64_t high = *gpr(maker, reg) - 1 + rows_below(maker->random, 4);
    memcpy(maker->memory + address, &low, size);
    memcpy(maker->memory + address + size, &high, size);
}

/* The stack, and a frame on it. @return the address of its top. */
static uint64_t make_stack(struct maker *maker)
{
    const bool is_long = maker->the->mode == SYSTEM_LONG;
    const unsigned size = is_long ? 8 : segment(maker, SS)->Attributes & 0x4000 ? 4 : 2;
    for (unsigned reg = 4; reg <= 5; reg++)
        set_part(gpr(maker, reg), size, pick_offset(maker, SS, size));
    /* Around the end of a small one, which no element straddles; with the end of no page near. */
    const unsigned in_page = segment(maker, SS)->Base & 0xfff;
    if (size == 2 && in_page >= 0x200 && in_page < 0xe00 && rows_once_in(maker->random, 4))
        set_part(gpr(maker, 4 + rows_below(maker->random, 2)), size,
                 8u * rows_below(maker->random, 64) - 256);
    return (is_long ? 0 : segment(maker, SS)->Base) + (*gpr(maker, 4) & mask_of(size));
}

static void make_operands(struct maker *maker)
{
    const struct row *row = maker->row;
    struct system_case *the = maker->the;
    uint8_t bytes[16];
    const bool has_modrm = row->form != SOLO && row->form != FRAME;
    const unsigned reg = row->reg == ANY ? rows_below(maker->random, 8) : row->reg;
    uint64_t address = make_stack(maker);
    make_bytes(maker, bytes);
    the->is_register =
        row->form == REGISTER || (row->form == EITHER && rows_once_in(maker->random, 3));
    if (row->form == FRAME) {
        emit(maker, (uint8_t)rows_next(maker->random));
        emit(maker, rows_below(maker->random, 2)); /* the frame stays in memory */
        emit(maker, rows_below(maker->random, rows_once_in(maker->random, 3) ? 256 : 4));
    } else if (has_modrm && the->is_register) {
        const unsigned rm = rows_below(maker->random, 8);
        emit(maker, 0xc0 | reg << 3 | rm);
        memcpy(gpr(maker, rm | (maker->rex & 1) << 3), bytes, row->operand == CONTROL ? 8 : 2);
    } else if (has_modrm) {
        address = make_address(maker, reg);
    }
    if (!the->is_register)
        memcpy(maker->memory + address, bytes, sizeof(bytes));
    if (row->operand == BOUNDS)
        put_bounds(maker, reg, address);
}

void system_make(struct rows_random *random, enum system_mode mode, const struct system_state *init,
                 uint8_t *memory, struct system_case *the)
{
    struct maker maker = {.random = random, .the = the, .memory = memory};
    *the = (struct system_case){.mode = mode, .before = *init};
    do {
        the->row = rows_below(random, system_rows());
    } while (!system_row_is_in(the->row, mode));
    maker.row = &rows[the->row];
    for (unsigned i = 0; i < 16; i++)
        *gpr(&maker, i) = mode == SYSTEM_LONG ? rows_value(random)
                          : i < 8             ? (uint32_t)rows_value(random)
                                              : 0;
    the->before.reg[WHvX64RegisterRip].Reg64 = SYSTEM_CODE;
    the->before.reg[WHvX64RegisterRflags].Reg64 =
        RFLAGS_FIXED | (rows_next(random) & RFLAGS_RANDOM);
    make_segments(&maker);
    make_tables(&maker);
    make_prefixes(&maker);
    if (maker.row->map)
        emit(&maker, maker.row->map);
    emit(&maker, maker.row->opcode);
    make_operands(&maker);
    memcpy(memory + SYSTEM_CODE, the->code, SYSTEM_CODE_MAX);
}
