/* SPDX-License-Identifier: MIT */
/**
 * @file rows_maker.h
 * Inside rows_make: an instruction that is being made, and how its address is encoded.
 */
#ifndef WHVTRACE_TESTS_ROWS_MAKER_H
#define WHVTRACE_TESTS_ROWS_MAKER_H

#include "rows.h"
#include "rows_table.h"

/** In the place of a flag: that of the result nothing is known. */
#define ROWS_UNDEFINED_RESULT (UINT64_C(1) << 63)

struct maker {
    const struct rows_world *world;
    struct rows_random random;
    struct rows_case *made;
    struct oracle_in *in;
    const struct row *row;
    uint8_t rex;      /* 0: none */
    unsigned address; /* bytes: 2, 4, 8 */
    unsigned size;    /* bytes of the memory operand */
    int override;     /* enum oracle_sreg, or -1 */
    bool has_rep;
    bool has_lock;
    bool may_be_long;   /* more than 15 bytes are welcome */
    bool is_impossible; /* what was chosen cannot be encoded */
    unsigned rip_fixup; /* where a displacement from the next instruction stands, or 0 */
    bool has_memory;
    uint16_t address_registers; /* those that the operand's address is made of */
    uint64_t linear;            /* of the memory operand */
    uint64_t target;            /* of a branch, before it is cut to its size */
};

/** @return whether an operand is a selector, of which only the world's are known. */
static inline bool rows_selects(const struct row *row)
{
    return row->form == TO_SREG || (row->traits & (SELECTOR | POINTER));
}

/** @return how many bytes of a memory operand come before its selector. */
static inline unsigned rows_before_selector(const struct maker *m)
{
    return m->row->traits & POINTER ? m->size - 2 : 0;
}

/** Chooses prefixes and what follows from them: REX, address size, operand size, override. */
void rows_make_prefixes(struct maker *m);

/** @return a mask of that many bytes; 8 or more: of all bits. */
uint64_t rows_mask(unsigned bytes);

/** @return the low bytes of a value, sign-extended. */
uint64_t rows_sign_extended(uint64_t value, unsigned bytes);

/** Appends a byte to the code; too much code is seen by its size. */
void rows_emit(struct maker *m, unsigned byte);

/** Appends a value of so many bytes. */
void rows_emit_value(struct maker *m, uint64_t value, unsigned size);

/** Writes the part of a register that addresses use; the rest is noise that must not matter. */
void rows_set_address_register(struct maker *m, unsigned reg, uint64_t value);

/** @return the base of a segment. */
uint64_t rows_base_of(const struct maker *m, enum oracle_sreg segment);

/**
 * Picks a linear address and makes it the memory operand's.
 * @return the offset that leads to it through a segment.
 */
uint64_t rows_pick_offset(struct maker *m, enum oracle_sreg default_segment);

/**
 * Makes ModRM and what belongs to it, and sets registers so that a memory operand lies where
 * rows_target wants it.
 * @param reg the reg field.
 */
void rows_make_modrm(struct maker *m, unsigned reg);

/** @return whether rSP is used, or rBP as if it were. */
bool rows_uses_stack(const struct row *row);

/** Makes the stack that a form uses, and its pointers; what it accesses becomes the operand. */
void rows_make_stack(struct maker *m);

/** Appends what ENTER makes: a size and a level. */
void rows_make_frame(struct maker *m);

/** @return the linear address to which rSP or rBP points in SS. */
uint64_t rows_stack_linear(const struct maker *m, enum oracle_gpr reg);

/** @return an address for a branch; it may not be right for this instruction. */
uint64_t rows_branch_target(struct rows_random *random);

/** Fills memory with such addresses. */
void rows_fill_targets(struct rows_random *random, uint8_t *memory, unsigned size);

/** @return whether an immediate is where a branch goes on, counted from its end. */
bool rows_has_displacement(const struct row *row);

/** Appends it, and makes what it leads to the target. */
void rows_make_displacement(struct maker *m, unsigned size);

/** Sets rCX so that LOOP and its kin go either way. */
void rows_make_count(struct maker *m);

/** @return whether nothing but INT3 can run at the target. */
bool rows_is_target_safe(const struct maker *m);

/** Finishes a displacement that counts from the next instruction, once the code is complete. */
void rows_fix_rip_relative(struct maker *m);

/** @return the flags that the manuals leave undefined, or also ROWS_UNDEFINED_RESULT. */
uint64_t rows_undefined_flags(const struct maker *m);

#endif
