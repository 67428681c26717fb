/* SPDX-License-Identifier: MIT */
#include "one_case.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/exit_code.h"
#include "format/load.h"

/* Counts the cases that are meant. @return the first of them; the caller owns it. */
static struct wht_case *read_all(const struct wht_file_list *files,
                                 const struct wht_selection *selection, size_t *count)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    struct wht_case *found = NULL;
    for (size_t i = 0; i < files->count; i++) {
        struct wht_reader *reader = wht_reader_open(files->paths[i], &load);
        for (struct wht_case *c; reader && (c = wht_reader_next(reader));) {
            if (wht_selects(selection, c) && (*count)++ == 0)
                found = c;
            else
                wht_case_free(c);
        }
        wht_reader_close(reader);
    }
    return found;
}

struct wht_case *wht_read_one_case(const char *verb, const struct wht_words *paths, int *code)
{
    struct wht_selection selection = {.filters = NULL};
    struct wht_file_list files = {.count = 0};
    struct wht_case *found = NULL;
    char *root = NULL;
    size_t count = 0;
    *code = wht_select_files(verb, paths, &selection, &files, &root);
    if (*code == WHT_EXIT_OK) {
        found = read_all(&files, &selection, &count);
        if (count == 0)
            *code = WHT_EXIT_NOTHING;
        else if (count > 1)
            *code = WHT_EXIT_USAGE;
        if (count != 1)
            fprintf(stderr, "whvtrace %s: %s\n", verb,
                    count == 0 ? "no case was selected" : "one case at a time: name it as FILE#ID");
    }
    wht_file_list_free(&files);
    wht_selection_free(&selection);
    free(root);
    if (count == 1)
        return found;
    wht_case_free(found);
    return NULL;
}
