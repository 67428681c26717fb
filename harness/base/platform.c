/* SPDX-License-Identifier: MIT */
/* What the systems have in common. */
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "str.h"

bool wht_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool wht_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

uint64_t wht_file_size(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

bool wht_wants_colours(const char *when, FILE *file)
{
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("FORCE_COLOR"))
        return strcmp(getenv("FORCE_COLOR"), "0") != 0;
    return wht_shows_colours(file);
}

/* The value of a variable, or NULL where it names no absolute path. */
static const char *folder_of(const char *variable)
{
    const char *value = getenv(variable);
    const bool is_absolute =
        value && (*value == '/' || *value == '\\' || (*value && value[1] == ':'));
    return is_absolute ? value : NULL;
}

char *wht_state_folder(void)
{
    static const struct {
        const char *variable;
        const char *below;
    } places[] = {{"WHVTRACE_STATE", ""},
                  {"XDG_STATE_HOME", "/whvtrace"},
                  {"LOCALAPPDATA", "/whvtrace"},
                  {"HOME", "/.local/state/whvtrace"}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *folder = folder_of(places[i].variable);
        if (!folder)
            continue;
        const size_t size = strlen(folder) + strlen(places[i].below) + 1;
        char *path = wht_reallocate(NULL, size);
        snprintf(path, size, "%s%s", folder, places[i].below);
        for (char *c = path; *c; c++)
            *c = *c == '\\' ? '/' : *c;
        return path;
    }
    return NULL;
}

bool wht_make_folders(const char *path)
{
    char *part = wht_copy_text(path);
    for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        if (!wht_is_folder(part))
            (void)wht_make_folder(part); /* what is missing shows at the end */
        *slash = '/';
    }
    free(part);
    return wht_is_folder(path) || wht_make_folder(path);
}
