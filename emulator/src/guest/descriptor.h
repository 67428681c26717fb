/* SPDX-License-Identifier: MIT */
/**
 * @file descriptor.h
 * Descriptors: reading them, loading segment registers.
 */
#ifndef WHE_DESCRIPTOR_H
#define WHE_DESCRIPTOR_H

#include "call.h"

/**
 * Reads the descriptor that a selector names, as supervisor.
 * @param is_there   receives whether there is one: the selector is not null and lies in its table.
 * @param descriptor receives its first eight bytes; 0 if there is none.
 * @return WHE_OK; WHE_FAULT or a failure of reading the table.
 */
enum whe_result whe_read_descriptor(struct whe_call *call, uint16_t selector, bool *is_there,
                                    uint64_t *descriptor);

/**
 * Loads ES, SS, DS, FS or GS as MOV does: from the selector alone in real and virtual-8086 mode,
 * otherwise from the descriptor tables with all checks, setting the accessed bit in memory. SDM 2B,
 * "MOV"; 3A, 5.6. The register is only written in the shadow.
 * @param segment  what to load; not CS.
 * @return WHE_OK; WHE_FAULT with #GP, #SS or #NP raised, or what reading the table ran into.
 */
enum whe_result whe_load_segment(struct whe_call *call, enum whe_reg segment, uint16_t selector);

/**
 * Loads LDTR or TR as LLDT and LTR do, in protected mode: with all checks, marking a TSS busy in
 * memory. SDM 2A, "LLDT", "LTR". The register is only written in the shadow.
 * @param reg WHE_REG_LDTR or WHE_REG_TR; GDTR is known.
 * @return as whe_load_segment.
 */
enum whe_result whe_load_system(struct whe_call *call, enum whe_reg reg, uint16_t selector);

#endif
