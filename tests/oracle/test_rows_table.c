/* SPDX-License-Identifier: MIT */
/*
 * What the emulator's decoder takes and what test_rows makes are the same encodings: a new row of
 * rows.def, or a new form of an old one, must find its way into rows_table.def, or into
 * rows_left_out.def with a reason.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "opcodes.h"
#include "rows_table.h"

static const char *const names[WHE_INSN_COUNT] = {
#define WHE_INSN(id, ...) [WHE_INSN_##id] = #id,
#include "rows.def"
};

static const char *const left_out[WHE_INSN_COUNT] = {
#define LEFT_OUT(id, reason) [WHE_INSN_##id] = reason,
#include "rows_left_out.def"
};

struct found {
    unsigned encodings;
    bool has_row[WHE_INSN_COUNT];  /* the decoder takes an encoding of it */
    bool is_made[WHE_INSN_COUNT];  /* the table makes one */
    bool is_found[ROWS_TABLE_MAX]; /* by row of the table: the decoder takes it */
    struct {
        unsigned encodings; /* that no row of the table makes */
        char example[64];   /* the first of them */
        const char *mode;   /* in which it is one */
    } missing[WHE_INSN_COUNT];
};

static bool has_reg(const struct row *row, unsigned reg)
{
    switch (row->form) {
    case RM_DIGIT:
    case STACK_RM:
        return row->digit == reg;
    case RM_SREG:
        return reg < 6;
    case TO_SREG:
        return reg < 6 && reg != 1;
    default:
        return true;
    }
}

static bool has_prefixes(const struct row *row, const struct opcode *opcode)
{
    if (opcode->is_vex)
        return opcode->rep == (row->mandatory > 0x66 ? row->mandatory : 0) &&
               opcode->has_66 == (row->mandatory == 0x66);
    if (row->mandatory > 0x66 && opcode->rep != row->mandatory)
        return false;
    if (row->mandatory == 0x66 && (!opcode->has_66 || opcode->rep))
        return false;
    if (row->mandatory == 0 && opcode->rep && (row->traits & NO_REP))
        return false;
    if (opcode->rep == 0xf3 && (row->traits & NO_F3))
        return false;
    return !(opcode->has_66 && (row->traits & NO_66));
}

/* Of the exchanges with the accumulator, NOP and PAUSE are no such thing. */
static bool is_nop(const struct opcode *opcode)
{
    return opcode->map == 0 && opcode->opcode == 0x90 &&
           (!(opcode->rex & 1) || opcode->rep == 0xf3);
}

static bool makes(const struct row *row, const struct opcode *opcode)
{
    bool is64 = opcode->mode->mode.code == WHE_CODE64;
    bool is_in_opcode = row->form == REG_OP || row->form == STACK_REG;
    unsigned byte = is_in_opcode ? opcode->opcode & 0xf8u : opcode->opcode;
    if (opcode->is_vex != ((row->traits & VEX) != 0))
        return false;
    return row->map == opcode->map && row->opcode == byte && !(is_in_opcode && is_nop(opcode)) &&
           has_reg(row, opcode->reg) && has_prefixes(row, opcode) &&
           !(row->traits & (is64 ? NOT64 : ONLY64)) &&
           !((row->traits & ONLY_MEM) && opcode->is_register) &&
           !((row->traits & ONLY_REG) && !opcode->is_register) && !(row->traits & ILLEGAL);
}

/* Of all encodings of a row that are not made, one is told. */
static void keep_missing(struct found *found, const struct opcode *opcode,
                         const struct whe_insn *insn)
{
    struct opcode_bytes bytes = opcodes_bytes(opcode);
    char *text = found->missing[insn->id].example;
    if (found->missing[insn->id].encodings++ > 0)
        return;
    found->missing[insn->id].mode = opcode->mode->name;
    for (unsigned i = 0; i < insn->length; i++)
        snprintf(text + 3 * i, sizeof(found->missing[0].example) - 3 * i, "%02x ", bytes.byte[i]);
}

static void visit(const struct opcode *opcode, void *context)
{
    struct found *found = context;
    struct whe_insn insn;
    bool is_made = false;
    if (!opcodes_decode(opcode, &insn))
        return;
    found->encodings++;
    found->has_row[insn.id] = true;
    for (unsigned i = 0; i < rows_table_size; i++) {
        if (makes(&rows_table[i], opcode)) {
            found->is_found[i] = true;
            is_made = true;
        }
    }
    found->is_made[insn.id] |= is_made;
    if (!is_made && !left_out[insn.id])
        keep_missing(found, opcode, &insn);
}

Test(rows_table, makes_every_encoding_that_the_decoder_takes)
{
    static struct found found;
    for (unsigned i = 0; i < OPCODES_MODES; i++)
        opcodes_visit(&opcodes_modes[i], visit, &found);
    cr_expect_gt(found.encodings, 10000u, "only %u encodings", found.encodings);

    unsigned rows = 0;
    for (unsigned id = WHE_INSN_NONE + 1; id < WHE_INSN_COUNT; id++) {
        cr_expect(found.has_row[id] || left_out[id], "no encoding of %s was tried", names[id]);
        cr_expect_neq(found.is_made[id], left_out[id] != NULL,
                      "%s is both made and left out, or neither", names[id]);
        cr_expect_eq(found.missing[id].encodings, 0u,
                     "%s: %u encodings are made by no row of rows_table.def, such as %s in %s",
                     names[id], found.missing[id].encodings, found.missing[id].example,
                     found.missing[id].mode);
        rows += found.is_made[id];
        if (left_out[id])
            fprintf(stderr, "left out: %s (%s)\n", names[id], left_out[id]);
    }
    for (unsigned i = 0; i < rows_table_size; i++) {
        const struct row *row = &rows_table[i];
        cr_expect(found.is_found[i] || (row->traits & ILLEGAL),
                  "map %02x, opcode %02x /%u of rows_table.def is nothing to the decoder", row->map,
                  row->opcode, row->digit);
    }
    fprintf(stderr, "%u encodings of %u rows of rows.def, by %u rows of rows_table.def\n",
            found.encodings, rows, rows_table_size);
}
