/* SPDX-License-Identifier: MIT */
#include "select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/args.h"
#include "base/exit_code.h"
#include "base/hash.h"
#include "base/input.h"
#include "base/outfile.h"
#include "base/pattern.h"
#include "base/platform.h"
#include "base/str.h"
#include "folders.h"
#include "format/paths.h"

#define SHARDS_MAX UINT64_C(1000000)

void wht_words_add(struct wht_words *words, const char *word)
{
    words->items = wht_grow(words->items, words->count, &words->capacity, sizeof(*words->items));
    words->items[words->count++] = word;
}

void wht_words_free(struct wht_words *words)
{
    free(words->items);
    *words = (struct wht_words){.items = NULL};
}

bool wht_take_word(const struct wht_args *args, const struct wht_option *option, const char *value,
                   void *target)
{
    (void)args;
    (void)option;
    wht_words_add(target, value);
    return true;
}

/* Workers are told by their command line, which has room for so many. */
static bool add_selected(const struct wht_args *args, const struct wht_option *option,
                         struct wht_words *words, const char *value)
{
    if (words->count == WHT_SELECTED_MAX) {
        wht_usage_error(args->verb, "option '--%s' was given more than %u times", option->name,
                        WHT_SELECTED_MAX);
        return false;
    }
    wht_words_add(words, value);
    return true;
}

bool wht_take_pattern(const struct wht_args *args, const struct wht_option *option,
                      const char *value, void *target)
{
    struct wht_selection *selection = target;
    return add_selected(args, option, &selection->patterns, value);
}

bool wht_take_filter(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    struct wht_selection *selection = target;
    struct wht_words *texts = &selection->expressions;
    char error[256];
    struct wht_filter *filter = wht_filter_parse(value, error, sizeof(error));
    if (!filter)
        wht_usage_error(args->verb, "option '--%s' got '%s': %s", option->name, value, error);
    if (!filter || !add_selected(args, option, texts, value)) {
        wht_filter_free(filter);
        return false;
    }
    selection->filters = wht_grow(selection->filters, texts->count - 1, &selection->filter_room,
                                  sizeof(*selection->filters));
    selection->filters[texts->count - 1] = filter;
    return true;
}

bool wht_take_test(const struct wht_args *args, const struct wht_option *option, const char *value,
                   void *target)
{
    struct wht_selection *selection = target;
    return add_selected(args, option, &selection->tests, value);
}

bool wht_select_listed(struct wht_selection *selection, const char *list, bool is_unlisted)
{
    char error[128];
    const char *line;
    size_t size;
    struct wht_input *input = wht_input_open(list, false, error);
    if (!input)
        return false;
    wht_map_free(&selection->listed);
    selection->list = list;
    selection->is_unlisted = is_unlisted;
    while (wht_input_line(input, &line, &size))
        (void)wht_map_add(&selection->listed, line, size);
    wht_input_close(input);
    return true;
}

bool wht_has_selection(const struct wht_selection *selection)
{
    return selection->patterns.count + selection->expressions.count + selection->tests.count > 0 ||
           selection->list;
}

static bool has_pattern(const struct wht_words *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (wht_pattern_is_in(patterns->items[i], name))
            return true;
    return patterns->count == 0;
}

static bool fulfils(const struct wht_selection *selection, const struct wht_case *c)
{
    for (size_t i = 0; i < selection->expressions.count; i++)
        if (wht_filter_accepts(selection->filters[i], c))
            return true;
    return selection->expressions.count == 0;
}

/* Of a file of which no test is named all are meant. */
static bool is_meant(const struct wht_words *tests, const struct wht_case *c)
{
    const size_t size = strlen(c->file);
    bool is_named = false;
    for (size_t i = 0; i < tests->count; i++) {
        const char *test = tests->items[i];
        if (strncmp(test, c->file, size) != 0 || test[size] != '#')
            continue;
        if (strcmp(test + size + 1, c->id) == 0)
            return true;
        is_named = true;
    }
    return !is_named;
}

bool wht_selects(const struct wht_selection *selection, const struct wht_case *c)
{
    const bool is_listed =
        selection->list != NULL && wht_map_has(&selection->listed, c->name, strlen(c->name));
    return (!selection->list || is_listed != selection->is_unlisted) &&
           has_pattern(&selection->patterns, c->name) && is_meant(&selection->tests, c) &&
           fulfils(selection, c);
}

void wht_selection_free(struct wht_selection *selection)
{
    for (size_t i = 0; i < selection->expressions.count; i++)
        wht_filter_free(selection->filters[i]);
    free(selection->filters);
    for (size_t i = 0; i < selection->made_count; i++)
        free(selection->made[i]);
    free(selection->made);
    wht_words_free(&selection->patterns);
    wht_words_free(&selection->expressions);
    wht_words_free(&selection->tests);
    wht_map_free(&selection->listed);
    *selection = (struct wht_selection){.filters = NULL};
}

/* Returns the number at *text and moves behind it; 0 if there is none. */
static uint64_t take_number(const char **text)
{
    uint64_t number = 0;
    for (; **text >= '0' && **text <= '9' && number <= SHARDS_MAX; (*text)++)
        number = number * 10 + (uint64_t)(**text - '0');
    return number;
}

