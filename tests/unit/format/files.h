/* SPDX-License-Identifier: MIT */
/**
 * @file files.h
 * Trace files for tests: written to the test's folder (scratch.h), loaded, and the messages
 * collected.
 */
#ifndef WHVTRACE_TESTS_FILES_H
#define WHVTRACE_TESTS_FILES_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/load.h"
#include "scratch.h"

#define MESSAGES_MAX 65536

/** The messages of the last load, one per line: `line:column pointer text`. */
static char messages[MESSAGES_MAX];

/** Where the last file was written. */
static char file_path[512];

static inline void collect(void *user, const struct wht_error *error)
{
    size_t used = strlen(messages);
    (void)user;
    snprintf(messages + used, sizeof(messages) - used, "%u:%u %s %s\n", error->pos.line,
             error->pos.column, error->pointer, error->text);
}

static inline void write_file(const char *name, const void *data, size_t size)
{
    snprintf(file_path, sizeof(file_path), "%s/%s", scratch_folder(), name);
    FILE *file = fopen(file_path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

/** Loads the last file. @return its cases in an array of max; the caller frees them. */
static inline size_t load_file(struct wht_case **cases, size_t max, size_t *errors)
{
    struct wht_load_options options = {.on_error = collect, .check_asm = true};
    size_t count = 0;
    messages[0] = 0;
    struct wht_reader *reader = wht_reader_open(file_path, &options);
    *errors = 1;
    if (!reader)
        return 0;
    for (struct wht_case *c = wht_reader_next(reader); c; c = wht_reader_next(reader)) {
        if (count < max)
            cases[count++] = c;
        else
            wht_case_free(c);
    }
    *errors = wht_reader_error_count(reader);
    wht_reader_close(reader);
    unlink(file_path);
    return count;
}

/** Loads one case from a text. @return the case, or NULL. */
static inline struct wht_case *load_text(const char *text)
{
    struct wht_case *c = NULL;
    size_t errors;
    write_file("test.trace.json", text, strlen(text));
    load_file(&c, 1, &errors);
    return c;
}

#endif
