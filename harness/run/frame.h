/* SPDX-License-Identifier: MIT */
/**
 * @file frame.h
 * What parent and worker say to each other: a type, a length, and fields. Both are the same program
 * on the same machine, so numbers are in its own order; but a worker that an emulator has run wild
 * in may send anything.
 */
#ifndef WHVTRACE_RUN_FRAME_H
#define WHVTRACE_RUN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "report/event.h"

enum wht_frame_type {
    WHT_FRAME_JOB = 'J',         /**< to the worker: from, to, careful; path */
    WHT_FRAME_READY = 'R',       /**< the emulator is loaded */
    WHT_FRAME_NO_EMULATOR = 'X', /**< why it is not */
    WHT_FRAME_BEGIN = 'B',       /**< a case begins (careful jobs): as CASE, as if it had failed */
    WHT_FRAME_CASE = 'C',        /**< a result, see struct wht_case_frame */
    WHT_FRAME_ERROR = 'E',       /**< an error of the file, as one line */
    WHT_FRAME_ALIVE = 'H',       /**< still reading */
    WHT_FRAME_DONE = 'D'         /**< the job is done: 1 if the file ended; cases of other shards */
};

struct wht_frame_head {
    uint32_t type;
    uint32_t size; /**< of what follows */
};

#define WHT_FRAME_MAX (16u << 20)

/** A result on its way. Strings are never NULL. */
struct wht_case_frame {
    uint64_t ordinal;
    uint8_t kind; /**< enum wht_outcome_kind */
    uint8_t is_may;
    uint8_t judged; /**< mask of levels */
    uint8_t passed;
    uint8_t ending; /**< enum wht_ending */
    uint8_t is_explained;
    uint8_t unaligned; /**< mask of wht_unaligned */
    uint8_t is_known;  /**< an expectations file says that it crashes or hangs */
    uint64_t micros;
    const char *name;
    const char *file;
    uint64_t line;
    const char *mnemonic;
    const char *cause; /**< of a failure; why skipped */
    const char *key;
    const char *block;  /**< of a failure: all but its first line */
    const char *detail; /**< of a failure: JSON, if it was asked for */
    /* Of a recording: `cause` is why it failed, `key` the emulator's version, `block` what is
     * remarkable in one line, `detail` the members of the case (record_line.h). */
};

/** Begins a frame at the end of out; fields are appended, then wht_frame_end() is called with its
 * result. */
size_t wht_frame_begin(struct wht_text *out, enum wht_frame_type type);
void wht_frame_end(struct wht_text *out, size_t start);
void wht_frame_number(struct wht_text *out, uint64_t number);
void wht_frame_string(struct wht_text *out, const char *string);

/** Reads fields in their order; missing ones read as 0 and "". */
struct wht_frame_fields {
    const char *at;
    const char *end;
};
uint64_t wht_frame_take_number(struct wht_frame_fields *fields);
const char *wht_frame_take_string(struct wht_frame_fields *fields);

/** Adds a CASE, or a BEGIN with the same fields. */
void wht_frame_case(struct wht_text *out, enum wht_frame_type type,
                    const struct wht_case_frame *result);
struct wht_case_frame wht_frame_take_case(struct wht_frame_fields *fields);

#endif
