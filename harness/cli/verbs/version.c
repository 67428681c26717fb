/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/verb.h"

static const struct wht_option options[] = {{.name = NULL}};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const int code = wht_verb_take(verb, args, NULL, NULL);
    if (code < 0)
        printf("whvtrace %s (format whv-trace/1.0)\n", WHVTRACE_VERSION);
    return code < 0 ? WHT_EXIT_OK : code;
}

const struct wht_verb wht_verb_version = {
    .name = "version",
    .operands = "",
    .summary = "print the version",
    .options = options,
    .run = run,
};
