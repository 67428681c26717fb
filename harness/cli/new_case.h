/* SPDX-License-Identifier: MIT */
/**
 * @file new_case.h
 * The beginning of a case for an instruction: everything that its encoding tells is filled in, and
 * what only a manual can tell is left open.
 */
#ifndef WHVTRACE_CLI_NEW_CASE_H
#define WHVTRACE_CLI_NEW_CASE_H

#include "base/text.h"
#include "format/model.h"

struct wht_new {
    /** For `$schema`, or NULL. */
    const char *schema;
    /** NULL: from the instruction. */
    const char *id;
    enum wht_mode mode;
    uint8_t code[15];
    size_t code_size;
    /** An enum wht_access, or -1: from the instruction. */
    int access;
    bool has_gpa;
    /** Of the device. */
    uint64_t gpa;
};

/**
 * Builds a valid case. What is left open stands in its `todo`, so that it cannot pass before.
 * @param open  receives a line for each place that is left open: its JSON pointer and what belongs
 *              there.
 * @param error receives why there is none (128 bytes).
 * @return the case, which the caller owns, or NULL.
 */
struct wht_case *wht_new_case(const struct wht_new *wanted, struct wht_text *open, char *error);

#endif
