/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/verb.h"

static const struct wht_option options[] = {{.name = NULL}};

static int print_overview(void)
{
    printf("usage: whvtrace VERB [OPTION...] [ARGUMENT...]\n\n"
           "Replays traces of instruction emulation behind the Windows Hypervisor Platform API.\n\n"
           "verbs:\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            printf("  %-12s%s\n", wht_verbs[i]->name, wht_verbs[i]->summary);
    printf("\n'whvtrace help VERB' tells more.\n\n"
           "exit codes:\n");
#define WHT_EXIT(ID, code, text) printf("  %-5d%s\n", code, text);
#include "base/exit_code.def"
    printf("A pipe whose reader has gone ends the program silently, by SIGPIPE.\n");
    return WHT_EXIT_OK;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const char *topic = NULL;
    const char *value;
    for (;;) {
        enum wht_arg arg = wht_args_next(args, &value);
        if (arg == WHT_ARG_END)
            break;
        if (arg == WHT_ARG_ERROR)
            return WHT_EXIT_USAGE;
        if (arg == WHT_ARG_HELP)
            return wht_verb_help_print(verb);
        if (topic)
            return wht_usage_error(verb->name, "one verb at a time, got '%s' as well", value);
        topic = value;
    }
    if (!topic)
        return print_overview();
    const struct wht_verb *about = wht_verb_find(topic);
    return about ? wht_verb_help_print(about) : wht_verb_unknown(topic);
}

const struct wht_verb wht_verb_help = {
    .name = "help",
    .operands = "[VERB]",
    .summary = "say what there is, or what a verb does",
    .options = options,
    .run = run,
};
