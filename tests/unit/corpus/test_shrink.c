/* SPDX-License-Identifier: MIT */
/* What may be taken out of a case, what its expectation is worth then, and what a recording of it
 * changes in the expectation. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "corpus/expect_anew.h"
#include "corpus/shrink.h"
#include "format/load.h"
#include "words/names.h"

#define EXIT_AT(access)                                                                            \
    "\"exit\": {\"kind\": \"mmio\", \"access\": \"" access "\", \"gpa\": \"0xfee000b0\"}, "
#define STORE      "\"code\": \"89 03\", " EXIT_AT("write")
#define LOAD       "\"code\": \"8b 0b\", " EXIT_AT("read")
#define INIT(more) "\"init\": {\"rbx\": \"0xfee000b0\"" more "}, "
#define EXPECT(regs, calls)                                                                        \
    "\"expect\": {\"regs\": {\"rip\": \"+2\"" regs "}, \"calls\": [" calls "]}"
#define WROTE "{\"mem\": \"write\", \"gpa\": \"0xfee000b0\", \"data\": \"00 00 00 00\"}"
#define READ  "{\"mem\": \"read\", \"gpa\": \"0xfee000b0\", \"data\": \"07 00 00 00\"}"

static struct wht_case *take(const char *members)
{
    static const char header[] = "{\"format\": \"whv-trace/1.0\"}";
    char line[4096];
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    int size = snprintf(line, sizeof(line), "{\"id\": \"x\", %s}", members);
    struct wht_reader *reader =
        wht_reader_begin("x.trace.jsonl", &load, header, sizeof(header) - 1);
    struct wht_case *c = wht_reader_take(reader, line, (size_t)size);
    wht_reader_close(reader);
    cr_assert_not_null(c, "%s", line);
    return c;
}

static const struct {
    const char *name;
    const char *members;
    enum wht_shrink kind;
    size_t n;
    enum wht_shrunk shrunk;
} rows[] = {
    {"a register that the code does not touch", STORE INIT(", \"rcx\": \"0x5\"") EXPECT("", WROTE),
     WHT_SHRINK_UNUSED_REGISTERS, 0, WHT_SHRUNK_SAFELY},
    {"registers that are read", STORE INIT(", \"rax\": \"0x0\"") EXPECT("", WROTE),
     WHT_SHRINK_UNUSED_REGISTERS, 0, WHT_SHRUNK_NOTHING},
    {"a register that is written", LOAD INIT(", \"rcx\": \"0x7\"") EXPECT("", READ),
     WHT_SHRINK_UNUSED_REGISTERS, 0, WHT_SHRUNK_NOTHING},
    {"a register of which something is expected",
     STORE INIT(", \"rcx\": \"0x5\"") EXPECT(", \"rcx\": \"0x5\"", WROTE),
     WHT_SHRINK_UNUSED_REGISTERS, 0, WHT_SHRUNK_NOTHING},
    {"registers that PUSHA reads and does not name",
     "\"code\": \"60\", \"init\": {\"mode\": \"prot32\", \"rcx\": \"0x5\", \"rsp\": "
     "\"0xfee000c0\"}, \"exit\": {\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": "
     "\"0xfee000bc\"}, \"expect\": {\"regs\": {\"rip\": \"+1\"}}, \"match\": \"effects\"",
     WHT_SHRINK_UNUSED_REGISTERS, 0, WHT_SHRUNK_NOTHING},
    {"registers of which the others were not captured",
     STORE INIT(", \"rax\": \"0x0\", \"rcx\": \"0x5\", \"others\": \"unknown\"") EXPECT("", WROTE),
     WHT_SHRINK_UNUSED_REGISTERS, 0, WHT_SHRUNK_NOTHING},
    {"a level", STORE INIT("") EXPECT("", WROTE), WHT_SHRINK_LEVEL, 0, WHT_SHRUNK_SAFELY},
    {"the last level", STORE INIT("") EXPECT("", WROTE) ", \"match\": \"effects\"",
     WHT_SHRINK_LEVEL, 0, WHT_SHRUNK_END},
    {"a write that is compared", STORE INIT("") EXPECT("", WROTE), WHT_SHRINK_CALLS, 0,
     WHT_SHRUNK_UNPROVED},
    {"a write that is not", STORE INIT("") EXPECT("", WROTE) ", \"match\": \"effects\"",
     WHT_SHRINK_CALLS, 0, WHT_SHRUNK_SAFELY},
    {"an answer", LOAD INIT("") EXPECT(", \"rcx\": \"0x7\"", READ) ", \"match\": \"effects\"",
     WHT_SHRINK_CALLS, 0, WHT_SHRUNK_UNPROVED},
    {"a call of a strict case",
     STORE INIT("") EXPECT("", "{\"get\": [\"rax\"]}, " WROTE) ", \"match\": \"strict\"",
     WHT_SHRINK_CALLS, 0, WHT_SHRUNK_END},
    {"a get that is not compared", STORE INIT("") EXPECT("", "{\"get\": [\"rax\"]}, " WROTE),
     WHT_SHRINK_CALLS, 0, WHT_SHRUNK_SAFELY},
    {"memory that nothing asks for",
     STORE INIT("") "\"memory\": [{\"gpa\": \"0x5000\", \"data\": \"01\"}], " EXPECT("", WROTE),
     WHT_SHRINK_MEMORY, 0, WHT_SHRUNK_SAFELY},
    {"memory of which something is expected",
     STORE INIT("") "\"memory\": [{\"gpa\": \"0x5000\", \"data\": \"01\"}], \"expect\": "
                    "{\"memory\": [{\"gpa\": \"0x5000\", \"data\": \"01\"}], \"calls\": [" WROTE
                    "]}",
     WHT_SHRINK_MEMORY, 0, WHT_SHRUNK_UNPROVED},
    {"a page that nothing asks for",
     STORE INIT("") "\"pages\": [{\"gva\": \"0x9000\", \"gpa\": \"0xa000\"}], " EXPECT("", WROTE),
     WHT_SHRINK_PAGES, 0, WHT_SHRUNK_SAFELY},
    {"a prefix", "\"code\": \"3e 89 03\", " EXIT_AT("write") INIT("") EXPECT("", WROTE),
     WHT_SHRINK_PREFIXES, 0, WHT_SHRUNK_UNPROVED},
    {"a prefix that makes the mnemonic",
     "\"code\": \"f3 0f b8 0b\", " EXIT_AT("read") INIT("") EXPECT("", READ), WHT_SHRINK_PREFIXES,
     0, WHT_SHRUNK_NOTHING},
    {"what is no prefix", STORE INIT("") EXPECT("", WROTE), WHT_SHRINK_PREFIXES, 0, WHT_SHRUNK_END},
    {"a register that is expected as it was", STORE INIT("") EXPECT(", \"rcx\": \"0x0\"", WROTE),
     WHT_SHRINK_WANTED, 0, WHT_SHRUNK_SAFELY},
    {"a register that is expected as it was, and may change",
     STORE INIT("") "\"expect\": {\"others\": \"any\", \"regs\": {\"rcx\": \"0x0\"}, \"calls\": "
                    "[" WROTE "]}",
     WHT_SHRINK_WANTED, 0, WHT_SHRUNK_NOTHING},
};

Test(shrink, tells_what_the_expectation_is_worth)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wht_text what = {.text = NULL};
        struct wht_case *c = take(rows[i].members);
        enum wht_shrunk shrunk = wht_shrink(c, rows[i].kind, rows[i].n, &what);
        cr_expect_eq(shrunk, rows[i].shrunk, "%s: %d instead of %d", rows[i].name, (int)shrunk,
                     (int)rows[i].shrunk);
        wht_text_free(&what);
        wht_case_free(c);
    }
}

Test(shrink, comes_to_an_end_with_every_change_kept)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int kind = 0; kind < WHT_SHRINK_KINDS; kind++) {
            struct wht_text what = {.text = NULL};
            struct wht_case *c = take(rows[i].members);
            size_t n = 0, steps = 0;
            enum wht_shrunk shrunk;
            /* A change that was kept is tried again; words are said to change each time. */
            while ((shrunk = wht_shrink(c, (enum wht_shrink)kind, n, &what)) != WHT_SHRUNK_END &&
                   ++steps < 1000)
                n += shrunk == WHT_SHRUNK_NOTHING || kind == WHT_SHRINK_WORDS ||
                     kind == WHT_SHRINK_CALLS;
            cr_expect_lt(steps, 1000, "%s, kind %d", rows[i].name, kind);
            wht_text_free(&what);
            wht_case_free(c);
        }
}

