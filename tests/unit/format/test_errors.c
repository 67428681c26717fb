/* SPDX-License-Identifier: MIT */
/* Each rule of the format with a file that breaks it: position, pointer and text of the message. */
#include "files.h"

#include "base/json_scan.h"
#include "base/utf8.h"

#define HEAD "{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":\"90\","
#define EXIT "\"exit\":{\"kind\":\"mmio\",\"access\":\"write\",\"gpa\":\"0x10\"},"
#define GOOD EXIT "\"expect\":{\"calls\":[]}"

/* A case's text, and what its message must start with and contain. */
struct row {
    const char *text;
    const char *pointer;
    const char *words;
};

static void expect_errors(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct wht_case *c = load_text(rows[i].text);
        cr_expect_null(c, "row %zu was accepted", i);
        wht_case_free(c);
        char start[256];
        const char *space = strchr(messages, ' ');
        snprintf(start, sizeof(start), " %s ", rows[i].pointer);
        cr_expect(space && strncmp(space, start, strlen(start)) == 0, "row %zu: pointer %s: %s", i,
                  rows[i].pointer, messages);
        cr_expect_not_null(strstr(messages, rows[i].words), "row %zu: \"%s\": %s", i, rows[i].words,
                           messages);
    }
}

#define EXPECT_ERRORS(rows) expect_errors(rows, sizeof(rows) / sizeof(rows[0]))

Test(errors, documents_and_cases)
{
    static const struct row rows[] = {
        {"[]", "", "expected an object"},
        {"{\"id\":\"a\",\"code\":\"90\"," GOOD "}", "", "no key \"format\""},
        {"{\"format\":\"whv-trace/2.0\",\"id\":\"a\",\"code\":\"90\"," GOOD "}", "/format",
         "version 2"},
        {"{\"format\":\"trace\",\"id\":\"a\",\"code\":\"90\"," GOOD "}", "/format",
         "whv-trace/1.0"},
        {HEAD "\"bogus\":1," GOOD "}", "/bogus", "unknown key"},
        {HEAD "\"nots\":\"x\"," GOOD "}", "/nots", "did you mean \"note\""},
        {HEAD "\"note\":\"a\",\"note\":\"b\"," GOOD "}", "/note", "a second time"},
        {HEAD EXIT "\"x-mine\":1}", "", "no key \"expect\""},
        {"{\"format\":\"whv-trace/1.0\",\"code\":\"90\"," GOOD "}", "", "no key \"id\""},
        {"{\"format\":\"whv-trace/1.0\",\"id\":\"A b\",\"code\":\"90\"," GOOD "}", "/id",
         "lower-case"},
        {"{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":\"9\"," GOOD "}", "/code", "pairs"},
        {"{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":\"\"," GOOD "}", "/code", "no bytes"},
        {"{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":\"??\"," GOOD "}", "/code", "pairs"},
        {"{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":"
         "\"0102030405060708090a0b0c0d0e0f1011\"," GOOD "}",
         "/code", "at most 16"},
        {HEAD "\"asm\":\"hlt\"," GOOD "}", "/asm", "expected what the code is: \"nop\""},
        {HEAD "\"api\":\"shiping\"," GOOD "}", "/api", "did you mean \"shipping\""},
        {HEAD "\"match\":\"stric\"," GOOD "}", "/match", "did you mean \"strict\""},
        {HEAD "\"match\":\"strict\"," EXIT "\"expect\":{}}", "/match",
         "\"calls\": [] if there are none, or \"match\": \"effects\""},
        {HEAD EXIT "\"expect\":{\"hr\":\"E_FAIL\"}}", "/expect",
         "\"calls\": [] if there are none, or \"match\": \"effects\""},
        {HEAD "\"todo\":\"Say it.\"," GOOD "}", "/todo", "expected a list of strings"},
        {HEAD "\"deliberate\":\"\"," GOOD "}", "/deliberate", "a sentence that says why"},
        {HEAD "\"verdict\":\"may\"," GOOD "}", "/verdict", "without a flag"},
        {HEAD "\"flags\":[\"no-such-flag\"]," GOOD "}", "/flags/0", "flags.json"},
        {HEAD "\"tags\":\"x\"," GOOD "}", "/tags", "a list of strings"},
        {HEAD "\"spec\":[1]," GOOD "}", "/spec/0", "a string"},
        {HEAD "\"note\":1," GOOD "}", "/note", "found a number"},
        {HEAD "\"source\":{\"kind\":\"stolen\"}," GOOD "}", "/source/kind", "kind of source"},
    };
    EXPECT_ERRORS(rows);
}

