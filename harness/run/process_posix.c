/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "base/platform.h"
#include "process_left.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* The worker's ends of the pipes. Standard output stays free for what an emulator prints. */
#define WORKER_IN     3
#define WORKER_OUT    4
#define WORKER_SHARED 5
#define ARGUMENTS_MAX 256
#define WAIT_MAX      1024
#define WORKER_MEMORY ((rlim_t)2 << 30)
#define END_MS        3000

extern char **environ;

struct wht_process {
    pid_t pid;
    int to;
    int from;
    int said; /* what it prints; -1: closed */
    void *shared;
    struct wht_said tail;
};

/* A descriptor that no child inherits and that lies above those which the worker's ends take. */
static int lift(int fd)
{
    int lifted = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    close(fd);
    return lifted;
}

static bool make_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    ends[0] = lift(ends[0]);
    ends[1] = lift(ends[1]);
    return ends[0] >= 0 && ends[1] >= 0;
}

/* A file without a name. @return its descriptor, or -1: then nothing is shared. */
static int make_shared(struct wht_process *process)
{
    int fd = -1;
#ifdef __linux__
    fd = memfd_create("whvtrace", MFD_CLOEXEC);
#endif
    if (fd < 0) {
        char name[] = "/tmp/whvtrace-XXXXXX";
        fd = mkstemp(name);
        if (fd >= 0)
            unlink(name);
    }
    if (fd >= 0)
        fd = lift(fd);
    if (fd >= 0 && ftruncate(fd, WHT_SHARED_SIZE) != 0) {
        close(fd); /* no room: a mapping would end the process that touches it */
        fd = -1;
    }
    void *shared = MAP_FAILED;
    if (fd >= 0)
        shared = mmap(NULL, WHT_SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    process->shared = shared == MAP_FAILED ? NULL : shared;
    return fd;
}

static bool spawn(struct wht_process *process, const char *const arguments[], int in, int out,
                  int said)
{
    char *argv[ARGUMENTS_MAX + 2] = {"whvtrace"};
    size_t count = 0;
    for (; arguments[count] && count < ARGUMENTS_MAX; count++)
        argv[count + 1] = (char *)arguments[count];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, in, WORKER_IN);
    posix_spawn_file_actions_adddup2(&actions, out, WORKER_OUT);
    posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
    /* A pipe cannot be mapped, so that the worker finds nothing shared there. */
    int shared = make_shared(process);
    posix_spawn_file_actions_adddup2(&actions, shared >= 0 ? shared : in, WORKER_SHARED);
    /* The link names the very file that runs, even if another has taken its place. */
    const char *self = "/proc/self/exe";
    char *path = access(self, X_OK) == 0 ? NULL : wht_program_path();
    int error = posix_spawn(&process->pid, path ? path : self, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(path);
    if (shared >= 0)
        close(shared);
    return error == 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void release(struct wht_process *process)
{
    if (process->shared)
        munmap(process->shared, WHT_SHARED_SIZE);
    free(process);
}

struct wht_process *wht_process_start(const char *const arguments[])
{
    int down[2] = {-1, -1};
    int up[2] = {-1, -1};
    int said[2] = {-1, -1};
    struct wht_process *process = calloc(1, sizeof(*process));
    bool started = process && make_pipe(down) && make_pipe(up) && make_pipe(said) &&
                   fcntl(said[0], F_SETFL, O_NONBLOCK) == 0 &&
                   spawn(process, arguments, down[0], up[1], said[1]);
    close_if_open(down[0]);
    close_if_open(up[1]);
    close_if_open(said[1]);
    if (started) {
        process->to = down[1];
        process->from = up[0];
        process->said = said[0];
        return process;
    }
    close_if_open(down[1]);
    close_if_open(up[0]);
    close_if_open(said[0]);
    if (process)
        release(process);
    return NULL;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

bool wht_process_send(struct wht_process *process, const void *data, size_t size)
{
    return write_all(process->to, data, size);
}

size_t wht_process_receive(struct wht_process *process, void *data, size_t size)
{
    for (;;) {
        ssize_t got = read(process->from, data, size);
        if (got >= 0)
            return (size_t)got;
        if (errno != EINTR)
            return 0;
    }
}

const void *wht_process_shared(const struct wht_process *process)
{
    return process->shared;
}

/* Passes on what a process prints and keeps its end. */
static void hear_said(struct wht_process *process)
{
    char bytes[4096];
    while (process->said >= 0) {
        ssize_t got = read(process->said, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) {
            close(process->said);
            process->said = -1;
            return;
        }
        write_all(STDERR_FILENO, bytes, wht_said_add(&process->tail, bytes, (size_t)got));
        if ((size_t)got < sizeof(bytes)) /* others want to be heard, too */
            return;
    }
}

void wht_process_wait(struct wht_process *const *processes, size_t count, int timeout_ms,
                      bool *ready)
{
    struct pollfd fds[2 * WAIT_MAX];
    size_t n = count < WAIT_MAX ? count : WAIT_MAX;
    for (size_t i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = processes[i] ? processes[i]->from : -1, .events = POLLIN};
        fds[n + i] =
            (struct pollfd){.fd = processes[i] ? processes[i]->said : -1, .events = POLLIN};
    }
    int found = poll(fds, 2 * n, timeout_ms);
    for (size_t i = 0; found > 0 && i < n; i++)
        if (fds[n + i].revents != 0)
            hear_said(processes[i]);
    for (size_t i = 0; i < count; i++)
        ready[i] = found > 0 && i < n && fds[i].revents != 0;
}

void wht_process_kill(struct wht_process *process)
{
    kill(process->pid, SIGKILL);
}

static void describe_end(int status, char *how)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(how, WHT_PROCESS_HOW_MAX, "crashed with SIG%s", name ? name : "?");
    } else {
        snprintf(how, WHT_PROCESS_HOW_MAX, "ended the process with exit code %d",
                 WEXITSTATUS(status));
    }
}

