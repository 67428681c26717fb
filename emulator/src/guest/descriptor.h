/* SPDX-License-Identifier: MIT */
/**
 * @file descriptor.h
 * Descriptors: reading them, loading segment registers.
 */
#ifndef WHE_DESCRIPTOR_H
#define WHE_DESCRIPTOR_H

#include "call.h"
#include "memory.h"

/**
 * Reads the descriptor that a selector names, as supervisor.
 * @param is_there   receives whether there is one: the selector is not null and lies in its table.
 * @param descriptor receives its first eight bytes; 0 if there is none.
 * @return WHE_OK; WHE_FAULT or a failure of reading the table.
 */
enum whe_result whe_read_descriptor(struct whe_call *call, uint16_t selector, bool *is_there,
                                    uint64_t *descriptor);

/** What a segment register becomes. */
struct whe_new_segment {
    WHV_X64_SEGMENT_REGISTER value;
    /** Its descriptor has still to be marked as accessed. */
    bool is_unmarked;
    /** Where that is done. */
    struct whe_span mark;
};

/**
 * Finds what a selector makes of ES, SS, DS, FS or GS: from the selector alone in real and
 * virtual-8086 mode, otherwise from the descriptor tables with all checks. SDM 2B, "MOV"; 3A, 5.6.
 * Nothing is written.
 * @param segment  what to load; not CS.
 * @return WHE_OK; WHE_FAULT with #GP, #SS or #NP raised, or what access to the table ran into.
 */
enum whe_result whe_find_segment(struct whe_call *call, enum whe_reg segment, uint16_t selector,
                                 struct whe_new_segment *to);

/**
 * Likewise for CS, as far JMP and CALL and returns load it. SDM 2A, "JMP", "CALL", "IRET"; 2B,
 * "RET".
 * @param is_return the selector's RPL is the privilege level to return to.
 * @return as whe_find_segment; or WHE_CALL_GATE, WHE_TASK_SWITCH, WHE_OTHER_LEVEL.
 */
enum whe_result whe_find_code(struct whe_call *call, uint16_t selector, bool is_return,
                              struct whe_new_segment *to);

/** @return the enum whe_code that a code segment makes. */
uint8_t whe_code_of(const struct whe_mode *mode, const WHV_X64_SEGMENT_REGISTER *code);

/** Marks the descriptor in memory, as the processor does with what it loads.
 * @return WHE_OK or WHE_MEMORY_FAILED. */
enum whe_result whe_mark_segment(struct whe_call *call, const struct whe_new_segment *to);

/** Finds, marks and loads as MOV does. The register is only written in the shadow.
 * @return as whe_find_segment and whe_mark_segment. */
enum whe_result whe_load_segment(struct whe_call *call, enum whe_reg segment, uint16_t selector);

/**
 * Loads LDTR or TR as LLDT and LTR do, in protected mode: with all checks, marking a TSS busy in
 * memory. SDM 2A, "LLDT", "LTR". The register is only written in the shadow.
 * @param reg WHE_REG_LDTR or WHE_REG_TR; GDTR is known.
 * @return as whe_load_segment.
 */
enum whe_result whe_load_system(struct whe_call *call, enum whe_reg reg, uint16_t selector);

#endif
