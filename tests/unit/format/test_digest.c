/* SPDX-License-Identifier: MIT */
/* Which cases have one digest. */
#include "files.h"
#include "format/digest.h"

#define HEAD   "{\"format\": \"whv-trace/1.0\", \"id\": \"x\", "
#define EXIT   "\"exit\": {\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": \"0x2000\"}, "
#define CALLS  "\"calls\": [{\"mem\": \"write\", \"gpa\": \"0x2000\", \"data\": \"78 56 34 12\"}]"
#define EXPECT "\"expect\": {\"regs\": {\"rip\": \"+2\"}, " CALLS "}"

static const char base[] = HEAD "\"code\": \"89 03\", " EXIT EXPECT "}";

static const char *digest_of(const char *text)
{
    static char digest[2][WHT_DIGEST_MAX];
    static unsigned turn;
    struct wht_case *c = load_text(text);
    cr_assert_not_null(c, "%s\n%s", text, messages);
    turn ^= 1;
    wht_case_digest(c, digest[turn]);
    wht_case_free(c);
    return digest[turn];
}

static const char *const equal[] = {
    /* what is written and what is left to a default */
    HEAD
    "\"code\": \"8903\", \"api\": \"shipping\", \"init\": {\"mode\": \"long64\", \"cpl\": 0, "
    "\"rax\": \"0x0\", \"rip\": \"0x1000\", \"interrupt_shadow\": false}, \"exit\": {\"kind\": "
    "\"mmio\", \"access\": \"write\", \"gpa\": \"0x2000\", \"gva\": \"0x0_2000\", "
    "\"bytes_given\": 2, \"instr_len\": 2}, \"memory\": [], " EXPECT ", \"match\": \"device\"}",
    HEAD "\"code\": \"89 03\", " EXIT "\"expect\": {\"hr\": \"S_OK\", \"status\": [\"success\"], "
         "\"regs\": {\"rip\": \"0x1002\"}, \"others\": \"unchanged\", " CALLS "}}",
    /* names and words */
    "{\"format\": \"whv-trace/1.0\", \"id\": \"y\", \"asm\": \"mov dword ptr [rbx], eax\", "
    "\"code\": \"89 03\", " EXIT EXPECT ", \"note\": \"n\", \"tags\": [\"t\"], \"spec\": \"s\", "
    "\"flags\": [\"canonical\"], \"source\": {\"kind\": \"hand\"}, \"x-y\": 1}",
    HEAD "\"code\": \"89 03\", " EXIT "\"expect\": {\"regs\": {\"rip\": \"+2\"}, \"calls\": "
         "[{\"mem\": \"write\", \"gpa\": \"0x2000\", \"data\": \"78563412\", \"size\": 4, "
         "\"note\": \"n\"}]}}",
};

static const char *const different[] = {
    HEAD "\"code\": \"89 03 90\", " EXIT EXPECT "}",
    HEAD "\"code\": \"89 03\", \"api\": \"preview\", " EXIT EXPECT "}",
    HEAD "\"code\": \"89 03\", \"init\": {\"rax\": \"0x1\"}, " EXIT EXPECT "}",
    HEAD "\"code\": \"89 03\", \"init\": {\"others\": \"unknown\"}, " EXIT EXPECT "}",
    HEAD "\"code\": \"89 03\", " EXIT EXPECT ", \"match\": \"strict\"}",
    HEAD "\"code\": \"89 03\", " EXIT EXPECT ", \"verdict\": \"may\", \"flags\": [\"canonical\"]}",
    HEAD "\"code\": \"89 03\", \"memory\": [{\"gpa\": \"0x0\", \"size\": 1}], " EXIT EXPECT "}",
    HEAD "\"code\": \"89 03\", \"pages\": [{\"gva\": \"0x0\"}], " EXIT EXPECT "}",
    HEAD "\"code\": \"89 03\", \"exit\": {\"kind\": \"mmio\", \"access\": \"read\", \"gpa\": "
         "\"0x2000\"}, " EXPECT "}",
    HEAD "\"code\": \"89 03\", " EXIT "\"expect\": {\"regs\": {\"rip\": \"any\"}, " CALLS "}}",
    HEAD "\"code\": \"89 03\", " EXIT EXPECT ", \"match\": \"effects\"}",
    HEAD "\"code\": \"89 03\", \"match\": \"effects\", " EXIT
         "\"expect\": {\"regs\": {\"rip\": \"+2\"}}}",
    HEAD "\"code\": \"89 03\", " EXIT EXPECT ", \"todo\": [\"Say more.\"]}",
    HEAD "\"code\": \"89 03\", " EXIT "\"expect\": {\"regs\": {\"rip\": \"+2\"}, \"calls\": []}}",
    HEAD "\"code\": \"89 03\", " EXIT "\"expect\": {\"regs\": {\"rip\": \"+2\"}, \"calls\": "
         "[{\"mem\": \"write\", \"gpa\": \"0x2000\", \"data\": \"78 56 34 ??\"}]}}",
};

