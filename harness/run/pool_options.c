/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/platform.h"
#include "base/text.h"
#include "pool.h"
#include "session/backend.h"
#include "words/names.h"

struct wht_pool_options wht_pool_defaults(void)
{
    static const struct wht_words none = {.count = 0};
    static const struct wht_selection all = {.filters = NULL};
    return (struct wht_pool_options){.emulator = WHT_BACKEND_BUILTIN,
                                     .level = WHT_MATCH_STRICT,
                                     .timeout_ms = WHT_TIMEOUT_DEFAULT * 1000,
                                     .selection = &all,
                                     .expectations = &none,
                                     .gives_up = true,
                                     .jobs = wht_processor_count(),
                                     .shard = 1,
                                     .shard_count = 1};
}

bool wht_pool_take_jobs(struct wht_pool_options *options, const struct wht_args *args,
                        const char *name, const char *value)
{
    uint64_t number = 0;
    if (!wht_args_number(args, name, value, 1, 256, &number))
        return false;
    options->jobs = (unsigned)number;
    return true;
}

bool wht_pool_take_timeout(struct wht_pool_options *options, const struct wht_args *args,
                           const char *value)
{
    uint64_t number = 0;
    if (!wht_args_number(args, "--timeout", value, 1, 86400, &number))
        return false;
    options->timeout_ms = number * 1000;
    return true;
}

bool wht_take_match(const struct wht_args *args, const struct wht_option *option, const char *value,
                    void *target)
{
    (void)option;
    for (int i = WHT_MATCH_EFFECTS; i <= WHT_MATCH_STRICT; i++)
        if (strcmp(value, wht_match_name((enum wht_match)i)) == 0) {
            *(enum wht_match *)target = (enum wht_match)i;
            return true;
        }
    wht_usage_error(args->verb, "option '--match' got '%s', expected strict, device or effects",
                    value);
    return false;
}

void wht_add_match_words(struct wht_text *words)
{
    for (int i = WHT_MATCH_STRICT; i >= WHT_MATCH_EFFECTS; i--)
        wht_text_addf(words, " %s", wht_match_name((enum wht_match)i));
}

bool wht_take_jobs(const struct wht_args *args, const struct wht_option *option, const char *value,
                   void *target)
{
    (void)option;
    return wht_pool_take_jobs(target, args, "--jobs", value);
}

bool wht_take_timeout(const struct wht_args *args, const struct wht_option *option,
                      const char *value, void *target)
{
    (void)option;
    return wht_pool_take_timeout(target, args, value);
}

void wht_pool_tell(const char *verb, const struct wht_pool_outcome *outcome)
{
    if (*outcome->message)
        fprintf(stderr, "whvtrace %s: %s\n", verb, outcome->message);
}
