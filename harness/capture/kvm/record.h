/* SPDX-License-Identifier: MIT */
/**
 * @file record.h
 * An instruction as a case of the capture.
 */
#ifndef WHVCAPTURE_KVM_RECORD_H
#define WHVCAPTURE_KVM_RECORD_H

#include "vcpu.h"

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