Test(errors, init)
{
    static const struct row rows[] = {
        {HEAD "\"init\":{\"mode\":\"long46\"}," GOOD "}", "/init/mode", "did you mean \"long64\""},
        {HEAD "\"init\":{\"cpl\":4}," GOOD "}", "/init/cpl", "from 0 to 3"},
        {HEAD "\"init\":{\"cpl\":1.0}," GOOD "}", "/init/cpl", "an integer"},
        {HEAD "\"init\":{\"mode\":\"vm86\",\"cpl\":0}," GOOD "}", "/init/cpl", "expected 3"},
        {HEAD "\"init\":{\"mode\":\"real16\",\"cpl\":1}," GOOD "}", "/init/cpl", "expected 0"},
        {HEAD "\"init\":{\"eax\":\"0x1\"}," GOOD "}", "/init/eax", "did you mean \"rax\""},
        {HEAD "\"init\":{\"bh\":\"0x1\"}," GOOD "}", "/init/bh",
         "another name of a register or a part of one; did you mean \"rbx\""},
        {HEAD "\"init\":{\"r10d\":\"0x1\"}," GOOD "}", "/init/r10d", "did you mean \"r10\""},
        {HEAD "\"init\":{\"rax\":1}," GOOD "}", "/init/rax", "expected a string like \"0x1\""},
        {HEAD "\"init\":{\"rax\":\"1\"}," GOOD "}", "/init/rax", "hexadecimal digits"},
        {HEAD "\"init\":{\"rax\":\"0x_1\"}," GOOD "}", "/init/rax", "hexadecimal digits"},
        {HEAD "\"init\":{\"rax\":\"0x1_\"}," GOOD "}", "/init/rax", "hexadecimal digits"},
        {HEAD "\"init\":{\"rax\":\"0x10000000000000000\"}," GOOD "}", "/init/rax", "64 bits"},
        {HEAD "\"init\":{\"rax\":\"any\"}," GOOD "}", "/init/rax", "hexadecimal digits"},
        {HEAD "\"init\":{\"ds\":\"flt\"}," GOOD "}", "/init/ds", "did you mean \"flat\""},
        {HEAD "\"init\":{\"ds\":{\"sel\":\"0x1\"}}," GOOD "}", "/init/ds", "no key \"base\""},
        {HEAD "\"init\":{\"gdtr\":\"0x1\"}," GOOD "}", "/init/gdtr", "an object"},
        {HEAD "\"init\":{\"interrupt_shadow\":1}," GOOD "}", "/init/interrupt_shadow",
         "true or false"},
        {HEAD "\"init\":[]," GOOD "}", "/init", "an object"},
    };
    EXPECT_ERRORS(rows);
}

