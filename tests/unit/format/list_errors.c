/* SPDX-License-Identifier: MIT */
/* Prints what the loader says of each trace or expectations file that is named: a line with the
 * name, then `line:column pointer text` each, then a blank line. */
#include <stdio.h>
#include <string.h>

#include "format/expectations.h"
#include "format/load.h"

static void print(void *user, const struct wht_error *error)
{
    (void)user;
    printf("%u:%u %s %s\n", error->pos.line, error->pos.column, error->pointer, error->text);
}

static void list_trace(const char *path, const struct wht_load_options *options)
{
    struct wht_reader *reader = wht_reader_open(path, options);
    for (struct wht_case *c; reader && (c = wht_reader_next(reader)) != NULL;)
        wht_case_free(c);
    wht_reader_close(reader);
}

static void list_expectations(const char *path, const struct wht_load_options *options)
{
    struct wht_expectations list = {.count = 0};
    wht_expectations_load(path, options, &list);
    wht_expectations_free(&list);
}

int main(int argc, char **argv)
{
    struct wht_load_options options = {.on_error = print, .check_asm = true};
    for (int i = 1; i < argc; i++) {
        printf("%s\n", argv[i]);
        if (strstr(argv[i], ".trace.json"))
            list_trace(argv[i], &options);
        else
            list_expectations(argv[i], &options);
        puts("");
    }
    return 0;
}
