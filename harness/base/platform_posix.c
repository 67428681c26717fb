/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700

#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "outfile.h"
#include "str.h"

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

bool wht_shows_colours(FILE *file)
{
    const char *term = getenv("TERM");
    return wht_is_terminal(file) && !(term && strcmp(term, "dumb") == 0);
}

bool wht_is_debugged(void)
{
    static const char key[] = "TracerPid:";
    char line[256];
    bool is_debugged = false;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof(line), status))
        if (strncmp(line, key, sizeof(key) - 1) == 0)
            is_debugged = strtol(line + sizeof(key) - 1, NULL, 10) != 0;
    if (status)
        fclose(status);
    return is_debugged;
}

void wht_stop_in_debugger(void)
{
    raise(SIGTRAP);
}

char *wht_temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return wht_copy_text(folder && *folder ? folder : "/tmp");
}

FILE *wht_temporary_file(void)
{
    return tmpfile();
}

bool wht_make_folder(const char *path)
{
    return mkdir(path, 0700) == 0;
}

/* A bare root may have no /proc; then the path with which the program was started has to do. */
char *wht_program_path(void)
{
    char *path = realpath("/proc/self/exe", NULL);
    const char *started_as = (const char *)getauxval(AT_EXECFN);
    return path || !started_as ? path : realpath(started_as, NULL);
}

static volatile sig_atomic_t interrupted;

/* What ends a program that does not expect it, and what of that the user asks for. */
static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXCPU};
static const int asked[] = {SIGHUP, SIGINT, SIGTERM};

static bool is_pipe_ignored; /* by whoever started the program */
static bool survives_pipes;

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static void end_cleanly(int number)
{
    wht_outfile_remove_all();
    signal(number, SIG_DFL);
    raise(number);
}

static void note_interrupt(int number)
{
    interrupted = number;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* `nohup` and shells without job control have their reasons. */
static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void handle_ending(void)
{
    for (size_t i = 0; i < COUNT(ending); i++)
        if (!is_ignored(ending[i]))
            handle(ending[i], end_cleanly);
}

/* Reading from it, or writing to it, fails as from a stream that is closed. */
static void fill_stream(int fd)
{
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
        (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void wht_prepare_process(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        fill_stream(fd);
    is_pipe_ignored = is_ignored(SIGPIPE);
    handle_ending();
    signal(SIGXFSZ, SIG_IGN);
}

void wht_catch_interrupts(void)
{
    for (size_t i = 0; i < COUNT(asked); i++)
        if (asked[i] != SIGHUP || !is_ignored(SIGHUP))
            handle(asked[i], note_interrupt);
    /* A worker that has died is noticed by its exit code. */
    signal(SIGPIPE, SIG_IGN);
}

void wht_release_interrupts(void)
{
    for (size_t i = 0; i < COUNT(asked); i++)
        if (!is_ignored(asked[i]))
            handle(asked[i], end_cleanly);
    if (!is_pipe_ignored && !survives_pipes)
        handle(SIGPIPE, end_cleanly);
}

bool wht_is_interrupted(void)
{
    return interrupted != 0;
}

void wht_survive_broken_pipes(void)
{
    survives_pipes = true;
    signal(SIGPIPE, SIG_IGN);
}

/* A pipe tells that its reader is gone. */
static bool has_pipe_broken(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR) != 0;
}

void wht_end_if_pipe_broke(int error)
{
    bool has_broken = error == EPIPE || (error == 0 && has_pipe_broken());
    if (!has_broken || is_pipe_ignored)
        return;
    wht_outfile_remove_all();
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}