Test(errors, exit)
{
#define WITH_EXIT(exit) HEAD "\"exit\":{" exit "},\"expect\":{\"calls\":[]}}"
    static const struct row rows[] = {
        {WITH_EXIT("\"kind\":\"mmio\",\"access\":\"write\""), "/exit", "no key \"gpa\""},
        {WITH_EXIT("\"kind\":\"io\",\"access\":\"read\",\"port\":\"0x60\""), "/exit",
         "no key \"size\""},
        {WITH_EXIT("\"kind\":\"mmoi\",\"access\":\"read\",\"gpa\":\"0x1\""), "/exit/kind",
         "did you mean"},
        {WITH_EXIT("\"kind\":\"io\",\"access\":\"execute\",\"port\":\"0x60\",\"size\":1"),
         "/exit/access", "IN"},
        {WITH_EXIT("\"kind\":\"mmio\",\"access\":\"read\",\"gpa\":\"0x1\",\"port\":\"0x1\""),
         "/exit/port", "other kind"},
        {WITH_EXIT(
             "\"kind\":\"io\",\"access\":\"read\",\"port\":\"0x60\",\"size\":1,\"gva\":\"0x1\""),
         "/exit/gva", "other kind"},
        {WITH_EXIT("\"kind\":\"io\",\"access\":\"read\",\"port\":\"0x10000\",\"size\":1"),
         "/exit/port", "16 bits"},
        {WITH_EXIT("\"kind\":\"io\",\"access\":\"read\",\"port\":\"0x60\",\"size\":8"),
         "/exit/size", "from 0 to 7"},
        {WITH_EXIT("\"kind\":\"mmio\",\"access\":\"read\",\"gpa\":\"0x1\",\"instr_len\":16"),
         "/exit/instr_len", "at most 15"},
        {WITH_EXIT("\"kind\":\"mmio\",\"access\":\"read\",\"gpa\":\"0x1\",\"bytes_given\":-1"),
         "/exit/bytes_given", "from 0"},
    };
    EXPECT_ERRORS(rows);
}

Test(errors, memory_and_pages)
{
#define WITH_MEMORY(memory) HEAD "\"memory\":[" memory "]," GOOD "}"
#define WITH_PAGES(pages)   HEAD "\"pages\":[" pages "]," GOOD "}"
    static const struct row rows[] = {
        {WITH_MEMORY("{\"gpa\":\"0x1\"}"), "/memory/0", "found no key"},
        {WITH_MEMORY("{\"gpa\":\"0x1\",\"data\":\"00\",\"size\":1}"), "/memory/0/data",
         "beside \"size\""},
        {WITH_MEMORY("{\"gpa\":\"0x1\",\"size\":1,\"kind\":\"device\",\"fill\":\"00\"}"),
         "/memory/0/fill", "expected none"},
        {WITH_MEMORY("{\"gpa\":\"0x1\",\"size\":0}"), "/memory/0/size", "from 1"},
        {WITH_MEMORY("{\"gpa\":\"0x1\",\"size\":16777217}"), "/memory/0/size", "to 16777216"},
        {WITH_MEMORY("{\"gpa\":\"0x10\",\"size\":16},{\"gpa\":\"0x1f\",\"size\":1}"), "/memory/1",
         "overlaps"},
        {WITH_MEMORY("{\"gpa\":\"0xffffffffffffffff\",\"size\":2}"), "/memory/0", "past the end"},
        {WITH_MEMORY("{\"gpa\":\"0x1\",\"size\":1,\"kind\":\"rim\"}"), "/memory/0/kind",
         "did you mean"},
        {WITH_PAGES("{\"gva\":\"0x1001\"}"), "/pages/0/gva", "start of a page"},
        {WITH_PAGES("{\"gva\":\"0x1000\"},{\"gva\":\"0x1000\",\"for\":\"read\"}"), "/pages/1",
         "second entry"},
        {WITH_PAGES("{\"gva\":\"0x1000\",\"for\":[]}"), "/pages/0/for", "at least 1"},
        {WITH_PAGES("{\"gva\":\"0x1000\",\"result\":\"missing\"}"), "/pages/0/result",
         "translate result"},
    };
    EXPECT_ERRORS(rows);
}

