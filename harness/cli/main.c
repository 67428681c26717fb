/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "verb.h"

int main(int argc, char **argv)
{
    if (argc < 2) {
        wht_usage_error("", "a verb is missing");
        return WHT_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct wht_verb *verb = wht_verb_find(name);
    if (!verb)
        return wht_verb_unknown(name);
    struct wht_args args = {.verb = verb->name, .options = verb->options, .items = argv + 2};
    return verb->run(verb, &args);
}
