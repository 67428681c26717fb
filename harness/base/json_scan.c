/* SPDX-License-Identifier: MIT */
/*
 * Recursive descent, one function for each production of RFC 8259. `at` is the next byte that was
 * not consumed; a function that returns false has noted one error, where what cannot stand there
 * begins, and nobody goes on after it: what comes behind a byte too many would be guesses. What is
 * found and what was expected is worded where it is known, in the function that expected it.
 *
 * A mark is made when a value begins, before what it holds, so that marks stand in the order in
 * which cJSON's tree is walked (json_node.c). Text is scanned once and not copied; the only thing
 * that grows is the list of marks, which WHT_VALUES_MAX bounds.
 */
#include "json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "utf8.h"

#define NUMBER_MAX 300u /* characters */

struct scanner {
    const unsigned char *text;
    size_t size;
    size_t at;
    size_t capacity;
    unsigned depth;
    struct wht_scan *scan;
};

static bool fail_at(struct scanner *s, size_t offset, const char *text)
{
    s->scan->error_offset = offset;
    snprintf(s->scan->error, sizeof(s->scan->error), "%s", text);
    return false;
}

/* What other notations allow at such a place, where a value or key is expected. */
static const char *hint_for(char c, const char *expected)
{
    if (strncmp(expected, "one of", 6) == 0)
        return "";
    if (c == '/' || c == '#')
        return "; JSON has no comments, but a key \"$comment\"";
    return c == '\'' ? "; JSON strings stand in double quotes" : "";
}

/* Names the byte that stands where `expected` should. */
static bool unexpected(struct scanner *s, const char *expected)
{
    char found[128];
    if (s->at >= s->size)
        snprintf(found, sizeof(found), "found the end of the text, expected %s", expected);
    else if (s->text[s->at] > 0x20 && s->text[s->at] < 0x7f)
        snprintf(found, sizeof(found), "found '%c', expected %s%s", s->text[s->at], expected,
                 hint_for((char)s->text[s->at], expected));
    else
        snprintf(found, sizeof(found), "found byte 0x%02x, expected %s", s->text[s->at], expected);
    return fail_at(s, s->at, found);
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->size && (s->text[s->at] == ' ' || s->text[s->at] == '\t' ||
                               s->text[s->at] == '\n' || s->text[s->at] == '\r'))
        s->at++;
}

static int peek(const struct scanner *s)
{
    return s->at < s->size ? s->text[s->at] : -1;
}

static size_t add_mark(struct scanner *s, size_t key_offset, bool has_key)
{
    struct wht_scan *scan = s->scan;
    if (scan->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 256;
        scan->marks = wht_reallocate(scan->marks, s->capacity * sizeof(*scan->marks));
    }
    scan->marks[scan->count] =
        (struct wht_mark){.offset = s->at, .key_offset = has_key ? key_offset : s->at};
    return scan->count++;
}

/* Reads the four digits of \uXXXX at s->at. */
static bool scan_hex4(struct scanner *s, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        int c = peek(s);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return unexpected(s, "four hexadecimal digits after \\u");
        *value = *value << 4 | (unsigned)digit;
    }
    return true;
}

static bool scan_escape(struct scanner *s)
{
    size_t start = s->at++;
    unsigned value, low;
    int c = peek(s);
    if (c < 0 || !strchr("\"\\/bfnrtu", c))
        return unexpected(s, "one of \"\\/bfnrtu after a backslash");
    s->at++;
    if (c != 'u')
        return true;
    if (!scan_hex4(s, &value))
        return false;
    if (value == 0)
        return fail_at(s, start, "found \\u0000, expected no NUL in a string");
    if (value >= 0xdc00 && value < 0xe000)
        return fail_at(s, start, "found half of a surrogate pair, expected both halves");
    if (value < 0xd800 || value >= 0xe000)
        return true;
    if (peek(s) != '\\' || s->at + 1 >= s->size || s->text[s->at + 1] != 'u')
        return fail_at(s, start, "found half of a surrogate pair, expected both halves");
    s->at += 2;
    if (!scan_hex4(s, &low))
        return false;
    if (low < 0xdc00 || low >= 0xe000)
        return fail_at(s, start, "found half of a surrogate pair, expected both halves");
    return true;
}

/* Steps over characters that stand for themselves, which nearly all do. */
static void skip_plain(struct scanner *s)
{
    const unsigned char *c = s->text + s->at;
    const unsigned char *end = s->text + s->size;
    while (c < end && *c >= 0x20 && *c < 0x80 && *c != '"' && *c != '\\')
        c++;
    s->at = (size_t)(c - s->text);
}

static bool scan_string(struct scanner *s)
{
    size_t start = s->at++;
    for (;;) {
        skip_plain(s);
        int c = peek(s);
        if (s->at - start - 1 > WHT_STRING_MAX)
            return fail_at(s, start, "found a string of more than 1 MiB, expected a shorter one");
        if (c == '"')
            break;
        if (c < 0)
            return fail_at(s, start, "found a string without an end, expected '\"'");
        if (c < 0x20)
            return unexpected(s, "control characters in a string to be escaped");
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
            continue;
        }
        size_t length = wht_utf8_length(s->text + s->at, s->size - s->at);
        if (length == 0)
            return unexpected(s, "valid UTF-8");
        s->at += length;
    }
    s->at++;
    return true;
}

static size_t skip_digits(struct scanner *s)
{
    size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at - start;
}

