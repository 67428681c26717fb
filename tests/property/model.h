/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * What the manuals say about an instruction, as far as Zydis's tables and a few lines of arithmetic
 * tell it: where its memory operands are, which registers and flags it reads and writes. It shares
 * no code with the emulator, whose own tables it judges.
 */
#ifndef WHVTRACE_TESTS_MODEL_H
#define WHVTRACE_TESTS_MODEL_H

#include <Zydis/Zydis.h>

#include "guest.h"

#define MODEL_ACCESSES 4u

#define MODEL_STATUS_FLAGS UINT64_C(0x8d5)

struct model {
    enum guest_mode mode;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

/** One place that an instruction reads or writes. */
struct model_access {
    const ZydisDecodedOperand *operand;
    WHV_REGISTER_NAME segment;
    uint64_t offset;
    uint64_t linear;
    /** Bytes. */
    unsigned size;
    bool is_read;
    bool is_written;
    /** is_read, and no access: CLFLUSH and its kin. */
    bool is_checked_alone;
};

/**
 * Decodes one instruction.
 * @param count 1 to 15 bytes.
 * @return false if they are none, or one that Zydis 4.0 decodes wrongly: a base where SIB means
 * none (67h with REX.B).
 */
bool model_decode(struct model *model, enum guest_mode mode, const uint8_t *bytes, size_t count);

/** @return the vector of the exception with which mode, CR0 and CR4 forbid it, or 0. */
unsigned model_refusal(const struct model *model, struct guest *guest);

/**
 * @return the vector of the exception that its result may be, since MXCSR does not mask all; or 0.
 */
unsigned model_exception(const struct model *model, struct guest *guest);

/** @return whether it reads a descriptor by a selector, and no more of it: LAR and its kin. */
bool model_selects(const struct model *model);

/** @return the bytes of an element of VMASKMOVPS and its kin, of which those that the mask chooses
 * are accesses, others nothing; 0 for other instructions. SDM 2C, "VMASKMOV". */
unsigned model_masked(const struct model *model);

/** @return a mask of the bytes of a memory operand that are stored, of up to 64: MASKMOVDQU,
 * MASKMOVQ by their masks, others all. */
uint64_t model_stored_bytes(const struct model *model, struct guest *guest);

/** @return whether what it reads may be #GP: MXCSR with a reserved bit. */
bool model_restores(const struct model *model);

/** @return whether the x87 remembers where its operand is: all but control instructions. */
bool model_remembers(const struct model *model);
/** @return whether its operands mean nothing: NOP, PREFETCH, INVLPG. */
bool model_is_hint(const struct model *model);

/**
 * @return whether it touches no more of a memory operand than a translation: CLFLUSH and its kin.
 */
bool model_is_line(const struct model *model);

/** @return flags that it changes, other than status flags and RF. */
uint64_t model_other_flags(const struct model *model);

/** @return whether it asks for a register that is no operand: CR0, the x87's, GDTR. */
bool model_sees(const struct model *model, WHV_REGISTER_NAME name);

/** @return whether it may change such a register. */
bool model_may_change(const struct model *model, WHV_REGISTER_NAME name);

/** @return how many bytes of an operand are written: of FXSAVE's not those that are reserved. */
unsigned model_stored(const struct model *model, unsigned size);

/** @return what #AC asks of an operand of so many bytes. SDM 3A, table 6-7; of MASKMOVDQU what AMD
 * family 1Ah asks. */
unsigned model_word(const struct model *model, unsigned size);

/** @return whether it may be a form of the table's rows that is not emulated: MOV of control and
 * debug registers, PUSH and POP of segment registers. */
/** @return whether it may be a form of the table's rows that is not emulated: MOV of debug
 * registers. */
bool model_may_be_unknown(const struct model *model);

/** @return whether it is one of MOVS to OUTS. */
bool model_is_string(const struct model *model);

bool model_is_branch(const struct model *model);

/** Finds out where a branch goes. @return false for an indirect one. */
bool model_target(const struct model *model, uint64_t next_rip, uint64_t *rip);

/** @return whether a prefix repeats it. */
bool model_repeats(const struct model *model);

/**
 * Works out the memory operands, in the order in which they are read.
 * @param guest   the registers before the instruction.
 * @param element of a string instruction, from 0; otherwise 0.
 * @param access  receives them.
 * @return how many there are.
 */
size_t model_accesses(const struct model *model, struct guest *guest, uint64_t element,
                      struct model_access access[MODEL_ACCESSES]);

/**
 * Checks what segmentation and the form of addresses demand. SDM 3A, 5.3; 1, 3.3.7.1.
 * @return the vector of the fault that an access raises: 12 or 13; 0 if it raises none.
 */
unsigned model_trouble(const struct model *model, struct guest *guest,
                       const struct model_access *access);

/** @return the register that holds a part of a value, or -1 for what has no name in the API. */
int model_name(ZydisRegister reg);

/** @return whether a register's value can matter to the instruction, or to its retirement. */
bool model_may_read(const struct model *model, WHV_REGISTER_NAME name);

/** @return whether the instruction can write a register; RIP is not looked at. */
bool model_may_write(const struct model *model, WHV_REGISTER_NAME name);

/** @return whether the instruction writes a register whatever the values are; not RIP. */
bool model_must_write(const struct model *model, WHV_REGISTER_NAME name);

/** @return status flags that the instruction reads. */
uint64_t model_flags_read(const struct model *model);

/** @return status flags to which the instruction gives a value that the manuals define. */
uint64_t model_flags_written(const struct model *model);

/** @return whether there are values with which no flag is written: a shift by 0, a comparison that
 * is repeated 0 times. */
bool model_may_keep_flags(const struct model *model);

/** @return status flags that it leaves undefined. */
uint64_t model_flags_undefined(const struct model *model);

#endif
