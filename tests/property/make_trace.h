/* SPDX-License-Identifier: MIT */
/**
 * @file make_trace.h
 * Random valid trace files, spelled in every way that the format allows: keys in any order, digits
 * in either case, `_` and leading zeros, blanks anywhere.
 */
#ifndef WHVTRACE_TESTS_MAKE_TRACE_H
#define WHVTRACE_TESTS_MAKE_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum made_kind { MADE_CASE, MADE_SUITE, MADE_CORPUS, MADE_KINDS };

/** Where texts come from: one for each file, a few hundred KiB. */
struct maker {
    uint64_t state;
    char *pool;
    size_t used;
    size_t capacity;
};

/** @param seed which file; every seed is a good one. Release with maker_free(). */
struct maker maker_new(uint64_t seed);
void maker_free(struct maker *m);

/** @return the text of a file; it lives as long as the maker. */
const char *make_trace(struct maker *m, enum made_kind kind);

/* make_calls.c and make_values.c: the parts. */

struct members {
    const char *items[96];
    size_t count;
};

uint64_t make_random(struct maker *m);
/** @return a number below `below`. */
unsigned make_below(struct maker *m, unsigned below);
/** @return whether a die with that many sides shows a one. */
int make_chance(struct maker *m, unsigned sides);
__attribute__((format(printf, 2, 3))) const char *make_text(struct maker *m, const char *format,
                                                            ...);
/** Adds a member or element; NULL is passed over. */
void make_add(struct members *members, const char *item);
/** @return the members as an object, in random order, with `x-*` or `$comment` now and then. */
const char *make_object(struct maker *m, struct members *members);
/** @return the members as a register map: no free keys. */
const char *make_map(struct maker *m, struct members *members);
/** @return the elements as a list, in their order. */
const char *make_list(struct maker *m, const struct members *members);

const char *make_word(struct maker *m, const char *const *words, unsigned count);
/** @return "0x..." of at most that many bits, quoted; value is written in one of many ways. */
const char *make_hex_of(struct maker *m, uint64_t value);
const char *make_hex(struct maker *m, unsigned bits);
const char *make_bytes(struct maker *m, unsigned count, int allows_any);
/** @return a register and its plain value, as a member; registers differ by `which`. */
const char *make_register(struct maker *m, unsigned which);
/** @return the same as an expectation; others than rip are not relative. */
const char *make_want(struct maker *m, unsigned which);
#define MADE_REGISTERS 20

/** @return the list of expected callbacks. */
const char *make_calls(struct maker *m, unsigned depth);

#endif
