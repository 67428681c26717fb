/* SPDX-License-Identifier: MIT */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../paths.h"
#include "../replace.h"

#define TRIES 100u

static bool fail(struct wht_replacement *replacement, const char *what, const char *why)
{
    snprintf(replacement->error, sizeof(replacement->error), "%s: %s", what, why);
    return false;
}

/* @return ".fmt-<number>-<name>" in the file's folder. */
static char *temporary_name(const char *path, unsigned try)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash + 1 - path) : 0;
    size_t size = strlen(path) + 64;
    char *name = malloc(size);
    if (!name)
        abort();
    snprintf(name, size, "%.*s.fmt-%lu-%u-%s", folder, path, GetCurrentProcessId(), try,
             path + folder);
    return name;
}

bool wht_replacement_open(const char *path, struct wht_replacement *replacement)
{
    *replacement = (struct wht_replacement){.fd = -1};
    replacement->path = wht_absolute_path(path);
    if (!replacement->path)
        return fail(replacement, "cannot be found", strerror(errno));
    if (_access(replacement->path, 2) != 0) {
        fail(replacement, "cannot be written", strerror(errno));
        wht_replacement_close(replacement);
        return false;
    }
    for (unsigned try = 0; try < TRIES && replacement->fd < 0; try++) {
        free(replacement->temporary);
        replacement->temporary = temporary_name(replacement->path, try);
        replacement->fd =
            _open(replacement->temporary, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT,
                  _S_IREAD | _S_IWRITE);
        if (replacement->fd < 0 && errno != EEXIST)
            break;
    }
    if (replacement->fd >= 0)
        return true;
    fail(replacement, "no file can be made beside it", strerror(errno));
    free(replacement->temporary);
    replacement->temporary = NULL;
    wht_replacement_close(replacement);
    return false;
}

/* Write-through: the text reaches the disk before the name does. */
bool wht_replacement_commit(struct wht_replacement *replacement)
{
    char why[32];
    if (!MoveFileExA(replacement->temporary, replacement->path,
                     MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        snprintf(why, sizeof(why), "error %lu", GetLastError());
        return fail(replacement, "cannot be replaced", why);
    }
    free(replacement->temporary);
    replacement->temporary = NULL;
    return true;
}

void wht_replacement_close(struct wht_replacement *replacement)
{
    if (replacement->fd >= 0)
        _close(replacement->fd);
    if (replacement->temporary)
        _unlink(replacement->temporary);
    free(replacement->temporary);
    free(replacement->path);
    replacement->temporary = NULL;
    replacement->path = NULL;
    replacement->fd = -1;
}
