/* SPDX-License-Identifier: MIT */
#include "trace_checks.h"

#include <stdlib.h>
#include <string.h>

#include "explain/failure.h"
#include "format/compare.h"
#include "format/digest.h"
#include "format/format.h"
#include "trace_model.h"

#define REPORT_MAX (1u << 20)

struct buffer {
    char *bytes;
    size_t size;
    size_t capacity;
};

static void append(void *user, const char *bytes, size_t size)
{
    struct buffer *buffer = user;
    if (buffer->size + size > buffer->capacity) {
        buffer->capacity = 2 * (buffer->size + size);
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes)
            abort();
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

static struct buffer canonical(const char *path)
{
    struct buffer buffer = {.bytes = NULL};
    const struct wht_writer writer = {append, &buffer};
    if (!wht_format(path, NULL, &writer))
        fuzz_fail("a good file has no canonical form");
    return buffer;
}

static void compare_cases(const char *path, struct wht_case *const *cases, size_t count)
{
    struct wht_reader *reader = wht_reader_open(path, NULL);
    struct wht_case *c;
    size_t index = 0;
    while (reader && (c = wht_reader_next(reader)) != NULL) {
        char before[WHT_DIGEST_MAX], after[WHT_DIGEST_MAX];
        if (index == count || !wht_case_equal(cases[index], c, WHT_SAME_WHOLE))
            fuzz_fail("%s: another case in the canonical form", c->name);
        wht_case_digest(cases[index], before);
        wht_case_digest(c, after);
        if (strcmp(before, after) != 0)
            fuzz_fail("%s: another digest in the canonical form", c->name);
        wht_case_free(c);
        index++;
    }
    if (!reader || index != count || wht_reader_error_count(reader) != 0)
        fuzz_fail("the canonical form is not good, or lacks cases");
    wht_reader_close(reader);
}

void trace_check_format(enum trace_kind kind, const char *path, struct wht_case *const *cases,
                        size_t count)
{
    struct buffer first = canonical(path);
    path = trace_file(kind, (const uint8_t *)first.bytes, first.size);
    compare_cases(path, cases, count);
    struct buffer second = canonical(path);
    if (first.size != second.size || memcmp(first.bytes, second.bytes, first.size) != 0)
        fuzz_fail("the canonical form has another canonical form");
    free(first.bytes);
    free(second.bytes);
}

void trace_check_report(const struct wht_case *c, const struct wht_case_result *outcome)
{
    const struct wht_report_options options = {.emulator = "builtin",
                                               .command = "whvtrace run",
                                               .show = "whvtrace show",
                                               .debug = "gdb --args whvtrace debug"};
    struct wht_text text = {.text = NULL};
    wht_report_head(&text, c, outcome->level, outcome->passed);
    wht_report_inputs(&text, c);
    wht_report_body(&text, c, outcome, &options);
    wht_report_foot(&text, c, outcome->level, false, &options);
    if (text.size > REPORT_MAX)
        fuzz_fail("%s: a report of %zu bytes", c->name, text.size);
    for (char *line = text.text; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = 0;
        const char *wrong = trace_check_text(line);
        if (wrong)
            fuzz_fail("%s: a report with %s: %s", c->name, wrong, line);
        line = end;
    }
    wht_text_free(&text);
}
