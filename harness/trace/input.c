/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "scan.h"

#define CHUNK (64u << 10)

struct wht_input {
    FILE *file;
    bool is_gzip;
    bool is_open; /* zlib's state is set up */
    bool at_end;  /* the file has no more bytes */
    bool in_member;
    z_stream zlib;
    unsigned char raw[CHUNK];
    char *buffer; /* decompressed text not handed out yet starts at `start` */
    size_t start;
    size_t filled;
    size_t capacity;
    char error[128];
};

static bool fail(struct wht_input *input, const char *text)
{
    snprintf(input->error, sizeof(input->error), "%s", text);
    input->at_end = true;
    return false;
}

struct wht_input *wht_input_open(const char *path, bool is_gzip, char *error)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(error, 128, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    struct wht_input *input = calloc(1, sizeof(*input));
    if (!input)
        abort();
    input->file = file;
    input->is_gzip = is_gzip;
    if (is_gzip && inflateInit2(&input->zlib, 16 + MAX_WBITS) != Z_OK)
        abort();
    input->is_open = is_gzip;
    return input;
}

void wht_input_close(struct wht_input *input)
{
    if (!input)
        return;
    if (input->is_open)
        inflateEnd(&input->zlib);
    fclose(input->file);
    free(input->buffer);
    free(input);
}

const char *wht_input_error(const struct wht_input *input)
{
    return input->error[0] ? input->error : NULL;
}

/* Makes room for another chunk behind the text, and one byte for its end. */
static void make_room(struct wht_input *input)
{
    if (input->start > 0) {
        memmove(input->buffer, input->buffer + input->start, input->filled - input->start);
        input->filled -= input->start;
        input->start = 0;
    }
    if (input->capacity - input->filled > CHUNK)
        return;
    input->capacity = 2 * input->capacity + 2 * CHUNK;
    input->buffer = realloc(input->buffer, input->capacity);
    if (!input->buffer)
        abort();
}

static bool read_plain(struct wht_input *input)
{
    size_t count = fread(input->buffer + input->filled, 1, CHUNK, input->file);
    if (count < CHUNK && ferror(input->file))
        return fail(input, "cannot be read");
    input->filled += count;
    input->at_end = count < CHUNK;
    return true;
}

/* zlib's gzread accepts plain text, cut streams and garbage after the last member; inflate does
 * not. */
static bool read_gzip(struct wht_input *input)
{
    z_stream *zlib = &input->zlib;
    if (zlib->avail_in == 0) {
        zlib->next_in = input->raw;
        zlib->avail_in = (uInt)fread(input->raw, 1, CHUNK, input->file);
        if (zlib->avail_in == 0) {
            if (ferror(input->file))
                return fail(input, "cannot be read");
            input->at_end = true;
            return input->in_member ? fail(input, "the gzip stream is cut off") : true;
        }
    }
    input->in_member = true;
    zlib->next_out = (unsigned char *)input->buffer + input->filled;
    zlib->avail_out = CHUNK;
    int result = inflate(zlib, Z_NO_FLUSH);
    input->filled += CHUNK - zlib->avail_out;
    if (result == Z_STREAM_END) {
        input->in_member = false;
        inflateReset(zlib);
        return true;
    }
    if (result != Z_OK && result != Z_BUF_ERROR)
        return fail(input, zlib->total_in <= 2 && zlib->total_out == 0
                               ? "found bytes that are not gzip, expected a gzip member"
                               : "the gzip stream is damaged");
    return true;
}

/* Adds text to the buffer. @return false if there is no more. */
static bool read_more(struct wht_input *input)
{
    size_t before = input->filled - input->start;
    if (input->filled - input->start > WHT_DOCUMENT_MAX)
        return fail(input, "found a document of more than 64 MiB, expected a smaller one");
    make_room(input);
    while (!input->at_end && input->filled - input->start == before) {
        if (!(input->is_gzip ? read_gzip(input) : read_plain(input)))
            return false;
    }
    return input->filled - input->start > before;
}

bool wht_input_line(struct wht_input *input, const char **line, size_t *length)
{
    size_t searched = 0;
    char *end = NULL;
    for (;;) {
        size_t left = input->filled - input->start;
        if (left > searched)
            end = memchr(input->buffer + input->start + searched, '\n', left - searched);
        if (end)
            break;
        searched = left;
        if (!read_more(input))
            break;
    }
    if (input->error[0] || (!end && input->filled == input->start))
        return false;
    char *start = input->buffer + input->start;
    size_t size = end ? (size_t)(end - start) : input->filled - input->start;
    input->start += size + (end ? 1 : 0);
    if (size > 0 && start[size - 1] == '\r')
        size--;
    start[size] = 0;
    *line = start;
    *length = size;
    return true;
}

bool wht_input_rest(struct wht_input *input, const char **text, size_t *length)
{
    while (read_more(input)) {
    }
    if (input->error[0])
        return false;
    make_room(input);
    input->buffer[input->filled] = 0;
    *text = input->buffer + input->start;
    *length = input->filled - input->start;
    return true;
}
