/* SPDX-License-Identifier: MIT */
/**
 * @file resolve.h
 * Which instruction made the accesses of a turn.
 */
#ifndef WHVCAPTURE_KVM_RESOLVE_H
#define WHVCAPTURE_KVM_RESOLVE_H

#include "vcpu.h"

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

#endif
