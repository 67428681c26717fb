/* SPDX-License-Identifier: MIT */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100u

static bool fail(struct wht_replacement *replacement, const char *what)
{
    snprintf(replacement->error, sizeof(replacement->error), "%s: %s", what, strerror(errno));
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
    snprintf(name, size, "%.*s.fmt-%ld-%u-%s", folder, path, (long)getpid(), try, path + folder);
    return name;
}

bool wht_replacement_open(const char *path, struct wht_replacement *replacement)
{
    *replacement = (struct wht_replacement){.fd = -1};
    replacement->path = realpath(path, NULL);
    if (!replacement->path)
        return fail(replacement, "cannot be found");
    if (access(replacement->path, W_OK) != 0) {
        fail(replacement, "cannot be written");
        wht_replacement_close(replacement);
        return false;
    }
    for (unsigned try = 0; try < TRIES && replacement->fd < 0; try++) {
        free(replacement->temporary);
        replacement->temporary = temporary_name(replacement->path, try);
        replacement->fd =
            open(replacement->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (replacement->fd < 0 && errno != EEXIST)
            break;
    }
    if (replacement->fd >= 0)
        return true;
    fail(replacement, "no file can be made beside it");
    free(replacement->temporary);
    replacement->temporary = NULL;
    wht_replacement_close(replacement);
    return false;
}

/* The text reaches the disk before the name does: a crash leaves the one file or the other. */
static bool flush(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_good = fd >= 0 && fsync(fd) == 0 && fchmod(fd, mode & 07777) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return is_good;
}

bool wht_replacement_commit(struct wht_replacement *replacement)
{
    struct stat info;
    if (stat(replacement->path, &info) != 0 || !flush(replacement->temporary, info.st_mode) ||
        rename(replacement->temporary, replacement->path) != 0)
        return fail(replacement, "cannot be replaced");
    free(replacement->temporary);
    replacement->temporary = NULL;
    return true;
}

void wht_replacement_close(struct wht_replacement *replacement)
{
    if (replacement->fd >= 0)
        close(replacement->fd);
    if (replacement->temporary)
        unlink(replacement->temporary);
    free(replacement->temporary);
    free(replacement->path);
    replacement->temporary = NULL;
    replacement->path = NULL;
    replacement->fd = -1;
}
