/* SPDX-License-Identifier: MIT */
/**
 * @file trace_files.h
 * Where the fuzzing of the loader puts its files, and what it starts from.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TRACE_FILES_H
#define WHVTRACE_TESTS_FUZZ_TRACE_FILES_H

#include "target.h"

/** The first byte of an input, modulo TRACE_KINDS; the rest is the file. */
enum trace_kind {
    /** A case or a suite. */
    TRACE_JSON,
    /** A corpus. */
    TRACE_LINES,
    /** A corpus that is compressed here, in two members if the first byte is above 127. */
    TRACE_PACKED,
    /** Bytes that claim to be a compressed corpus. */
    TRACE_GZIP,
    /** An expectations file. */
    TRACE_EXPECTATIONS,
    /** A flags.json. */
    TRACE_FLAGS,
    TRACE_KINDS
};

/**
 * Writes a file of that kind in a folder of its own. @return its path, valid until the next call.
 */
const char *trace_file(enum trace_kind kind, const uint8_t *bytes, size_t size);

/** Compresses into one gzip member. @return the size, 0 if out has no room. */
size_t trace_pack(const uint8_t *bytes, size_t size, uint8_t *out, size_t room);

void trace_each_seed(fuzz_take *take, void *user);
void trace_each_word(fuzz_take *take, void *user);

#endif
