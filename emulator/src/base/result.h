/* SPDX-License-Identifier: MIT */
/**
 * @file result.h
 * Result codes: every step that can end a call returns one (result.def says what each means).
 */
#ifndef WHE_RESULT_H
#define WHE_RESULT_H

enum whe_result {
#define WHE_RESULT(name, bit, state, reason) WHE_##name,
#include "result.def"
    WHE_RESULT_COUNT
};

/** Ends the calling function with the result of a step that did not succeed. */
#define WHE_TRY(step)                                                                              \
    do {                                                                                           \
        enum whe_result whe_try_result_ = (step);                                                  \
        if (whe_try_result_ != WHE_OK)                                                             \
            return whe_try_result_;                                                                \
    } while (0)

#endif
