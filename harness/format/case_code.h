/* SPDX-License-Identifier: MIT */
/**
 * @file case_code.h
 * The code of a case: the mode in which its registers put it, where it lies, what its first
 * instruction is.
 */
#ifndef WHVTRACE_FORMAT_CASE_CODE_H
#define WHVTRACE_FORMAT_CASE_CODE_H

#include "model.h"
#include "x86/disasm.h"
#include "x86/reach.h"

/** @return what the case's registers make of its code: LMA and CS.L, then VM, then CS.D. */
enum wht_code wht_code_of(const struct wht_case *c);

/** @return the linear address at which the case's code lies; what was not captured counts as 0. */
uint64_t wht_code_linear(const struct wht_case *c);

/** wht_disasm() of the case's code. */
bool wht_case_disasm(const struct wht_case *c, char *buf, size_t n, uint8_t *length);

/** wht_disasm_reads() of the case's code, without segments whose base is 0 or was not captured. */
size_t wht_case_reads(const struct wht_case *c, WHV_REGISTER_NAME *names);

/** wht_reach() of the case's code with the case's registers. */
bool wht_case_reach(const struct wht_case *c, struct wht_reach *reach);

#endif
