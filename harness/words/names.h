/* SPDX-License-Identifier: MIT */
/**
 * @file names.h
 * Spelling of registers, statuses, modes and results in traces and reports. All returned strings
 * are static unless a buffer is handed in.
 */
#ifndef WHVTRACE_WORDS_NAMES_H
#define WHVTRACE_WORDS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

#include "kinds.h"

enum wht_reg_kind { WHT_REG_U64, WHT_REG_U128, WHT_REG_SEGMENT, WHT_REG_TABLE };

/** Enough for every spelling that the functions below write into a buffer. */
#define WHT_NAME_MAX 128

/**
 * Looks a register up by its trace name ("rax", "reg:0x00001234").
 * @return false if there is no such name.
 */
bool wht_reg_from_name(const char *text, WHV_REGISTER_NAME *name);

/** Writes the trace name of a register into buf (WHT_NAME_MAX bytes) and returns buf. */
const char *wht_reg_name(WHV_REGISTER_NAME name, char *buf);

/** @return whether a register has a name of its own. */
bool wht_reg_has_name(WHV_REGISTER_NAME name);

/** Which member of WHV_REGISTER_VALUE carries the register; U64 for numbers that the table does not
 * know. */
enum wht_reg_kind wht_reg_kind(WHV_REGISTER_NAME name);

/** Writes a register's value as a trace spells it ("0x1f", "{sel 0x8 base 0x0 limit ... attr
 * ...}"). */
const char *wht_reg_format(WHV_REGISTER_NAME name, const WHV_REGISTER_VALUE *value, char *buf);

/** Writes RFLAGS as letters, e.g. "0x246 [IF ZF PF]". */
const char *wht_rflags_format(uint64_t rflags, char *buf);

/** Writes a status word as the list of its bits, e.g. "mem-failed" or "success+internal-failure".
 */
const char *wht_status_format(uint32_t status, char *buf);

/** Writes an HRESULT by name, or in hex. */
const char *wht_hresult_format(HRESULT hr, char *buf);

const char *wht_mode_name(enum wht_mode mode);
const char *wht_match_name(enum wht_match match);
const char *wht_translate_result_name(WHV_TRANSLATE_GVA_RESULT_CODE result);
/** Writes translate flags joined with '|', "none" for 0. */
const char *wht_translate_flags_format(uint32_t flags, char *buf);

/** Writes an exception vector, "#PF" or "vector 0x20". */
const char *wht_vector_format(unsigned vector, char *buf);

#endif
