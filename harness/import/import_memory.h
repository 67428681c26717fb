/* SPDX-License-Identifier: MIT */
/**
 * @file import_memory.h
 * What a recorded call tells of RAM: the first value that was read from a byte, and the last that
 * was written to it.
 */
#ifndef WHVTRACE_IMPORT_IMPORT_MEMORY_H
#define WHVTRACE_IMPORT_IMPORT_MEMORY_H

#include "base/arena.h"
#include "format/model.h"

#define WHT_IMPORT_PAGE 0x1000u

struct wht_ram_page {
    uint64_t gpa;
    /** Mask of enum wht_ram_state. */
    uint8_t state[WHT_IMPORT_PAGE];
    uint8_t initial[WHT_IMPORT_PAGE];
    uint8_t current[WHT_IMPORT_PAGE];
};

enum wht_ram_state {
    WHT_RAM_TOUCHED = 1,
    WHT_RAM_WRITTEN = 2,
    /** What was written there is not known. */
    WHT_RAM_HIDDEN = 4
};

/** Pages that are kept; each takes 12 KiB. */
#define WHT_RAM_PAGES 4096

struct wht_ram {
    struct wht_arena *arena;
    /** Ascending. */
    struct wht_ram_page **pages;
    size_t count;
    size_t capacity;
    /** There were more pages; they are not kept. */
    bool is_full;
};

void wht_ram_read(struct wht_ram *ram, uint64_t gpa, const uint8_t *data, size_t size);
void wht_ram_write(struct wht_ram *ram, uint64_t gpa, const uint8_t *data, size_t size,
                   bool is_hidden);

/** Adds to a case's `memory` what was touched, with what was there first. */
void wht_ram_regions(const struct wht_ram *ram, struct wht_case *c);

/** Adds to a case's `expect.memory` what was written. */
void wht_ram_written(const struct wht_ram *ram, struct wht_case *c);

#endif
