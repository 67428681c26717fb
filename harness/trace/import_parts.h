/* SPDX-License-Identifier: MIT */
/**
 * @file import_parts.h
 * The parts of a case that is being made from a recorded call.
 */
#ifndef WHVTRACE_TRACE_IMPORT_PARTS_H
#define WHVTRACE_TRACE_IMPORT_PARTS_H

#include "build.h"
#include "import.h"
#include "import_memory.h"

#define WHT_IMPORT_ERROR_MAX 256
#define WHT_IMPORT_CODE_MAX  16
#define WHT_IMPORT_FAILED_MAX                                                                      \
    16 /* a call ends with its first failure, if its emulator is right                             \
        */
#define WHT_IMPORT_PAGES_MAX 4096

struct import {
    struct wht_arena *arena;
    const struct wht_capture_call *call;
    const struct wht_import_options *options;
    char *error;

    /* The context. */
    bool is_io;
    bool is_long64;
    uint64_t state; /**< WHV_X64_VP_EXECUTION_STATE */
    uint64_t rip;
    uint64_t cs_base;
    uint64_t exit_gpa;
    uint8_t code[WHT_IMPORT_CODE_MAX];
    size_t code_size;
    size_t given; /**< bytes of code that the exit gave */

    /* The callbacks. */
    bool is_fetching;
    uint64_t fetch_gpa; /**< where the next byte of code will be read */
    bool is_hidden;     /**< data that was read is not known */
    uint64_t failed_page[WHT_IMPORT_FAILED_MAX];
    size_t failed_count;
    size_t page_count; /**< of pages */
    struct wht_ram ram;
    struct wht_build calls;
    struct wht_build pages;
    struct wht_build known; /**< registers, of `init` */
    const struct wht_node *set;
};

/** Reads the exit context of the begin. @return false with a reason in import->error. */
bool wht_import_context(struct import *import);

/**
 * Makes the bytes of an IN or OUT whose exit gave none, which is all that the API asks for: the
 * exit tells length, direction, size and port, and nobody decodes them.
 */
void wht_import_port_code(struct import *import);

/** Notes registers whose values a Get told, unless they were known already. */
void wht_import_know(struct import *import, const struct wht_node *registers);

/** Notes what a page was translated to. */
void wht_import_page(struct import *import, uint64_t gva, uint64_t gpa, const char *result,
                     const struct wht_node *flags);

/** Puts the case together. @return NULL with a reason in import->error. */
struct wht_node *wht_import_case(struct import *import, const char *prefix, uint64_t number);

/** @return a copy of a node and all below it. */
struct wht_node *wht_import_copy(struct wht_arena *arena, const struct wht_node *node);

/** @return the keys of an object, or the strings of a list, as a list. */
struct wht_node *wht_import_names(struct wht_arena *arena, const struct wht_node *registers);

#endif
