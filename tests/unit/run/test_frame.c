/* SPDX-License-Identifier: MIT */
/* Frames come out as they went in; bytes that are none are refused, wherever they break off. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "run/frame.h"

static const struct wht_case_frame failed = {.ordinal = UINT64_MAX,
                                             .kind = WHT_CASE_FAILED,
                                             .ending = WHT_TIMED_OUT,
                                             .is_may = true,
                                             .judged = 7,
                                             .passed = 3,
                                             .is_explained = true,
                                             .unaligned = 9,
                                             .micros = 1234567,
                                             .line = 42,
                                             .name = "a/b#c",
                                             .file = "b.trace.json",
                                             .mnemonic = "mov",
                                             .family = "alu",
                                             .mode = "long64",
                                             .flags = "one two",
                                             .status = "success",
                                             .cause = "it is so",
                                             .group = "mov/so",
                                             .block = "  line\n",
                                             .json = ""};

/* One frame of each type. */
static void put_all(struct wht_text *out)
{
    wht_frame_hello(out);
    wht_put_job_frame(out, &(struct wht_job_frame){1, 65, true, "traces/x"});
    wht_put_refused_frame(out, &(struct wht_refused_frame){"no such file"});
    wht_put_begin_frame(out, &(struct wht_begin_frame){.ordinal = 5,
                                                       .judged = 1,
                                                       .name = "n",
                                                       .file = "f",
                                                       .mnemonic = "",
                                                       .family = "",
                                                       .mode = "",
                                                       .flags = "",
                                                       .status = "",
                                                       .block_head = "head",
                                                       .block_foot = "foot"});
    wht_put_case_frame(out, &failed);
    wht_put_made_frame(out, &(struct wht_made_frame){.ordinal = 6,
                                                     .name = "n",
                                                     .file = "f",
                                                     .problem = "",
                                                     .remark = "looked at it",
                                                     .emulator_version = "1.2",
                                                     .members = "\"code\": \"90\"}\n"});
    wht_put_error_frame(out, &(struct wht_error_frame){3, 4, 0, "f", "/cases", "is wrong"});
    wht_put_alive_frame(out, &(struct wht_alive_frame){77});
    wht_put_done_frame(out, &(struct wht_done_frame){true, 8});
}

/* Reads the bytes as a frame of a type, and all its strings. */
static bool get(uint32_t type, const char *bytes, size_t size)
{
    union {
        struct wht_hello_frame hello;
        struct wht_job_frame job;
        struct wht_refused_frame refused;
        struct wht_begin_frame begin;
        struct wht_case_frame result;
        struct wht_made_frame made;
        struct wht_error_frame error;
        struct wht_alive_frame alive;
        struct wht_done_frame done;
    } f;
    switch (type) {
    case WHT_FRAME_HELLO:
        return wht_get_hello_frame(bytes, size, &f.hello) && strlen(f.hello.build) < size;
    case WHT_FRAME_JOB:
        return wht_get_job_frame(bytes, size, &f.job) && strlen(f.job.path) < size;
    case WHT_FRAME_REFUSED:
        return wht_get_refused_frame(bytes, size, &f.refused) && strlen(f.refused.why) < size;
    case WHT_FRAME_BEGIN:
        return wht_get_begin_frame(bytes, size, &f.begin) && strlen(f.begin.block_foot) < size;
    case WHT_FRAME_CASE:
        return wht_get_case_frame(bytes, size, &f.result) && strlen(f.result.json) < size;
    case WHT_FRAME_MADE:
        return wht_get_made_frame(bytes, size, &f.made) && strlen(f.made.members) < size;
    case WHT_FRAME_ERROR:
        return wht_get_error_frame(bytes, size, &f.error) && strlen(f.error.text) < size;
    case WHT_FRAME_ALIVE:
        return wht_get_alive_frame(bytes, size, &f.alive);
    case WHT_FRAME_DONE:
        return wht_get_done_frame(bytes, size, &f.done);
    default:
        return false;
    }
}

Test(frame, a_stream_gives_back_what_was_put_in)
{
    struct wht_text stream = {.text = NULL};
    struct wht_frame frame;
    struct wht_case_frame got;
    struct wht_made_frame made;
    size_t at = 0, count = 0;
    put_all(&stream);
    while (wht_frame_next(stream.text, stream.size, &at, &frame) == WHT_FRAME_WHOLE) {
        count++;
        cr_expect(get(frame.type, frame.bytes, frame.size), "frame %c", (char)frame.type);
        if (frame.type == WHT_FRAME_CASE && wht_get_case_frame(frame.bytes, frame.size, &got)) {
            cr_expect_eq(got.ordinal, failed.ordinal);
            cr_expect_eq(got.kind, WHT_CASE_FAILED);
            cr_expect_eq(got.ending, WHT_TIMED_OUT);
            cr_expect(got.is_may && got.is_explained);
            cr_expect_eq(got.judged, 7);
            cr_expect_eq(got.passed, 3);
            cr_expect_eq(got.unaligned, 9);
            cr_expect_eq(got.micros, 1234567);
            cr_expect_eq(got.line, 42);
            cr_expect_str_eq(got.name, "a/b#c");
            cr_expect_str_eq(got.group, "mov/so");
            cr_expect_str_eq(got.block, "  line\n");
            cr_expect_str_eq(got.json, "");
        }
        if (frame.type == WHT_FRAME_MADE && wht_get_made_frame(frame.bytes, frame.size, &made)) {
            cr_expect_str_eq(made.emulator_version, "1.2");
            cr_expect_str_eq(made.members, "\"code\": \"90\"}\n");
        }
    }
    cr_expect_eq(at, stream.size);
    cr_expect_eq(count, 9);
    wht_text_free(&stream);
}

