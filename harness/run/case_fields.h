/* SPDX-License-Identifier: MIT */
/**
 * @file case_fields.h
 * What is said of a case in words: by these it is selected, and counted.
 */
#ifndef WHVTRACE_RUN_CASE_FIELDS_H
#define WHVTRACE_RUN_CASE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <whvemu/instructions.h>

#include "format/model.h"

enum wht_case_field {
#define CASE_FIELD(name, about) WHT_FIELD_##name,
#include "case_fields.def"
    WHT_CASE_FIELDS
};

/** A word, which the case holds or `buffer`. */
struct wht_case_word {
    const char *text;
    size_t size;
    char buffer[64];
};

struct wht_field_row {
    const char *name;
    /** For people. */
    const char *about;
    /** Gives a word of a case. @param i 0 for the first. @return false if there are no more. */
    bool (*word)(const struct wht_case *c, size_t i, struct wht_case_word *word);
};

/** By enum wht_case_field. */
extern const struct wht_field_row wht_case_fields[WHT_CASE_FIELDS];

/** @return what a case's registers make of its code, as the emulator's decoder is told. */
enum whvemu_code wht_case_code(const struct wht_case *c);

#endif