Test(errors, expect)
{
#define WITH_EXPECT(expect) HEAD EXIT "\"match\":\"effects\",\"expect\":{" expect "}}"
    static const struct row rows[] = {
        {WITH_EXPECT("\"hr\":\"E_NONE\""), "/expect/hr", "HRESULT"},
        {WITH_EXPECT("\"status\":[]"), "/expect/status", "at least 1"},
        {WITH_EXPECT("\"status\":[\"sucess\"]"), "/expect/status/0", "did you mean \"success\""},
        {WITH_EXPECT("\"status\":[\"success\",\"success\"]"), "/expect/status/1", "a second time"},
        {WITH_EXPECT("\"regs\":{\"rax\":{\"value\":\"0x1\",\"either\":[\"0x1\",\"0x2\"]}}"),
         "/expect/regs/rax/either", "one of"},
        {WITH_EXPECT("\"regs\":{\"rax\":{\"either\":[\"0x1\"]}}"), "/expect/regs/rax/either",
         "at least 2"},
        {WITH_EXPECT("\"regs\":{\"rax\":{\"value\":\"0x1\",\"undef\":[\"af\"]}}"),
         "/expect/regs/rax/undef", "rflags only"},
        {WITH_EXPECT("\"regs\":{\"rflags\":{\"value\":\"0x2\",\"undef\":[\"xf\"]}}"),
         "/expect/regs/rflags/undef/0", "a flag"},
        {WITH_EXPECT("\"regs\":{\"rip\":\"+two\"}"), "/expect/regs/rip", "a distance"},
        {WITH_EXPECT("\"regs\":{\"ds\":\"+2\"}"), "/expect/regs/ds", "no number"},
        {WITH_EXPECT("\"memory\":[{\"gpa\":\"0x1\"}]"), "/expect/memory/0", "no key \"data\""},
        {WITH_EXPECT("\"fault\":{\"vector\":\"xx\"}"), "/expect/fault/vector", "exception"},
        {WITH_EXPECT("\"fault\":{\"vector\":\"gp\"},\"trap\":true"), "/expect/trap",
         "beside a fault"},
        {WITH_EXPECT("\"fault\":{\"vector\":\"gp\"},\"status\":[\"io-failed\"]"), "/expect/fault",
         "expected success"},
        {WITH_EXPECT("\"others\":\"same\""), "/expect/others", "unchanged"},
    };
    EXPECT_ERRORS(rows);
}

Test(errors, calls)
{
#define WITH_CALL(call) HEAD EXIT "\"expect\":{\"calls\":[{" call "}]}}"
    static const struct row rows[] = {
        {WITH_CALL(""), "/expect/calls/0", "no kind of call"},
        {WITH_CALL("\"mem\":\"read\",\"io\":\"in\""), "/expect/calls/0/io", "one kind"},
        {WITH_CALL("\"mem\":\"read\",\"gpa\":\"0x1\""), "/expect/calls/0", "no key \"data\""},
        {WITH_CALL("\"mem\":\"read\",\"gpa\":\"0x1\",\"fail\":\"E_FAIL\""), "/expect/calls/0",
         "nor \"size\""},
        {WITH_CALL("\"mem\":\"read\",\"gpa\":\"0x1\",\"size\":2,\"data\":\"00\""),
         "/expect/calls/0/size", "agree"},
        {WITH_CALL("\"mem\":\"write\",\"gpa\":\"0xfff\",\"data\":\"00 00\""), "/expect/calls/0/gpa",
         "cross a page"},
        {WITH_CALL("\"mem\":\"write\",\"gpa\":\"0x0\",\"data\":\"010203040506070809\""),
         "/expect/calls/0/data", "at most 8"},
        {WITH_CALL("\"mem\":\"read\",\"gpa\":\"0x0\",\"data\":\"??\""), "/expect/calls/0/data",
         "a read answers"},
        {WITH_CALL("\"io\":\"in\",\"port\":\"0x1\",\"size\":3,\"data\":\"0x1\""),
         "/expect/calls/0/size", "1, 2 or 4"},
        {WITH_CALL("\"io\":\"in\",\"port\":\"0x1\",\"size\":1,\"data\":\"0x100\""),
         "/expect/calls/0/data", "8 bits"},
        {WITH_CALL("\"translate\":\"0x1001\""), "/expect/calls/0/translate", "start of a page"},
        {WITH_CALL("\"translate\":\"0x1000\",\"flags\":[\"reed\"]"), "/expect/calls/0/flags/0",
         "did you mean \"read\""},
        {WITH_CALL("\"get\":[\"eax\"]"), "/expect/calls/0/get/0", "did you mean \"rax\""},
        {WITH_CALL("\"get\":{\"rax\":\"any\"}"), "/expect/calls/0/get/rax", "plain values"},
        {WITH_CALL("\"get\":\"rax\""), "/expect/calls/0/get", "a list of names"},
        {WITH_CALL("\"set\":{\"rax\":\"0x1\"},\"fail\":\"S_OK\""), "/expect/calls/0/fail",
         "a failure"},
        {WITH_CALL("\"any_order\":[]"), "/expect/calls/0/any_order", "at least 1"},
        {WITH_CALL("\"repeat\":0,\"calls\":[{\"get\":[]}]"), "/expect/calls/0/repeat", "from 1"},
        {WITH_CALL("\"repeat\":2"), "/expect/calls/0", "no key \"calls\""},
        {WITH_CALL("\"optional\":[{\"set\":{}}],\"fail\":\"E_FAIL\""), "/expect/calls/0/fail",
         "unknown key"},
    };
    EXPECT_ERRORS(rows);
}

