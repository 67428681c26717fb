/* SPDX-License-Identifier: MIT */
/**
 * @file decode.h
 * As much of an instruction as tells which device access it makes: length, operand, access. Of
 * KVM's exits nothing else is asked; what forms.def does not list is not recognised.
 */
#ifndef WHVCAPTURE_KVM_DECODE_H
#define WHVCAPTURE_KVM_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

#define WHVK_CODE_MAX 15u

enum whvk_operand {
    WHVK_MODRM,
    WHVK_MOFFS,
    WHVK_SI,
    WHVK_DI,
    WHVK_SIDI,
    WHVK_XLAT,
    WHVK_PORT,
    WHVK_PORTDI,
    WHVK_PORTSI
};

enum whvk_access { WHVK_R = 1, WHVK_W = 2, WHVK_RW = 3 };

enum whvk_value {
    /** Not a store, or one that reads first. */
    WHVK_NOTHING,
    WHVK_REGISTER,
    WHVK_SELECTOR,
    WHVK_ACCUMULATOR,
    WHVK_IMMEDIATE,
    WHVK_VECTOR,
    WHVK_CONDITION,
    WHVK_SWAPPED
};

struct whvk_insn {
    /** Bytes. */
    uint8_t length;
    /** Of the mode: 16, 32, 64. */
    uint8_t bits;
    /** Bytes: 2, 4, 8. */
    uint8_t address_size;
    /** Bytes of the memory or port operand: 1, 2, 4, 8, 16. */
    uint8_t size;
    enum whvk_operand operand;
    enum whvk_access access;
    enum whvk_value value;
    /** 0 to 5: ES CS SS DS FS GS, of the operand that can be overridden. */
    uint8_t segment;
    /** Its last byte. */
    uint8_t opcode;
    /** A string instruction with a REP prefix. */
    bool is_rep;
    /** One operand is an XMM register. */
    bool is_vector;
    bool has_rex;
    /** The port is in DX, else it is the immediate. */
    bool has_dx;
    /** ModRM.reg with REX.R. */
    uint8_t reg;
    /** Register number; 0xff: none; 16: the next RIP. */
    uint8_t base;
    /** Register number; 0xff: none. */
    uint8_t index;
    /** Shift. */
    uint8_t scale;
    /** Sign-extended; of MOFFS the address. */
    uint64_t displacement;
    /** Sign-extended. */
    uint64_t immediate;
};

/** @return the bits of the mode that the processor decodes in. */
uint8_t whvk_bits(const struct kvm_sregs *sregs);

/**
 * Decodes one instruction.
 * @param size bytes that are there. @return false if it is none that forms.def lists.
 */
bool whvk_decode(const uint8_t *code, size_t size, uint8_t bits, struct whvk_insn *insn);

/** @return general-purpose register 0 to 15 of the processor's numbering. */
uint64_t whvk_gpr(const struct kvm_regs *regs, unsigned number);

/** @return a pointer to it. */
__u64 *whvk_gpr_of(struct kvm_regs *regs, unsigned number);

/** @return the linear address of the operand that is not ES:RDI of a string instruction. */
uint64_t whvk_address(const struct whvk_insn *insn, const struct kvm_regs *regs,
                      const struct kvm_sregs *sregs);

/** @return the linear address of ES:RDI. */
uint64_t whvk_address_di(const struct whvk_insn *insn, const struct kvm_regs *regs,
                         const struct kvm_sregs *sregs);

/** @return the port of an I/O instruction. */
uint16_t whvk_port(const struct whvk_insn *insn, const struct kvm_regs *regs);

/** Linear address of a segment's offset; in 64-bit mode only FS and GS have a base. */
uint64_t whvk_linear(const struct kvm_sregs *sregs, uint8_t bits, unsigned segment,
                     uint64_t offset);

/**
 * What a store writes (whvk_value), from the registers before it, which are those after it.
 * @param fpu  the vector registers. @param data receives insn->size bytes.
 * @return false if the form's value is not known from registers.
 */
bool whvk_stored(const struct whvk_insn *insn, const struct kvm_regs *regs,
                 const struct kvm_sregs *sregs, const struct kvm_fpu *fpu, uint8_t *data);

/**
 * Steps the counters of a string instruction.
 * @param turns how many iterations forward; negative: backward.
 */
void whvk_step(const struct whvk_insn *insn, int64_t turns, struct kvm_regs *regs);

#endif
