/* SPDX-License-Identifier: MIT */
/**
 * @file import_moo.h
 * From tests of MOO files to cases: what a processor did to a memory operand or a port.
 *
 * Cases are in real mode; memory is RAM, ports answer what the bus showed. Flags and register bits
 * that the file masks out are not compared, nor are flags that the manuals leave undefined.
 */
#ifndef WHVTRACE_IMPORT_IMPORT_MOO_H
#define WHVTRACE_IMPORT_IMPORT_MOO_H

#include "format/model.h"
#include "moo.h"

/** Why a test became no case: WHT_MOO_LEFT(id, text). */
#define WHT_MOO_REASONS(X)                                                                         \
    X(NONE, "")                                                                                    \
    X(MODE, "not in real mode")                                                                    \
    X(EXCEPTION, "an exception or interrupt")                                                      \
    X(CODE, "no instruction that is known in this mode")                                           \
    X(OLD, "done in another way since the 80286")                                                  \
    X(NO_ACCESS, "no memory operand and no port")                                                  \
    X(WRAPS, "an access that wraps around its segment")                                            \
    X(CYCLES, "bus cycles that do not tell the access")

enum wht_moo_left {
#define WHT_MOO_LEFT(id, text) WHT_MOO_LEFT_##id,
    WHT_MOO_REASONS(WHT_MOO_LEFT)
#undef WHT_MOO_LEFT
        WHT_MOO_LEFT_COUNT
};

/** @return the reason in words. */
const char *wht_moo_left_text(enum wht_moo_left left);

/**
 * Makes a case.
 * @param prefix what its id begins with.
 * @param number makes the id unique.
 * @param from   the file's name.
 * @param arena  for what is needed while it is made.
 * @param made   receives a case if the result is WHT_MOO_LEFT_NONE, otherwise NULL.
 */
enum wht_moo_left wht_import_moo(struct wht_arena *arena, const struct wht_moo *moo,
                                 const struct wht_moo_test *test, const char *prefix,
                                 uint64_t number, const char *from, struct wht_case **made);

#endif
