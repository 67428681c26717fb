/* SPDX-License-Identifier: MIT */
/**
 * @file pos.h
 * Places in files.
 */
#ifndef WHVTRACE_BASE_POS_H
#define WHVTRACE_BASE_POS_H

#include <stdint.h>

/** A place in a file; line and column (in bytes) count from 1, 0 means unknown. */
struct wht_pos {
    uint32_t line;
    uint32_t column;
};

#endif
