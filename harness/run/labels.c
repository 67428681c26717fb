/* SPDX-License-Identifier: MIT */
#include "labels.h"

#include "case_fields.h"

static void join(struct wht_text *text, const struct wht_case *c, enum wht_case_field field)
{
    struct wht_case_word word;
    wht_text_clear(text);
    for (size_t i = 0; wht_case_fields[field].word(c, i, &word); i++) {
        wht_text_add(text, i > 0 ? " " : "");
        wht_text_add_bytes(text, word.text, word.size);
    }
}

void wht_labels_take(struct wht_labels *labels, const struct wht_case *c)
{
    join(&labels->family, c, WHT_FIELD_family);
    join(&labels->mode, c, WHT_FIELD_mode);
    join(&labels->flags, c, WHT_FIELD_flag);
    join(&labels->status, c, WHT_FIELD_status);
}

void wht_labels_free(struct wht_labels *labels)
{
    wht_text_free(&labels->family);
    wht_text_free(&labels->mode);
    wht_text_free(&labels->flags);
    wht_text_free(&labels->status);
}
