/* SPDX-License-Identifier: MIT */
/* Finding trace files, and what they are called. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "load.h"
#include "paths.h"

#define DEPTH_MAX 64

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (!memory)
        abort();
    return memory;
}

static bool report(const struct wht_load_options *options, const char *path, const char *text)
{
    struct wht_error error = {.file = path, .pointer = "", .text = text};
    if (options && options->on_error)
        options->on_error(options->user, &error);
    return false;
}

static void add(struct wht_file_list *list, const char *path)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->paths = allocate(list->paths, list->capacity * sizeof(*list->paths));
    }
    size_t size = strlen(path) + 1;
    list->paths[list->count++] = memcpy(allocate(NULL, size), path, size);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A folder that is being walked, and those around it. */
struct folder {
    const char *path;
    const struct folder *outer;
    unsigned depth;
    dev_t device;
    ino_t inode;
};

/* A link can lead back to a folder that is being walked already. Windows tells no numbers of files;
   there the depth alone ends it. */
static bool is_inside(const struct stat *info, const struct folder *folder)
{
    if (info->st_ino == 0)
        return false;
    while (folder && (folder->device != info->st_dev || folder->inode != info->st_ino))
        folder = folder->outer;
    return folder != NULL;
}

static bool walk(const struct folder *folder, const struct wht_load_options *options,
                 struct wht_file_list *list);

/* Links that lead nowhere are added: opening them tells what is wrong. */
static bool walk_entry(const char *path, const char *name, const struct folder *folder,
                       const struct wht_load_options *options, struct wht_file_list *list)
{
    struct stat info;
    bool is_there = stat(path, &info) == 0;
    if (is_there && S_ISDIR(info.st_mode)) {
        struct folder inner = {.path = path,
                               .outer = folder,
                               .depth = folder->depth + 1,
                               .device = info.st_dev,
                               .inode = info.st_ino};
        bool is_wanted = strcmp(name, "invalid") != 0 && !is_inside(&info, folder);
        return !is_wanted || walk(&inner, options, list);
    }
    if ((!is_there || S_ISREG(info.st_mode)) && wht_is_trace_file(path))
        add(list, path);
    return true;
}

static bool walk(const struct folder *folder, const struct wht_load_options *options,
                 struct wht_file_list *list)
{
    bool is_good = true;
    if (folder->depth >= DEPTH_MAX)
        return report(options, folder->path,
                      "found more than 64 levels of folders, expected fewer");
    DIR *dir = opendir(folder->path);
    if (!dir)
        return report(options, folder->path, strerror(errno));
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        size_t size = strlen(folder->path) + strlen(entry->d_name) + 2;
        if (entry->d_name[0] == '.')
            continue;
        char *path = allocate(NULL, size);
        snprintf(path, size, "%s/%s", folder->path, entry->d_name);
        is_good &= walk_entry(path, entry->d_name, folder, options, list);
        free(path);
    }
    closedir(dir);
    return is_good;
}

bool wht_find_traces(const char *path, const struct wht_load_options *options,
                     struct wht_file_list *list)
{
    struct stat info;
    size_t before = list->count;
    if (stat(path, &info) != 0)
        return report(options, path, strerror(errno));
    if (!S_ISDIR(info.st_mode)) {
        if (!wht_is_trace_file(path))
            return report(options, path,
                          "found a file of another kind, expected a name that ends in "
                          ".trace.json, .trace.jsonl or .trace.jsonl.gz");
        add(list, path);
        return true;
    }
    char *folder = memcpy(allocate(NULL, strlen(path) + 1), path, strlen(path) + 1);
    for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/'; end--)
        folder[end - 1] = 0;
    struct folder root = {.path = folder, .device = info.st_dev, .inode = info.st_ino};
    bool is_good = walk(&root, options, list);
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
    *list = (struct wht_file_list){.count = 0};
}

static size_t root_in(const char *path)
{
    size_t root = 0;
    for (const char *at = path; (at = strstr(at, "traces/")) != NULL; at++) {
        if (at == path || at[-1] == '/')
            root = (size_t)(at - path) + strlen("traces");
    }
    return root;
}

size_t wht_traces_root(const char *path)
{
    return root_in(path);
}

char *wht_traces_file(const char *path, const char *name)
{
    char *real = wht_absolute_path(path);
    size_t root = root_in(real ? real : path);
    char *found = NULL;
    if (root > 0) {
        size_t size = root + strlen(name) + 2;
        found = allocate(NULL, size);
        snprintf(found, size, "%.*s/%s", (int)root, real ? real : path, name);
    }
    free(real);
    return found;
}

char *wht_test_name_prefix(const char *path)
{
    const char *name = path;
    char *real = NULL;
    size_t root = root_in(path);
    if (root == 0) {
        real = wht_absolute_path(path);
        name = real ? real : path;
        root = root_in(name);
    }
    if (root > 0) {
        name += root + 1;
    } else {
        const char *slash = strrchr(path, '/');
        name = slash ? slash + 1 : path;
    }
    char *copy = memcpy(allocate(NULL, strlen(name) + 1), name, strlen(name) + 1);
    free(real);
    return copy;
}
