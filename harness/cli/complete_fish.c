/* SPDX-License-Identifier: MIT */
#include "complete.h"

static void add_quoted(struct wht_text *script, const char *text)
{
    wht_text_add(script, "'");
    for (const char *c = text; *c; c++)
        wht_text_addf(script, "%s%c", *c == '\'' || *c == '\\' ? "\\" : "", *c);
    wht_text_add(script, "'");
}

static void add_option(struct wht_text *script, const struct wht_verb *verb,
                       const struct wht_option *option)
{
    struct wht_text words = {.text = NULL};
    const bool has_other = wht_option_words(option, &words);
    wht_text_addf(script, "complete -c whvtrace -n '__fish_seen_subcommand_from %s' -l %s",
                  verb->name, option->name);
    if (option->letter)
        wht_text_addf(script, " -s %c", option->letter);
    if (option->value)
        wht_text_add(script, words.size > 0 && !has_other ? " -x" : " -r");
    if (words.size > 0)
        wht_text_addf(script, " -a '%s'", wht_text_get(&words) + 1);
    wht_text_add(script, " -d ");
    add_quoted(script, option->help);
    wht_text_add(script, "\n");
    wht_text_free(&words);
}

void wht_complete_fish(struct wht_text *script)
{
    wht_text_add(script, "# Completion of whvtrace for fish.\n");
    for (size_t i = 0; wht_verbs[i]; i++) {
        const struct wht_verb *verb = wht_verbs[i];
        if (verb->is_hidden)
            continue;
        wht_text_addf(script, "complete -c whvtrace -f -n __fish_use_subcommand -a %s -d ",
                      verb->name);
        add_quoted(script, verb->summary);
        wht_text_addf(script,
                      "\ncomplete -c whvtrace -f -n '__fish_seen_subcommand_from help' -a %s\n",
                      verb->name);
        for (const struct wht_option *o = verb->options; o->name; o++)
            add_option(script, verb, o);
    }
    for (const struct wht_shell *shell = wht_shells; shell->name; shell++)
        wht_text_addf(script,
                      "complete -c whvtrace -f -n '__fish_seen_subcommand_from completion' -a %s\n",
                      shell->name);
    wht_text_add(script, "complete -c whvtrace -n __fish_is_first_arg -s h -l help -d "
                         "'show this help'\n");
}
