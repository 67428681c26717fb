/* SPDX-License-Identifier: MIT */
#include "accept.h"

#include <stdio.h>
#include <string.h>

#include "print.h"
#include "take.h"

/* Half of what a document may have: the rest is for quotes, commas and escapes. */
#define TEXT_MAX (WHT_DOCUMENT_MAX / 2)

struct size {
    size_t values;
    size_t text;
};

static void measure(const struct wht_node *node, struct size *size)
{
    size->values++;
    size->text += (node->key ? strlen(node->key) : 0) + (node->string ? strlen(node->string) : 0);
    for (const struct wht_node *child = node->first; child; child = child->next)
        measure(child, size);
}

static void note_first(void *user, const struct wht_error *error)
{
    char *text = user;
    if (*text == 0)
        snprintf(text, WHT_ACCEPT_ERROR_MAX, "%.150s%s%.300s", error->pointer,
                 *error->pointer ? ": " : "", error->text);
}

struct wht_node *wht_accept_case(struct wht_arena *arena, const struct wht_case *made, char *error)
{
    const struct wht_document document = {.arena = arena, .first_line = 1};
    struct wht_check check = {.file = "",
                              .options = {.on_error = note_first, .user = error},
                              .document = &document,
                              .case_number = 1};
    struct wht_node *printed = wht_print_case(arena, made, WHT_PRINT_SHORT);
    struct size size = {0, 0};
    measure(printed, &size);
    *error = 0;
    if (size.values > WHT_VALUES_MAX || size.text > TEXT_MAX) {
        snprintf(error, WHT_ACCEPT_ERROR_MAX, "it is larger than a case may be");
        return NULL;
    }
    bool is_good = wht_check_duplicates(&check, printed);
    struct wht_case *c = wht_take_case(&check, printed, false);
    is_good &= c != NULL;
    wht_case_free(c);
    return is_good ? printed : NULL;
}
