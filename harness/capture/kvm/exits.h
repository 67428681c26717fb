/* SPDX-License-Identifier: MIT */
/**
 * @file exits.h
 * The exits of one virtual processor, put together to instructions.
 *
 * An instruction is a sequence of turns, one but for REP; a turn is a sequence of exits, one for
 * each access that KVM carries out. Where an instruction ends is known after KVM_RUN completed the
 * pending access: see whvk_run in interpose.c.
 */
#ifndef WHVCAPTURE_KVM_EXITS_H
#define WHVCAPTURE_KVM_EXITS_H

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

/** The real ioctl. */
extern int (*whvk_ioctl)(int fd, unsigned long request, ...);

/** @return what the processor sees now. */
struct whvk_view whvk_view_of(struct whvk_vcpu *vcpu);

/**
 * KVM_RUN returned 0.
 * @param continues it completed an access before, and this exit is a further one of the same turn.
 */
void whvk_on_exit(struct whvk_vcpu *vcpu, bool continues);

/** Takes what the VMM answered to the last exit. */
void whvk_on_answer(struct whvk_vcpu *vcpu);

/** The pending access is complete, and no other one follows in this turn. */
void whvk_on_complete(struct whvk_vcpu *vcpu);

/** Forgets the running instruction, if there is one. */
void whvk_abandon(struct whvk_vcpu *vcpu, _Atomic uint64_t *counter);

/** @name resolve.c */

/** The instruction at the registers makes the first part's access: fills in insn, code, before. */
bool whvk_resolve_at(struct whvk_vcpu *vcpu, const struct kvm_regs *before);

/** The store of the running turn retired; finds where it was. @param after it. */
bool whvk_resolve_store(struct whvk_vcpu *vcpu, const struct kvm_regs *after);

/**
 * Adds the accesses to memory, which do not exit, to those of the running turn, and tells where
 * each is in linear memory. @return false if sizes, addresses or data are not those of the
 * instruction.
 */
bool whvk_complete_parts(struct whvk_vcpu *vcpu, unsigned turns);

/** @name record.c */

/** Starts the capture, with the environment's options; once. @return false if nothing is recorded.
 */
bool whvk_record_start(void);

/** Gives a processor its ring. @return false without memory. */
bool whvk_record_add(struct whvk_vcpu *vcpu);

/** Whether a case like this one is still to be kept: the first ones, then every power of two.
 * To be asked at the end of the first turn. */
bool whvk_is_wanted(const struct whvk_vcpu *vcpu);

/** Writes the case, which has ended, to the capture. */
void whvk_record(struct whvk_vcpu *vcpu);

#endif
