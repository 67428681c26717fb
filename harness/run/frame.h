/* SPDX-License-Identifier: MIT */
/**
 * @file frame.h
 * What parent and worker say to each other: frames of a type, a length, and fields. Both are the
 * same program on the same machine, so numbers are in its own order; HELLO, which is the first
 * frame in each direction, tells when the program was replaced in between. A worker that an
 * emulator has run wild in may send anything: what is no frame is refused, and never read beyond
 * its end.
 */
#ifndef WHVTRACE_RUN_FRAME_H
#define WHVTRACE_RUN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "report/event.h"
#include "session/result.h"

enum wht_frame_type {
#define WHT_FRAME(ID, letter, name) WHT_FRAME_##ID = letter,
#include "frame.def"
};

#define WHT_FRAME_MAX (16u << 20)

/** Raise it with any change of what frames mean; that of their fields is noticed by itself. */
#define WHT_FRAME_VERSION 1u

/** The first frame, both ways. */
struct wht_hello_frame {
    /** WHT_FRAME_VERSION. */
    uint32_t version;
    /** A digest of all frames' fields. */
    uint64_t fields;
    /** The program's version. */
    const char *build;
};

/** To the worker: cases to run. */
struct wht_job_frame {
    /** Ordinals. */
    uint64_t from;
    /** Behind the last one. */
    uint64_t to;
    /** Each case is announced by BEGIN. */
    bool is_careful;
    const char *path;
};

/** No case can be run: there is no emulator, or the parent is another program. */
struct wht_refused_frame {
    const char *why;
};

/** A case begins, of a careful job: all that its result needs if the worker is lost in it. */
struct wht_begin_frame {
    uint64_t ordinal;
    bool is_may;
    /** Mask of levels. */
    uint8_t judged;
    bool is_explained;
    /** An expectations file says that it crashes or hangs. */
    bool is_expected_loss;
    uint64_t line;
    const char *name;
    const char *file;
    const char *mnemonic;
    /** What reports count it by (labels.h); "" if that was not asked for. */
    const char *family;
    const char *mode;
    const char *flags;
    const char *status;
    /** Of the failure block: before what is said of the loss. */
    const char *block_head;
    /** And behind it. */
    const char *block_foot;
};

/** The result of a case that was judged. */
struct wht_case_frame {
    uint64_t ordinal;
    enum wht_outcome_kind kind;
    enum wht_ending ending;
    bool is_may;
    /** Mask of levels. */
    uint8_t judged;
    uint8_t passed;
    bool is_explained;
    /** Mask of wht_unaligned. */
    uint8_t unaligned;
    uint64_t micros;
    uint64_t line;
    const char *name;
    const char *file;
    /** Of a failure; of every case if labels were asked for. */
    const char *mnemonic;
    const char *family;
    const char *mode;
    const char *flags;
    const char *status;
    /** Of a failure, in one line; why skipped. */
    const char *cause;
    /** Of a failure: equal for those that look alike. */
    const char *group;
    /** Of a failure: all but its first line. */
    const char *block;
    /** Of a failure: the same as JSON, if it was asked for. */
    const char *json;
};

/** A case that a worker made of another one: a recording, or redacted. */
struct wht_made_frame {
    /** Of the other one, as are file and name. */
    uint64_t ordinal;
    enum wht_outcome_kind kind;
    enum wht_ending ending;
    const char *name;
    const char *file;
    /** Why there is none, or "". */
    const char *problem;
    /** What is to be known of it, in one line, or "". */
    const char *remark;
    /** Of the emulator's file, if it was recorded. */
    const char *emulator_version;
    /** See wht_members_write(). */
    const char *members;
};

/** An error of the file; see struct wht_error. */
struct wht_error_frame {
    uint32_t line;
    uint32_t column;
    uint64_t more;
    const char *file;
    const char *pointer;
    const char *text;
};

/** The emulator is loaded, and the worker waits, or still reads. */
struct wht_alive_frame {
    /** Ordinals before it are read. */
    uint64_t position;
};

/** The job is done. */
struct wht_done_frame {
    bool is_file_at_end;
    /** Cases that were left to other shards. */
    uint64_t other_shards;
};

/*
 * wht_put_case_frame() adds a frame to a text; no string may be NULL. wht_get_case_frame() reads
 * the bytes behind a frame's head, and its strings point into them; false if they are not exactly
 * its fields, each within its range. Likewise for every type.
 */
#define WHT_FRAME(ID, letter, name)                                                                \
    void wht_put_##name##_frame(struct wht_text *out, const struct wht_##name##_frame *frame);     \
    bool wht_get_##name##_frame(const char *bytes, size_t size, struct wht_##name##_frame *frame);
#include "frame.def"

/** A frame in a stream. */
struct wht_frame {
    /** An enum wht_frame_type, or anything. */
    uint32_t type;
    uint32_t size;
    /** Of its fields. */
    const char *bytes;
};

/** What stands before the fields. */
#define WHT_FRAME_HEAD 8u

enum wht_frame_read { WHT_FRAME_WHOLE, WHT_FRAME_PARTIAL, WHT_FRAME_TOO_BIG };

/**
 * Finds the next frame of a stream.
 * @param at where it is looked for; is moved behind it.
 * @return WHT_FRAME_PARTIAL if more bytes are needed.
 */
enum wht_frame_read wht_frame_next(const char *stream, size_t size, size_t *at,
                                   struct wht_frame *frame);

/** @return how many more bytes the first frame of a stream needs, or its head if that is not whole;
 * 0 if it is too big. */
size_t wht_frame_missing(const char *stream, size_t size);

/** Adds the first frame of this program. */
void wht_frame_hello(struct wht_text *out);

/**
 * Judges the first frame of the other side.
 * @param why n bytes; receives in words why the two do not fit.
 * @return whether they do.
 */
bool wht_frame_greets(const struct wht_frame *frame, char *why, size_t n);

#endif
