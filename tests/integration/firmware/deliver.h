/* SPDX-License-Identifier: MIT */
/**
 * @file deliver.h
 * Interrupts and exceptions through the guest's own tables. SDM 3A chapter 6.
 */
#ifndef FIRMWARE_DELIVER_H
#define FIRMWARE_DELIVER_H

#include "memory.h"
#include "registers.h"

struct event {
    uint8_t vector;
    bool has_error;
    uint32_t error;
};

/**
 * Enters the handler, at RIP. There is no change of privilege and no stack of its own.
 * @return false with a message on stderr if the guest's tables do not allow that.
 */
bool deliver(struct memory *memory, struct registers *registers, const struct event *event);

#endif
