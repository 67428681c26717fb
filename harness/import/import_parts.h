/* SPDX-License-Identifier: MIT */
/**
 * @file import_parts.h
 * The parts of a case that is being made from a recorded call.
 */
#ifndef WHVTRACE_IMPORT_IMPORT_PARTS_H
#define WHVTRACE_IMPORT_IMPORT_PARTS_H

#include "format/check.h"
#include "import.h"
#include "import_memory.h"
#include "x86/disasm.h"

#define WHT_IMPORT_CODE_MAX 16
#define WHT_IMPORT_FAILED_MAX                                                                      \
    16 /* a call ends with its first failure, if its emulator is right                             \
        */
#define WHT_IMPORT_PAGES_MAX 4096
#define WHT_IMPORT_REGS_MAX  1024 /* five times as many as the platform has */
#define WHT_IMPORT_GVA_VALID 0x8u /* of WHV_MEMORY_ACCESS_INFO */

/** What a page was translated to. */
struct import_page {
    uint64_t gva;
    uint64_t gpa;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
};

struct import {
    /** For what is not in the case. */
    struct wht_arena *arena;
    /** Quiet: lines were checked when they were read. */
    struct wht_check check;
    /** NULL until its mode is known. */
    struct wht_case *c;
    const struct wht_capture_call *call;
    const struct wht_import_options *options;
    struct wht_imported *result;

    /* The context. */
    bool is_io;
    bool is_long64;
    enum wht_code code_kind;
    /** WHV_X64_VP_EXECUTION_STATE. */
    uint64_t state;
    uint64_t rip;
    uint64_t cs_base;
    uint64_t exit_gpa;
    uint64_t exit_gva;
    /** WHV_MEMORY_ACCESS_INFO, or WHV_X64_IO_PORT_ACCESS_INFO. */
    uint64_t exit_info;
    uint8_t code[WHT_IMPORT_CODE_MAX];
    size_t code_size;
    /** Bytes of code that the exit gave. */
    size_t given;

    /* The callbacks. */
    bool is_fetching;
    /** Where the next byte of code will be read. */
    uint64_t fetch_gpa;
    /** Data that was read is not known. */
    bool is_hidden;
    uint64_t failed_page[WHT_IMPORT_FAILED_MAX];
    size_t failed_count;
    struct import_page *page;
    size_t page_count;
    size_t page_room;
    struct wht_ram ram;
    /** Registers of `init`. */
    size_t known_count;
    const struct wht_node *set;
};

/** Says why there is no case. @return false. */
bool wht_import_fail(struct import *import, const char *what);

/** Reads the exit context of the begin. @return false with a reason in import->result. */
bool wht_import_context(struct import *import);

/**
 * Makes the bytes of an IN or OUT whose exit gave none, which is all that the API asks for: the
 * exit tells length, direction, size and port, and nobody decodes them.
 */
void wht_import_port_code(struct import *import);

/**
 * Notes registers whose values a Get told, unless they were known already.
 * @return false with a reason if there are too many.
 */
bool wht_import_know(struct import *import, const struct wht_node *registers);

/** @return whether the bytes of code that are known are not all of an instruction. */
bool wht_import_lacks_code(const struct import *import);

/** Notes what a page was translated to. @param purposes mask of wht_page_for.
 * @return false with a reason if there are too many. */
bool wht_import_page(struct import *import, const struct import_page *page, unsigned purposes);

/** Puts the case together. @return false with a reason in import->result. */
bool wht_import_case(struct import *import, const char *prefix, uint64_t number);

/** Reads a member of a map of registers. */
bool wht_import_register(struct import *import, const struct wht_node *member,
                         WHV_REGISTER_NAME *name, WHV_REGISTER_VALUE *value);

#endif
