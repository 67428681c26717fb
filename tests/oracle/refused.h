/* SPDX-License-Identifier: MIT */
/**
 * @file refused.h
 * Walks through all encodings that Zydis knows and lists those that the emulator refuses: of those
 * with a memory operand, which may cause any exit, and of those without one, which run on execute
 * exits alone.
 */
#ifndef WHVTRACE_TESTS_REFUSED_H
#define WHVTRACE_TESTS_REFUSED_H

#include <stdbool.h>
#include <stddef.h>

/** Why: refused.def. */
enum refused_group {
#define GROUP(name, reason) REFUSED_##name,
#include "refused.def"
    REFUSED_GROUPS
};

/** What the walk saw. */
struct refused_tally {
    /** Of the list's kind. */
    unsigned encodings;
    /** Of these by the emulator. */
    unsigned taken;
    /** That have a row, but not on this machine. */
    unsigned not_here;
};

/**
 * Lists what is refused: a group's reason, and below it a line for each mnemonic with its
 * encodings: prefix, map, opcode, and the extension in ModRM where not all of them are it, or ModRM
 * where its last bits are no register.
 * @param has_registers lists those without a memory operand.
 * @param text receives it, with '\0' at its end.
 * @return whether `size` was enough.
 */
bool refused_list(bool has_registers, char *text, size_t size, struct refused_tally *tally);

#endif
