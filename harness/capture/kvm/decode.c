/* SPDX-License-Identifier: MIT */
#include "decode.h"

#define EFER_LMA  (UINT64_C(1) << 10)
#define NO_NUMBER 0xffu
#define NEXT_RIP  16u

enum map { ONE_BYTE, MAP_0F, MAP_0F38 };
enum prefix { NONE, P66, PF2, PF3, ANY };
enum size { B, W, D, Q, X, V, Y, BV, BZ };
enum immediate { N, IMM_1, IMM_Z };

struct form {
    uint8_t map;
    uint8_t mask;
    uint8_t opcode;
    uint8_t ext;
    enum prefix prefix;
    enum whvk_operand operand;
    enum whvk_access access;
    enum size size;
    enum whvk_value value;
    enum immediate imm;
};

static const struct form forms[] = {
#define FORM(map, mask, opcode, ext, prefix, operand, access, size, value, imm)                    \
    {map,  mask,         opcode,         ext, prefix, WHVK_##operand, WHVK_##access,               \
     size, WHVK_##value, IMMEDIATE_##imm},
#define IMMEDIATE_N N
#define IMMEDIATE_1 IMM_1
#define IMMEDIATE_Z IMM_Z
#include "forms.def"
};

/* What is being decoded. */
struct cursor {
    const uint8_t *code;
    size_t size;
    size_t at;
    uint8_t bits;
    bool failed;
    bool has_66;
    bool has_67;
    uint8_t repeat;   /* 0xf2, 0xf3 or 0 */
    uint8_t override; /* a segment number or NO_NUMBER */
    uint8_t rex;
};

static uint8_t next(struct cursor *cursor)
{
    if (cursor->at >= cursor->size || cursor->at >= WHVK_CODE_MAX) {
        cursor->failed = true;
        return 0;
    }
    return cursor->code[cursor->at++];
}

static uint64_t next_signed(struct cursor *cursor, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)next(cursor) << 8 * i;
    if (size < 8 && value >> (8 * size - 1) & 1)
        value |= ~UINT64_C(0) << 8 * size;
    return value;
}

static bool take_prefix(struct cursor *cursor, uint8_t byte)
{
    static const uint8_t segment_prefix[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    for (uint8_t i = 0; i < sizeof(segment_prefix); i++) {
        if (byte == segment_prefix[i]) {
            if (cursor->bits != 64 || i >= 4) /* 64-bit code has no other segments */
                cursor->override = i;
            return true;
        }
    }
    if (byte == 0x66)
        cursor->has_66 = true;
    else if (byte == 0x67)
        cursor->has_67 = true;
    else if (byte == 0xf2 || byte == 0xf3)
        cursor->repeat = byte;
    else
        return byte == 0xf0;
    return true;
}

/* A REX prefix counts only right before the opcode. @return the first byte of the opcode. */
static uint8_t prefixes(struct cursor *cursor)
{
    uint8_t byte = next(cursor);
    for (;;) {
        bool is_rex = cursor->bits == 64 && (byte & 0xf0) == 0x40;
        if (!is_rex && !take_prefix(cursor, byte))
            return byte;
        cursor->rex = is_rex ? byte : 0;
        if (cursor->failed)
            return 0;
        byte = next(cursor);
    }
}

static void modrm_16(struct cursor *cursor, unsigned mod, unsigned rm, struct whvk_insn *insn)
{
    static const uint8_t bases[] = {3, 3, 5, 5, 6, 7, 5, 3};
    static const uint8_t indexes[] = {6, 7, 6, 7};
    if (mod == 0 && rm == 6) {
        insn->displacement = next_signed(cursor, 2);
        return;
    }
    insn->base = bases[rm];
    insn->index = rm < 4 ? indexes[rm] : NO_NUMBER;
    insn->displacement = mod == 0 ? 0 : next_signed(cursor, mod);
}

static void sib(struct cursor *cursor, unsigned mod, struct whvk_insn *insn)
{
    uint8_t byte = next(cursor);
    unsigned index = (byte >> 3 & 7u) | (cursor->rex & 2u) << 2;
    insn->scale = byte >> 6;
    insn->index = (uint8_t)(index == 4 ? NO_NUMBER : index);
    if (mod == 0 && (byte & 7) == 5)
        insn->displacement = next_signed(cursor, 4);
    else
        insn->base = (uint8_t)((byte & 7u) | (cursor->rex & 1u) << 3);
}

static void modrm_32(struct cursor *cursor, unsigned mod, unsigned rm, struct whvk_insn *insn)
{
    if (rm == 4) {
        sib(cursor, mod, insn);
    } else if (mod == 0 && rm == 5) {
        insn->displacement = next_signed(cursor, 4);
        insn->base = insn->bits == 64 ? NEXT_RIP : NO_NUMBER;
    } else {
        insn->base = (uint8_t)(rm | (cursor->rex & 1u) << 3);
    }
    if (mod != 0)
        insn->displacement = next_signed(cursor, mod == 1 ? 1 : 4);
}

/* @return false if the operand is a register. */
static bool modrm(struct cursor *cursor, uint8_t byte, struct whvk_insn *insn)
{
    unsigned mod = byte >> 6, rm = byte & 7u;
    insn->reg = (uint8_t)((byte >> 3 & 7u) | (cursor->rex & 4u) << 1);
    if (mod == 3)
        return false;
    if (insn->address_size == 2)
        modrm_16(cursor, mod, rm, insn);
    else
        modrm_32(cursor, mod, rm, insn);
    /* (E)BP and (E)SP as a base address the stack; R12 and R13 do not. */
    insn->segment = insn->base == 4 || insn->base == 5 ? 2 : 3;
    return true;
}

static const struct form *find_form(const struct cursor *cursor, enum map map, uint8_t opcode,
                                    uint8_t next_byte)
{
    enum prefix prefix = cursor->repeat == 0xf3   ? PF3
                         : cursor->repeat == 0xf2 ? PF2
                         : cursor->has_66         ? P66
                                                  : NONE;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const struct form *form = &forms[i];
        bool fits = form->map == map && (opcode & form->mask) == form->opcode &&
                    (form->prefix == ANY || form->prefix == prefix) &&
                    (form->ext == 0xff || form->ext >> (next_byte >> 3 & 7) & 1);
        if (fits)
            return form;
    }
    return NULL;
}

