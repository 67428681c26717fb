/* SPDX-License-Identifier: MIT */
/**
 * @file list_instructions.h
 * `whvtrace list --instructions`: the emulator's table, and how many cases exercise each row.
 */
#ifndef WHVTRACE_CLI_LIST_INSTRUCTIONS_H
#define WHVTRACE_CLI_LIST_INSTRUCTIONS_H

#include "run/select.h"

/** Prints the table as text or JSON. @return an exit code. */
int wht_list_instructions(const struct wht_words *paths, struct wht_selection *selection,
                          bool as_json);

#endif
