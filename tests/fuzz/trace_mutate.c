/* SPDX-License-Identifier: MIT */
#include "trace_mutate.h"

#include <stdbool.h>
#include <string.h>

#include "target.h"

#define TOKENS_MAX 4096u

/* A part of the text. */
struct span {
    size_t at;
    size_t size;
};

struct tokens {
    struct span token[TOKENS_MAX];
    size_t count;
};

static uint64_t state;

static size_t below(size_t end)
{
    /* SplitMix64 */
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return end == 0 ? 0 : (size_t)((z ^ z >> 31) % end);
}

static const char *const values[] = {"\"0x0\"",
                                     "\"0xffffffffffffffff\"",
                                     "\"0x8000000000000000\"",
                                     "\"0x7fffffffffff\"",
                                     "\"0x1000\"",
                                     "\"0xfff\"",
                                     "\"0x10000\"",
                                     "\"0xffffffff\"",
                                     "\"0x1_0\"",
                                     "\"0X0\"",
                                     "\"0x\"",
                                     "\"+15\"",
                                     "\"-0x10\"",
                                     "\"any\"",
                                     "\"??\"",
                                     "\"00\"",
                                     "\"ff ff ff ff ff ff ff ff\"",
                                     "\"\"",
                                     "\"a\"",
                                     "\"E_FAIL\"",
                                     "\"flat\"",
                                     "\"null\"",
                                     "\"real:0xf000\"",
                                     "\"f3 aa\"",
                                     "\"f3 48 a5\"",
                                     "\"f3 6c\"",
                                     "\"reg:0x00001234\"",
                                     "\"\\u0000\"",
                                     "\"\\ud800\"",
                                     "\"\\u001b[0m\"",
                                     "\"\xc2\x9b\"",
                                     "0",
                                     "1",
                                     "2",
                                     "3",
                                     "4",
                                     "8",
                                     "15",
                                     "16",
                                     "255",
                                     "4096",
                                     "65536",
                                     "16777216",
                                     "2147483648",
                                     "4294967296",
                                     "9007199254740992",
                                     "9007199254740993",
                                     "1e308",
                                     "1e999",
                                     "-1",
                                     "-0",
                                     "1.5",
                                     "true",
                                     "false",
                                     "null",
                                     "{}",
                                     "[]",
                                     "[{}]",
                                     "{\"any_order\":[]}",
                                     "{\"value\":\"0x1\",\"mask\":\"0x0\"}",
                                     "{\"either\":[\"0x1\",\"0x2\"]}",
                                     "{\"get\":[]}",
                                     "{\"set\":{}}",
                                     "{\"repeat\":1000000,\"calls\":[{\"get\":[]}]}",
                                     "{\"mem\":\"read\",\"gpa\":\"0x1000\",\"data\":\"00\"}",
                                     "{\"gpa\":\"0x0\",\"size\":16777216}",
                                     "{\"gva\":\"0x1000\",\"result\":\"intercept\"}",
                                     "{\"translate\":\"0x1000\",\"gpa\":\"0x1\"}"};
#define VALUES (sizeof(values) / sizeof(values[0]))

