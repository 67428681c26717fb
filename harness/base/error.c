/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdio.h>

void wht_error_print(void *user, const struct wht_error *error)
{
    FILE *stream = user;
    const char *kind = error->is_warning ? "warning: " : "";
    if (error->pos.line > 0)
        fprintf(stream, "%s:%u:%u: %s%s%s%s\n", error->file, error->pos.line, error->pos.column,
                error->pointer, *error->pointer ? ": " : "", kind, error->text);
    else
        fprintf(stream, "%s: %s%s\n", error->file, kind, error->text);
}
