/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/verb.h"

static const struct wht_option options[] = {{.name = NULL}};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const char *value;
    switch (wht_args_next(args, &value)) {
    case WHT_ARG_END:
        printf("whvtrace %s (format whv-trace/1.0)\n", WHVTRACE_VERSION);
        return WHT_EXIT_OK;
    case WHT_ARG_HELP:
        return wht_verb_help_print(verb);
    case WHT_ARG_ERROR:
        return WHT_EXIT_USAGE;
    default:
        return wht_usage_error(verb->name, "unexpected argument '%s'", value);
    }
}

const struct wht_verb wht_verb_version = {
    .name = "version",
    .operands = "",
    .summary = "print the version",
    .options = options,
    .run = run,
};
