/* SPDX-License-Identifier: MIT */
/* What compares less than before is found, and nothing else. */
#include "files.h"
#include "format/looser.h"

static struct wht_case *load(const char *expect, const char *more)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "{\"format\": \"whv-trace/1.0\", \"id\": \"a\", \"code\": \"89 03\", \"exit\": "
             "{\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": \"0xfee000b0\"}, \"memory\": "
             "[{\"gpa\": \"0x2000\", \"size\": 16, \"fill\": \"00\"}], \"expect\": {%s%s}%s}",
             expect, strstr(expect, "\"calls\"") ? "" : ", \"calls\": []", more);
    struct wht_case *c = load_text(text);
    cr_assert_not_null(c, "%s%s", messages, text);
    return c;
}

static void compare(const char *was, const char *now, const char *more, const char *expected)
{
    struct wht_case *a = load(was, "");
    struct wht_case *b = load(now, more);
    const char *found = wht_find_looser(a, b);
    cr_expect_str_eq(found ? found : "no", expected, "%s > %s: %s", was, now, found);
    wht_case_free(a);
    wht_case_free(b);
}

#define RCX(value) "\"regs\": {\"rcx\": " value "}"

Test(looser, registers)
{
    compare(RCX("\"0x1\""), RCX("\"0x2\""), "", "no");
    compare(RCX("\"0x1\""), RCX("\"any\""), "", "registers");
    compare(RCX("\"any\""), RCX("\"any\""), "", "no");
    compare("\"trap\": false", RCX("\"any\""), "", "registers");
    compare("\"others\": \"any\"", RCX("\"any\", \"rip\": \"+2\"") ", \"others\": \"any\"", "",
            "no");
    compare("\"trap\": false", "\"others\": \"any\"", "", "registers");
    compare(RCX("\"0x1\"") ", \"others\": \"any\"", "\"others\": \"any\"", "", "registers");
    compare(RCX("{\"value\": \"0x1\", \"mask\": \"0xff\"}"),
            RCX("{\"value\": \"0x2\", \"mask\": \"0xfff\"}"), "", "no");
    compare(RCX("{\"value\": \"0x1\", \"mask\": \"0xff\"}"),
            RCX("{\"value\": \"0x2\", \"mask\": \"0xf\"}"), "", "registers");
    compare(RCX("{\"either\": [\"0x1\", \"0x2\"]}"), RCX("{\"either\": [\"0x1\", \"0x3\"]}"), "",
            "no");
    compare(RCX("{\"either\": [\"0x1\", \"0x2\"]}"),
            RCX("{\"either\": [\"0x1\", \"0x2\", \"0x3\"]}"), "", "registers");
    compare(RCX("\"0x1\""), RCX("{\"either\": [\"0x1\", \"0x3\"]}"), "", "registers");
    compare(RCX("{\"either\": [\"0x1\", \"0x2\"]}"), RCX("\"0x7\""), "", "no");
}

#define MEMORY(data) "\"memory\": [{\"gpa\": \"0x2000\", \"data\": \"" data "\"}]"

Test(looser, memory)
{
    compare(MEMORY("01 ??"), MEMORY("02 ??"), "", "no");
    compare(MEMORY("01 ??"), MEMORY("?? ??"), "", "memory");
    compare(MEMORY("01 ??"), MEMORY("01 ?? ??"), "", "memory");
    compare(MEMORY("01 ??"), MEMORY("01"), "", "no");
}

#define FAULT(members) "\"fault\": {" members "}"

Test(looser, faults)
{
    compare(FAULT("\"vector\": \"pf\", \"code\": \"0x1\""), FAULT("\"vector\": \"pf\""), "",
            "fault");
    compare(FAULT("\"vector\": \"pf\", \"address\": \"0x1\""), FAULT("\"vector\": \"pf\""), "",
            "fault");
    compare(FAULT("\"vector\": \"pf\", \"code\": \"0x1\""), FAULT("\"vector\": \"ud\""), "", "no");
}

#define CALLS(calls) "\"calls\": [" calls "]"
#define WRITE(data)  "{\"mem\": \"write\", \"gpa\": \"0xfee000b0\", \"data\": \"" data "\"}"

Test(looser, calls)
{
    compare(CALLS(WRITE("01 ??")), CALLS(WRITE("?? 01")), "", "no");
    compare(CALLS(WRITE("01 ??")), CALLS(WRITE("?? ??")), "", "calls");
    compare(CALLS(WRITE("01")), CALLS("{\"optional\": [" WRITE("01") "]}"), "", "calls");
    compare(CALLS("{\"optional\": [" WRITE("01") "]}"), CALLS(WRITE("01")), "", "no");
    compare(CALLS("{\"set\": {\"rcx\": \"0x1\"}}"), CALLS("{\"set\": {\"rcx\": \"any\"}}"), "",
            "calls");
    compare(CALLS("{\"set\": {\"rcx\": \"0x1\"}}"), CALLS("{\"set\": {}}"), "", "calls");
    compare(CALLS("{\"translate\": \"0x2000\", \"flags\": []}"),
            CALLS("{\"translate\": \"0x2000\"}"), "", "calls");
}

Test(looser, level_and_verdict)
{
    compare(CALLS(""), CALLS(""), ", \"match\": \"effects\"", "level");
    compare(CALLS(""), CALLS(""), ", \"match\": \"strict\"", "no");
    compare(CALLS(""), CALLS(""), ", \"verdict\": \"may\", \"flags\": [\"access-size\"]",
            "verdict");
}