static bool scan_number(struct scanner *s, bool *is_integer)
{
    size_t start = s->at;
    bool is_negative = peek(s) == '-';
    *is_integer = true;
    if (is_negative)
        s->at++;
    size_t first = s->at;
    size_t digits = skip_digits(s);
    if (digits == 0)
        return unexpected(s, "a digit");
    if (digits > 1 && s->text[first] == '0')
        return fail_at(s, start, "found a leading zero, expected a number without one");
    if (is_negative && digits == 1 && s->text[first] == '0')
        *is_integer = false;
    if (peek(s) == '.') {
        s->at++;
        *is_integer = false;
        if (skip_digits(s) == 0)
            return unexpected(s, "a digit after the decimal point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        *is_integer = false;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (skip_digits(s) == 0)
            return unexpected(s, "a digit in the exponent");
    }
    if (s->at - start > NUMBER_MAX)
        return fail_at(s, start, "found a number of more than 300 characters, expected fewer");
    char number[NUMBER_MAX + 1] = "";
    memcpy(number, s->text + start, s->at - start);
    if (isinf(strtod(number, NULL)))
        return fail_at(s, start,
                       "found a number beyond the range of a double, expected a smaller one");
    return true;
}

static bool scan_word(struct scanner *s, const char *word)
{
    size_t length = strlen(word);
    if (s->size - s->at < length || memcmp(s->text + s->at, word, length) != 0)
        return unexpected(s, "a JSON value");
    s->at += length;
    return true;
}

static bool scan_value(struct scanner *s, size_t key_offset, bool has_key);

static bool scan_member(struct scanner *s)
{
    if (peek(s) != '"')
        return unexpected(s, "a key in double quotes");
    size_t key_offset = s->at;
    if (!scan_string(s))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return unexpected(s, "':'");
    s->at++;
    skip_space(s);
    return scan_value(s, key_offset, true);
}

/* Objects and arrays. Recursion is bounded by WHT_DEPTH_MAX. */
static bool scan_container(struct scanner *s, char close)
{
    bool is_object = close == '}';
    if (++s->depth > WHT_DEPTH_MAX)
        return fail_at(s, s->at, "found more than 64 levels, expected fewer");
    s->at++;
    skip_space(s);
    if (peek(s) != close) {
        for (;;) {
            if (!(is_object ? scan_member(s) : scan_value(s, 0, false)))
                return false;
            skip_space(s);
            if (peek(s) != ',')
                break;
            s->at++;
            skip_space(s);
            if (peek(s) == close)
                return unexpected(s,
                                  is_object ? "a key after the comma" : "a value after the comma");
        }
        if (peek(s) != close)
            return unexpected(s, is_object ? "',' or '}'" : "',' or ']'");
    }
    s->at++;
    s->depth--;
    return true;
}

static bool scan_value(struct scanner *s, size_t key_offset, bool has_key)
{
    int c = peek(s);
    if (s->scan->count == WHT_VALUES_MAX)
        return fail_at(s, s->at, "found more than 1048576 values in a document, expected fewer");
    size_t mark = add_mark(s, key_offset, has_key);
    bool is_integer = false;
    bool is_good;
    if (c == '{')
        return scan_container(s, '}');
    if (c == '[')
        return scan_container(s, ']');
    if (c == '"')
        return scan_string(s);
    if (c == 't')
        return scan_word(s, "true");
    if (c == 'f')
        return scan_word(s, "false");
    if (c == 'n')
        return scan_word(s, "null");
    if (c != '-' && (c < '0' || c > '9'))
        return unexpected(s, "a JSON value");
    is_good = scan_number(s, &is_integer);
    s->scan->marks[mark].is_integer = is_integer;
    return is_good;
}

bool wht_scan(const char *text, size_t size, struct wht_scan *scan)
{
    struct scanner s = {.text = (const unsigned char *)text, .size = size, .scan = scan};
    *scan = (struct wht_scan){.count = 0};
    if (size > WHT_DOCUMENT_MAX)
        return fail_at(&s, 0, "found a document of more than 64 MiB, expected a smaller one");
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return fail_at(&s, 0, "found a byte-order mark, expected none");
    skip_space(&s);
    if (!scan_value(&s, 0, false))
        return false;
    skip_space(&s);
    if (s.at < s.size)
        return unexpected(&s, "nothing after the document");
    return true;
}

struct wht_pos wht_pos_from_offset(const char *text, size_t offset, uint32_t first_line)
{
    struct wht_pos pos = {.line = first_line, .column = 1};
    const char *line = text;
    for (;;) {
        const char *end = memchr(line, '\n', offset - (size_t)(line - text));
        if (!end)
            break;
        pos.line++;
        line = end + 1;
    }
    pos.column = (uint32_t)(offset - (size_t)(line - text)) + 1;
    return pos;
}

void wht_pos_index(const char *text, size_t size, struct wht_pos_mark *marks)
{
    struct wht_pos_mark at = {.line = 0, .start = 0};
    for (size_t block = 0; block <= size; block += WHT_POS_STRIDE) {
        const char *end = text + (size - block < WHT_POS_STRIDE ? size : block + WHT_POS_STRIDE);
        marks[block / WHT_POS_STRIDE] = at;
        for (const char *c = text + block; (c = memchr(c, '\n', (size_t)(end - c))) != NULL;) {
            c++;
            at.line++;
            at.start = (uint32_t)(c - text);
        }
    }
}
