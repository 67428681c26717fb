/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "complete.h"

/* Inside '...', as an explanation in brackets or behind a colon. */
static void add_explanation(struct wht_text *script, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            wht_text_add(script, "'\\''");
        else
            wht_text_addf(script, "%s%c", strchr("[]:\\", *c) ? "\\" : "", *c);
    }
}

static void add_argument(struct wht_text *script, const struct wht_option *option)
{
    struct wht_text words = {.text = NULL};
    const bool has_other = wht_option_words(option, &words);
    wht_text_add(script, ":");
    add_explanation(script, option->value);
    if (words.size > 0 && has_other)
        wht_text_addf(script, ":{ _values value %s ; _files }", wht_text_get(&words) + 1);
    else if (words.size > 0)
        wht_text_addf(script, ":(%s)", wht_text_get(&words) + 1);
    else
        wht_text_add(script, ":_files");
    wht_text_free(&words);
}

static void add_spec(struct wht_text *script, const struct wht_option *option, const char *form)
{
    wht_text_addf(script, " \\\n        '*%s%s[", form,
                  option->value ? strlen(form) > 2 ? "=" : "+" : "");
    add_explanation(script, option->help);
    wht_text_add(script, "]");
    if (option->value)
        add_argument(script, option);
    wht_text_add(script, "'");
}

static void add_verb(struct wht_text *script, const struct wht_verb *verb)
{
    wht_text_addf(script, "    %s)\n        _arguments '(- *)'{-h,--help}'[show this help]'",
                  verb->name);
    for (const struct wht_option *o = verb->options; o->name; o++) {
        char form[64];
        if (o->letter) {
            snprintf(form, sizeof(form), "-%c", o->letter);
            add_spec(script, o, form);
        }
        snprintf(form, sizeof(form), "--%s", o->name);
        add_spec(script, o, form);
    }
    if (verb == &wht_verb_help) {
        wht_text_add(script, " '*:verb:($verbs)'");
    } else if (verb == &wht_verb_completion) {
        wht_text_add(script, " '1:shell:(");
        for (const struct wht_shell *shell = wht_shells; shell->name; shell++)
            wht_text_addf(script, "%s%s", shell == wht_shells ? "" : " ", shell->name);
        wht_text_add(script, ")'");
    } else {
        wht_text_add(script, " '*:file:_files'");
    }
    wht_text_add(script, " ;;\n");
}

void wht_complete_zsh(struct wht_text *script)
{
    wht_text_add(script, "#compdef whvtrace\n"
                         "_whvtrace() {\n"
                         "    local -a described verbs\n"
                         "    described=(");
    for (size_t i = 0; wht_verbs[i]; i++) {
        if (wht_verbs[i]->is_hidden)
            continue;
        wht_text_addf(script, "\n        '%s:", wht_verbs[i]->name);
        add_explanation(script, wht_verbs[i]->summary);
        wht_text_add(script, "'");
    }
    wht_text_add(script, ")\n"
                         "    verbs=(${described%%:*})\n"
                         "    if (( CURRENT == 2 )); then\n"
                         "        _describe verb described\n"
                         "        return\n"
                         "    fi\n"
                         "    local verb=$words[2]\n"
                         "    shift words\n"
                         "    (( CURRENT-- ))\n"
                         "    case $verb in\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            add_verb(script, wht_verbs[i]);
    wht_text_add(script, "    esac\n"
                         "}\n"
                         "if [ \"${funcstack[1]:-}\" = _whvtrace ]; then\n"
                         "    _whvtrace \"$@\"\n"
                         "else\n"
                         "    compdef _whvtrace whvtrace\n"
                         "fi\n");
}
