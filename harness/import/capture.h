/* SPDX-License-Identifier: MIT */
/**
 * @file capture.h
 * Reading captures (*.cap.jsonl, whv-capture/1.0): the lines of a recorder, gathered call by call.
 *
 * A capture may be cut anywhere, damaged, or written by several processes one after the other:
 * every call whose begin is there is handed out, and what is wrong with it is said, so that none
 * becomes another. Lines that belong to no call are reported with their place. Lines of different
 * calls may interleave. What is held is bounded, whatever the file. A reader serves one thread at a
 * time.
 */
#ifndef WHVTRACE_IMPORT_CAPTURE_H
#define WHVTRACE_IMPORT_CAPTURE_H

#include "base/json_node.h"
#include "format/load.h"

/** Calls that may be open at once; a capture with more is damaged. */
#define WHT_CAPTURE_OPEN_MAX 1024

/** Longest line, in bytes: 20 times what a recorder writes. */
#define WHT_CAPTURE_LINE_MAX (1u << 20)

/** Bytes that all open calls may take together; a call that does not fit is damaged. */
#define WHT_CAPTURE_HELD_MAX (256u << 20)

/** One callback of a call. */
struct wht_capture_event {
    /** Of the line, this included. */
    struct wht_arena *arena;
    const struct wht_node *node;
    uint32_t line;
    struct wht_capture_event *next;
};

/**
 * One recorded call, which holds its nodes. Numbers among them have no spelling, those of `source`
 * excepted. Lines of a call without damage are what capture_line.h says.
 */
struct wht_capture_call {
    struct wht_arena *arena;
    const char *file;
    /** Of its begin. */
    uint32_t line;
    uint64_t n;
    /** Why it must not become a case, or NULL. */
    const char *damage;
    /** Of the process's header, or NULL. */
    const struct wht_node *source;
    /** NULL if there is damage, as what follows. */
    const struct wht_node *begin;
    /** In order. */
    struct wht_capture_event *first;
    /** NULL: the process died, or the capture is cut. */
    const struct wht_node *end;
    /** Callbacks after these, for which there was no room. */
    uint64_t dropped;
};

struct wht_capture;

/**
 * Opens a capture, plain or gzipped by its name.
 * @param options for errors; copied.
 * @return NULL after reporting why not.
 */
struct wht_capture *wht_capture_open(const char *path, const struct wht_load_options *options);

/** @return the next call, to be released with wht_capture_call_free(), or NULL at the end. */
struct wht_capture_call *wht_capture_next(struct wht_capture *capture);
void wht_capture_call_free(struct wht_capture_call *call);

/** How many errors were reported so far. */
size_t wht_capture_error_count(const struct wht_capture *capture);

void wht_capture_close(struct wht_capture *capture);

/** @return a member that is a string, or NULL. */
const char *wht_capture_text(const struct wht_node *object, const char *key);

/** Reads a member "0x..." of up to 64 bits. @return false if there is none. */
bool wht_capture_hex(const struct wht_node *object, const char *key, uint64_t *value);

/** Reads a member that is an integer. @return false if there is none within 0 to most. */
bool wht_capture_count(const struct wht_node *object, const char *key, uint64_t most,
                       uint64_t *value);

/**
 * Reads a member of hex pairs.
 * @param bytes  receives up to `most` bytes, 0 where a pair is "??".
 * @param hidden receives whether any is; NULL if not wanted.
 * @return how many; 0 if there is none or it cannot be read.
 */
size_t wht_capture_bytes(const struct wht_node *object, const char *key, uint8_t *bytes,
                         size_t most, bool *hidden);

#endif