static uint8_t bytes_of(enum size size, uint8_t opcode, uint8_t operand_size, bool rex_w)
{
    static const uint8_t fixed[] = {1, 2, 4, 8, 16};
    if (size <= X)
        return fixed[size];
    if (size == Y)
        return rex_w ? 8 : 4;
    if (size != V && !(opcode & 1))
        return 1;
    return size == BZ && operand_size == 8 ? 4 : operand_size;
}

/* Of the forms that only read, these load an XMM register. */
static bool is_vector(const struct form *form)
{
    static const uint8_t loads[] = {0x10, 0x28, 0x6e, 0x6f, 0x7e};
    if (form->map != MAP_0F || form->value == WHVK_VECTOR)
        return form->value == WHVK_VECTOR;
    for (size_t i = 0; i < sizeof(loads); i++) {
        if (form->opcode == loads[i])
            return true;
    }
    return false;
}

static void finish(struct cursor *cursor, const struct form *form, uint8_t operand_size,
                   struct whvk_insn *insn)
{
    insn->operand = form->operand;
    insn->access = form->access;
    insn->value = form->value;
    insn->size = bytes_of(form->size, insn->opcode, operand_size, cursor->rex & 8);
    insn->is_vector = is_vector(form);
    insn->has_dx = form->imm == N;
    if (form->operand == WHVK_MOFFS)
        insn->displacement = next_signed(cursor, insn->address_size);
    if (form->imm == IMM_1)
        insn->immediate = next_signed(cursor, 1);
    else if (form->imm == IMM_Z)
        insn->immediate = next_signed(cursor, operand_size == 2 ? 2 : 4);
    if (cursor->override != NO_NUMBER)
        insn->segment = cursor->override;
    bool is_string =
        (form->operand >= WHVK_SI && form->operand <= WHVK_SIDI) || form->operand >= WHVK_PORTDI;
    insn->is_rep = is_string && cursor->repeat != 0;
}

bool whvk_decode(const uint8_t *code, size_t size, uint8_t bits, struct whvk_insn *insn)
{
    struct cursor cursor = {.code = code, .size = size, .bits = bits, .override = NO_NUMBER};
    *insn = (struct whvk_insn){.bits = bits, .segment = 3, .base = NO_NUMBER, .index = NO_NUMBER};
    enum map map = ONE_BYTE;
    uint8_t opcode = prefixes(&cursor);
    if (opcode == 0x0f) {
        map = MAP_0F;
        opcode = next(&cursor);
        if (opcode == 0x38) {
            map = MAP_0F38;
            opcode = next(&cursor);
        }
    }
    uint8_t operand_size = cursor.rex & 8 ? 8 : (bits == 16) != cursor.has_66 ? 2 : 4;
    insn->address_size = bits == 64                      ? (cursor.has_67 ? 4 : 8)
                         : (bits == 16) != cursor.has_67 ? 2
                                                         : 4;
    insn->opcode = opcode;
    insn->has_rex = cursor.rex != 0;
    uint8_t modrm_byte = cursor.at < cursor.size ? cursor.code[cursor.at] : 0;
    const struct form *form = find_form(&cursor, map, opcode, modrm_byte);
    if (!form || cursor.failed)
        return false;
    if (form->operand == WHVK_MODRM && !modrm(&cursor, next(&cursor), insn))
        return false;
    finish(&cursor, form, operand_size, insn);
    insn->length = (uint8_t)cursor.at;
    return !cursor.failed;
}

uint8_t whvk_bits(const struct kvm_sregs *sregs)
{
    if (sregs->efer & EFER_LMA && sregs->cs.l)
        return 64;
    return sregs->cs.db ? 32 : 16;
}
