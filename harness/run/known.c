/* SPDX-License-Identifier: MIT */
#include "known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/platform.h"
#include "base/str.h"
#include "folders.h"
#include "format/paths.h"
#include "session/result.h"

void wht_known_free(struct wht_known *known)
{
    wht_expectations_free(&known->list);
    free(known->is_used);
    free(known->patterns);
    wht_map_free(&known->names);
    *known = (struct wht_known){.is_used = NULL};
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool concerns(const struct wht_known *known, const struct wht_expectation *entry)
{
    return !entry->emulator || strcmp(entry->emulator, known->emulator) == 0 ||
           strcmp(entry->emulator, base_name(known->emulator)) == 0;
}

static void index_entries(struct wht_known *known)
{
    known->patterns = wht_allocate(known->list.count + 1, sizeof(*known->patterns));
    for (size_t i = 0; i < known->list.count; i++) {
        const struct wht_expectation *entry = &known->list.items[i];
        if (!concerns(known, entry))
            continue;
        if (strchr(entry->match, '*')) {
            known->patterns[known->pattern_count++] = i;
            continue;
        }
        uint64_t *place = wht_map_at(&known->names, entry->match, strlen(entry->match));
        if (*place == 0)
            *place = i + 1;
    }
}

bool wht_known_load(struct wht_known *known, const struct wht_words *files, const char *emulator)
{
    struct wht_load_options options = {.on_error = wht_error_print, .user = stderr};
    bool is_good = true;
    known->emulator = emulator;
    for (size_t i = 0; i < files->count; i++)
        is_good &= wht_expectations_load(files->items[i], &options, &known->list);
    known->is_used = wht_allocate(known->list.count + 1, sizeof(*known->is_used));
    index_entries(known);
    return is_good;
}

/* The first entry counts, whichever way it is found. */
const struct wht_expectation *wht_known_find(struct wht_known *known, const char *name)
{
    const size_t size = strlen(name);
    size_t first = wht_map_has(&known->names, name, size)
                       ? (size_t)*wht_map_at(&known->names, name, size) - 1
                       : known->list.count;
    for (size_t i = 0; i < known->pattern_count && known->patterns[i] < first; i++)
        if (wht_expectation_means(&known->list.items[known->patterns[i]], name))
            first = known->patterns[i];
    if (first == known->list.count)
        return NULL;
    known->is_used[first] = true;
    return &known->list.items[first];
}

bool wht_known_holds(const struct wht_expectation *entry, const struct wht_case_frame *result)
{
    switch (entry->expect) {
    case WHT_EXPECT_FAIL:
        return result->kind == WHT_CASE_FAILED && result->ending == WHT_ENDED_NORMALLY;
    case WHT_EXPECT_CRASH:
        return result->kind == WHT_CASE_FAILED && result->ending == WHT_CRASHED;
    case WHT_EXPECT_TIMEOUT:
        return result->kind == WHT_CASE_FAILED && result->ending == WHT_TIMED_OUT;
    case WHT_EXPECT_SKIP:
        break;
    }
    return result->kind == WHT_CASE_SKIPPED;
}

const char *wht_known_word(const struct wht_expectation *entry)
{
    switch (entry->expect) {
    case WHT_EXPECT_FAIL:
        return "fail";
    case WHT_EXPECT_CRASH:
        return "crash";
    case WHT_EXPECT_TIMEOUT:
        return "time out";
    case WHT_EXPECT_SKIP:
        break;
    }
    return "be skipped";
}

/* What the names of all cases below a path start with; outside of a traces folder a file has its
 * own name. */
static char *scope_of(const char *path)
{
    char *root = wht_traces_root_of(path);
    char *absolute = wht_absolute_path(path);
    char *scope = NULL;
    if (!root && !wht_is_file(path))
        scope = calloc(1, 1);
    else if (!root)
        scope = wht_test_name_prefix(path);
    else if (absolute && strcmp(absolute, root) == 0)
        scope = calloc(1, 1);
    else if (absolute)
        scope = wht_test_name_prefix(absolute);
    free(root);
    free(absolute);
    return scope;
}

/* Whether every name that starts with `literal` lies below the path. */
static bool is_below(const char *literal, size_t size, const char *path)
{
    char *scope = scope_of(path);
    size_t length = scope ? strlen(scope) : 0;
    bool below = scope && (length == 0 || (size > length && strncmp(literal, scope, length) == 0 &&
                                           (literal[length] == '/' || literal[length] == '#')));
    free(scope);
    return below;
}

static bool was_run(const char *match, const struct wht_words *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        if (is_below(match, strcspn(match, "*"), paths->items[i]))
            return true;
    return paths->count == 0;
}

void wht_known_stale(const struct wht_known *known, const struct wht_words *paths,
                     wht_stale_fn *on_stale, void *user)
{
    for (size_t i = 0; i < known->list.count; i++) {
        const struct wht_expectation *entry = &known->list.items[i];
        if (!known->is_used[i] && concerns(known, entry) && was_run(entry->match, paths))
            on_stale(user, entry);
    }
}
