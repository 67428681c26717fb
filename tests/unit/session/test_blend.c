/* SPDX-License-Identifier: MIT */
/* What came out of an emulator in the form of the author's expectation. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "base/text.h"
#include "format/load.h"
#include "format/looser.h"
#include "format/print.h"
#include "session/blend.h"

#define HEADER "{\"format\": \"whv-trace/1.0\"}"

/* A store to a device; RAM lies at 0x2000. */
static const char inputs[] =
    "{\"id\": \"a\", \"code\": \"89 03\", \"init\": {\"rax\": \"0x5\", \"rbx\": \"0xfee000b0\"}, "
    "\"exit\": {\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": \"0xfee000b0\"}, "
    "\"memory\": [{\"gpa\": \"0x2000\", \"size\": 64, \"fill\": \"00\"}], \"expect\": ";

static void append(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

static void print_error(void *user, const struct wht_error *error)
{
    (void)user;
    cr_log_warn("%s: %s", error->pointer, error->text);
}

/* @param expect a JSON object. */
static struct wht_case *load(const char *expect, const char *match)
{
    const struct wht_load_options options = {.on_error = print_error};
    struct wht_text text = {.text = NULL};
    wht_text_addf(&text, "%s%s, \"match\": \"%s\"}", inputs, expect, match);
    struct wht_reader *reader =
        wht_reader_begin("test.trace.jsonl", &options, HEADER, sizeof(HEADER) - 1);
    struct wht_case *c = wht_reader_take(reader, text.text, text.size);
    cr_assert_not_null(c, "%s", text.text);
    wht_reader_close(reader);
    wht_text_free(&text);
    return c;
}

static void expect_blended(const char *match, const char *author, const char *made,
                           const char *expected)
{
    struct wht_case *c = load(author, match);
    struct wht_case *was = wht_case_clone(c);
    struct wht_case *came = load(made, "strict");
    struct wht_text text = {.text = NULL};
    const struct wht_writer writer = {.write = append, .user = &text};
    cr_assert(wht_blend(c, came, WHT_BLEND_FITTING));
    struct wht_node *printed =
        wht_node_member(wht_print_case(c->arena, c, WHT_PRINT_SHORT), "expect");
    wht_write_value(&writer, printed, -1);
    cr_expect_str_eq(text.text, expected);
    cr_expect_null(wht_find_looser(was, c), "%s", wht_find_looser(was, c));
    wht_text_free(&text);
    wht_case_free(was);
    wht_case_free(came);
    wht_case_free(c);
}

#define CALLS(calls)    "{\"calls\": [" calls "]}"
#define SET(registers)  "{\"set\": {" registers "}}"
#define WRITE(at, data) "{\"mem\": \"write\", \"gpa\": \"" at "\", \"data\": \"" data "\"}"
#define READ(at, data)  "{\"mem\": \"read\", \"gpa\": \"" at "\", \"data\": \"" data "\"}"
#define WITH_REGS(regs) "{\"regs\": {" regs "}, \"calls\": []}"
#define DEVICE          "0xfee000b0"

Test(blend, what_is_open_stays_open_where_it_fits)
{
    expect_blended(
        "device",
        WITH_REGS("\"rcx\": \"any\", \"rdx\": {\"either\": [\"0x1\", \"0x2\"]}, "
                  "\"rsi\": {\"either\": [\"0x1\", \"0x2\"]}, "
                  "\"rdi\": {\"value\": \"0x10\", \"mask\": \"0xf0\"}, "
                  "\"rflags\": {\"value\": \"0x46\", \"undef\": [\"pf\"]}"),
        CALLS(SET("\"rcx\": \"0x7\", \"rdx\": \"0x2\", \"rsi\": \"0x3\", "
                  "\"rdi\": \"0x2f\", \"rip\": \"0x1002\", \"rflags\": \"0x82\"")),
        WITH_REGS("\"rcx\": \"any\", \"rdx\": {\"either\": [\"0x1\", \"0x2\"]}, "
                  "\"rsi\": \"0x3\", \"rdi\": {\"value\": \"0x20\", \"mask\": \"0xf0\"}, "
                  "\"rip\": \"+2\", "
                  "\"rflags\": {\"value\": \"0x86\", \"undef\": [\"pf\"]}"));
}

Test(blend, registers_that_may_change_are_not_listed)
{
    expect_blended("device", "{\"others\": \"any\", \"regs\": {\"rip\": \"+3\"}, \"calls\": []}",
                   CALLS(SET("\"rcx\": \"0x7\", \"rip\": \"0x1002\"")),
                   "{\"regs\": {\"rip\": \"+2\"}, \"others\": \"any\", \"calls\": []}");
}

Test(blend, bytes_that_are_masked_stay_so_and_changes_are_listed)
{
    expect_blended("device",
                   "{\"memory\": [{\"gpa\": \"0x2000\", \"data\": \"01 ?? 03\"}], \"calls\": []}",
                   "{\"memory\": [{\"gpa\": \"0x2000\", \"data\": \"09 09 03 04\"}, "
                   "{\"gpa\": \"0x2030\", \"data\": \"05\"}], \"calls\": []}",
                   "{\"memory\": [{\"gpa\": \"0x2000\", \"data\": \"09 ?? 03\"}, "
                   "{\"gpa\": \"0x2003\", \"data\": \"04\"}, {\"gpa\": \"0x2030\", \"data\": "
                   "\"05\"}], \"calls\": []}");
}

Test(blend, results_are_those_that_came)
{
    expect_blended("device", "{\"regs\": {\"rip\": \"+2\"}, \"calls\": []}",
                   "{\"status\": [\"mem-failed\"], \"calls\": []}",
                   "{\"status\": [\"mem-failed\"], \"regs\": {\"rip\": \"+0\"}, \"calls\": []}");
    expect_blended("device", "{\"hr\": \"E_FAIL\", \"calls\": []}", CALLS(""), CALLS(""));
}

/* A #PF with code 2 at 0x1234. */
#define PF SET("\"pendingevent\": \"0x123400000002000e0101\"")

Test(blend, a_fault_keeps_what_is_open_of_it)
{
    expect_blended("device", CALLS(""), CALLS(PF),
                   "{\"fault\": {\"vector\": \"pf\", \"code\": \"0x2\", \"address\": \"0x1234\"}, "
                   "\"calls\": []}");
    expect_blended("device", "{\"fault\": {\"vector\": \"pf\", \"code\": \"0x3\"}, \"calls\": []}",
                   CALLS(PF),
                   "{\"fault\": {\"vector\": \"pf\", \"code\": \"0x2\"}, \"calls\": []}");
    expect_blended("device", "{\"fault\": {\"vector\": \"gp\"}, \"calls\": []}", CALLS(PF),
                   "{\"fault\": {\"vector\": \"pf\", \"code\": \"0x2\", \"address\": \"0x1234\"}, "
                   "\"calls\": []}");
    expect_blended("device", "{\"fault\": {\"vector\": \"gp\"}, \"calls\": []}", CALLS(""),
                   CALLS(""));
}

Test(blend, elements_that_fit_stay_and_others_are_adapted)
{
    expect_blended("device", CALLS(WRITE(DEVICE, "01 ?? 03 04")),
                   CALLS(WRITE(DEVICE, "01 02 09 04")), CALLS(WRITE(DEVICE, "01 ?? 09 04")));
    expect_blended("device",
                   CALLS("{\"optional\": [" READ("0xfee000c0", "00") "]}, " WRITE(DEVICE, "01")),
                   CALLS(WRITE(DEVICE, "02")),
                   CALLS("{\"optional\": [" READ("0xfee000c0", "00") "]}, " WRITE(DEVICE, "02")));
    expect_blended(
        "device",
        CALLS("{\"any_order\": [" WRITE(DEVICE, "01") ", " WRITE("0xfee000c0", "02") "]}"),
        CALLS(WRITE("0xfee000c0", "02") ", " WRITE(DEVICE, "01") ", " READ(DEVICE, "07")),
        CALLS("{\"any_order\": [" WRITE(DEVICE, "01") ", " WRITE("0xfee000c0",
                                                                 "02") "]}, " READ(DEVICE, "07")));
    expect_blended("device", CALLS(READ(DEVICE, "01") ", " WRITE(DEVICE, "01")),
                   CALLS(WRITE(DEVICE, "02")), CALLS(WRITE(DEVICE, "02")));
}

#define REPEAT(turns, step, data)                                                                  \
    "{\"repeat\": " turns ", \"step\": " step ", \"calls\": [" WRITE(DEVICE, data) "]}"

Test(blend, a_repeat_has_as_many_turns_as_came)
{
    expect_blended("device", CALLS(REPEAT("3", "4", "01 00")),
                   CALLS(WRITE(DEVICE, "02 00") ", " WRITE("0xfee000ae", "02 00")),
                   CALLS(REPEAT("2", "-2", "02 00")));
    expect_blended("device", CALLS(REPEAT("2", "2", "01 00")),
                   CALLS(WRITE(DEVICE, "01 00") ", " WRITE("0xfee000b2", "01 00")),
                   CALLS(REPEAT("2", "2", "01 00")));
}

Test(blend, what_the_level_does_not_compare_stays)
{
    expect_blended("device", CALLS("{\"get\": [\"rdx\"]}, " WRITE("0x2000", "01")),
                   CALLS("{\"get\": [\"rax\"]}, " WRITE(DEVICE, "05")),
                   CALLS("{\"get\": [\"rdx\"]}, " WRITE("0x2000", "01") ", " WRITE(DEVICE, "05")));
    expect_blended("effects", CALLS(READ(DEVICE, "01")), CALLS(WRITE(DEVICE, "05")),
                   CALLS(READ(DEVICE, "01")));
    expect_blended("effects", "{\"regs\": {\"rip\": \"+2\"}}", CALLS(WRITE(DEVICE, "05")),
                   "{\"regs\": {\"rip\": \"+0\"}}");
}

Test(blend, strict_elements_are_written_as_authors_do)
{
    expect_blended(
        "strict", CALLS(SET("\"rip\": \"any\", \"rcx\": \"0x1\"")),
        CALLS("{\"get\": {\"rax\": \"0x5\"}}, "
              "{\"translate\": \"0x2000\", \"flags\": [\"write\"], \"result\": "
              "\"success\", \"gpa\": \"0x2000\"}, " SET("\"rip\": \"0x1002\", \"rcx\": \"0x2\"")),
        "{\"regs\": {\"rcx\": \"0x2\", \"rip\": \"+2\"}, \"calls\": [{\"get\": "
        "[\"rax\"]}, {\"translate\": \"0x2000\", \"flags\": [\"write\"]}, " SET(
            "\"rcx\": \"0x2\", \"rip\": \"any\"") "]}");
}

Test(blend, literally_every_callback_is_as_it_came)
{
    struct wht_case *c = load(CALLS("{\"get\": [\"rdx\"]}, " REPEAT("2", "2", "01 00")), "device");
    struct wht_case *came = load(CALLS(WRITE(DEVICE, "05")), "strict");
    cr_assert(wht_blend(c, came, WHT_BLEND_LITERAL));
    cr_assert_eq(c->expect.call_count, 2);
    cr_expect_eq(c->expect.calls[0].kind, WHT_CALL_GET);
    cr_expect_eq(c->expect.calls[1].kind, WHT_CALL_MEM_WRITE);
    cr_expect_eq(c->expect.calls[1].data.data[0], 5);
    wht_case_free(came);
    wht_case_free(c);
}
