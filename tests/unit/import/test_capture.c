/* SPDX-License-Identifier: MIT */
/* Captures that are cut, damaged or interleaved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "import/capture.h"
#include "import/import.h"

#include "unit/format/files.h"

#define CONTEXT                                                                                    \
    "\"context\":{\"execution_state\":\"0x14\",\"instruction_length\":2,\"cr8\":\"0x0\",\"cs\":{"  \
    "\"sel\":\"0x8\",\"base\":\"0x0\",\"limit\":\"0xffffffff\",\"attr\":\"0xa09b\"},"              \
    "\"rip\":\"0x1000\",\"rflags\":\"0x2\"},\"access\":{\"byte_count\":2,\"bytes\":\"89 03 00 00 " \
    "00 00 00 00 00 00 00 00 00 00 00 00\",\"info\":\"0x9\",\"gpa\":\"0xfee000b0\",\"gva\":"       \
    "\"0xfee000b0\"}"
#define HEADER                                                                                     \
    "{\"cap\":\"hdr\",\"format\":\"whv-capture/1.0\",\"source\":{\"kind\":\"captured\",\"tool\":"  \
    "\"t\"}}\n"
#define BEGIN(n)                                                                                   \
    "{\"cap\":\"begin\",\"n\":" n ",\"vp\":0,\"api\":\"shipping\",\"kind\":\"mmio\"," CONTEXT "}"  \
    "\n"
#define GET(n)                                                                                     \
    "{\"n\":" n ",\"hr\":\"S_OK\",\"get\":{\"rax\":\"0x12345678\",\"rbx\":\"0xfee000b0\"}}\n"
#define MEM(n)                                                                                     \
    "{\"n\":" n ",\"hr\":\"S_OK\",\"mem\":\"write\",\"gpa\":\"0xfee000b0\",\"size\":4,\"data\":"   \
    "\"78 56 34 12\"}\n"
#define SET(n) "{\"n\":" n ",\"hr\":\"S_OK\",\"set\":{\"rip\":\"0x1002\"}}\n"
#define END(n) "{\"cap\":\"end\",\"n\":" n ",\"hr\":\"S_OK\",\"status\":[\"success\"]}\n"

struct found {
    size_t complete;
    size_t incomplete;
    size_t events;
    size_t cases;
    size_t errors;
    uint32_t error_line;
};

static void on_error(void *user, const struct wht_error *error)
{
    struct found *found = user;
    found->errors++;
    found->error_line = error->pos.line;
}

static struct found read_text(const char *text, size_t size)
{
    struct found found = {0};
    const struct wht_load_options options = {.on_error = on_error, .user = &found};
    write_file("test.cap.jsonl", text, size);
    struct wht_capture *capture = wht_capture_open(file_path, &options);
    cr_assert_not_null(capture);
    for (struct wht_capture_call *call; (call = wht_capture_next(capture)) != NULL;) {
        static const struct wht_import_options import;
        struct wht_imported result;
        struct wht_arena *arena = wht_arena_new();
        found.complete += call->end != NULL;
        found.incomplete += call->end == NULL;
        for (const struct wht_capture_event *event = call->first; event; event = event->next)
            found.events++;
        found.cases += wht_import_call(arena, call, &import, "t", 1, &result);
        wht_arena_free(arena);
        wht_capture_call_free(call);
    }
    cr_expect_eq(wht_capture_error_count(capture), found.errors);
    wht_capture_close(capture);
    unlink(file_path);
    return found;
}

static struct found read_string(const char *text)
{
    return read_text(text, strlen(text));
}

static const char whole[] = HEADER BEGIN("0") GET("0") MEM("0") SET("0") END("0") BEGIN("1")
    GET("1") MEM("1") SET("1") END("1");

Test(capture, calls_are_gathered_from_their_lines)
{
    struct found found = read_string(whole);
    cr_expect_eq(found.complete, 2);
    cr_expect_eq(found.events, 6);
    cr_expect_eq(found.cases, 2);
    cr_expect_eq(found.errors, 0);
}

/* How many times a text stands whole in the first `size` bytes of another. */
static size_t count_in(const char *text, size_t size, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        count += (size_t)(at - text) + strlen(what) <= size;
    return count;
}

Test(capture, a_cut_at_any_byte_loses_nothing_that_is_whole)
{
    for (size_t cut = 0; cut < sizeof(whole); cut++) {
        struct found found = read_text(whole, cut);
        bool is_in_line = cut > 0 && whole[cut - 1] != '\n';
        /* A line whose end of line alone is missing is whole. */
        bool is_whole = is_in_line && whole[cut] == '\n';
        size_t ends = count_in(whole, is_whole ? cut + 1 : cut, "\"success\"]}\n");
        size_t begins = count_in(whole, is_whole ? cut + 1 : cut, "\"gva\":\"0xfee000b0\"}}\n");
        cr_expect_eq(found.complete, ends, "cut at %zu", cut);
        cr_expect_eq(found.complete + found.incomplete, begins, "cut at %zu", cut);
        cr_expect_eq(found.cases, begins, "cut at %zu", cut);
        cr_expect_eq(found.errors, is_in_line && !is_whole, "cut at %zu", cut);
    }
}

Test(capture, lines_of_different_calls_may_interleave)
{
    struct found found = read_string(HEADER BEGIN("0") BEGIN("1") GET("1") GET("0") MEM("0")
                                         MEM("1") SET("1") END("1") SET("0") END("0"));
    cr_expect_eq(found.complete, 2);
    cr_expect_eq(found.events, 6);
    cr_expect_eq(found.errors, 0);
}

Test(capture, a_header_ends_what_the_process_before_left_open)
{
    struct found found = read_string(HEADER BEGIN("0") GET("0") HEADER BEGIN("0") GET("0") MEM("0")
                                         SET("0") END("0"));
    cr_expect_eq(found.complete, 1);
    cr_expect_eq(found.incomplete, 1);
    cr_expect_eq(found.errors, 0);
}

Test(capture, lines_that_are_no_events_are_named_and_passed_over)
{
    static const char *const lines[] = {
        "\n",           "[]\n",       "{}\n",   "{\"n\":7}\n",
        "{\"n\":-1}\n", "not JSON\n", GET("9"), "{\"cap\":\"hdr\",\"format\":\"x\"}\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[4096];
        snprintf(text, sizeof(text), "%s%s%s%s", HEADER, BEGIN("0") GET("0") MEM("0"), lines[i],
                 SET("0") END("0"));
        struct found found = read_string(text);
        cr_expect_eq(found.errors, 1, "line %zu", i);
        cr_expect_eq(found.error_line, 5, "line %zu", i);
        cr_expect_eq(found.complete + found.incomplete, 1, "line %zu", i);
    }
}
