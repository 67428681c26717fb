/* SPDX-License-Identifier: MIT */
/**
 * @file expect.h
 * Which accesses to memory a call must have made, worked out from the instruction alone.
 */
#ifndef WHVTRACE_TESTS_EXPECT_H
#define WHVTRACE_TESTS_EXPECT_H

#include "outcome.h"

/**
 * Compares the data accesses of a call with what the API's documentation asks for: everything that
 * is read, then everything that is written, element by element for strings; ascending, in pieces of
 * up to 8 bytes, split at page edges and nowhere else.
 * @param guest    the registers before the call.
 * @param start    linear address of the code.
 * @param elements how many elements a string instruction moved; 0 for none, also of a fault.
 * @return whether they are exactly these; accesses to descriptors and to the TSS are not looked at.
 */
bool expect_accesses(const struct model *model, struct guest *guest, const struct outcome *outcome,
                     uint64_t start, uint64_t elements);

/** @return how many elements a call has done, by what it left in rCX; 1 without REP. */
uint64_t expect_elements(const struct model *model, struct guest *guest,
                         const struct outcome *outcome);

/** @return whether an access is one to a descriptor table or to the TSS. */
bool expect_is_system(const struct outcome *outcome, size_t index);

#endif
