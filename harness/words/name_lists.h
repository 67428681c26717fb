/* SPDX-License-Identifier: MIT */
/**
 * @file name_lists.h
 * The words of the format, each list in one place (names.c): reading and writing use the same.
 */
#ifndef WHVTRACE_WORDS_NAME_LISTS_H
#define WHVTRACE_WORDS_NAME_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/whv_abi.h>

#include "kinds.h"

#define WHT_MODE_NAMES   7
#define WHT_ACCESS_NAMES 3
#define WHT_PORT_NAMES   2
#define WHT_MATCH_NAMES  3
#define WHT_STATUS_NAMES 10
#define WHT_RESULT_NAMES 9

/** By enum wht_mode, enum wht_access (of memory; of ports), enum wht_match, status bit and
 * translate result. */
extern const char *const wht_mode_names[WHT_MODE_NAMES];
extern const char *const wht_access_names[WHT_ACCESS_NAMES];
extern const char *const wht_port_names[WHT_PORT_NAMES];
extern const char *const wht_match_names[WHT_MATCH_NAMES];
extern const char *const wht_status_names[WHT_STATUS_NAMES];
extern const char *const wht_result_names[WHT_RESULT_NAMES];

struct wht_named {
    const char *name;
    uint32_t value;
};

#define WHT_TRANSLATE_FLAGS 7
#define WHT_HRESULTS        10
#define WHT_RFLAGS          16
#define WHT_VECTORS         20

extern const struct wht_named wht_translate_flags[WHT_TRANSLATE_FLAGS];
extern const struct wht_named wht_hresults[WHT_HRESULTS];
extern const struct wht_named wht_rflags_names[WHT_RFLAGS];
extern const struct wht_named wht_vectors[WHT_VECTORS];

/** Writes the names of all registers into an array. @return how many. */
size_t wht_reg_names(const char **names, size_t capacity);

/** Reads "reg:0x00001234", whether or not the register has a name of its own. */
bool wht_reg_number(const char *text, WHV_REGISTER_NAME *name);

#endif
