/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "json_scan.h"
#include "str.h"

#define CHUNK        (64u << 10)
#define CAPACITY_MAX (WHT_DOCUMENT_MAX + 4u * CHUNK)

struct wht_input {
    FILE *file;
    bool is_gzip;
    bool is_open; /* zlib's state is set up */
    bool at_end;  /* the file has no more bytes, or none that can be read */
    bool in_member;
    bool is_cut;      /* an error stands where the text ends, maybe within a line */
    bool is_skipping; /* the rest of a line that was too long has not been passed over yet */
    z_stream zlib;
    unsigned char raw[CHUNK];
    char *buffer; /* decompressed text not handed out yet starts at `start` */
    size_t start;
    size_t filled;
    size_t capacity;
    char error[128];
};

static void fail(struct wht_input *input, const char *text)
{
    snprintf(input->error, sizeof(input->error), "%s", text);
    input->at_end = true;
    input->is_cut = true;
}

static void fail_read(struct wht_input *input)
{
    char text[128];
    snprintf(text, sizeof(text), "cannot be read: %s", strerror(errno));
    fail(input, text);
}

struct wht_input *wht_input_open(const char *path, bool is_gzip, char *error)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(error, 128, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    struct wht_input *input = wht_allocate(1, sizeof(*input));
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
    if (input->capacity > CAPACITY_MAX)
        input->capacity = CAPACITY_MAX;
    input->buffer = wht_reallocate(input->buffer, input->capacity);
}

static void read_plain(struct wht_input *input)
{
    size_t count = fread(input->buffer + input->filled, 1, CHUNK, input->file);
    input->filled += count;
    input->at_end = count < CHUNK;
    if (input->at_end && ferror(input->file))
        fail_read(input);
}

static void fail_member(struct wht_input *input, bool is_start)
{
    char text[128];
    if (is_start) {
        fail(input, "found bytes that are not gzip, expected a gzip member");
        input->is_cut = false; /* all members before are whole */
        return;
    }
    snprintf(text, sizeof(text), "found a damaged gzip member (%s), expected a sound one",
             input->zlib.msg ? input->zlib.msg : "no reason is known");
    fail(input, text);
}

/* zlib's gzread accepts plain text, cut streams and garbage after the last member; inflate does
 * not. */
static void read_gzip(struct wht_input *input)
{
    z_stream *zlib = &input->zlib;
    if (zlib->avail_in == 0) {
        zlib->next_in = input->raw;
        zlib->avail_in = (uInt)fread(input->raw, 1, CHUNK, input->file);
        if (zlib->avail_in == 0) {
            input->at_end = true;
            if (ferror(input->file))
                fail_read(input);
            else if (input->in_member)
                fail(input, "found the end of the file within a gzip member, expected its rest");
            return;
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
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        fail_member(input, zlib->total_in <= 2 && zlib->total_out == 0);
    }
}

/* Adds text to the buffer. @return false if there is no more. */
static bool read_more(struct wht_input *input)
{
    make_room(input);
    size_t before = input->filled;
    while (!input->at_end && input->filled == before) {
        if (input->is_gzip)
            read_gzip(input);
        else
            read_plain(input);
    }
    return input->filled > before;
}

/* Passes over the rest of a line that was too long to be held. */
static void skip_line(struct wht_input *input)
{
    while (input->is_skipping && (input->filled > input->start || read_more(input))) {
        char *text = input->buffer + input->start;
        char *end = memchr(text, '\n', input->filled - input->start);
        input->is_skipping = !end;
        input->start = end ? (size_t)(end - input->buffer) + 1 : input->filled;
    }
}

/* @return whether what is buffered is a line to its end: the last one of a file may lack its LF. */
static bool is_whole(const struct wht_input *input)
{
    return input->filled > input->start && !input->is_cut;
}

bool wht_input_line(struct wht_input *input, const char **line, size_t *length)
{
    size_t searched = 0;
    size_t left;
    char *end = NULL;
    skip_line(input);
    for (;;) {
        left = input->filled - input->start;
        if (left > searched)
            end = memchr(input->buffer + input->start + searched, '\n', left - searched);
        searched = left;
        if (end || left > WHT_DOCUMENT_MAX || !read_more(input))
            break;
    }
    if (!end && left <= WHT_DOCUMENT_MAX && !is_whole(input))
        return false;
    char *start = input->buffer + input->start;
    size_t size = end ? (size_t)(end - start) : left;
    input->start += size + (end ? 1 : 0);
    input->is_skipping = !end && left > WHT_DOCUMENT_MAX;
    if (size > 0 && start[size - 1] == '\r' && !input->is_skipping)
        size--;
    start[size] = 0;
    *line = start;
    *length = size;
    return true;
}

bool wht_input_rest(struct wht_input *input, const char **text, size_t *length)
{
    while (read_more(input)) {
        if (input->filled - input->start > WHT_DOCUMENT_MAX)
            fail(input, "found a document of more than 64 MiB, expected a smaller one");
    }
    if (input->error[0])
        return false;
    make_room(input);
    input->buffer[input->filled] = 0;
    *text = input->buffer + input->start;
    *length = input->filled - input->start;
    return true;
}
