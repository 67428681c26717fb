/* SPDX-License-Identifier: MIT */
#include "revoked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/input.h"
#include "base/str.h"
#include "check.h"
#include "digest.h"
#include "paths.h"
#include "traces_builtin.h"

#define DIGITS (WHT_DIGEST_MAX - 1)

struct entry {
    struct entry *next;
    const char *digest;
    const char *reason;
};

struct wht_revoked {
    const char *path; /* "" for the built-in list */
    struct wht_arena *arena;
    struct entry *entries;
};

static const struct entry *find(const struct wht_revoked *list, const char *digest)
{
    const struct entry *entry = list->entries;
    while (entry && strncmp(entry->digest, digest, DIGITS) != 0)
        entry = entry->next;
    return entry;
}

/* @return what is wrong with a line that is no comment, or NULL; adds it to the list. */
static const char *take_line(struct wht_revoked *list, const char *line)
{
    const char *reason = line + DIGITS;
    if (strspn(line, "0123456789abcdef") != DIGITS || *reason != ' ')
        return "found no digest, expected 64 hexadecimal digits in lower case, a blank and the "
               "reason";
    reason += strspn(reason, " ");
    if (!*reason)
        return "found no reason after the digest, expected one";
    if (find(list, line))
        return "found the digest a second time, expected it once";
    struct entry *entry = wht_arena_take(list->arena, sizeof(*entry));
    entry->digest = wht_arena_copy(list->arena, line);
    entry->reason = entry->digest + (reason - line);
    entry->next = list->entries;
    list->entries = entry;
    return NULL;
}

static bool take_file(struct wht_revoked *list, struct wht_input *input,
                      const struct wht_load_options *options)
{
    struct wht_check check = {.file = list->path};
    const char *line;
    size_t size;
    if (options)
        check.options = *options;
    for (uint32_t number = 1; wht_input_line(input, &line, &size); number++) {
        const char *error = *line && *line != '#' ? take_line(list, line) : NULL;
        if (error)
            wht_report(&check, (struct wht_pos){.line = number, .column = 1}, "", "%s", error);
    }
    if (wht_input_error(input))
        wht_report(&check, (struct wht_pos){0}, "", "%s", wht_input_error(input));
    wht_report_rest(&check);
    return check.errors == 0;
}

static void take_builtin(struct wht_revoked *list)
{
    const char *at = (const char *)wht_revoked_builtin;
    const char *end = at + wht_revoked_builtin_size;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((line_end ? line_end : end) - at);
        char *line = wht_arena_take(list->arena, size + 1);
        memcpy(line, at, size);
        if (*line && *line != '#')
            take_line(list, line);
        at += size + 1;
    }
}

static struct wht_revoked *new_list(const char *path)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_revoked *list = wht_arena_take(arena, sizeof(*list));
    list->arena = arena;
    list->path = wht_arena_copy(arena, path);
    return list;
}

struct wht_revoked *wht_revoked_open(const char *file)
{
    char error[128];
    char *path = wht_traces_file(file, "revoked.txt");
    struct wht_input *input = path ? wht_input_open(path, false, error) : NULL;
    struct wht_revoked *list = new_list(input ? path : "");
    if (input)
        take_file(list, input, NULL);
    else
        take_builtin(list);
    wht_input_close(input);
    free(path);
    return list;
}

void wht_revoked_close(struct wht_revoked *list)
{
    if (list)
        wht_arena_free(list->arena);
}

const char *wht_revoked_reason(const struct wht_revoked *list, const struct wht_case *c)
{
    char digest[WHT_DIGEST_MAX];
    if (!list->entries)
        return NULL;
    wht_case_digest(c, digest);
    const struct entry *entry = find(list, digest);
    return entry ? entry->reason : NULL;
}

bool wht_revoked_check(const char *root, const struct wht_load_options *options)
{
    char error[128];
    size_t size = strlen(root) + sizeof("/revoked.txt");
    char *path = wht_reallocate(NULL, size);
    snprintf(path, size, "%s/revoked.txt", root);
    struct wht_revoked *list = new_list(path);
    struct wht_input *input = wht_input_open(path, false, error);
    bool is_good = !input || take_file(list, input, options);
    wht_input_close(input);
    wht_revoked_close(list);
    free(path);
    return is_good;
}