bool wht_take_shard(const char *text, uint64_t *number, uint64_t *count)
{
    uint64_t k = take_number(&text);
    if (k == 0 || *text++ != '/')
        return false;
    uint64_t n = take_number(&text);
    if (*text || k > n || n > SHARDS_MAX)
        return false;
    *number = k;
    *count = n;
    return true;
}

bool wht_is_in_shard(const char *name, uint64_t number, uint64_t count)
{
    uint64_t hash = wht_hash_spread(wht_hash_add_text(WHT_HASH, name));
    return (hash >> 32) % count == number - 1;
}

char *wht_default_root(void)
{
    const char *told = getenv("WHVTRACE_TRACES");
    char *root = told && *told ? wht_absolute_path(told) : NULL;
    if (!root)
        root = wht_find_above_working_folder("traces");
    if (!root)
        root = wht_installed("traces");
    return root ? root : wht_find_above_program("traces");
}

static void print_error(void *user, const struct wht_error *error)
{
    (void)user;
    fprintf(stderr, "whvtrace: %s: %s\n", error->file, error->text);
}

static int compare_places(const void *a, const void *b)
{
    char *const *left = *(char **const *)a;
    char *const *right = *(char **const *)b;
    int order = strcmp(*left, *right);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Files that several paths mean are run once, where they come first. */
static void drop_repeated(struct wht_file_list *files)
{
    char ***places = wht_reallocate(NULL, (files->count + 1) * sizeof(*places));
    size_t kept = 0;
    for (size_t i = 0; i < files->count; i++)
        places[i] = &files->paths[i];
    qsort(places, files->count, sizeof(*places), compare_places);
    for (size_t i = files->count; i-- > 1;) {
        if (strcmp(*places[i - 1], *places[i]) != 0)
            continue;
        free(*places[i]);
        *places[i] = NULL;
    }
    free(places);
    for (size_t i = 0; i < files->count; i++)
        if (files->paths[i])
            files->paths[kept++] = files->paths[i];
    files->count = kept;
}

/* A text that lives as long as the selection. */
static char *keep(struct wht_selection *selection, char *text)
{
    selection->made = wht_grow(selection->made, selection->made_count, &selection->made_room,
                               sizeof(*selection->made));
    return selection->made[selection->made_count++] = text;
}

static char *join(const char *folder, const char *rest)
{
    const size_t size = strlen(folder) + strlen(rest) + 2;
    char *path = wht_reallocate(NULL, size);
    snprintf(path, size, "%s/%s", folder, rest);
    return path;
}

/* A path FILE#ID names a test. @return the path of the file. */
static const char *take_test_path(const char *path, struct wht_selection *selection)
{
    const char *end = strrchr(path, '#');
    if (!selection || !end || end == path || wht_is_file(path))
        return path;
    const char *test = path;
    char *file = keep(selection, wht_copy_bytes(path, (size_t)(end - path)));
    char *root = wht_is_file(file) ? NULL : wht_default_root();
    if (root) {
        file = keep(selection, join(root, file));
        test = keep(selection, join(root, path));
    }
    free(root);
    if (!wht_is_file(file))
        return path;
    wht_words_add(&selection->tests, test);
    return file;
}

/* @return WHT_EXIT_OK, or another exit code after printing why. */
static int find_files(const char *verb, const struct wht_words *paths,
                      struct wht_selection *selection, struct wht_file_list *files, char **root)
{
    const struct wht_error_sink errors = {.report = print_error};
    *root = NULL;
    if (paths->count == 0) {
        *root = wht_default_root();
        if (!*root)
            return wht_usage_error(verb, "there is no folder 'traces' here; name a path");
        return wht_find_traces(*root, &errors, files) ? WHT_EXIT_OK : WHT_EXIT_INVALID;
    }
    bool is_good = true;
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = take_test_path(paths->items[i], selection);
        is_good &= wht_find_traces(path, &errors, files);
        if (i == 0)
            *root = wht_traces_root_of(path);
    }
    if (!is_good)
        return WHT_EXIT_USAGE;
    if (paths->count > 1)
        drop_repeated(files);
    return WHT_EXIT_OK;
}

/* Files of one folder come one after the other, and are ruled by the same ones. */
static bool is_in_folder_of_last(const char *path)
{
    static char *last;
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash + 1 - path) : 0;
    bool is_same = last && strlen(last) == length && memcmp(last, path, length) == 0;
    if (is_same)
        return true;
    free(last);
    last = wht_copy_text(path);
    last[length] = 0;
    return false;
}

/* What rules a trace file in its traces folder is read as well. */
static void protect(const char *path)
{
    static const char *const rules[] = {"flags.json", "revoked.txt"};
    wht_outfile_protect(path);
    if (is_in_folder_of_last(path))
        return;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        char *ruling = wht_traces_file(path, rules[i]);
        if (ruling)
            wht_outfile_protect(ruling);
        free(ruling);
    }
}

int wht_select_files(const char *verb, const struct wht_words *paths,
                     struct wht_selection *selection, struct wht_file_list *files, char **root)
{
    int code = find_files(verb, paths, selection, files, root);
    for (size_t i = 0; i < files->count; i++)
        protect(files->paths[i]);
    return code;
}
