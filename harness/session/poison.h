/* SPDX-License-Identifier: MIT */
/**
 * @file poison.h
 * What means nothing is filled with a pattern that differs from call to call: an emulator that
 * looks at it goes another way.
 */
#ifndef WHVTRACE_SESSION_POISON_H
#define WHVTRACE_SESSION_POISON_H

enum wht_poison {
#define WHT_POISON(id, text) WHT_POISON_##id,
#include "poison.def"
    WHT_POISON_COUNT
};

/** Two values that differ in every bit: what is not written shows in one of two calls. */
#define WHT_POISON_FIRST  0xa5u
#define WHT_POISON_SECOND 0x5au

/** @return what was poisoned, in words. */
const char *wht_poison_text(enum wht_poison poison);

#endif
