/* SPDX-License-Identifier: MIT */
/**
 * @file dispatch.h
 * From a row of insn_table.def to its handler.
 */
#ifndef WHE_DISPATCH_H
#define WHE_DISPATCH_H

#include "exec.h"

/** By enum whe_insn_id; NULL for WHE_INSN_NONE. */
extern whe_exec_fn *const whe_handlers[WHE_INSN_COUNT];

/** Runs the handler of an instruction that has a row. @return as exec.h says. */
static inline enum whe_result whe_dispatch(struct whe_call *call, const struct whe_insn *insn)
{
    return whe_handlers[insn->id](call, insn);
}

#endif
