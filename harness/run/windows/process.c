/* SPDX-License-Identifier: MIT */
/*
 * A worker's pipes are its standard input and output; it moves them away before an emulator can
 * print into them.
 */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "run/process_left.h"

#define COMMAND_MAX   32768
#define END_MS        3000
#define PAUSE_MS      1
#define WORKER_MEMORY ((SIZE_T)2 << 30)

/* Where a worker finds the handle of the shared bytes. */
#define SHARED_VARIABLE "WHVTRACE_SHARED"

struct wht_process {
    HANDLE process;
    HANDLE to;
    HANDLE from;
    HANDLE said; /* what it prints */
    HANDLE mapping;
    void *shared;
    struct wht_said tail;
};

struct command {
    char text[COMMAND_MAX];
    size_t used;
};

static void put(struct command *command, char c)
{
    if (command->used + 1 < sizeof(command->text))
        command->text[command->used++] = c;
}

static void put_times(struct command *command, char c, size_t count)
{
    while (count-- > 0)
        put(command, c);
}

/* Quotes as the C runtime takes them apart: backslashes count before a quote alone. */
static void add_argument(struct command *command, const char *argument)
{
    if (command->used > 0)
        put(command, ' ');
    put(command, '"');
    for (const char *at = argument; *at; at++) {
        size_t backslashes = strspn(at, "\\");
        at += backslashes;
        bool is_special = *at == '"' || *at == 0;
        put_times(command, '\\', is_special ? 2 * backslashes : backslashes);
        if (*at == 0)
            break;
        if (*at == '"')
            put(command, '\\');
        put(command, *at);
    }
    put(command, '"');
}

/* Workers end with the program and cannot take all memory. */
static HANDLE workers_job(void)
{
    static HANDLE job;
    if (!job) {
        JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.ProcessMemoryLimit = WORKER_MEMORY};
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        job = CreateJobObjectA(NULL, NULL);
        if (job)
            SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                    sizeof(limits));
    }
    return job;
}

/* Without it nothing is shared. */
static void make_shared(struct wht_process *process)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    char number[32];
    process->mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, 0,
                                          WHT_SHARED_SIZE, NULL);
    if (process->mapping)
        process->shared =
            MapViewOfFile(process->mapping, FILE_MAP_ALL_ACCESS, 0, 0, WHT_SHARED_SIZE);
    snprintf(number, sizeof(number), "%llu",
             process->shared ? (unsigned long long)(uintptr_t)process->mapping : 0ull);
    SetEnvironmentVariableA(SHARED_VARIABLE, number);
}

static bool spawn(struct wht_process *process, const char *const arguments[], HANDLE in, HANDLE out,
                  HANDLE said)
{
    static struct command command;
    char *program = wht_program_path();
    STARTUPINFOA start = {.cb = sizeof(start),
                          .dwFlags = STARTF_USESTDHANDLES,
                          .hStdInput = in,
                          .hStdOutput = out,
                          .hStdError = said};
    PROCESS_INFORMATION info;
    if (!program)
        return false;
    command.used = 0;
    add_argument(&command, program);
    for (size_t i = 0; arguments[i]; i++)
        add_argument(&command, arguments[i]);
    command.text[command.used] = 0;
    make_shared(process);
    bool started =
        CreateProcessA(program, command.text, NULL, NULL, TRUE, 0, NULL, NULL, &start, &info) != 0;
    if (process->mapping) /* other workers shall not have it */
        SetHandleInformation(process->mapping, HANDLE_FLAG_INHERIT, 0);
    free(program);
    if (!started)
        return false;
    if (workers_job())
        AssignProcessToJobObject(workers_job(), info.hProcess);
    CloseHandle(info.hThread);
    process->process = info.hProcess;
    return true;
}

static bool make_pipe(HANDLE *read, HANDLE *write, bool child_reads)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    if (!CreatePipe(read, write, &inherited, 1 << 16))
        return false;
    return SetHandleInformation(child_reads ? *write : *read, HANDLE_FLAG_INHERIT, 0) != 0;
}

static void close_handle(HANDLE handle)
{
    if (handle)
        CloseHandle(handle);
}

static void release(struct wht_process *process)
{
    if (process->shared)
        UnmapViewOfFile(process->shared);
    close_handle(process->mapping);
    free(process);
}

struct wht_process *wht_process_start(const char *const arguments[])
{
    HANDLE in = NULL, to = NULL, from = NULL, out = NULL, said = NULL, say = NULL;
    struct wht_process *process = calloc(1, sizeof(*process));
    bool started = process && make_pipe(&in, &to, true) && make_pipe(&from, &out, false) &&
                   make_pipe(&said, &say, false) && spawn(process, arguments, in, out, say);
    close_handle(in);
    close_handle(out);
    close_handle(say);
    if (started) {
        process->to = to;
        process->from = from;
        process->said = said;
        return process;
    }
    close_handle(to);
    close_handle(from);
    close_handle(said);
    if (process)
        release(process);
    return NULL;
}

static bool write_all(HANDLE handle, const char *data, size_t size)
{
    while (size > 0) {
        DWORD written;
        if (!WriteFile(handle, data, (DWORD)(size < (1u << 20) ? size : 1u << 20), &written, NULL))
            return false;
        data += written;
        size -= written;
    }
    return true;
}

bool wht_process_send(struct wht_process *process, const void *data, size_t size)
{
    return write_all(process->to, data, size);
}

