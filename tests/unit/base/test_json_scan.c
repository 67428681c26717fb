/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"

static bool scan(const char *text, size_t size, struct wht_scan *result)
{
    bool is_good = wht_scan(text, size, result);
    free(result->marks);
    return is_good;
}

Test(scan, accepts_json)
{
    static const char *const good[] = {"{}",
                                       "[]",
                                       " [ 1 , -2.5e+10 , 0 , -0 , true , false , null ] ",
                                       "\"\\u00e9\\ud83d\\ude00\\n\"",
                                       "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
                                       "{\"a\":{\"b\":[{}]}}",
                                       "0",
                                       "\"\\/\""};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct wht_scan result;
        cr_expect(scan(good[i], strlen(good[i]), &result), "%s: %s", good[i], result.error);
    }
}

Test(scan, refuses_what_lenient_parsers_take)
{
    static const struct {
        const char *text;
        size_t size;
        size_t offset;
        const char *error;
    } rows[] = {
        {"", 0, 0, "found the end of the text"},
        {"[1,]", 4, 3, "expected a value after the comma"},
        {"{\"a\" 1}", 7, 5, "expected ':'"},
        {"{a:1}", 5, 1, "a key in double quotes"},
        {"[01]", 4, 1, "leading zero"},
        {"[-01]", 5, 1, "leading zero"},
        {"[1.]", 4, 3, "after the decimal point"},
        {"[1e]", 4, 3, "in the exponent"},
        {"[+1]", 4, 1, "expected a JSON value"},
        {"[.5]", 4, 1, "expected a JSON value"},
        {"[NaN]", 5, 1, "expected a JSON value"},
        {"['a']", 5, 1, "JSON strings stand in double quotes"},
        {"[tru]", 5, 1, "expected a JSON value"},
        {"[1] 2", 5, 4, "nothing after the document"},
        {"[1]\f", 4, 3, "0x0c"},
        {"\xef\xbb\xbf[]", 5, 0, "byte-order mark"},
        {"\"a\tb\"", 5, 2, "control characters"},
        {"\"a", 2, 0, "without an end"},
        {"\"\\x\"", 4, 2, "after a backslash"},
        {"\"\\u12g4\"", 8, 5, "four hexadecimal digits"},
        {"\"\\u0000\"", 8, 1, "no NUL"},
        {"\"\\ud800\"", 8, 1, "surrogate"},
        {"\"\\udc00\"", 8, 1, "surrogate"},
        {"\"\\ud800\\u0041\"", 14, 1, "surrogate"},
        {"\"\xff\"", 3, 1, "valid UTF-8"},
        {"\"\xc0\xaf\"", 4, 1, "valid UTF-8"},
        {"\"\xed\xa0\x80\"", 5, 1, "valid UTF-8"},
        {"\"\xf4\x90\x80\x80\"", 6, 1, "valid UTF-8"},
        {"\"\xe2\x82\"", 4, 1, "valid UTF-8"},
        {"[\"a\0b\"]", 7, 3, "0x00"},
        {"// a", 4, 0, "JSON has no comments"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wht_scan result;
        cr_expect(!scan(rows[i].text, rows[i].size, &result), "row %zu", i);
        cr_expect_eq(result.error_offset, rows[i].offset, "row %zu: offset %zu", i,
                     result.error_offset);
        cr_expect_not_null(strstr(result.error, rows[i].error), "row %zu: %s", i, result.error);
    }
}

Test(scan, bounds_the_depth)
{
    char text[256];
    struct wht_scan result;
    for (size_t depth = 63; depth <= 66; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        cr_expect_eq(scan(text, 2 * depth, &result), depth <= WHT_DEPTH_MAX, "depth %zu", depth);
    }
    memset(text, '[', sizeof(text));
    cr_expect(!scan(text, sizeof(text), &result));
}

Test(scan, bounds_strings_and_documents)
{
    size_t size = WHT_STRING_MAX + 16;
    char *text = malloc(size);
    struct wht_scan result;
    cr_assert_not_null(text);
    memset(text, 'a', size);
    text[0] = '"';
    text[size - 1] = '"';
    cr_expect(!scan(text, size, &result));
    cr_expect_not_null(strstr(result.error, "1 MiB"));
    cr_expect(!scan(text, (size_t)WHT_DOCUMENT_MAX + 1, &result));
    cr_expect_not_null(strstr(result.error, "64 MiB"));
    free(text);
}

Test(scan, marks_every_value_and_its_key)
{
    struct wht_scan result;
    const char *text = "{ \"a\": [1, 2.0], \"b\": -0 }";
    cr_assert(wht_scan(text, strlen(text), &result));
    cr_assert_eq(result.count, 5);
    cr_expect_eq(result.marks[0].offset, 0);
    cr_expect_eq(result.marks[1].offset, 7);
    cr_expect_eq(result.marks[1].key_offset, 2);
    cr_expect(result.marks[2].is_integer);
    cr_expect(!result.marks[3].is_integer, "2.0 is no integer");
    cr_expect(!result.marks[4].is_integer, "-0 is no integer");
    free(result.marks);
}

Test(scan, positions_count_lines_and_bytes_from_one)
{
    const char *text = "ab\n\xc3\xa9x\n";
    struct wht_pos pos = wht_pos_from_offset(text, 0, 1);
    cr_expect(pos.line == 1 && pos.column == 1);
    pos = wht_pos_from_offset(text, 5, 1);
    cr_expect(pos.line == 2 && pos.column == 3);
    pos = wht_pos_from_offset(text, 5, 10);
    cr_expect_eq(pos.line, 11);
}