Test(digest, is_that_of_the_meaning_alone)
{
    const char *digest = digest_of(base);
    for (size_t i = 0; i < sizeof(equal) / sizeof(equal[0]); i++)
        cr_assert_str_eq(digest_of(equal[i]), digest_of(base), "%s", equal[i]);
    cr_assert_eq(strlen(digest), WHT_DIGEST_MAX - 1);
}

Test(digest, differs_where_the_meaning_does)
{
    const size_t count = sizeof(different) / sizeof(different[0]);
    char digests[sizeof(different) / sizeof(different[0]) + 1][WHT_DIGEST_MAX];
    for (size_t i = 0; i <= count; i++) {
        strcpy(digests[i], digest_of(i == count ? base : different[i]));
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(digests[i], digests[j], "%s\n%s", different[j],
                              i == count ? base : different[i]);
    }
}

/* Published digests would lose their cases if this changed. */
Test(digest, of_a_case_stays_what_it_is)
{
    cr_assert_str_eq(digest_of(base),
                     "2b127363e23db5c42cfa2f62693118d33a279e880c2bc8f810950bca1df116c1");
}

Test(digest, does_not_depend_on_the_order_of_what_has_none)
{
    static const char left[] = HEAD
        "\"code\": \"89 03\", \"pages\": [{\"gva\": \"0x1000\", \"for\": [\"read\", \"write\"]}, "
        "{\"gva\": \"0x0\"}], \"memory\": [{\"gpa\": \"0x5000\", \"data\": \"00\"}, {\"gpa\": "
        "\"0x4000\", \"data\": \"01\"}], " EXIT "\"expect\": {\"memory\": [{\"gpa\": \"0x5000\", "
        "\"data\": \"02\"}, {\"gpa\": \"0x4000\", \"data\": \"03\"}], \"regs\": {\"rax\": "
        "{\"either\": [\"0x1\", \"0x2\"]}, \"rip\": \"+2\"}, \"calls\": []}}";
    static const char right[] = HEAD
        "\"code\": \"89 03\", \"pages\": [{\"gva\": \"0x0\"}, {\"gva\": \"0x1000\", \"for\": "
        "[\"write\", \"read\"]}], \"memory\": [{\"gpa\": \"0x4000\", \"data\": \"01\"}, {\"gpa\": "
        "\"0x5000\", \"size\": 1}], " EXIT "\"expect\": {\"regs\": {\"rip\": \"+2\", \"rax\": "
        "{\"either\": [\"0x2\", \"0x1\"]}}, \"memory\": [{\"gpa\": \"0x4000\", \"data\": \"03\"}, "
        "{\"gpa\": \"0x5000\", \"data\": \"02\"}], \"calls\": []}}";
    cr_assert_str_eq(digest_of(left), digest_of(right));
}

/* `data` and `fill` hold half a megabyte, a region 16: what is longer repeats. */
Test(digest, does_not_depend_on_how_long_memory_is_written)
{
    static const char *const fills[][2] = {
        {"ab", "ab ab"}, {"ab cd ef", "ab cd ef ab cd ef"}, {"00", "00 00 00 00"}};
    char text[2][1024];
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        for (size_t j = 0; j < 2; j++)
            snprintf(text[j], sizeof(text[j]),
                     HEAD "\"code\": \"89 03\", " EXIT EXPECT
                          ", \"memory\": [{\"gpa\": \"0x100000\", \"size\": 1048577, \"fill\": "
                          "\"%s\"}]}",
                     fills[i][j]);
        cr_assert_str_eq(digest_of(text[0]), digest_of(text[1]), "%s", fills[i][0]);
    }
}