size_t wht_process_receive(struct wht_process *process, void *data, size_t size)
{
    DWORD got;
    if (!ReadFile(process->from, data, (DWORD)size, &got, NULL))
        return 0;
    return got;
}

/* A pipe whose other end is gone is ready too: reading it tells. */
static bool is_ready(const struct wht_process *process)
{
    DWORD available;
    return !PeekNamedPipe(process->from, NULL, 0, NULL, &available, NULL) || available > 0;
}

const void *wht_process_shared(const struct wht_process *process)
{
    return process->shared;
}

/* Passes on what a process prints and keeps its end. */
static void hear_said(struct wht_process *process)
{
    char bytes[4096];
    DWORD available, got;
    while (PeekNamedPipe(process->said, NULL, 0, NULL, &available, NULL) && available > 0) {
        if (!ReadFile(process->said, bytes, sizeof(bytes), &got, NULL) || got == 0)
            return;
        write_all(GetStdHandle(STD_ERROR_HANDLE), bytes, wht_said_add(&process->tail, bytes, got));
        if (got < sizeof(bytes)) /* others want to be heard, too */
            return;
    }
}

/* Anonymous pipes cannot be waited for. */
void wht_process_wait(struct wht_process *const *processes, size_t count, int timeout_ms,
                      bool *ready)
{
    uint64_t end = wht_now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    for (;;) {
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            if (processes[i])
                hear_said(processes[i]);
            ready[i] = processes[i] && is_ready(processes[i]);
            any |= ready[i];
        }
        if (any || (timeout_ms >= 0 && wht_now_ms() >= end))
            return;
        Sleep(PAUSE_MS);
    }
}

void wht_process_kill(struct wht_process *process)
{
    TerminateProcess(process->process, 1);
}

static void describe_end(DWORD code, char *how)
{
    const char *name = code == (DWORD)STATUS_ACCESS_VIOLATION         ? " (access violation)"
                       : code == (DWORD)STATUS_STACK_OVERFLOW         ? " (stack overflow)"
                       : code == (DWORD)STATUS_ILLEGAL_INSTRUCTION    ? " (illegal instruction)"
                       : code == (DWORD)STATUS_INTEGER_DIVIDE_BY_ZERO ? " (division by zero)"
                                                                      : "";
    if (code >= 0xc0000000u)
        snprintf(how, WHT_PROCESS_HOW_MAX, "crashed with exception 0x%08lx%s", code, name);
    else
        snprintf(how, WHT_PROCESS_HOW_MAX, "ended the process with exit code %lu", code);
}

/* An emulator's destructors may hang as well as anything else of it. Returns whether it ended. */
static bool wait_for_end(struct wht_process *process)
{
    uint64_t end = wht_now_ms() + END_MS;
    do {
        hear_said(process); /* who prints into a full pipe never ends */
        if (WaitForSingleObject(process->process, PAUSE_MS) == WAIT_OBJECT_0)
            return true;
    } while (wht_now_ms() < end);
    TerminateProcess(process->process, 1);
    WaitForSingleObject(process->process, INFINITE);
    return false;
}

bool wht_process_end(struct wht_process *process, struct wht_process_left *left)
{
    DWORD code = 0;
    CloseHandle(process->to);
    bool has_ended = wait_for_end(process);
    GetExitCodeProcess(process->process, &code);
    hear_said(process);
    CloseHandle(process->from);
    CloseHandle(process->said);
    CloseHandle(process->process);
    wht_process_left_take(left, process->shared, &process->tail);
    if (has_ended)
        describe_end(code, left->how);
    release(process);
    return has_ended && code == 0;
}

static HANDLE worker_in, worker_out;

static HANDLE move_away(DWORD standard)
{
    HANDLE moved = NULL;
    HANDLE self = GetCurrentProcess();
    DuplicateHandle(self, GetStdHandle(standard), self, &moved, 0, FALSE, DUPLICATE_SAME_ACCESS);
    return moved;
}

static void *worker_shared;

void *wht_worker_shared(void)
{
    return worker_shared;
}

void wht_worker_forget_said(void)
{
    fflush(stdout);
    write_all(GetStdHandle(STD_ERROR_HANDLE), "", 1);
}

static void open_shared(void)
{
    const char *number = getenv(SHARED_VARIABLE);
    HANDLE mapping = (HANDLE)(uintptr_t)(number ? strtoull(number, NULL, 10) : 0);
    if (!mapping)
        return;
    worker_shared = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, WHT_SHARED_SIZE);
    CloseHandle(mapping);
}

void wht_worker_prepare(void)
{
    open_shared();
    /* No dialogue when an emulator crashes. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    worker_in = move_away(STD_INPUT_HANDLE);
    worker_out = move_away(STD_OUTPUT_HANDLE);
    fflush(stdout);
    _dup2(_fileno(stderr), _fileno(stdout));
    SetStdHandle(STD_OUTPUT_HANDLE, GetStdHandle(STD_ERROR_HANDLE));
    setvbuf(stdout, NULL, _IONBF, 0); /* what is printed before a crash is not lost */
    if (!freopen("NUL", "r", stdin))
        fclose(stdin);
}

void wht_worker_send(const void *data, size_t size)
{
    if (!write_all(worker_out, data, size))
        _exit(0);
}

bool wht_worker_receive(void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        DWORD got;
        if (!ReadFile(worker_in, at, (DWORD)size, &got, NULL) || got == 0)
            return false;
        at += got;
        size -= got;
    }
    return true;
}
