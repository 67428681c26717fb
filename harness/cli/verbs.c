/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "run/select.h"
#include "verb.h"

const struct wht_verb *const wht_verbs[] = {
    &wht_verb_run,      &wht_verb_review,   &wht_verb_bless,  &wht_verb_diff,
    &wht_verb_merge,    &wht_verb_list,     &wht_verb_show,   &wht_verb_explain,
    &wht_verb_coverage, &wht_verb_compare,  &wht_verb_check,  &wht_verb_fmt,
    &wht_verb_new,      &wht_verb_record,   &wht_verb_import, &wht_verb_dedupe,
    &wht_verb_redact,   &wht_verb_minimize, &wht_verb_debug,  &wht_verb_completion,
    &wht_verb_version,  &wht_verb_help,     &wht_verb_worker, NULL,
};

const struct wht_verb *wht_verb_find(const char *name)
{
    for (size_t i = 0; wht_verbs[i]; i++)
        if (strcmp(wht_verbs[i]->name, name) == 0)
            return wht_verbs[i];
    return NULL;
}

static void print_option(const char *name, char letter, const char *value, const char *help)
{
    char left[64];
    char short_form[8] = "    ";
    if (letter)
        snprintf(short_form, sizeof(short_form), "-%c, ", letter);
    snprintf(left, sizeof(left), "%s--%s%s%s", short_form, name, value ? " " : "",
             value ? value : "");
    printf("  %-28s  %s\n", left, help);
}

int wht_verb_help_print(const struct wht_verb *verb)
{
    printf("usage: whvtrace %s [OPTION...] %s\n\n%s\n\noptions:\n", verb->name, verb->operands,
           verb->summary);
    for (const struct wht_option *o = verb->options; o->name; o++)
        print_option(o->name, o->letter, o->value, o->help);
    print_option("help", 'h', NULL, "show this help");
    if (verb->details)
        printf("\n%s", verb->details);
    if (verb->add_more) {
        struct wht_text more = {.text = NULL};
        verb->add_more(&more);
        fputs(wht_text_get(&more), stdout);
        wht_text_free(&more);
    }
    return WHT_EXIT_OK;
}

int wht_verb_unknown(const char *name)
{
    const char *names[sizeof(wht_verbs) / sizeof(wht_verbs[0])];
    size_t count = 0;
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            names[count++] = wht_verbs[i]->name;
    names[count] = NULL;
    const char *nearest = wht_nearest_word(name, names);
    if (nearest)
        return wht_usage_error("", "unknown verb '%s'; did you mean '%s'?", name, nearest);
    return wht_usage_error("", "unknown verb '%s'", name);
}

int wht_verb_take(const struct wht_verb *verb, struct wht_args *args, struct wht_words *operands,
                  void *state)
{
    const char *value = NULL;
    for (enum wht_arg arg; (arg = wht_args_next(args, &value)) != WHT_ARG_END;) {
        if (arg == WHT_ARG_HELP)
            return wht_verb_help_print(verb);
        if (arg == WHT_ARG_OPERAND && !operands)
            return wht_usage_error(verb->name, "unexpected argument '%s'", value);
        if (arg == WHT_ARG_OPERAND)
            wht_words_add(operands, value);
        else if (arg == WHT_ARG_ERROR || !wht_args_take(args, value, state))
            return WHT_EXIT_USAGE;
    }
    return -1;
}
