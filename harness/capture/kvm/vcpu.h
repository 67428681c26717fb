/* SPDX-License-Identifier: MIT */
/**
 * @file vcpu.h
 * One virtual processor and the instruction that it is at, and how KVM is asked about it.
 *
 * An instruction is a sequence of turns, one but for REP; a turn is a sequence of exits, one for
 * each access that KVM carries out.
 */
#ifndef WHVCAPTURE_KVM_VCPU_H
#define WHVCAPTURE_KVM_VCPU_H

#include <stdatomic.h>

#include "decode.h"
#include "memory.h"
#include "ring.h"

/** Accesses of one instruction; a REP with more is not recorded. */
#define WHVK_PARTS 8192u

struct whvk_part {
    uint64_t gva;
    uint64_t address; /**< guest-physical address, or port */
    uint8_t data[8];
    uint8_t size; /**< 1 to 8 */
    bool is_io;
    bool is_write;
};

/** The accesses of one turn: those that KVM tells, or all in the order in which they happen. */
#define WHVK_TURN_PARTS 4160u /* an exit of REP INS tells 1,024, each with up to two in memory */
struct whvk_parts {
    unsigned count;
    struct whvk_part part[WHVK_TURN_PARTS];
};

enum whvk_state {
    WHVK_CLOSED,
    WHVK_OPEN,       /**< the instruction is known */
    WHVK_UNRESOLVED, /**< a store, which has retired at its exit */
    WHVK_UNEXPLAINED
};

struct whvk_case {
    enum whvk_state state;
    bool is_judged; /**< is_wanted is decided, at the end of the first turn */
    bool is_wanted;
    bool is_reconstructed;     /**< the state before is no observation */
    bool is_end_reconstructed; /**< neither is the last RIP */
    bool is_too_long;
    struct whvk_insn insn;
    uint8_t code[16];
    uint8_t code_size;
    struct kvm_sregs sregs;
    struct kvm_regs before;
    struct kvm_regs last; /**< before the running turn */
    struct kvm_regs after;
    struct kvm_fpu fpu; /**< before; only if the instruction is_vector */
    struct kvm_fpu fpu_after;
    struct whvk_part first; /**< the access of the first exit */
    unsigned turn;          /**< the first part of the running turn */
    unsigned count;
    struct whvk_part part[WHVK_PARTS];
};

struct whvk_vcpu {
    int fd;
    uint32_t number;
    struct whvk_memory *memory;
    struct kvm_run *run;
    size_t run_size;
    bool is_pending;      /**< the next KVM_RUN completes an access */
    struct kvm_regs exit; /**< registers at the last exit */
    unsigned answers;     /**< parts of the last exit that read */
    struct whvk_case now;
    struct whvk_parts told;    /**< of the running turn */
    struct whvk_parts ordered; /**< the same, completed */
    struct whvc_ring *ring;
};

struct whvk_counts {
    _Atomic uint64_t exits;
    _Atomic uint64_t kept;
    _Atomic uint64_t repeated;    /**< not kept: enough like it were seen */
    _Atomic uint64_t unexplained; /**< no form of forms.def is what happened */
    _Atomic uint64_t interrupted; /**< a REP that did something else before its end */
    _Atomic uint64_t too_long;    /**< a REP with more than WHVK_PARTS accesses */
};
extern struct whvk_counts whvk_counts;

/** The real ioctl, which interpose.c finds. */
extern int (*whvk_ioctl)(int fd, unsigned long request, ...);

/** @return what the processor sees now. */
struct whvk_view whvk_view_of(struct whvk_vcpu *vcpu);

#endif