/* The copy ends where the bytes do, so that a sanitizer sees any read beyond. */
static bool get_copy(uint32_t type, const char *bytes, size_t size)
{
    char *copy = malloc(size + !size);
    cr_assert_not_null(copy);
    memcpy(copy, bytes, size);
    bool is_frame = get(type, copy, size);
    free(copy);
    return is_frame;
}

Test(frame, what_breaks_off_or_goes_on_is_refused)
{
    struct wht_text stream = {.text = NULL};
    struct wht_frame frame;
    size_t at = 0;
    put_all(&stream);
    for (size_t size = 0, last = 0; size <= stream.size; size++) {
        size_t from = last;
        if (wht_frame_next(stream.text, size, &last, &frame) == WHT_FRAME_WHOLE)
            continue;
        cr_expect_eq(last, from);
        cr_expect_gt(wht_frame_missing(stream.text + last, size - last), 0);
    }
    while (wht_frame_next(stream.text, stream.size, &at, &frame) == WHT_FRAME_WHOLE) {
        for (size_t size = 0; size < frame.size; size++)
            cr_expect(!get_copy(frame.type, frame.bytes, size), "%c, %zu bytes", (char)frame.type,
                      size);
        char *longer = malloc(frame.size + 1);
        cr_assert_not_null(longer);
        memcpy(longer, frame.bytes, frame.size);
        longer[frame.size] = 0;
        cr_expect(!get(frame.type, longer, frame.size + 1), "%c", (char)frame.type);
        free(longer);
    }
    wht_text_free(&stream);
}

Test(frame, any_bytes_are_a_frame_or_refused)
{
    static const char types[] = "VJXBCMEHD?";
    char bytes[200];
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        for (size_t j = 0; j < sizeof(bytes); j++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            bytes[j] = (random >> 60) < 12 ? 0 : (char)(random >> 32);
        }
        get_copy((uint8_t)types[i % 10], bytes, (size_t)(random >> 40) % sizeof(bytes));
    }
}

static bool takes_number(size_t at, uint64_t number)
{
    struct wht_text out = {.text = NULL};
    struct wht_case_frame got;
    wht_put_case_frame(&out, &failed);
    memcpy(out.text + WHT_FRAME_HEAD + at * sizeof(number), &number, sizeof(number));
    bool is_taken = wht_get_case_frame(out.text + WHT_FRAME_HEAD, out.size - WHT_FRAME_HEAD, &got);
    wht_text_free(&out);
    return is_taken;
}

Test(frame, numbers_out_of_range_are_refused)
{
    cr_expect(takes_number(0, 0));
    cr_expect(takes_number(1, WHT_CASE_SKIPPED));
    cr_expect(!takes_number(1, WHT_CASE_SKIPPED + 1), "no kind of outcome");
    cr_expect(!takes_number(2, WHT_TIMED_OUT + 1), "no ending");
    cr_expect(!takes_number(3, 2), "no truth value");
    cr_expect(!takes_number(4, 256), "too big for its member");
    cr_expect(!takes_number(1, UINT64_C(1) << 32), "a kind in 33 bits");
}

Test(frame, a_size_beyond_all_bounds_is_told)
{
    struct wht_frame frame;
    size_t at = 0;
    uint32_t head[2] = {WHT_FRAME_CASE, WHT_FRAME_MAX + 1};
    cr_expect_eq(wht_frame_next((const char *)head, sizeof(head), &at, &frame), WHT_FRAME_TOO_BIG);
    cr_expect_eq(wht_frame_missing((const char *)head, sizeof(head)), 0);
    head[1] = UINT32_MAX;
    cr_expect_eq(wht_frame_next((const char *)head, sizeof(head), &at, &frame), WHT_FRAME_TOO_BIG);
}

static bool greets(const struct wht_text *text, char *why)
{
    struct wht_frame frame;
    size_t at = 0;
    cr_assert_eq(wht_frame_next(text->text, text->size, &at, &frame), WHT_FRAME_WHOLE);
    return wht_frame_greets(&frame, why, 256);
}

Test(frame, another_build_is_refused_with_a_message)
{
    struct wht_text text = {.text = NULL};
    struct wht_hello_frame hello;
    char why[256] = "";
    wht_frame_hello(&text);
    cr_expect(greets(&text, why));
    cr_assert(wht_get_hello_frame(text.text + WHT_FRAME_HEAD, text.size - WHT_FRAME_HEAD, &hello));
    struct wht_hello_frame other = hello;
    struct wht_text changed = {.text = NULL};
    other.version++;
    other.build = "9.9";
    wht_put_hello_frame(&changed, &other);
    cr_expect(!greets(&changed, why));
    cr_expect(strstr(why, "9.9") && strstr(why, "was replaced"), "%s", why);
    other = hello;
    other.fields ^= 1;
    wht_text_clear(&changed);
    wht_put_hello_frame(&changed, &other);
    cr_expect(!greets(&changed, why), "its frames have other fields");
    wht_text_clear(&changed);
    wht_put_alive_frame(&changed, &(struct wht_alive_frame){1});
    cr_expect(!greets(&changed, why), "it does not greet");
    wht_text_free(&changed);
    wht_text_free(&text);
}