Test(errors, all_of_a_file_are_reported_with_their_places)
{
    struct wht_case *c = load_text("{\n  \"format\": \"whv-trace/1.0\",\n  \"id\": \"a\",\n"
                                   "  \"code\": \"zz\",\n  \"init\": { \"rax\": 5 },\n"
                                   "  \"exit\": { \"kind\": \"mmio\", \"access\": \"write\" },\n"
                                   "  \"bogus\": 1\n}\n");
    cr_expect_null(c);
    cr_expect_not_null(strstr(messages, "4:11 /code "));
    cr_expect_not_null(strstr(messages, "5:20 /init/rax "));
    cr_expect_not_null(strstr(messages, "6:11 /exit found no key \"gpa\""));
    cr_expect_not_null(strstr(messages, "7:3 /bogus "));
    cr_expect_not_null(strstr(messages, "1:1  found no key \"expect\""));
}

/* A second member of one name once overran what was made for the first. */
Test(errors, members_that_occur_twice_are_taken_once)
{
    static const char *const keys[][3] = {
        {"\"expect\":{\"memory\":[", "{\"gpa\":\"0x1\",\"data\":\"00\"}", "],\"memory\":[]}"},
        {"\"expect\":{\"calls\":[{\"get\":[", "\"rax\"", "],\"get\":[\"rcx\"]}]}"},
        {"\"expect\":{\"calls\":[{\"repeat\":1,\"calls\":[", "{\"get\":[]}",
         "],\"calls\":[{\"mem\":\"read\",\"gpa\":\"0x1\",\"data\":\"00\"}]}]}"},
        {"\"expect\":{\"calls\":[]},\"tags\":[", "\"a\"", "],\"tags\":[\"b\"]"}};
    char *text = malloc(1 << 20);
    cr_assert_not_null(text);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char *at = text + sprintf(text, HEAD EXIT "%s", keys[i][0]);
        for (int j = 0; j < 5000; j++)
            at += sprintf(at, "%s%s", j ? "," : "", keys[i][1]);
        sprintf(at, "%s}", keys[i][2]);
        cr_expect_null(load_text(text), "row %zu", i);
        cr_expect_not_null(strstr(messages, "a second time"), "row %zu: %.200s", i, messages);
    }
    free(text);
}

Test(errors, rules_between_keys_are_checked_beside_other_errors)
{
    cr_expect_null(load_text(HEAD "\"asm\":\"hlt\",\"match\":\"strict\",\"verdict\":\"may\","
                                  "\"exit\":{\"kind\":\"mmio\",\"access\":\"read\",\"gpa\":1},"
                                  "\"expect\":{\"trap\":true,\"fault\":{\"vector\":\"xx\"}}}"));
    static const char *const pointers[] = {" /asm ",         " /match ",
                                           " /verdict ",     " /exit/gpa ",
                                           " /expect/trap ", " /expect/fault/vector "};
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
        cr_expect_not_null(strstr(messages, pointers[i]), "%s: %s", pointers[i], messages);
}

