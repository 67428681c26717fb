/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "format/model.h"
#include "run/filter.h"

static struct wht_case *a_store(void)
{
    static char flags[][16] = {"rmw", "partial"};
    static char *list[] = {flags[0], flags[1]};
    static char name[] = "manual/mov/store.trace.json#mov-m32-r32";
    struct wht_case *c = wht_case_new("mov-m32-r32", WHT_MODE_LONG64, 3);
    c->name = name;
    wht_case_set_code(c, (const uint8_t[]){0x89, 0x03}, 2);
    c->exit = (struct wht_exit){.kind = WHT_EXIT_MMIO, .access = WHT_ACCESS_WRITE};
    c->expect.status = 1u << 0 | 1u << 3;
    c->expect.has_fault = true;
    c->expect.fault.vector = 13;
    c->flags = (struct wht_strings){.items = list, .count = 2};
    return c;
}

static const struct {
    const char *text;
    bool accepts;
} rows[] = {
    {"name(manual/mov/store.trace.json#mov-m32-r32)", true},
    {"name(store)", false},
    {"name(*store*)", true},
    {"file(manual/mov/store.trace.json)", true},
    {"file(*/store.trace.json)", true},
    {"file(*#*)", false},
    {"id(mov-m?2-r32)", true},
    {"ID(MOV-M32-R32)", true},
    {"mode(long64)", true},
    {"mode(real16, long64)", true},
    {"mode( real16 ,vm86 )", false},
    {"flag(rmw)", true},
    {"flag(partial)", true},
    {"flag(part)", false},
    {"tag(*)", false},
    {"not tag(*)", true},
    {"exit(write)", true},
    {"exit(in, out, read)", false},
    {"api(shipping)", true},
    {"family(mov)", true},
    {"instruction(mov)", true},
    {"status(success)", true},
    {"status(mem-failed)", true},
    {"status(io-failed)", false},
    {"fault(gp)", true},
    {"fault(none)", false},
    {"match(effects, device, strict)", true},
    {"verdict(must)", true},
    {"source(none)", true},
    {"mode(vm86) or mode(long64) and flag(x)", false},
    {"(mode(vm86) or mode(long64)) and flag(rmw)", true},
    {"mode(long64)&!flag(x)|fault(pf)", true},
    {"NOT NOT Mode(long64) AND Fault(GP)", true},
    {"!(mode(long64) & fault(gp))", false},
};

Test(filter, expressions_say_which_cases)
{
    struct wht_case *c = a_store();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[128] = "";
        struct wht_filter *filter = wht_filter_parse(rows[i].text, error, sizeof(error));
        cr_assert_not_null(filter, "%s: %s", rows[i].text, error);
        cr_expect_eq(wht_filter_accepts(filter, c), rows[i].accepts, "%s", rows[i].text);
        wht_filter_free(filter);
    }
    wht_case_free(c);
}

Test(filter, what_is_none_is_told_with_its_place)
{
    static const struct {
        const char *text;
        const char *error;
    } wrong[] = {
        {"", "it ends too early at character 1"},
        {"not", "it ends too early at character 4"},
        {"mode", "expected '(' and a pattern after 'mode' at character 5"},
        {"mode(", "expected ')' after the pattern at character 6"},
        {"mode()", "expected a pattern at character 6"},
        {"mode(a,)", "expected a pattern at character 8"},
        {"mode(a", "expected ')' after the pattern at character 6"},
        {"mode(a) flag(b)", "expected 'and', 'or' or the end at character 9"},
        {"mode(a) and", "it ends too early at character 12"},
        {"(mode(a)", "expected ')', 'and' or 'or' at character 9"},
        {"mode(a))", "expected 'and', 'or' or the end at character 8"},
        {"moed(a)", "there is no field 'moed', but 'mode', at character 1"},
        {"#", "expected a field, such as mode(real16), at character 1"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char error[128] = "";
        cr_expect_null(wht_filter_parse(wrong[i].text, error, sizeof(error)), "%s", wrong[i].text);
        cr_expect_str_eq(error, wrong[i].error, "%s: %s", wrong[i].text, error);
    }
}

Test(filter, size_and_depth_have_limits)
{
    static char text[16384];
    char error[128];
    memset(text, '(', 200);
    cr_expect_null(wht_filter_parse(text, error, sizeof(error)));
    cr_expect(strstr(error, "more than 100 levels") != NULL, "%s", error);
    size_t used = 0;
    for (unsigned i = 0; i < 600; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%sid(a)", i ? " or " : "");
    cr_expect_null(wht_filter_parse(text, error, sizeof(error)));
    cr_expect(strstr(error, "more than 1000 parts") != NULL, "%s", error);
}
