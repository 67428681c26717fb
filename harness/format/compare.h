/* SPDX-License-Identifier: MIT */
/**
 * @file compare.h
 * Are two cases the same? What is printed is what a file can say, so a key that can be printed is
 * compared.
 */
#ifndef WHVTRACE_FORMAT_COMPARE_H
#define WHVTRACE_FORMAT_COMPARE_H

#include "model.h"

/** How much of two cases is compared. */
enum wht_sameness {
    /** What decides how they come out: traces/FORMAT.md, "Digests". */
    WHT_SAME_MEANING,
    /** All that a file can say; not where it stands, nor what is given. */
    WHT_SAME_WHOLE
};

/** @return whether two cases are the same. */
bool wht_case_equal(const struct wht_case *a, const struct wht_case *b, enum wht_sameness sameness);

#endif