Test(errors, blanks_in_assembler_text_count_between_words_alone)
{
    static const struct {
        const char *text;
        bool is_same;
    } rows[] = {{"mov dword ptr [rbx], eax", true},
                {"  MOV\\tdword   PTR [ rbx ] ,eax ", true},
                {"mov dwordptr [rbx], eax", false},
                {"mov dword ptr [r bx], eax", false},
                {"mov dword ptr [rbx], ea", false},
                {"mov dword ptr [rbx], eax, eax", false},
                {"", false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        snprintf(
            text, sizeof(text),
            "{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":\"89 03\",\"asm\":\"%s\"," GOOD
            "}",
            rows[i].text);
        struct wht_case *c = load_text(text);
        cr_expect_eq(c != NULL, rows[i].is_same, "%s: %s", rows[i].text, messages);
        wht_case_free(c);
    }
}

Test(errors, messages_are_valid_utf_8_on_one_line)
{
    char text[1024];
    char euros[256] = "";
    for (int i = 0; i < 40; i++)
        strcat(euros, "\xe2\x82\xac");
    snprintf(text, sizeof(text), HEAD "\"tags\":1,\"a%s\\n\\u009b\":1," GOOD "}", euros);
    cr_expect_null(load_text(text));
    size_t lines = 0;
    for (const unsigned char *c = (const unsigned char *)messages; *c;) {
        size_t length = wht_utf8_length(c, strlen((const char *)c));
        cr_assert_gt(length, 0, "%s", messages);
        lines += *c == '\n';
        c += length;
    }
    cr_expect_eq(lines, 2, "%s", messages);
}

Test(errors, valid_cases_of_a_file_are_still_loaded)
{
    struct wht_case *cases[4];
    size_t errors;
    const char *text =
        "{\"format\":\"whv-trace/1.0\",\"suite\":\"s\",\"cases\":["
        "{\"id\":\"a\",\"code\":\"90\"," GOOD "},{\"id\":\"b\",\"code\":\"x\"," GOOD "},"
        "{\"id\":\"a\",\"code\":\"90\"," GOOD "},{\"id\":\"c\",\"code\":\"90\"," GOOD "}]}";
    write_file("suite.trace.json", text, strlen(text));
    cr_assert_eq(load_file(cases, 4, &errors), 2);
    cr_expect_eq(errors, 2);
    cr_expect_str_eq(cases[1]->id, "c");
    cr_expect_eq(cases[1]->ordinal, 3);
    cr_expect_not_null(strstr(messages, "/cases/2/id found the id \"a\" a second time"));
    wht_case_free(cases[0]);
    wht_case_free(cases[1]);
}

Test(errors, an_error_in_defaults_is_reported_once)
{
    struct wht_case *cases[4];
    size_t errors;
    const char *text = "{\"format\":\"whv-trace/1.0\",\"suite\":\"s\",\"defaults\":{\"init\":"
                       "{\"rax\":5}},\"cases\":[{\"id\":\"a\",\"code\":\"90\"," GOOD "},"
                       "{\"id\":\"b\",\"code\":\"90\"," GOOD "}]}";
    write_file("suite.trace.json", text, strlen(text));
    cr_expect_eq(load_file(cases, 4, &errors), 0);
    cr_expect_eq(errors, 1, "%s", messages);
    cr_expect_not_null(strstr(messages, " /defaults/init/rax "));
}

Test(errors, what_does_not_belong_in_defaults)
{
    static const struct row rows[] = {
        {"{\"format\":\"whv-trace/1.0\",\"suite\":\"s\",\"defaults\":{\"id\":\"a\"},\"cases\":[]}",
         "/defaults/id", "case or file itself"},
        {"{\"format\":\"whv-trace/1.0\",\"suite\":\"s\",\"defaults\":{\"init\":null},\"cases\":[]}",
         "/defaults/init", "found null"},
    };
    EXPECT_ERRORS(rows);
}
