/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/complete.h"
#include "cli/verb.h"
#include "run/select.h"

static const struct wht_option options[] = {{.name = NULL}};

static int print_script(const struct wht_shell *shell)
{
    struct wht_text script = {.text = NULL};
    shell->write(&script);
    fputs(wht_text_get(&script), stdout);
    wht_text_free(&script);
    return WHT_EXIT_OK;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words operands = {.count = 0};
    const int code = wht_verb_take(verb, args, &operands, NULL);
    const char *name = operands.count > 0 ? operands.items[0] : wht_shells->name;
    const char *second = operands.count > 1 ? operands.items[1] : NULL;
    wht_words_free(&operands);
    if (code >= 0)
        return code;
    if (second)
        return wht_usage_error(verb->name, "one shell at a time, got '%s' as well", second);
    for (const struct wht_shell *shell = wht_shells; shell->name; shell++)
        if (strcmp(shell->name, name) == 0)
            return print_script(shell);
    return wht_usage_error(verb->name, "got '%s', expected bash, zsh or fish", name);
}

const struct wht_verb wht_verb_completion = {
    .name = "completion",
    .operands = "[bash|zsh|fish]",
    .summary = "print a script that completes command lines",
    .details = "Verbs, options, and values that are one of a few words; for bash, if no shell is "
               "named:\n\n"
               "  source <(whvtrace completion)            # bash\n"
               "  source <(whvtrace completion zsh)        # zsh, behind compinit\n"
               "  whvtrace completion fish | source        # fish\n\n"
               "An installed program has brought them along.\n",
    .options = options,
    .run = run,
};
