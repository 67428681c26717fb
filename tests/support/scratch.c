/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700

#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DESCRIPTORS 16

static char folder[512];
static pid_t owner;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    remove(path);
    return 0;
}

/* A child that was forked leaves its parent's folder alone. */
static void remove_folder(void)
{
    if (getpid() == owner)
        nftw(folder, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_folder(void)
{
    const char *parent = getenv("TMPDIR");
    if (folder[0])
        return folder;
    snprintf(folder, sizeof(folder), "%s/whvtrace-test-XXXXXX",
             parent && *parent ? parent : "/tmp");
    owner = getpid();
    if (!mkdtemp(folder) || atexit(remove_folder) != 0) {
        perror(folder);
        abort();
    }
    return folder;
}
