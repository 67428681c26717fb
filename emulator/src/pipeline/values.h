/* SPDX-License-Identifier: MIT */
/**
 * @file values.h
 * Between operands and their values.
 */
#ifndef WHE_VALUES_H
#define WHE_VALUES_H

#include "attributes.h"
#include "kernel.h"
#include "memory.h"

/** The planned memory operands of an instruction, in the order of insn->memory. */
struct whe_places {
    struct whe_span span[WHE_MEMORIES];
};

/** Presets what a kernel is handed; its values are read apart. */
WHE_HOT void whe_work_begin(const struct whe_call *call, const struct whe_insn *insn,
                            struct whe_work *work)
{
    work->insn = insn;
    work->mode = &call->mode;
    work->rflags = call->vp->Rflags;
    work->next_rip = call->vp->Rip + insn->length;
    work->writes = insn->writes;
    work->writes_flags = insn->writes_flags;
    work->code = 0;
}

/** Reads every operand that is read: registers from the shadow, memory in the order of planning. */
enum whe_result whe_values_read(struct whe_call *call, const struct whe_places *places,
                                struct whe_work *work);

/**
 * Writes what a kernel has left in work->writes: memory, then registers, the first operand last, so
 * that it stays where two are one register. A segment register loads its descriptor before anything
 * else is written.
 */
enum whe_result whe_values_write(struct whe_call *call, const struct whe_places *places,
                                 const struct whe_work *work);

#endif
