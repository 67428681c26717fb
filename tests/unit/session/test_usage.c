/* SPDX-License-Identifier: MIT */
/* Which entries a case makes use of, by the built-in emulator. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "fake.h"
#include "session/usage.h"

#define ENTRIES 4

struct row {
    const char *members;
    bool is_told;
    const char *memory; /* a letter for each region by address: u for one in use */
    const char *pages;
};

#define EXIT "'exit': {'kind': 'mmio', 'access': 'execute', 'gpa': '0x1000'}, "
#define RAM  "'memory': [{'gpa': '0x2000', 'size': 4}, {'gpa': '0x3000', 'size': 4}], "

static const struct row rows[] = {
    {"'code': '89 03', 'init': {'rbx': '0x2000'}, " EXIT RAM "'expect': {'calls': []}", true, "u-",
     ""},
    {"'code': '8b 03', 'init': {'rbx': '0x3003'}, " EXIT RAM "'expect': {'calls': [{'mem': 'read', "
     "'gpa': '0x3003', 'data': '01 02 03 04'}]}",
     true, "-u", ""},
    {"'code': 'a4', 'init': {'rsi': '0x2000', 'rdi': '0x3000'}, " EXIT RAM
     "'pages': [{'gva': '0x2000'}, {'gva': '0x3000', 'for': 'read'}, {'gva': '0x4000'}], "
     "'expect': {'calls': []}",
     true, "uu", "u--"},
    /* fetched: the code lies in a region and on a page */
    {"'code': '89 03', 'init': {'rbx': '0x2000'}, 'exit': {'kind': 'mmio', 'access': 'execute', "
     "'gpa': '0x1000', 'gva_valid': false, 'bytes_given': 0}, 'memory': [{'gpa': '0x1000', 'size': "
     "16}, {'gpa': "
     "'0x2000', 'size': 8}], 'pages': [{'gva': '0x1000'}], 'expect': {'calls': []}",
     true, "uu", "u"},
    {"'code': '89 03', 'init': {'rbx': '0x2000'}, " EXIT
     "'memory': [{'gpa': '0x1000', 'size': 16}], 'pages': [{'gva': '0x1000'}], 'expect': "
     "{'calls': [{'mem': 'write', 'gpa': '0x2000', 'data': '00 00 00 00'}]}",
     true, "-", "-"},
    /* nothing answers; the emulator does not know it; there is no end */
    {"'code': '8b 03', 'init': {'rbx': '0x9000'}, " EXIT RAM "'expect': {'calls': []}", false, "",
     ""},
    {"'code': '0f a2', " EXIT RAM "'expect': {'calls': []}", false, "", ""},
    {"'code': 'f3 ac', 'init': {'rcx': '0xffffffffffffffff', 'rsi': '0x10000'}, " EXIT
     "'memory': [{'gpa': '0x2000', 'size': 1}, {'gpa': '0x10000', 'size': 9007199254740991, "
     "'kind': 'hole'}], 'expect': {'calls': []}",
     false, "", ""},
    {"'api': 'preview', 'code': '89 03', 'init': {'rbx': '0x2000'}, " EXIT RAM
     "'expect': {'calls': []}",
     true, "u-", ""},
};

static void compare(size_t row, const char *what, const bool *asked, const char *expected)
{
    for (size_t i = 0; expected[i]; i++)
        cr_expect_eq(asked[i], expected[i] == 'u', "row %zu, %s[%zu]", row, what, i);
}

Test(usage, entries_that_callbacks_ask_for, .timeout = 20)
{
    struct wht_usage *usage = wht_usage_open();
    cr_assert_not_null(usage);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool memory[ENTRIES] = {false};
        bool pages[ENTRIES] = {false};
        char text[2048];
        snprintf(text, sizeof(text), "{'format': 'whv-trace/1.0', 'id': 'a', %s}", rows[i].members);
        struct wht_case *c = fake_case(text);
        bool is_told = wht_usage_find(usage, c, memory, pages);
        cr_expect_eq(is_told, rows[i].is_told, "row %zu", i);
        compare(i, "memory", memory, is_told ? rows[i].memory : "");
        compare(i, "pages", pages, is_told ? rows[i].pages : "");
        wht_case_free(c);
    }
    wht_usage_close(usage);
}
