/* SPDX-License-Identifier: MIT */
/**
 * @file exits.h
 * The exits of one virtual processor, put together to instructions. Where an instruction ends is
 * known after KVM_RUN completed the pending access: see complete() in interpose.c.
 */
#ifndef WHVCAPTURE_KVM_EXITS_H
#define WHVCAPTURE_KVM_EXITS_H

#include "vcpu.h"

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

#endif