/* What an emulator was recorded to do with a load of 9. */
#define RECORDED                                                                                   \
    LOAD INIT("") EXPECT(", \"rcx\": \"0x9\", \"rflags\": \"0x97\"",                               \
                         "{\"get\": {\"rbx\": \"0xfee000b0\"}}, {\"mem\": \"read\", \"gpa\": "     \
                         "\"0xfee000b0\", \"data\": \"09 00 00 00\"}, {\"set\": {\"rip\": "        \
                         "\"+2\"}}") ", \"match\": \"strict\""
#define FLAGS ", \"rflags\": {\"value\": \"0x2\", \"undef\": [\"af\"]}"

static struct wht_case *expect_anew(const char *members)
{
    struct wht_case *c = take(members);
    struct wht_case *recorded = take(RECORDED);
    struct wht_case *made = wht_expect_anew(c, recorded);
    wht_case_free(c);
    wht_case_free(recorded);
    return made;
}

Test(shrink, keeps_what_was_left_open_and_what_the_level_compares)
{
    struct wht_case *made =
        expect_anew(LOAD INIT("") EXPECT(", \"rcx\": \"0x7\"" FLAGS, READ) ", \"match\": "
                                                                           "\"device\"");
    cr_assert_not_null(made);
    const struct wht_expect *e = &made->expect;
    cr_expect_eq(made->match, WHT_MATCH_DEVICE);
    cr_expect_eq(e->call_count, 1);
    cr_expect_eq(e->calls[0].data.data[0], 9);
    const struct wht_want_reg *rcx = wht_want_reg_of(e->regs, e->reg_count, WHvX64RegisterRcx);
    const struct wht_want_reg *flags = wht_want_reg_of(e->regs, e->reg_count, WHvX64RegisterRflags);
    cr_expect_eq(rcx->values[0].Reg64, 9);
    cr_expect_eq(flags->values[0].Reg64 & flags->mask.Low64, 0x87, "AF is undefined");
    cr_expect(wht_want_reg_of(e->regs, e->reg_count, WHvX64RegisterRip)->is_distance);
    wht_case_free(made);
}

Test(shrink, records_nothing_where_several_outcomes_are_right)
{
    static const char *const open[] = {
        LOAD INIT("")
            EXPECT(", \"rcx\": \"0x7\"" FLAGS, "{\"optional\": [{\"get\": [\"rax\"]}]}, " READ),
        LOAD INIT("") EXPECT(", \"rcx\": {\"either\": [\"0x7\", \"0x8\"]}" FLAGS, READ),
        LOAD INIT("") EXPECT(", \"rcx\": \"0x7\"" FLAGS,
                             "{\"mem\": \"read\", \"gpa\": \"0xfee000b0\", \"data\": \"07 00 00 "
                             "00\"}, {\"mem\": \"write\", \"gpa\": \"0xfee000b8\", \"data\": \"07 "
                             "?? 00 00\"}"),
        /* It comes to change, and nobody says which of its bits are undefined. */
        LOAD INIT("") EXPECT(", \"rcx\": \"0x7\"", READ),
    };
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        struct wht_case *made = expect_anew(open[i]);
        cr_expect_null(made, "row %zu", i);
        wht_case_free(made);
    }
}
