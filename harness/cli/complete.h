/* SPDX-License-Identifier: MIT */
/**
 * @file complete.h
 * Scripts by which shells complete command lines, made from the table of verbs.
 */
#ifndef WHVTRACE_CLI_COMPLETE_H
#define WHVTRACE_CLI_COMPLETE_H

#include "base/text.h"
#include "verb.h"

/** A shell, and who writes its script. */
struct wht_shell {
    const char *name;
    void (*write)(struct wht_text *script);
};

/** Ends with an entry whose name is NULL. */
extern const struct wht_shell wht_shells[];

/**
 * Adds the words that an option's value can be, with a blank before each.
 * @return whether it can be something else, the name of a file say.
 */
bool wht_option_words(const struct wht_option *option, struct wht_text *words);

void wht_complete_bash(struct wht_text *script);
void wht_complete_zsh(struct wht_text *script);
void wht_complete_fish(struct wht_text *script);

#endif
