/* SPDX-License-Identifier: MIT */
/**
 * @file dispatch.h
 * From a row of insn_table.def to its handler.
 */
#ifndef WHE_DISPATCH_H
#define WHE_DISPATCH_H

#include "exec.h"

/** Runs the handler of an instruction. @return as exec.h says; WHE_UNSUPPORTED without a row. */
enum whe_result whe_dispatch(struct whe_call *call, const struct whe_insn *insn);

#endif
