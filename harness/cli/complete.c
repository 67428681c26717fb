/* SPDX-License-Identifier: MIT */
#include "complete.h"

#include <ctype.h>
#include <string.h>

const struct wht_shell wht_shells[] = {
    {"bash", wht_complete_bash},
    {"zsh", wht_complete_zsh},
    {"fish", wht_complete_fish},
    {NULL, NULL},
};

/* "text|json" are words, "FILE" is none. */
static bool is_word(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!islower((unsigned char)value[i]) && !isdigit((unsigned char)value[i]))
            return false;
    return size > 0;
}

bool wht_option_words(const struct wht_option *option, struct wht_text *words)
{
    bool has_other = false;
    if (option->add_words) {
        option->add_words(words);
        return strchr(option->value, '[') != NULL;
    }
    for (const char *at = option->value; at && *at; at += strspn(at, "|")) {
        const size_t size = strcspn(at, "|");
        has_other |= !is_word(at, size);
        if (is_word(at, size))
            wht_text_addf(words, " %.*s", (int)size, at);
        at += size;
    }
    return has_other;
}
