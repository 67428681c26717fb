/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include <string.h>

size_t wht_frame_begin(struct wht_text *out, enum wht_frame_type type)
{
    struct wht_frame_head head = {.type = (uint32_t)type};
    size_t start = out->size;
    wht_text_add_bytes(out, (const char *)&head, sizeof(head));
    return start;
}

void wht_frame_end(struct wht_text *out, size_t start)
{
    struct wht_frame_head head;
    memcpy(&head, out->text + start, sizeof(head));
    head.size = (uint32_t)(out->size - start - sizeof(head));
    memcpy(out->text + start, &head, sizeof(head));
}

void wht_frame_number(struct wht_text *out, uint64_t number)
{
    wht_text_add_bytes(out, (const char *)&number, sizeof(number));
}

void wht_frame_string(struct wht_text *out, const char *string)
{
    wht_text_add_bytes(out, string, strlen(string) + 1);
}

uint64_t wht_frame_take_number(struct wht_frame_fields *fields)
{
    uint64_t number = 0;
    if ((size_t)(fields->end - fields->at) < sizeof(number)) {
        fields->at = fields->end;
        return 0;
    }
    memcpy(&number, fields->at, sizeof(number));
    fields->at += sizeof(number);
    return number;
}

const char *wht_frame_take_string(struct wht_frame_fields *fields)
{
    const char *string = fields->at;
    size_t left = (size_t)(fields->end - fields->at);
    const char *nul = left > 0 ? memchr(string, 0, left) : NULL;
    if (!nul) {
        fields->at = fields->end;
        return "";
    }
    fields->at = nul + 1;
    return string;
}

void wht_frame_case(struct wht_text *out, enum wht_frame_type type,
                    const struct wht_case_frame *result)
{
    size_t start = wht_frame_begin(out, type);
    wht_frame_number(out, result->ordinal);
    wht_frame_number(out, (uint64_t)result->kind | (uint64_t)result->is_may << 8 |
                              (uint64_t)result->judged << 16 | (uint64_t)result->passed << 24 |
                              (uint64_t)result->ending << 32 |
                              (uint64_t)result->is_explained << 40 |
                              (uint64_t)result->unaligned << 48 | (uint64_t)result->is_known << 56);
    wht_frame_number(out, result->line);
    wht_frame_number(out, result->micros);
    wht_frame_string(out, result->name);
    wht_frame_string(out, result->file);
    wht_frame_string(out, result->mnemonic);
    wht_frame_string(out, result->cause);
    wht_frame_string(out, result->key);
    wht_frame_string(out, result->block);
    wht_frame_string(out, result->detail);
    wht_frame_end(out, start);
}

struct wht_case_frame wht_frame_take_case(struct wht_frame_fields *fields)
{
    struct wht_case_frame result = {.ordinal = wht_frame_take_number(fields)};
    uint64_t packed = wht_frame_take_number(fields);
    result.kind = (uint8_t)packed;
    result.is_may = (uint8_t)(packed >> 8);
    result.judged = (uint8_t)(packed >> 16);
    result.passed = (uint8_t)(packed >> 24);
    result.ending = (uint8_t)(packed >> 32);
    result.is_explained = (uint8_t)(packed >> 40);
    result.unaligned = (uint8_t)(packed >> 48);
    result.is_known = (uint8_t)(packed >> 56);
    result.line = wht_frame_take_number(fields);
    result.micros = wht_frame_take_number(fields);
    result.name = wht_frame_take_string(fields);
    result.file = wht_frame_take_string(fields);
    result.mnemonic = wht_frame_take_string(fields);
    result.cause = wht_frame_take_string(fields);
    result.key = wht_frame_take_string(fields);
    result.block = wht_frame_take_string(fields);
    result.detail = wht_frame_take_string(fields);
    return result;
}
