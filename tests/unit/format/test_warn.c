/* SPDX-License-Identifier: MIT */
/* What `check` says of cases that are valid and can hardly be meant. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "files.h"

/* Members of a case: code, exit and registers; `'` stands for `"`. */
struct row {
    const char *members;
    const char *pointer; /* of the one warning, or NULL: there is none */
    const char *text;
};

#define MMIO(access, gpa) "'exit': {'kind': 'mmio', 'access': '" access "', 'gpa': '" gpa "'}"
#define IO(access, rest)  "'exit': {'kind': 'io', 'access': '" access "', 'port': '0x3f8', " rest "}"
#define STORE             "'code': '89 03', "
#define RBX               "'init': {'rbx': '0xfee000b0'}, "

static char seen[4096];
static size_t warnings;
static size_t errors;

static void note(void *user, const struct wht_error *error)
{
    size_t used = strlen(seen);
    (void)user;
    warnings += error->is_warning;
    errors += !error->is_warning;
    snprintf(seen + used, sizeof(seen) - used, "%s %s\n", error->pointer, error->text);
}

static void load(const char *text, wht_usage_fn *find_usage)
{
    char copy[4096];
    struct wht_load_options options = {
        .on_error = note, .check_sense = true, .find_usage = find_usage};
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    write_file("a.trace.json", copy, strlen(copy));
    seen[0] = 0;
    warnings = errors = 0;
    struct wht_reader *reader = wht_reader_open(file_path, &options);
    cr_assert_not_null(reader);
    for (struct wht_case *c; (c = wht_reader_next(reader));)
        wht_case_free(c);
    cr_assert_eq(wht_reader_error_count(reader), errors);
    wht_reader_close(reader);
}

static void check_rows(const struct row *rows, size_t count)
{
    char text[2048];
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text),
                 "{'format': 'whv-trace/1.0', 'id': 'a', %s, 'match': 'effects'%s}",
                 rows[i].members, strstr(rows[i].members, "'expect'") ? "" : ", 'expect': {}");
        load(text, NULL);
        cr_assert_eq(errors, 0, "row %zu: %s", i, seen);
        cr_expect_eq(warnings, rows[i].pointer ? 1 : 0, "row %zu: %s\n%s", i, text, seen);
        if (!rows[i].pointer)
            continue;
        cr_expect_eq(strncmp(seen, rows[i].pointer, strlen(rows[i].pointer)), 0, "row %zu: %s", i,
                     seen);
        cr_expect_not_null(strstr(seen, rows[i].text), "row %zu: %s", i, seen);
    }
}

