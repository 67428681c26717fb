/* SPDX-License-Identifier: MIT */
/* Whatever bytes a name or a message has, each notation holds it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"

#define FFFD "\xef\xbf\xbd"

static const struct {
    void (*escape)(struct wht_text *text, const char *string);
    const char *from;
    const char *to;
} rows[] = {
    {wht_escape_xml, "a<b & \"c\" > d", "a&lt;b &amp; &quot;c&quot; &gt; d"},
    {wht_escape_xml, "]]>", "]]&gt;"},
    {wht_escape_xml, "a\tb\nc\rd", "a\tb\nc&#13;d"},
    {wht_escape_xml, "\x01\x1b\x1f", FFFD FFFD FFFD},
    {wht_escape_xml, "\x7f", "\x7f"},
    {wht_escape_xml, "\xff\xc3", FFFD FFFD},
    {wht_escape_xml, "\xef\xbf\xbe\xef\xbf\xbf", FFFD FFFD},
    {wht_escape_xml, "\xc3\xa4\xf0\x9f\x98\x80", "\xc3\xa4\xf0\x9f\x98\x80"},
    {wht_escape_xml_attribute, "a\tb\nc\"", "a&#9;b&#10;c&quot;"},
    {wht_escape_json, "", "\"\""},
    {wht_escape_json, "a\"b\\c\nd\x01", "\"a\\\"b\\\\c\\nd\\u0001\""},
    {wht_escape_json, "a\tb\r\b\f", "\"a\\tb\\r\\b\\f\""},
    {wht_escape_json, "\x7f\xc2\x9b", "\"\\u007f\\u009b\""},
    {wht_escape_json, "\xed\xa0\x80", "\"" FFFD FFFD FFFD "\""},
    {wht_escape_tap, "a#b \\ c\nd", "a\\#b \\\\ c d"},
    {wht_escape_github, "50% of\r\na:b,c\x1b", "50%25 of%0D%0Aa:b,c" FFFD},
    {wht_escape_github_property, "a:b,c%", "a%3Ab%2Cc%25"},
    {wht_escape_markdown, "a|b*c_`d`\n<e>&#", "a\\|b\\*c\\_\\`d\\` &lt;e&gt;&amp;\\#"},
};

Test(escape, strings_fit_their_notation)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wht_text text = {.text = NULL};
        rows[i].escape(&text, rows[i].from);
        cr_expect_str_eq(wht_text_get(&text), rows[i].to, "row %zu: %s", i, wht_text_get(&text));
        wht_text_free(&text);
    }
}

static const struct {
    const char *bytes;
    size_t length;
    uint32_t code;
} sequences[] = {
    {"", 0, 0},
    {"A", 1, 'A'},
    {"\xc2\x80", 2, 0x80},
    {"\xc1\xbf", 0, 0}, /* longer than needed */
    {"\xe0\xa0\x80", 3, 0x800},
    {"\xe0\x9f\xbf", 0, 0}, /* longer than needed */
    {"\xed\x9f\xbf", 3, 0xd7ff},
    {"\xed\xa0\x80", 0, 0}, /* a surrogate */
    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
    {"\xf4\x90\x80\x80", 0, 0}, /* beyond Unicode */
    {"\xf8\x88\x80\x80\x80", 0, 0},
    {"\xe2\x82", 0, 0}, /* cut by the end */
    {"\x80", 0, 0},
};

Test(escape, only_valid_utf_8_is_decoded)
{
    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        uint32_t code = 0;
        size_t length = wht_utf8_next(sequences[i].bytes, &code);
        cr_expect_eq(length, sequences[i].length, "row %zu: %zu", i, length);
        cr_expect_eq(code, sequences[i].code, "row %zu: %x", i, code);
    }
}

/* No byte that a reader of XML refuses, whatever goes in: production 2 of XML 1.0. */
Test(escape, xml_holds_any_bytes)
{
    const char *variable = getenv("TEST_SEED");
    unsigned seed = variable ? (unsigned)strtoul(variable, NULL, 10) : 1;
    cr_log_info("TEST_SEED=%u", seed);
    srand(seed);
    for (unsigned round = 0; round < 2000; round++) {
        char string[24];
        struct wht_text text = {.text = NULL};
        for (size_t i = 0; i + 1 < sizeof(string); i++)
            string[i] = (char)(rand() % 255 + 1);
        string[sizeof(string) - 1] = 0;
        wht_escape_xml_attribute(&text, string);
        uint32_t code;
        size_t length;
        const char *at = wht_text_get(&text);
        for (; (length = wht_utf8_next(at, &code)) > 0; at += length)
            cr_assert(code >= 0x20 && code != '<' && code != '"' && code != 0xfffe &&
                          code != 0xffff,
                      "round %u: %x", round, code);
        cr_assert_eq(*at, 0, "round %u", round);
        wht_text_free(&text);
    }
}
