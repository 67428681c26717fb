/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include <stdio.h>
#include <string.h>

/* A member of a frame's struct. */
struct field {
    const char *name;
    size_t offset;
    size_t size; /* of a number; 0: a string */
    uint64_t max;
    enum wht_frame_type type;
};

/* Frames are named in small letters in frame_fields.def. */
enum {
#define WHT_FRAME(ID, letter, name) TYPE_##name = letter,
#include "frame.def"
};

static const struct field fields[] = {
#define WHT_NUMBER(frame, member, max)                                                             \
    {#frame "." #member, offsetof(struct wht_##frame##_frame, member),                             \
     sizeof(((struct wht_##frame##_frame *)NULL)->member), max,                                    \
     (enum wht_frame_type)TYPE_##frame},
#define WHT_STRING(frame, member)                                                                  \
    {#frame "." #member, offsetof(struct wht_##frame##_frame, member), 0, 0,                       \
     (enum wht_frame_type)TYPE_##frame},
#include "frame_fields.def"
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static uint64_t number_of(const struct field *field, const void *frame)
{
    const char *at = (const char *)frame + field->offset;
    uint8_t byte;
    uint32_t word;
    uint64_t number;
    switch (field->size) {
    case sizeof(byte):
        memcpy(&byte, at, sizeof(byte));
        return byte;
    case sizeof(word):
        memcpy(&word, at, sizeof(word));
        return word;
    default:
        memcpy(&number, at, sizeof(number));
        return number;
    }
}

static void set_number(const struct field *field, void *frame, uint64_t number)
{
    char *at = (char *)frame + field->offset;
    uint8_t byte = (uint8_t)number;
    uint32_t word = (uint32_t)number;
    if (field->size == sizeof(byte))
        memcpy(at, &byte, sizeof(byte));
    else if (field->size == sizeof(word))
        memcpy(at, &word, sizeof(word));
    else
        memcpy(at, &number, sizeof(number));
}

static void put(struct wht_text *out, enum wht_frame_type type, const void *frame)
{
    uint32_t head[2] = {(uint32_t)type, 0};
    size_t start = out->size;
    wht_text_add_bytes(out, (const char *)head, sizeof(head));
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct field *field = &fields[i];
        const char *string;
        if (field->type != type)
            continue;
        if (field->size > 0) {
            uint64_t number = number_of(field, frame);
            wht_text_add_bytes(out, (const char *)&number, sizeof(number));
            continue;
        }
        memcpy(&string, (const char *)frame + field->offset, sizeof(string));
        wht_text_add_bytes(out, string, strlen(string) + 1);
    }
    head[1] = (uint32_t)(out->size - start - sizeof(head));
    memcpy(out->text + start, head, sizeof(head));
}

/* @return the bytes behind the field, or NULL if it is not one. */
static const char *get_field(const struct field *field, const char *at, size_t left, void *frame)
{
    uint64_t number;
    if (field->size == 0) {
        const char *nul = left > 0 ? memchr(at, 0, left) : NULL;
        if (nul)
            memcpy((char *)frame + field->offset, &at, sizeof(at));
        return nul ? nul + 1 : NULL;
    }
    if (left < sizeof(number))
        return NULL;
    memcpy(&number, at, sizeof(number));
    if (number > field->max)
        return NULL;
    set_number(field, frame, number);
    return at + sizeof(number);
}

static bool get(enum wht_frame_type type, const char *bytes, size_t size, void *frame)
{
    const char *end = bytes + size;
    for (size_t i = 0; i < FIELD_COUNT && bytes; i++)
        if (fields[i].type == type)
            bytes = get_field(&fields[i], bytes, (size_t)(end - bytes), frame);
    return bytes == end;
}

#define WHT_FRAME(ID, letter, name)                                                                \
    void wht_put_##name##_frame(struct wht_text *out, const struct wht_##name##_frame *frame)      \
    {                                                                                              \
        put(out, WHT_FRAME_##ID, frame);                                                           \
    }                                                                                              \
    bool wht_get_##name##_frame(const char *bytes, size_t size, struct wht_##name##_frame *frame)  \
    {                                                                                              \
        *frame = (struct wht_##name##_frame){0};                                                   \
        return get(WHT_FRAME_##ID, bytes, size, frame);                                            \
    }
#include "frame.def"

enum wht_frame_read wht_frame_next(const char *stream, size_t size, size_t *at,
                                   struct wht_frame *frame)
{
    uint32_t head[2];
    if (size - *at < sizeof(head))
        return WHT_FRAME_PARTIAL;
    memcpy(head, stream + *at, sizeof(head));
    if (head[1] > WHT_FRAME_MAX)
        return WHT_FRAME_TOO_BIG;
    if (size - *at - sizeof(head) < head[1])
        return WHT_FRAME_PARTIAL;
    *frame =
        (struct wht_frame){.type = head[0], .size = head[1], .bytes = stream + *at + sizeof(head)};
    *at += sizeof(head) + head[1];
    return WHT_FRAME_WHOLE;
}

size_t wht_frame_missing(const char *stream, size_t size)
{
    uint32_t head[2];
    if (size < sizeof(head))
        return sizeof(head) - size;
    memcpy(head, stream, sizeof(head));
    if (head[1] > WHT_FRAME_MAX || size - sizeof(head) >= head[1])
        return 0;
    return head[1] - (size - sizeof(head));
}

/* Two builds of one version differ by it when their frames do. */
static uint64_t digest_of_fields(void)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        for (const char *c = fields[i].name; *c; c++)
            digest = (digest ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
        digest = (digest ^ fields[i].max ^ fields[i].size) * UINT64_C(0x100000001b3);
    }
    return digest;
}

void wht_frame_hello(struct wht_text *out)
{
    const struct wht_hello_frame hello = {
        .version = WHT_FRAME_VERSION, .fields = digest_of_fields(), .build = WHVTRACE_VERSION};
    wht_put_hello_frame(out, &hello);
}

bool wht_frame_greets(const struct wht_frame *frame, char *why, size_t n)
{
    struct wht_hello_frame hello;
    bool is_hello =
        frame->type == WHT_FRAME_HELLO && wht_get_hello_frame(frame->bytes, frame->size, &hello);
    if (is_hello && hello.version == WHT_FRAME_VERSION && hello.fields == digest_of_fields())
        return true;
    int used = snprintf(why, n,
                        "whvtrace was replaced while it ran: version %s (frames %u) is "
                        "answered by another build",
                        WHVTRACE_VERSION, WHT_FRAME_VERSION);
    if (is_hello && used > 0 && (size_t)used < n)
        snprintf(why + used, n - (size_t)used, ", version %.32s (frames %u)", hello.build,
                 (unsigned)hello.version);
    return false;
}
