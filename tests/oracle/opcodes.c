/* SPDX-License-Identifier: MIT */
#include "opcodes.h"

#include <string.h>

#include "decode.h"

const struct opcodes_mode opcodes_modes[OPCODES_MODES] = {
    {"64-bit mode",
     {.code = WHE_CODE64, .protected_mode = true},
     ZYDIS_MACHINE_MODE_LONG_64,
     ZYDIS_STACK_WIDTH_64},
    {"32-bit code",
     {.code = WHE_CODE32, .protected_mode = true},
     ZYDIS_MACHINE_MODE_LEGACY_32,
     ZYDIS_STACK_WIDTH_32},
    {"16-bit code",
     {.code = WHE_CODE16, .protected_mode = true},
     ZYDIS_MACHINE_MODE_LEGACY_16,
     ZYDIS_STACK_WIDTH_16},
    {"real mode", {.code = WHE_CODE16}, ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16},
};

/* @return whether a VEX prefix can say it: one of 66, F2, F3 at most, no other prefix before it. */
static bool has_vex(const struct opcode *opcode)
{
    return !(opcode->has_66 && opcode->rep) && opcode->rex != 0x40 && opcode->map != 0;
}

static unsigned put_vex(const struct opcode *opcode, uint8_t *byte)
{
    const unsigned map = opcode->map == 0x0f ? 1 : opcode->map == 0x38 ? 2 : 3;
    const unsigned pp = opcode->has_66 ? 1 : opcode->rep == 0xf3 ? 2 : opcode->rep ? 3 : 0;
    byte[0] = 0xc4;
    byte[1] = (uint8_t)((~(unsigned)opcode->rex & 7) << 5 | map);
    byte[2] = (uint8_t)((opcode->rex & 8u) << 4 | 0x78 | pp);
    return 3;
}

static unsigned put_prefixes(const struct opcode *opcode, uint8_t *byte)
{
    unsigned count = 0;
    if (opcode->has_lock)
        byte[count++] = 0xf0;
    if (opcode->rep && !opcode->is_vex)
        byte[count++] = opcode->rep;
    if (opcode->has_66 && !opcode->is_vex)
        byte[count++] = 0x66;
    if (opcode->has_67)
        byte[count++] = 0x67;
    if (opcode->is_vex)
        return count + put_vex(opcode, byte + count);
    if (opcode->rex)
        byte[count++] = opcode->rex;
    if (opcode->map)
        byte[count++] = 0x0f;
    if (opcode->map > 0x0f)
        byte[count++] = opcode->map;
    return count;
}

#define IS_BX 3u /* as a register, or as [rBX] */

struct opcode_bytes opcodes_bytes(const struct opcode *opcode)
{
    struct opcode_bytes bytes;
    bool has_16 = (opcode->mode->mode.code == WHE_CODE16) != opcode->has_67 &&
                  opcode->mode->mode.code != WHE_CODE64;
    /* mod 1 keeps away from the forms without a base; in 16-bit addressing rm 7 is [bx]. */
    unsigned modrm = opcode->is_register ? 0xc0u | opcode->rm : has_16 ? 0x40 | 7 : 0x40 | IS_BX;
    memset(bytes.byte, 0, sizeof(bytes.byte));
    unsigned count = put_prefixes(opcode, bytes.byte);
    bytes.opcode_at = (uint8_t)count;
    bytes.byte[count++] = opcode->opcode;
    bytes.byte[count++] = (uint8_t)(modrm | (unsigned)opcode->reg << 3);
    if (!opcode->is_register)
        bytes.byte[count++] = 0x11;
    bytes.byte[count] = 1; /* an immediate that is not 0 */
    return bytes;
}

bool opcodes_decode(const struct opcode *opcode, struct whe_insn *insn)
{
    struct opcode_bytes bytes = opcodes_bytes(opcode);
    return whe_decode(&opcode->mode->mode, bytes.byte, sizeof(bytes.byte), insn) ==
               WHE_DECODED_OK &&
           insn->id != WHE_INSN_NONE;
}