Test(warn, an_exit_that_the_code_cannot_cause)
{
    static const struct row rows[] = {
        {STORE RBX MMIO("write", "0xfee000b0"), NULL, NULL},
        {STORE RBX MMIO("write", "0xfee000b3"), NULL, NULL},
        {STORE RBX MMIO("write", "0xfee000b4"), "/exit/gpa ", "4 bytes at 0xfee000b0"},
        {STORE RBX MMIO("write", "0xfee000c0"), "/exit/gpa ", "found 0xfee000c0"},
        {STORE RBX MMIO("read", "0xfee000b0"), "/exit/access ", "does not read memory"},
        {"'code': '8b 03', " RBX MMIO("write", "0xfee000b0"), "/exit/access ",
         "found a write exit"},
        {"'code': '01 03', " RBX MMIO("write", "0xfee000b0"), NULL, NULL},
        {"'code': '01 03', " RBX MMIO("read", "0xfee000b0"), NULL, NULL},
        {"'code': '01 d8', " RBX MMIO("read", "0xfee000b0"), "/exit/access ", "expected none"},
        {STORE RBX "'exit': {'kind': 'mmio', 'access': 'write', 'gpa': '0x90b0', 'gva': '0x10b0'}",
         "/exit/gva ", "found 0x10b0"},
        /* a walk of page tables may be anywhere */
        {STORE RBX "'exit': {'kind': 'mmio', 'access': 'read', 'gpa': '0x90b8', 'gva': "
                   "'0xfee000b0'}",
         NULL, NULL},
        {STORE RBX "'exit': {'kind': 'mmio', 'access': 'read', 'gpa': '0x9000', "
                   "'interruption_pending': true}",
         NULL, NULL},
        /* without Gva the case's own pages tell */
        {STORE "'init': {'rbx': '0x70b0'}, 'pages': [{'gva': '0x7000', 'gpa': '0xfee00000'}], "
               "'exit': {'kind': 'mmio', 'access': 'write', 'gpa': '0xfee000b0', 'gva_valid': "
               "false}",
         NULL, NULL},
        {STORE "'init': {'rbx': '0x70b0'}, "
               "'exit': {'kind': 'mmio', 'access': 'write', 'gpa': '0xfee000b0', 'gva_valid': "
               "false}",
         "/exit/gpa ", "at 0x70b0"},
        {STORE "'init': {'rbx': '0x70b0', 'others': 'unknown'}, "
               "'exit': {'kind': 'mmio', 'access': 'write', 'gpa': '0xfee000b0', 'gva_valid': "
               "false}",
         NULL, NULL},
        {STORE "'init': {'others': 'unknown'}, " MMIO("write", "0x5000"), NULL, NULL},
        /* implicit accesses: stack, strings, XLAT, bit strings, descriptors */
        {"'code': '50', 'init': {'rsp': '0x9008'}, " MMIO("write", "0x9000"), NULL, NULL},
        {"'code': '50', 'init': {'rsp': '0x9008'}, " MMIO("write", "0x9008"), "/exit/gpa ",
         "8 bytes at 0x9000"},
        {"'code': '58', 'init': {'rsp': '0x9008'}, " MMIO("read", "0x9008"), NULL, NULL},
        {"'code': 'ff 33', " RBX MMIO("write", "0xfffffffffffffff8"), NULL, NULL},
        {"'code': 'a4', 'init': {'rsi': '0x9000', 'rdi': '0xa000'}, " MMIO("read", "0x9000"), NULL,
         NULL},
        {"'code': 'a4', 'init': {'rsi': '0x9000', 'rdi': '0xa000'}, " MMIO("write", "0x9000"),
         "/exit/access ", "does not write there"},
        {"'code': 'd7', 'init': {'rbx': '0x9000', 'rax': '0xff10'}, " MMIO("read", "0x9010"), NULL,
         NULL},
        {"'code': '0f a3 03', 'init': {'rbx': '0x9000', 'rax': '0xffffffff'}, " MMIO("read",
                                                                                     "0x8ffc"),
         NULL, NULL},
        {"'code': '0f a3 03', 'init': {'rbx': '0x9000', 'rax': '0x20'}, " MMIO("read", "0x9000"),
         "/exit/gpa ", "at 0x9004"},
        {"'code': '8e 1b', " RBX MMIO("read", "0x6008"), NULL, NULL},
        {"'code': '8e 1b', 'init': {'mode': 'real16', 'rbx': '0xb0', 'rbp': '0x1'}, " MMIO(
             "read", "0x6008"),
         "/exit/gpa ", "found 0x6008"},
        {"'code': 'cf', " MMIO("write", "0x6008"), NULL, NULL},
        /* segments and widths */
        {"'code': '67 89 03', 'init': {'rbx': '0x1000090b0'}, " MMIO("write", "0x90b0"), NULL,
         NULL},
        {"'code': '89 07', 'init': {'mode': 'real16', 'rbx': '0xb0', 'ds': 'real:0xb800'}, " MMIO(
             "write", "0xb80b0"),
         NULL, NULL},
        {"'code': '89 07', 'init': {'mode': 'real16', 'rbx': '0xb0', 'ds': 'real:0xb800'}, " MMIO(
             "write", "0xb0"),
         "/exit/gpa ", "at 0xb80b0"},
        {"'code': '89 05 00 10 00 00', " MMIO("write", "0x2006"), NULL, NULL},
        {"'code': '8f 44 24 10', 'init': {'rsp': '0x9000'}, " MMIO("write", "0x9018"), NULL, NULL},
        {"'code': '67 43 89 04 bd 00 00 e0 4e', 'init': {'r13': '0x1', 'r15': '0x8'}, " MMIO(
             "write", "0x4ee00020"),
         NULL, NULL},
        {"'code': '3e ff 55 00', 'init': {'mode': 'prot32', 'rbp': '0xb0', 'ds': {'sel': '0x10', "
         "'base': '0x9000', 'limit': '0xffff', 'attr': '0x93'}}, " MMIO("read", "0x90b0"),
         NULL, NULL},
        {"'code': 'ff ff', " MMIO("read", "0x5000"), NULL, NULL}, /* no instruction */
        /* a fetch */
        {STORE MMIO("execute", "0x1000"), NULL, NULL},
        {STORE MMIO("execute", "0x100e"), NULL, NULL},
        {STORE MMIO("execute", "0x100f"), "/exit/gpa ", "linear address is 0x1000"},
        {STORE "'deliberate': 'So.', " RBX MMIO("read", "0xfee000c0"), NULL, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(warn, a_port_exit_that_the_code_cannot_cause)
{
#define DX "'init': {'rdx': '0x3f8'}, "
    static const struct row rows[] = {
        {"'code': 'ec', " DX IO("read", "'size': 1"), NULL, NULL},
        {"'code': 'ec', 'init': {'rdx': '0x3f9'}, " IO("read", "'size': 1"), "/exit/port ",
         "0x3f9, which is in DX"},
        {"'code': 'ec', 'init': {'others': 'unknown'}, " IO("read", "'size': 1"), NULL, NULL},
        {"'code': 'e4 60', " IO("read", "'size': 1"), "/exit/port ", "expected 0x60"},
        {"'code': 'ed', " DX IO("read", "'size': 2"), "/exit/size ", "found size 2, expected 4"},
        {"'code': 'ee', " DX IO("read", "'size': 1"), "/exit/access ", "expected \"write\""},
        {"'code': '6c', " DX IO("read", "'size': 1"), NULL, NULL},
        {"'code': '6c', " DX IO("read", "'size': 1, 'string': false, 'rep': false"),
         "/exit/string ", "expected true"},
        {"'code': 'f3 6c', " DX IO("read", "'size': 1, 'rep': false"), "/exit/rep ",
         "expected true"},
        {"'code': '90', " DX IO("read", "'size': 1"), "/exit/kind ", "does not access a port"},
        {"'code': '90', 'deliberate': 'So.', " DX IO("read", "'size': 1"), NULL, NULL},
        /* a port instruction at a memory exit: without the privilege, it reads the bitmap */
        {"'code': 'ec', " DX MMIO("read", "0x8066"), "/exit/access ", "does not access memory"},
        {"'code': 'ec', 'init': {'mode': 'prot32', 'cpl': 3}, " MMIO("read", "0x8066"), NULL, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(warn, a_state_that_no_processor_has)
{
#define STATE(init) STORE "'init': {'rbx': '0xfee000b0', " init "}, " MMIO("write", "0xfee000b0")
    static const struct row rows[] = {
        {STATE("'rflags': '0x0'"), "/init/rflags ", "without bit 1"},
        {STATE("'rflags': '0x8002'"), "/init/rflags ", "reserved"},
        {STATE("'rflags': '0x3f7fd7'"), "/init/rflags ", "VM in rflags with LMA"},
        {STATE("'mode': 'real16', 'rbp': '0xb0', 'rflags': '0x20002', 'ss': {'sel': '0x0', "
               "'base': '0xfee00000', 'limit': '0xffff', 'attr': '0x93'}"),
         "/init/rflags ", "without PE"},
        {STATE("'cr0': '0x80000010'"), "/init/cr0 ", "PG in cr0 without PE"},
        {STATE("'cr0': '0x180000011'"), "/init/cr0 ", "from 32 on"},
        {STATE("'cr0': '0xa0000011'"), "/init/cr0 ", "NW in cr0 without CD"},
        {STATE("'cr0': '0x11'"), "/init/cr0 ", "LMA in efer without PG"},
        {STATE("'cr4': '0x600'"), "/init/cr4 ", "without PAE"},
        {STATE("'efer': '0x400'"), "/init/efer ", "without LME"},
        {STATE("'mode': 'prot32', 'cr0': '0x80000011', 'efer': '0x100'"), "/init/efer ",
         "without LMA"},
        {STATE("'rip': '0x800000000000'"), "/init/rip ", "not canonical"},
        {STATE("'rip': '0x800000000000', 'cr4': '0x1620'"), NULL, NULL},
        {STATE("'mode': 'prot32', 'rip': '0x100001000'"), "/init/rip ", "beyond 32 bits"},
        {STATE("'cpl': 3"), NULL, NULL},
        {STATE("'mode': 'vm86', 'rbp': '0xb0', 'ss': {'sel': '0x0', 'base': '0xfee00000', "
               "'limit': '0xffff', 'attr': '0xf3'}"),
         NULL, NULL},
        {STATE("'cpl': 3, 'ss': {'sel': '0x8', 'base': '0x0', 'limit': '0xffffffff', 'attr': "
               "'0xc093'}"),
         "/init/ss ", "another DPL"},
        {STATE("'cs': {'sel': '0x8', 'base': '0x0', 'limit': '0xffffffff', 'attr': '0xa0fb'}"),
         "/init/cs ", "with the CPL"},
        {STATE("'cpl': 3, 'cs': {'sel': '0x8', 'base': '0x0', 'limit': '0xffffffff', 'attr': "
               "'0xa09f'}"),
         NULL, NULL},
        {STATE("'cs': {'sel': '0x8', 'base': '0x0', 'limit': '0xffffffff', 'attr': '0xe09b'}"),
         "/init/cs ", "both L and D"},
        {STATE("'others': 'unknown', 'cr0': '0x80050033', 'efer': '0xd01'"), NULL, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(warn, a_status_that_is_not_compared_and_a_case_that_is_not_finished)
{
    static const struct row rows[] = {
        {STORE RBX MMIO("write", "0xfee000b0") ", 'expect': {'hr': 'E_INVALIDARG'}", NULL, NULL},
        {STORE RBX MMIO("write", "0xfee000b0") ", 'expect': {'status': ['mem-failed']}", NULL,
         NULL},
        {STORE RBX MMIO("write", "0xfee000b0") ", 'expect': {'hr': 'E_FAIL', 'status': "
                                               "['mem-failed']}",
         "/expect/status ", "not compared"},
        {STORE RBX MMIO("write", "0xfee000b0") ", 'todo': ['Say it.']", "/todo/0 ",
         "unfinished and cannot pass: Say it."},
        {STORE RBX MMIO("write", "0xfee000b0") ", 'deliberate': 'So.', 'todo': ['Say it.']",
         "/todo/0 ", "Say it."},
        {STORE RBX MMIO("write", "0xfee000b0") ", 'todo': []", NULL, NULL},
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Regions and pages whose address has bit 12 are in use; of a case "b" nobody can tell. */
static bool find_odd(void *user, const struct wht_case *c, bool *memory, bool *pages)
{
    (void)user;
    for (size_t i = 0; i < c->memory_count; i++)
        memory[i] = c->memory[i].gpa >> 12 & 1;
    for (size_t i = 0; i < c->page_count; i++)
        pages[i] = c->pages[i].gva >> 12 & 1;
    return c->id[0] != 'b';
}

#define ENTRIES                                                                                    \
    "'memory': [{'gpa': '0x9000', 'size': 1}, {'gpa': '0x8000', 'size': 1}, "                      \
    "{'gpa': '0xfee00000', 'size': 1}, {'gpa': '0x0', 'size': 17}], 'pages': [{'gva': '0x7000'}, " \
    "{'gva': '0x6000'}, "                                                                          \
    "{'gva': '0xfee00000'}, {'gva': '0x0'}]"
#define REST                                                                                       \
    "'match': 'effects', 'expect': {}, " STORE                                                     \
    "'init': {'rbx': '0xfee000b0', 'rip': '0x10'}, " MMIO("write", "0xfee000b0")

Test(warn, an_entry_that_nothing_asks_for)
{
    static const char head[] = "{'format': 'whv-trace/1.0', ";
    char text[2048];
    snprintf(text, sizeof(text), "%s 'id': 'a', " ENTRIES ", " REST "}", head);
    load(text, find_odd);
    cr_expect_eq(warnings, 2, "%s", seen); /* neither the exit's page nor the code's */
    cr_expect_not_null(strstr(seen, "/memory/1 memory[1] is never asked for"), "%s", seen);
    cr_expect_not_null(strstr(seen, "/pages/1 pages[1] is never asked for"), "%s", seen);

    snprintf(text, sizeof(text), "%s 'id': 'a', 'deliberate': 'So.', " ENTRIES ", " REST "}", head);
    load(text, find_odd);
    cr_expect_eq(warnings, 0, "%s", seen);

    snprintf(text, sizeof(text), "%s 'id': 'b', " ENTRIES ", " REST "}", head);
    load(text, find_odd);
    cr_expect_eq(warnings, 0, "%s", seen);
}

/* What stands in `defaults` is there for any case that needs it. */
Test(warn, an_entry_of_defaults_that_no_case_asks_for)
{
    static const char head[] =
        "{'format': 'whv-trace/1.0', 'suite': 's', 'defaults': {" ENTRIES "}, 'cases': [";
    char text[2048];
    snprintf(text, sizeof(text), "%s{'id': 'a', " REST "}, {'id': 'c', " REST "}]}", head);
    load(text, find_odd);
    cr_expect_eq(warnings, 2, "%s", seen);
    cr_expect_not_null(strstr(seen, "/defaults/memory/1 memory[1] is never"), "%s", seen);
    cr_expect_not_null(strstr(seen, "/defaults/pages/1 pages[1] is never"), "%s", seen);

    snprintf(text, sizeof(text), "%s{'id': 'a', " REST "}, {'id': 'b', " REST "}]}", head);
    load(text, find_odd);
    cr_expect_eq(warnings, 0, "%s", seen);
}

Test(warn, nobody_is_warned_who_has_not_asked)
{
    struct wht_load_options options = {.on_error = note};
    load("{'format': 'whv-trace/1.0', 'id': 'a', 'match': 'effects', 'expect': {}, " STORE MMIO(
             "read", "0x5000") "}",
         NULL);
    cr_assert_eq(warnings, 1);
    warnings = 0;
    struct wht_reader *reader = wht_reader_open(file_path, &options);
    wht_case_free(wht_reader_next(reader));
    wht_reader_close(reader);
    cr_expect_eq(warnings, 0);
}
