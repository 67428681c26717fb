/* SPDX-License-Identifier: MIT */
/**
 * @file port.h
 * May this code use a port?
 */
#ifndef WHE_PORT_H
#define WHE_PORT_H

#include "call.h"

/**
 * Checks CPL against IOPL and, where that does not suffice, the I/O permission bitmap of the TSS. A
 * port exit has passed this check on the processor; every other exit has not. SDM 1, 19.5.
 * @param size 1, 2 or 4: all ports from port to port + size - 1 must be allowed.
 * @return WHE_OK; WHE_FAULT with #GP(0) raised, or what reading the TSS ran into.
 */
enum whe_result whe_port_check(struct whe_call *call, uint16_t port, unsigned size);

#endif