/* LDS and LES are VEX in 64-bit code, and elsewhere where their operand would be a register. */
static bool is_prefix(const struct opcodes_mode *mode, unsigned byte, bool is_register)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x0f};
    if (mode->mode.code == WHE_CODE64 && (byte & 0xf0) == 0x40)
        return true;
    if ((byte | 1) == 0xc5 && (mode->mode.code == WHE_CODE64 || is_register))
        return true;
    return memchr(prefixes, (int)byte, sizeof(prefixes)) != NULL;
}

static bool has_row(struct opcode opcode)
{
    static const uint8_t mandatory[] = {0, 0x66, 0xf2, 0xf3};
    for (unsigned i = 0; i < sizeof(mandatory); i++) {
        struct whe_insn insn;
        opcode.has_66 = mandatory[i] == 0x66;
        opcode.rep = mandatory[i] > 0x66 ? mandatory[i] : 0;
        if (opcodes_decode(&opcode, &insn))
            return true;
    }
    return false;
}

/* All prefixes around an opcode. */
static void visit_prefixes(struct opcode opcode,
                           void (*visit)(const struct opcode *opcode, void *context), void *context)
{
    static const uint8_t reps[] = {0, 0xf2, 0xf3}, rexes[] = {0, 0x40, 0x48, 0x4d};
    unsigned rex_count = opcode.mode->mode.code == WHE_CODE64 ? sizeof(rexes) : 1;
    for (unsigned i = 0; i < 8 * sizeof(reps) * rex_count; i++) {
        opcode.has_lock = i & 1;
        opcode.has_66 = i & 2;
        opcode.has_67 = i & 4;
        opcode.rep = reps[i / 8 % sizeof(reps)];
        opcode.rex = rexes[i / 8 / sizeof(reps)];
        if (!opcode.is_vex || has_vex(&opcode))
            visit(&opcode, context);
    }
}

/* Opcodes without ModRM are one encoding, not sixteen. */
static bool has_modrm(const struct opcode *opcode)
{
    struct opcode other = *opcode;
    struct whe_insn insn, other_insn;
    other.is_register = !other.is_register;
    if (!opcodes_decode(opcode, &insn) || !opcodes_decode(&other, &other_insn))
        return true;
    return insn.length != other_insn.length || insn.memory_count != other_insn.memory_count;
}

/* The x87's opcodes are D8 to DF and all of ModRM. */
static bool is_x87(const struct opcode *opcode)
{
    return opcode->map == 0 && (opcode->opcode & 0xf8) == 0xd8;
}

static void visit_registers(struct opcode opcode,
                            void (*visit)(const struct opcode *opcode, void *context),
                            void *context)
{
    const unsigned count = is_x87(&opcode) && opcode.is_register ? 8 : 1;
    for (unsigned i = 0; i < count; i++) {
        opcode.rm = (IS_BX + i) & 7;
        if (has_row(opcode) && ((opcode.reg == 0 && !opcode.is_register) || has_modrm(&opcode)))
            visit_prefixes(opcode, visit, context);
    }
}

void opcodes_visit(const struct opcodes_mode *mode,
                   void (*visit)(const struct opcode *opcode, void *context), void *context)
{
    static const uint8_t maps[] = {0, 0x0f, 0x38, 0x3a};
    for (unsigned i = 0; i < 2 * sizeof(maps) * 256 * 16; i++) {
        struct opcode opcode = {.mode = mode,
                                .map = maps[i >> 12 & 3],
                                .is_vex = i >> 14,
                                .opcode = (uint8_t)(i >> 4),
                                .reg = i >> 1 & 7,
                                .is_register = i & 1};
        if (opcode.map == 0 && is_prefix(mode, opcode.opcode, opcode.is_register))
            continue;
        if (opcode.is_vex && (opcode.map == 0 || !mode->mode.protected_mode))
            continue;
        if (opcode.map == 0x0f && (opcode.opcode == 0x38 || opcode.opcode == 0x3a))
            continue; /* these begin the other maps */
        visit_registers(opcode, visit, context);
    }
}
