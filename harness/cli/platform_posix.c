/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700

#include "platform.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "trace/paths.h"

unsigned wht_processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

uint64_t wht_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool wht_is_terminal(FILE *file)
{
    return isatty(fileno(file)) == 1;
}

bool wht_wants_colours(FILE *file)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if ((no_color && *no_color) || (term && strcmp(term, "dumb") == 0))
        return false;
    return wht_is_terminal(file);
}

char *wht_absolute_path(const char *path)
{
    return realpath(path, NULL);
}

bool wht_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The nearest folder of that name in `folder` or above it; `folder` is released. */
static char *find_above(char *folder, const char *name)
{
    size_t length = folder ? strlen(folder) : 0;
    size_t size = length + strlen(name) + 2;
    char *path = folder ? malloc(size) : NULL;
    while (path) {
        snprintf(path, size, "%.*s/%s", (int)length, folder, name);
        if (is_folder(path))
            break;
        while (length > 0 && folder[length - 1] != '/')
            length--;
        if (length == 0) {
            free(path);
            path = NULL;
        } else {
            length--;
        }
    }
    free(folder);
    return path;
}

/* In the working folder itself the short name reads better in messages. */
char *wht_find_above_working_folder(const char *name)
{
    if (is_folder(name))
        return strdup(name);
    return find_above(realpath(".", NULL), name);
}

/* A bare root may have no /proc; then the path with which the program was started has to do. */
char *wht_program_path(void)
{
    char *path = realpath("/proc/self/exe", NULL);
    const char *started_as = (const char *)getauxval(AT_EXECFN);
    return path || !started_as ? path : realpath(started_as, NULL);
}

char *wht_find_above_program(const char *name)
{
    return find_above(wht_program_path(), name);
}

char *wht_traces_root_of(const char *path)
{
    char *absolute = realpath(path, NULL);
    size_t length = absolute ? strlen(absolute) : 0;
    if (absolute && length >= 7 && strcmp(absolute + length - 7, "/traces") == 0)
        return absolute;
    size_t root = absolute ? wht_traces_root(absolute) : 0;
    if (root > 0) {
        absolute[root] = 0;
        return absolute;
    }
    free(absolute);
    return NULL;
}

static volatile sig_atomic_t interrupted;

static void note_interrupt(int number)
{
    interrupted = number;
}

void wht_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = note_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* A worker that has died is noticed by its exit code. */
    signal(SIGPIPE, SIG_IGN);
}

bool wht_is_interrupted(void)
{
    return interrupted != 0;
}
