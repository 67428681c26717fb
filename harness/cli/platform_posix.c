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

uint64_t wht_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
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

/* A bare root may have no /proc; then the path with which the program was started has to do. */
char *wht_program_path(void)
{
    char *path = realpath("/proc/self/exe", NULL);
    const char *started_as = (const char *)getauxval(AT_EXECFN);
    return path || !started_as ? path : realpath(started_as, NULL);
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
