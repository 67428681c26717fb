/* SPDX-License-Identifier: MIT */
#include "find.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/absolute.h"
#include "base/str.h"
#include "paths.h"

#define DEPTH_MAX 64

static bool report(const struct wht_error_sink *errors, const char *path, const char *text)
{
    struct wht_error error = {.file = path, .pointer = "", .text = text};
    if (errors && errors->report)
        errors->report(errors->user, &error);
    return false;
}

static void add(struct wht_file_list *list, const char *path)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->paths = wht_reallocate(list->paths, list->capacity * sizeof(*list->paths));
    }
    list->paths[list->count++] = wht_copy_text(path);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A walk; links to folders wait until the folders that have their own names were walked. */
struct walk {
    const struct wht_error_sink *errors;
    struct wht_file_list *list;
    struct pending {
        char *path;
        unsigned depth;
    } * pending;
    size_t pending_count;
    size_t pending_capacity;
};

static void add_pending(struct walk *walk, const char *path, unsigned depth)
{
    if (walk->pending_count == walk->pending_capacity) {
        walk->pending_capacity = walk->pending_capacity ? 2 * walk->pending_capacity : 16;
        walk->pending =
            wht_reallocate(walk->pending, walk->pending_capacity * sizeof(*walk->pending));
    }
    walk->pending[walk->pending_count++] =
        (struct pending){.path = wht_copy_text(path), .depth = depth};
}

static bool is_new_folder(struct walk *walk, const struct wht_folder_id *id)
{
    return id->number == 0 || wht_map_add(&walk->list->folders, id, sizeof(*id));
}

static bool walk_folder(struct walk *walk, const char *folder, unsigned depth);

/* Links that lead nowhere are added: opening them tells what is wrong. */
static bool walk_entry(struct walk *walk, const char *path, const char *name, unsigned depth)
{
    struct stat info;
    struct wht_folder_id id;
    bool is_link;
    if (wht_folder_identify(path, &id, &is_link)) {
        if (strcmp(name, "invalid") == 0)
            return true;
        if (!is_link)
            return !is_new_folder(walk, &id) || walk_folder(walk, path, depth + 1);
        add_pending(walk, path, depth + 1);
        return true;
    }
    bool is_there = stat(path, &info) == 0;
    if ((!is_there || S_ISREG(info.st_mode)) && wht_is_trace_file(path))
        add(walk->list, path);
    return true;
}

/* The entries of a folder in the order of their names, as paths; hidden ones are left out. */
static bool read_folder(const char *folder, struct wht_file_list *entries)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return false;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        size_t size = strlen(folder) + strlen(entry->d_name) + 2;
        if (entry->d_name[0] == '.')
            continue;
        char *path = wht_reallocate(NULL, size);
        snprintf(path, size, "%s/%s", folder, entry->d_name);
        add(entries, path);
        free(path);
    }
    closedir(dir);
    if (entries->count > 0)
        qsort(entries->paths, entries->count, sizeof(*entries->paths), compare_paths);
    return true;
}

static bool walk_folder(struct walk *walk, const char *folder, unsigned depth)
{
    struct wht_file_list entries = {.count = 0};
    bool is_good = true;
    if (depth >= DEPTH_MAX)
        return report(walk->errors, folder, "found more than 64 levels of folders, expected fewer");
    if (!read_folder(folder, &entries))
        return report(walk->errors, folder, strerror(errno));
    for (size_t i = 0; i < entries.count; i++)
        is_good &= walk_entry(walk, entries.paths[i], entries.paths[i] + strlen(folder) + 1, depth);
    wht_file_list_free(&entries);
    return is_good;
}

static bool walk_all(const char *folder, const struct wht_folder_id *id,
                     const struct wht_error_sink *errors, struct wht_file_list *list)
{
    struct walk walk = {.errors = errors, .list = list};
    bool is_good = !is_new_folder(&walk, id) || walk_folder(&walk, folder, 0);
    for (size_t i = 0; i < walk.pending_count; i++) {
        struct pending pending = walk.pending[i];
        struct wht_folder_id own;
        bool is_link;
        if (wht_folder_identify(pending.path, &own, &is_link) && is_new_folder(&walk, &own))
            is_good &= walk_folder(&walk, pending.path, pending.depth);
        free(pending.path);
    }
    free(walk.pending);
    return is_good;
}

bool wht_find_traces(const char *path, const struct wht_error_sink *errors,
                     struct wht_file_list *list)
{
    struct stat info;
    struct wht_folder_id id;
    bool is_link;
    size_t before = list->count;
    if (stat(path, &info) != 0)
        return report(errors, path, strerror(errno));
    if (!wht_folder_identify(path, &id, &is_link)) {
        if (!wht_is_trace_file(path))
            return report(errors, path,
                          "found a file of another kind, expected a name that ends in "
                          ".trace.json, .trace.jsonl or .trace.jsonl.gz");
        add(list, path);
        return true;
    }
    char *folder = wht_copy_text(path);
    for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/'; end--)
        folder[end - 1] = 0;
    bool is_good = walk_all(folder, &id, errors, list);
    free(folder);
    if (list->count > before)
        qsort(list->paths + before, list->count - before, sizeof(*list->paths), compare_paths);
    return is_good;
}

void wht_file_list_free(struct wht_file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    wht_map_free(&list->folders);
    *list = (struct wht_file_list){.count = 0};
}
