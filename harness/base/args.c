/* SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "nearest.h"

#define WORD_MAX    32u
#define OPTIONS_MAX 32u

int wht_usage_error(const char *verb, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "whvtrace%s%s: ", *verb ? " " : "", verb);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'whvtrace%s%s --help'.\n", *verb ? " " : "", verb);
    return WHT_EXIT_USAGE;
}

static enum wht_arg unknown_option(const struct wht_args *args, const char *name, size_t size)
{
    const char *names[OPTIONS_MAX + 2];
    size_t count = 0;
    char word[WORD_MAX + 1];
    snprintf(word, sizeof(word), "%.*s", (int)size, name);
    for (const struct wht_option *o = args->options; o->name && count < OPTIONS_MAX; o++)
        names[count++] = o->name;
    names[count++] = "help";
    names[count] = NULL;
    const char *nearest = wht_nearest_word(word, names);
    if (nearest)
        wht_usage_error(args->verb, "unknown option '--%.*s'; did you mean '--%s'?", (int)size,
                        name, nearest);
    else
        wht_usage_error(args->verb, "unknown option '--%.*s'", (int)size, name);
    return WHT_ARG_ERROR;
}

static enum wht_arg taken(struct wht_args *args, const struct wht_option *option)
{
    args->option = option;
    return WHT_ARG_OPTION;
}

static enum wht_arg long_option(struct wht_args *args, const char *name, const char **value)
{
    size_t size = strcspn(name, "=");
    const struct wht_option *o = args->options;
    args->index++;
    if (size == 4 && strcmp(name, "help") == 0)
        return WHT_ARG_HELP;
    while (o->name && (strlen(o->name) != size || strncmp(o->name, name, size) != 0))
        o++;
    if (!o->name)
        return unknown_option(args, name, size);
    if (!o->value && name[size] == '=') {
        wht_usage_error(args->verb, "option '--%s' takes no value", o->name);
        return WHT_ARG_ERROR;
    }
    if (!o->value)
        return taken(args, o);
    *value = name[size] == '=' ? name + size + 1 : args->items[args->index];
    if (!*value) {
        wht_usage_error(args->verb, "option '--%s' needs a value: %s", o->name, o->value);
        return WHT_ARG_ERROR;
    }
    if (name[size] != '=')
        args->index++;
    return taken(args, o);
}

static enum wht_arg short_option(struct wht_args *args, const char *letters, const char **value)
{
    char letter = letters[args->letter];
    const struct wht_option *o = args->options;
    while (o->name && o->letter != letter)
        o++;
    if (letter == 'h' && !o->name)
        return WHT_ARG_HELP;
    if (!o->name) {
        wht_usage_error(args->verb, "unknown option '-%c'", letter);
        return WHT_ARG_ERROR;
    }
    args->letter++;
    const char *rest = letters + args->letter;
    if (!o->value && *rest)
        return taken(args, o);
    args->letter = 0;
    args->index++;
    if (!o->value)
        return taken(args, o);
    *value = *rest ? rest : args->items[args->index];
    if (!*value) {
        wht_usage_error(args->verb, "option '-%c' needs a value: %s", letter, o->value);
        return WHT_ARG_ERROR;
    }
    if (!*rest)
        args->index++;
    return taken(args, o);
}

enum wht_arg wht_args_next(struct wht_args *args, const char **value)
{
    const char *item = args->items[args->index];
    if (!item)
        return WHT_ARG_END;
    if (!args->only_operands && args->letter == 0 && strcmp(item, "--") == 0) {
        args->only_operands = true;
        item = args->items[++args->index];
        if (!item)
            return WHT_ARG_END;
    }
    if (args->only_operands || item[0] != '-' || item[1] == 0) {
        *value = item;
        args->index++;
        return WHT_ARG_OPERAND;
    }
    if (item[1] == '-')
        return long_option(args, item + 2, value);
    return short_option(args, item + 1, value);
}

bool wht_args_number(const struct wht_args *args, const char *option, const char *value,
                     uint64_t low, uint64_t high, uint64_t *number)
{
    uint64_t n = 0;
    size_t digits = strspn(value, "0123456789");
    bool good = digits > 0 && value[digits] == 0;
    if (good) {
        errno = 0;
        n = strtoull(value, NULL, 10);
        good = errno == 0;
    }
    if (good && n >= low && n <= high) {
        *number = n;
        return true;
    }
    wht_usage_error(args->verb,
                    "option '%s' got '%s', expected a number from %" PRIu64 " to %" PRIu64, option,
                    value, low, high);
    return false;
}

bool wht_args_take(const struct wht_args *args, const char *value, void *state)
{
    return args->option->take(args, args->option, value, (char *)state + args->option->at);
}

bool wht_take_text(const struct wht_args *args, const struct wht_option *option, const char *value,
                   void *target)
{
    (void)args;
    (void)option;
    *(const char **)target = value;
    return true;
}

bool wht_take_flag(const struct wht_args *args, const struct wht_option *option, const char *value,
                   void *target)
{
    (void)args;
    (void)option;
    (void)value;
    *(bool *)target = true;
    return true;
}

bool wht_take_number(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    char name[WORD_MAX + 3];
    snprintf(name, sizeof(name), "--%s", option->name);
    return wht_args_number(args, name, value, option->low, option->high, target);
}

bool wht_take_choice(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    char list[128] = "";
    size_t used = 0;
    for (const char *word = option->value; *word && used < sizeof(list);) {
        size_t size = strcspn(word, "|");
        if (strlen(value) == size && strncmp(word, value, size) == 0) {
            *(const char **)target = value;
            return true;
        }
        const char *next = word + size + (word[size] == '|');
        const char *before = word == option->value ? "" : *next ? ", " : " or ";
        used +=
            (size_t)snprintf(list + used, sizeof(list) - used, "%s%.*s", before, (int)size, word);
        word = next;
    }
    wht_usage_error(args->verb, "option '--%s' got '%s', expected %s", option->name, value, list);
    return false;
}
