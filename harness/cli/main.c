/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "verb.h"

/*
 * Whatever a verb has printed must have arrived. @return the verb's code, or why it does not hold.
 */
static int finish_output(const char *verb, int code)
{
    errno = 0;
    bool is_good = fflush(stdout) == 0;
    int error = errno;
    if (is_good && !ferror(stdout))
        return code;
    wht_end_if_pipe_broke(error);
    /* An output that failed has been told of, maybe this one. */
    if (code != WHT_EXIT_OUTPUT && error != EPIPE)
        fprintf(stderr, "whvtrace %s: standard output could not be written%s%s\n", verb,
                error ? ": " : "", error ? strerror(error) : "");
    return code == WHT_EXIT_INTERRUPTED ? code : WHT_EXIT_OUTPUT;
}

int main(int argc, char **argv)
{
    wht_prepare_process();
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
    int code = verb->run(verb, &args);
    return verb->is_hidden ? code : finish_output(verb->name, code);
}
