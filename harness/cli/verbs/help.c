/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/man_page.h"
#include "cli/verb.h"
#include "run/filter.h"

static const struct wht_option options[] = {
    {"man", 0, NULL, "print the manual page, as mdoc", WHT_TAKE_ALL(wht_take_flag)},
    {.name = NULL},
};

static int print_overview(void)
{
    printf("usage: whvtrace VERB [OPTION...] [ARGUMENT...]\n\n"
           "Replays traces of instruction emulation behind the Windows Hypervisor Platform API.\n\n"
           "verbs:\n");
    for (size_t i = 0; wht_verbs[i]; i++)
        if (!wht_verbs[i]->is_hidden)
            printf("  %-12s%s\n", wht_verbs[i]->name, wht_verbs[i]->summary);
    printf(
        "\n'whvtrace help VERB' tells more; 'whvtrace help filters' says how to choose cases.\n\n"
        "exit codes:\n");
#define WHT_EXIT(ID, code, text) printf("  %-5d%s\n", code, text);
#include "base/exit_code.def"
    printf("A pipe whose reader has gone ends the program silently, by SIGPIPE.\n");
    return WHT_EXIT_OK;
}

static int print_filters(void)
{
    printf(
        "How to choose cases\n\n"
        "  whvtrace run PATH            of a file, or of all files in a folder\n"
        "  whvtrace run FILE#ID         one case, as a report names it\n"
        "  whvtrace run -k PATTERN      those whose name contains it; * and ? are wild\n"
        "  whvtrace run -E EXPRESSION   those that fulfil it\n\n"
        "Of several -k, and of several -E, one must hold; paths, -k and -E must hold together.\n\n"
        "expressions:\n"
        "  FIELD(PATTERN)         a word of that field is like the pattern\n"
        "  FIELD(PATTERN, ...)    or like one of several\n"
        "  not E   E and E   E or E   (E)     also ! & |; 'and' binds more than 'or'\n\n"
        "A word is compared whole, with * for any run of characters and ? for one; upper and "
        "lower\n"
        "case are the same.\n\n"
        "fields:\n");
    wht_filter_print_fields();
    printf("\nexamples:\n"
           "  -E 'family(sse) and mode(real16, vm86)'\n"
           "  -E 'instruction(*movs*) and not (fault(pf) or tag(slow))'\n"
           "  -E 'flag(*) and match(strict)'\n");
    return WHT_EXIT_OK;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const char *topic = NULL;
    const char *value;
    bool as_page = false;
    for (;;) {
        enum wht_arg arg = wht_args_next(args, &value);
        if (arg == WHT_ARG_END)
            break;
        if (arg == WHT_ARG_ERROR)
            return WHT_EXIT_USAGE;
        if (arg == WHT_ARG_HELP)
            return wht_verb_help_print(verb);
        if (arg == WHT_ARG_OPTION) {
            (void)wht_args_take(args, value, &as_page);
            continue;
        }
        if (topic)
            return wht_usage_error(verb->name, "one verb at a time, got '%s' as well", value);
        topic = value;
    }
    if (as_page)
        return topic ? wht_usage_error(verb->name, "the manual page is about all verbs")
                     : wht_man_page_print();
    if (!topic)
        return print_overview();
    if (strcmp(topic, "filters") == 0)
        return print_filters();
    const struct wht_verb *about = wht_verb_find(topic);
    return about ? wht_verb_help_print(about) : wht_verb_unknown(topic);
}

const struct wht_verb wht_verb_help = {
    .name = "help",
    .operands = "[VERB|filters]",
    .summary = "say what there is, or what a verb does",
    .options = options,
    .run = run,
};