/* An emulator's destructors may hang as well as anything else of it. Returns whether it ended. */
static bool wait_for_end(struct wht_process *process)
{
    char ignored[4096];
    uint64_t end = wht_now_ms() + END_MS;
    struct pollfd fds[2] = {{.fd = process->from, .events = POLLIN}, {.events = POLLIN}};
    while (wht_now_ms() < end) {
        fds[1].fd = process->said;
        if (poll(fds, 2, (int)(end - wht_now_ms())) <= 0)
            break;
        if (fds[1].revents != 0)
            hear_said(process);
        if (fds[0].revents != 0 && read(process->from, ignored, sizeof(ignored)) <= 0)
            return true;
    }
    kill(process->pid, SIGKILL);
    return false;
}

bool wht_process_end(struct wht_process *process, struct wht_process_left *left)
{
    int status = 0;
    close(process->to);
    bool has_ended = wait_for_end(process);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    hear_said(process);
    close(process->from);
    close_if_open(process->said);
    wht_process_left_take(left, process->shared, &process->tail);
    if (has_ended)
        describe_end(status, left->how);
    release(process);
    return has_ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* An emulator that eats memory shall fail alone. Sanitizers reserve address space on purpose. */
static void bound_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(WHVTRACE_SANITIZED)
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_max >= WORKER_MEMORY) {
        limit.rlim_cur = WORKER_MEMORY;
        setrlimit(RLIMIT_AS, &limit);
    }
#endif
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
}

static void *worker_shared;

void *wht_worker_shared(void)
{
    return worker_shared;
}

void wht_worker_forget_said(void)
{
    fflush(stdout);
    write_all(STDERR_FILENO, "", 1);
}

void wht_worker_prepare(void)
{
    void *shared =
        mmap(NULL, WHT_SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_SHARED, 0);
    worker_shared = shared == MAP_FAILED ? NULL : shared;
    close(WORKER_SHARED);
    fcntl(WORKER_IN, F_SETFD, FD_CLOEXEC);
    fcntl(WORKER_OUT, F_SETFD, FD_CLOEXEC);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what is printed before a crash is not lost */
    static const int defaults[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXCPU, SIGXFSZ};
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        signal(defaults[i], SIG_DFL);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    bound_memory();
}

void wht_worker_send(const void *data, size_t size)
{
    if (!write_all(WORKER_OUT, data, size))
        _exit(0);
}

bool wht_worker_receive(void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = read(WORKER_IN, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}