static bool is_punctuation(uint8_t c)
{
    return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static size_t end_of_token(const uint8_t *text, size_t size, size_t at)
{
    if (is_punctuation(text[at]))
        return at + 1;
    if (text[at] == '"') {
        for (at++; at < size && text[at] != '"'; at++)
            at += text[at] == '\\';
        return at < size ? at + 1 : size;
    }
    while (at < size && !is_punctuation(text[at]) && !is_blank(text[at]) && text[at] != '"')
        at++;
    return at;
}

static void find_tokens(const uint8_t *text, size_t size, struct tokens *tokens)
{
    tokens->count = 0;
    for (size_t at = 0; at < size && tokens->count < TOKENS_MAX;) {
        if (is_blank(text[at])) {
            at++;
            continue;
        }
        size_t end = end_of_token(text, size, at);
        tokens->token[tokens->count++] = (struct span){at, end - at};
        at = end;
    }
}

/* @return what starts with a token: itself, or a whole object or list. */
static struct span value_at(const uint8_t *text, const struct tokens *tokens, size_t index)
{
    struct span span = tokens->token[index];
    int depth = 0;
    for (size_t i = index; i < tokens->count; i++) {
        uint8_t c = text[tokens->token[i].at];
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        span.size = tokens->token[i].at + tokens->token[i].size - span.at;
        if (depth <= 0)
            break;
    }
    return span;
}

/* Puts bytes in the place of a span. @return the new size; the old one if there is no room. */
static size_t replace(uint8_t *text, size_t size, size_t max_size, struct span span,
                      const uint8_t *bytes, size_t count)
{
    if (size - span.size + count > max_size)
        return size;
    memmove(text + span.at + count, text + span.at + span.size, size - span.at - span.size);
    memcpy(text + span.at, bytes, count);
    return size - span.size + count;
}

/* One value in the place of another, of this text or of the list above. */
static size_t put_value(uint8_t *text, size_t size, size_t max_size, const struct tokens *tokens)
{
    uint8_t copy[TRACE_INPUT_MAX];
    struct span to = value_at(text, tokens, below(tokens->count));
    if (below(2) == 0) {
        const char *value = values[below(VALUES)];
        return replace(text, size, max_size, to, (const uint8_t *)value, strlen(value));
    }
    struct span from = value_at(text, tokens, below(tokens->count));
    if (from.size > sizeof(copy))
        return size;
    memcpy(copy, text + from.at, from.size);
    return replace(text, size, max_size, to, copy, from.size);
}

/* A value twice, with a comma between, or not at all. */
static size_t repeat_value(uint8_t *text, size_t size, size_t max_size, const struct tokens *tokens)
{
    uint8_t copy[TRACE_INPUT_MAX + 1];
    size_t index = below(tokens->count);
    struct span span = value_at(text, tokens, index);
    /* With its key, if it is one's value or a key itself. */
    if (index > 1 && text[tokens->token[index - 1].at] == ':') {
        span.size += span.at - tokens->token[index - 2].at;
        span.at = tokens->token[index - 2].at;
    }
    if (below(2) == 0) {
        if (span.at + span.size < size && text[span.at + span.size] == ',')
            span.size++;
        return replace(text, size, max_size, span, copy, 0);
    }
    if (span.size > TRACE_INPUT_MAX)
        return size;
    memcpy(copy, text + span.at, span.size);
    copy[span.size] = ',';
    return replace(text, size, max_size, (struct span){span.at, 0}, copy, span.size + 1);
}

static bool is_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* @return whether a token is a number, a hexadecimal number or bytes. */
static bool is_numeric(const uint8_t *text, struct span span)
{
    const uint8_t *from = text + span.at;
    if (span.size < 3 || from[0] != '"')
        return from[0] >= '0' && from[0] <= '9';
    return is_digit(from[1]) && (from[2] == 'x' || is_digit(from[2]));
}

/* Another digit in a number or in bytes: what a file says changes, and not whether it is good. */
static void change_digit(uint8_t *text, const struct tokens *tokens)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t tries = 0; tries < 16; tries++) {
        struct span span = tokens->token[below(tokens->count)];
        if (!is_numeric(text, span))
            continue;
        bool is_string = text[span.at] == '"';
        size_t at = below(span.size);
        uint8_t *digit = &text[span.at + at];
        bool is_prefix = at + 1 < span.size && digit[1] == 'x';
        if (is_digit(*digit) && !is_prefix) {
            *digit = (uint8_t)digits[below(is_string ? 16 : 10)];
            return;
        }
    }
}

/* Another character inside a string. */
static void change_character(uint8_t *text, const struct tokens *tokens)
{
    static const char characters[] = "0123456789abcdefxX?_+- .\"\\/#*";
    struct span span = tokens->token[below(tokens->count)];
    if (span.size > 2)
        text[span.at + 1 + below(span.size - 2)] =
            (uint8_t)characters[below(sizeof(characters) - 1)];
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    static struct tokens tokens;
    state = seed;
    if (max_size > TRACE_INPUT_MAX)
        max_size = TRACE_INPUT_MAX;
    if (size < 2 || size > max_size || below(32) == 0)
        return LLVMFuzzerMutate(data, size < max_size ? size : max_size, max_size);
    if (below(64) == 0)
        data[0] = (uint8_t)below(256);
    find_tokens(data + 1, size - 1, &tokens);
    if (tokens.count == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    switch (below(10)) {
    case 0:
        return 1 + put_value(data + 1, size - 1, max_size - 1, &tokens);
    case 1:
        return 1 + repeat_value(data + 1, size - 1, max_size - 1, &tokens);
    case 2:
        change_character(data + 1, &tokens);
        return size;
    case 3:
        return 1 + LLVMFuzzerMutate(data + 1, size - 1, max_size - 1);
    default:
        change_digit(data + 1, &tokens);
        return size;
    }
}
