/* SPDX-License-Identifier: MIT */
/* Prints what the loader says of each file named: a line with the name, then `line pointer text`
 * each. */
#include <stdio.h>

#include "trace/load.h"

static void print(void *user, const struct wht_error *error)
{
    (void)user;
    printf("%u %s %s\n", error->pos.line, error->pointer, error->text);
}

int main(int argc, char **argv)
{
    struct wht_load_options options = {.on_error = print, .check_asm = true};
    for (int i = 1; i < argc; i++) {
        printf("%s\n", argv[i]);
        struct wht_reader *reader = wht_reader_open(argv[i], &options);
        for (struct wht_case *c; reader && (c = wht_reader_next(reader)) != NULL;)
            wht_case_free(c);
        wht_reader_close(reader);
        puts("");
    }
    return 0;
}
