/* SPDX-License-Identifier: MIT */
/**
 * @file stream.h
 * Bytes that are taken one after the other. Past the end they are zeros, and fuzz_is_empty tells.
 */
#ifndef WHVTRACE_TESTS_FUZZ_STREAM_H
#define WHVTRACE_TESTS_FUZZ_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_stream {
    const uint8_t *bytes;
    size_t size;
    size_t at;
};

static inline bool fuzz_is_empty(const struct fuzz_stream *stream)
{
    return stream->at >= stream->size;
}

static inline uint8_t fuzz_byte(struct fuzz_stream *stream)
{
    return fuzz_is_empty(stream) ? 0 : stream->bytes[stream->at++];
}

/** @return the next bytes, 1 to 8 of them, as a little-endian number. */
static inline uint64_t fuzz_number(struct fuzz_stream *stream, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)fuzz_byte(stream) << 8 * i;
    return value;
}

/** @return the next byte as a signed number, in two's complement of 64 bits. */
static inline uint64_t fuzz_offset(struct fuzz_stream *stream)
{
    return (uint64_t)(int64_t)(int8_t)fuzz_byte(stream);
}

#endif
