/* SPDX-License-Identifier: MIT */
/**
 * @file args.h
 * Command lines: options in any order with operands, "--name value", "--name=value", "-k value",
 * "-kvalue",
 * "-qv", and "--" before operands that start with a dash.
 */
#ifndef WHVTRACE_CLI_ARGS_H
#define WHVTRACE_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One option of a verb. Lists end with an entry whose name is NULL. */
struct wht_option {
    int id;            /**< at least 1, unique within the verb */
    const char *name;  /**< without dashes */
    char letter;       /**< short form, or 0 */
    const char *value; /**< what it takes, for the help; NULL: nothing */
    const char *help;  /**< one line */
};

struct wht_args {
    const char *verb; /**< for messages */
    const struct wht_option *options;
    char **items; /**< what follows the verb; NULL-terminated */
    size_t index;
    size_t letter; /**< within a group of short options */
    bool only_operands;
};

enum { WHT_ARG_END = 0, WHT_ARG_OPERAND = -1, WHT_ARG_ERROR = -2, WHT_ARG_HELP = -3 };

/**
 * Takes the next argument.
 * @param value receives an option's value or the operand.
 * @return an option's id or one of WHT_ARG_*; errors have been printed to stderr.
 */
int wht_args_next(struct wht_args *args, const char **value);

/** Prints "whvtrace VERB: ..." and where help is to be had; returns WHT_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int wht_usage_error(const char *verb, const char *format,
                                                          ...);

/** Reads a decimal number within bounds. @return false after printing what was expected. */
bool wht_args_number(const struct wht_args *args, const char *option, const char *value,
                     uint64_t low, uint64_t high, uint64_t *number);

/** @return the candidate nearest to word, or NULL if none is near; candidates end with NULL. */
const char *wht_nearest_word(const char *word, const char *const *candidates);

#endif
