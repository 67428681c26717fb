/* SPDX-License-Identifier: MIT */
#include "complete.h"

static void add_verbs(struct wht_text *script)
{
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            wht_text_addf(script, " %s", wht_verbs[i]->name);
}

/* One branch of `case` for each option that has words; where it can be nothing else, files are not
 * offered. */
static void add_values(struct wht_text *script, const struct wht_verb *verb)
{
    struct wht_text words = {.text = NULL};
    for (const struct wht_option *o = verb->options; o->name; o++) {
        wht_text_clear(&words);
        const bool has_other = wht_option_words(o, &words);
        if (words.size == 0)
            continue;
        wht_text_addf(script, "    '%s --%s'", verb->name, o->name);
        if (o->letter)
            wht_text_addf(script, " | '%s -%c'", verb->name, o->letter);
        wht_text_addf(script, ") words='%s'%s ;;\n", wht_text_get(&words) + 1,
                      has_other ? "" : " files=");
    }
    wht_text_free(&words);
}

static void add_options(struct wht_text *script, const struct wht_verb *verb)
{
    wht_text_addf(script, "    %s) words='--help", verb->name);
    for (const struct wht_option *o = verb->options; o->name; o++)
        wht_text_addf(script, " --%s", o->name);
    wht_text_add(script, "' ;;\n");
}

void wht_complete_bash(struct wht_text *script)
{
    wht_text_add(script,
                 "# Completion of whvtrace for bash, and for zsh by way of bashcompinit.\n"
                 "if [ -n \"${ZSH_VERSION:-}\" ]; then\n"
                 "    autoload -U +X bashcompinit && bashcompinit\n"
                 "fi\n\n"
                 "_whvtrace() {\n"
                 "    local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words= files=yes\n"
                 "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ] || { [ \"$verb\" = help ] && "
                 "[ \"$COMP_CWORD\" -eq 2 ]; }; then\n"
                 "        COMPREPLY=($(compgen -W '");
    add_verbs(script);
    wht_text_add(script, "' -- \"$cur\"))\n"
                         "        return\n"
                         "    fi\n"
                         "    case \"$verb $before\" in\n"
                         "    'completion completion') words='");
    for (const struct wht_shell *shell = wht_shells; shell->name; shell++)
        wht_text_addf(script, "%s%s", shell == wht_shells ? "" : " ", shell->name);
    wht_text_add(script, "' files= ;;\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            add_values(script, wht_verbs[i]);
    wht_text_add(script, "    esac\n"
                         "    [ -n \"$words\" ] || case $cur in\n"
                         "    -*) case $verb in\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            add_options(script, wht_verbs[i]);
    wht_text_add(script, "    esac ;;\n"
                         "    esac\n"
                         "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                         "    case $files$cur in\n"
                         "    yes-*) ;;\n"
                         "    yes*) COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
                         "    esac\n"
                         "}\n"
                         "complete -o filenames -F _whvtrace whvtrace\n");
}
