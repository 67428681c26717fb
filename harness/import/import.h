/* SPDX-License-Identifier: MIT */
/**
 * @file import.h
 * From recorded calls to cases.
 *
 * What was never seen stays unknown: registers that neither the context nor a callback told are not
 * in the case, and a Get of them is a divergence. The page of the exit is a device; other addresses
 * are RAM with the value that was read first, unless the options say otherwise.
 */
#ifndef WHVTRACE_IMPORT_IMPORT_H
#define WHVTRACE_IMPORT_IMPORT_H

#include "capture.h"

/** Guest-physical addresses, both ends included. */
struct wht_range {
    uint64_t first;
    uint64_t last;
};

#define WHT_IMPORT_RANGES 64

struct wht_import_options {
    /** Devices besides the page of the exit. */
    struct wht_range device[WHT_IMPORT_RANGES];
    size_t device_count;
    /** RAM even in the page of the exit. */
    struct wht_range ram[WHT_IMPORT_RANGES];
    size_t ram_count;
    /** Every callback is expected as it was. */
    bool is_strict;
};

#define WHT_IMPORT_ERROR_MAX 1024

/** What a recorded call became. */
struct wht_imported {
    /** A case in canonical form that the loader accepts; NULL: there is none. */
    struct wht_node *made;
    /** Why there is none. */
    char error[WHT_IMPORT_ERROR_MAX];
    char id[128];
    char mnemonic[32];
    /** How the call ended, unless with success alone; "" if so. */
    char status[160];
};

/**
 * Makes a case.
 * @param arena  receives the nodes, which share what the call holds.
 * @param prefix what ids begin with.
 * @param number makes the id unique.
 * @param result is filled in.
 * @return whether there is a case.
 */
bool wht_import_call(struct wht_arena *arena, const struct wht_capture_call *call,
                     const struct wht_import_options *options, const char *prefix, uint64_t number,
                     struct wht_imported *result);

#endif
