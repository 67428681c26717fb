/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/verb.h"

static const struct wht_option options[] = {{.name = NULL}};

static void print_verbs(void)
{
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            printf(" %s", wht_verbs[i]->name);
}

/* "text|json" are words, "FILE" is none. */
static bool is_word(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!islower((unsigned char)value[i]))
            return false;
    return size > 0;
}

/* The words that an option's value can be, one branch of `case` for each option that has any; where
 * it can be nothing else, files are not offered. */
static void print_values(const struct wht_verb *verb)
{
    for (const struct wht_option *o = verb->options; o->name; o++) {
        bool has_word = false;
        bool has_other = false;
        for (const char *at = o->value; at && *at; at += strspn(at, "|")) {
            size_t size = strcspn(at, "|");
            has_other |= !is_word(at, size);
            if (is_word(at, size)) {
                printf(has_word ? " " : "    '%s --%s') words='", verb->name, o->name);
                printf("%.*s", (int)size, at);
                has_word = true;
            }
            at += size;
        }
        if (has_word)
            printf("'%s ;;\n", has_other ? "" : " files=");
    }
}

static void print_options(const struct wht_verb *verb)
{
    printf("    %s) words='--help", verb->name);
    for (const struct wht_option *o = verb->options; o->name; o++)
        printf(" --%s", o->name);
    printf("' ;;\n");
}

static int print_script(void)
{
    printf("# Completion of whvtrace for bash and zsh.\n"
           "if [ -n \"${ZSH_VERSION:-}\" ]; then\n"
           "    autoload -U +X bashcompinit && bashcompinit\n"
           "fi\n\n"
           "_whvtrace() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words= files=yes\n"
           "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ] || { [ \"$verb\" = help ] && [ \"$COMP_CWORD\" -eq 2 "
           "]; }; then\n"
           "        COMPREPLY=($(compgen -W '");
    print_verbs();
    printf("' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case \"$verb $before\" in\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            print_values(wht_verbs[i]);
    printf("    esac\n"
           "    [ -n \"$words\" ] || case $cur in\n"
           "    -*) case $verb in\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            print_options(wht_verbs[i]);
    printf("    esac ;;\n"
           "    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "    case $files$cur in\n"
           "    yes-*) ;;\n"
           "    yes*) COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
           "    esac\n"
           "}\n"
           "complete -o filenames -F _whvtrace whvtrace\n");
    return WHT_EXIT_OK;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const int code = wht_verb_take(verb, args, NULL, NULL);
    return code < 0 ? print_script() : code;
}

const struct wht_verb wht_verb_completion = {
    .name = "completion",
    .operands = "",
    .summary = "print a script that completes command lines in bash and zsh",
    .details =
        "Verbs, options, and values that are one of a few words: source <(whvtrace completion)\n",
    .options = options,
    .run = run,
};
