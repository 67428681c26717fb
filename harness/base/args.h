/* SPDX-License-Identifier: MIT */
/**
 * @file args.h
 * Command lines: options in any order with operands, "--name value", "--name=value", "-k value",
 * "-kvalue",
 * "-qv", and "--" before operands that start with a dash.
 */
#ifndef WHVTRACE_BASE_ARGS_H
#define WHVTRACE_BASE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wht_args;
struct wht_option;
struct wht_text;

/** Takes an option's value into its target. @return false after saying what is wrong with it. */
typedef bool wht_take_fn(const struct wht_args *args, const struct wht_option *option,
                         const char *value, void *target);

/** One option of a verb, and what it is bound to. Lists end with an entry whose name is NULL. A row
 * ends with WHT_TEXT(), WHT_FLAG() or another of their kind. */
struct wht_option {
    /** Without dashes. */
    const char *name;
    /** Short form, or 0. */
    char letter;
    /** What it takes, for the help; NULL: nothing. */
    const char *value;
    /** One line. */
    const char *help;
    wht_take_fn *take;
    /** Where in the verb's state the target of take() lies. */
    size_t at;
    /** Bounds of a number. */
    uint64_t low;
    uint64_t high;
    /** Adds the words that it can be, with a blank before each; NULL: `value` says them, if any. */
    void (*add_words)(struct wht_text *words);
};

/** A member of the state that a function takes. */
#define WHT_TAKE(take, state, member) take, offsetof(state, member), 0, 0, NULL
/** The same, whose value is one of some words. */
#define WHT_TAKE_WORD(take, state, member, add_words) take, offsetof(state, member), 0, 0, add_words
/** The whole state. */
#define WHT_TAKE_ALL(take)                 take, 0, 0, 0, NULL
#define WHT_TAKE_ALL_WORD(take, add_words) take, 0, 0, 0, add_words
/** `const char *member`, which lives as long as the command line. */
#define WHT_TEXT(state, member) WHT_TAKE(wht_take_text, state, member)
/** The same, one of the words that the help tells: "text|json". */
#define WHT_CHOICE(state, member) WHT_TAKE(wht_take_choice, state, member)
/** `bool member`, which becomes true. */
#define WHT_FLAG(state, member) WHT_TAKE(wht_take_flag, state, member)
/** `uint64_t member`, a decimal number. */
#define WHT_NUMBER(state, member, low, high)                                                       \
    wht_take_number, offsetof(state, member), low, high, NULL

wht_take_fn wht_take_text, wht_take_choice, wht_take_flag, wht_take_number;

struct wht_args {
    /** For messages. */
    const char *verb;
    const struct wht_option *options;
    /** The one that was taken last. */
    const struct wht_option *option;
    /** What follows the verb; NULL-terminated. */
    char **items;
    size_t index;
    /** Within a group of short options. */
    size_t letter;
    bool only_operands;
};

enum wht_arg { WHT_ARG_END, WHT_ARG_OPTION, WHT_ARG_OPERAND, WHT_ARG_HELP, WHT_ARG_ERROR };

/**
 * Takes the next argument.
 * @param value receives the value of an option, which is args->option then, or the operand.
 * @return what it is; errors have been printed to stderr.
 */
enum wht_arg wht_args_next(struct wht_args *args, const char **value);

/** Takes the value of args->option. @return false after saying what is wrong with it. */
bool wht_args_take(const struct wht_args *args, const char *value, void *state);

/** Prints "whvtrace VERB: ..." and where help is to be had; returns WHT_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int wht_usage_error(const char *verb, const char *format,
                                                          ...);

/** Reads a decimal number within bounds. @return false after printing what was expected. */
bool wht_args_number(const struct wht_args *args, const char *option, const char *value,
                     uint64_t low, uint64_t high, uint64_t *number);

#endif
