/* SPDX-License-Identifier: MIT */
/**
 * @file import.h
 * From recorded calls to cases.
 *
 * What was never seen stays unknown: registers that neither the context nor a callback told are not
 * in the case, and a Get of them is a divergence. The page of the exit is a device; other addresses
 * are RAM with the value that was read first, unless the options say otherwise.
 */
#ifndef WHVTRACE_TRACE_IMPORT_H
#define WHVTRACE_TRACE_IMPORT_H

#include "capture.h"

/** Guest-physical addresses, both ends included. */
struct wht_range {
    uint64_t first;
    uint64_t last;
};

#define WHT_IMPORT_RANGES 64

struct wht_import_options {
    struct wht_range device[WHT_IMPORT_RANGES]; /**< devices besides the page of the exit */
    size_t device_count;
    struct wht_range ram[WHT_IMPORT_RANGES]; /**< RAM even in the page of the exit */
    size_t ram_count;
    bool is_strict; /**< every callback is expected as it was */
};

/**
 * Makes a case.
 * @param arena  receives the nodes.
 * @param prefix what ids begin with.
 * @param number makes the id unique.
 * @param error  256 bytes; receives why there is none.
 * @return an object with the keys of a case, or NULL.
 */
struct wht_node *wht_import_call(struct wht_arena *arena, const struct wht_capture_call *call,
                                 const struct wht_import_options *options, const char *prefix,
                                 uint64_t number, char *error);

#endif
