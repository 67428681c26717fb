/* SPDX-License-Identifier: MIT */
/*
 * Where a worker crashed. All of it runs in a signal handler, on a stack of its own: system calls,
 * static memory, and nothing else. Modules are found in /proc/self/maps, because the loader's own
 * lists are guarded by locks that the crash may hold.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "process.h"
#include "session/progress.h"

#define STACK_BYTES   65536u
#define LINE_MAX_SIZE 512u
/* How far up the stack a way back into the emulator's library is looked for. */
#define WORDS_MAX 8192u

static struct wht_progress *progress;
static const char *library_name; /* without folders */

/* One line of the maps. */
struct mapping {
    uintptr_t start;
    uintptr_t end;
    bool is_code;
    const char *name; /* of the file, without folders; "" for memory without one */
};

/* What is looked for while the maps are read. */
struct search {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t stack_end;  /* 0: not found */
    uintptr_t code_start; /* of the emulator's library */
    uintptr_t code_end;
    uintptr_t library_base;
    char module[LINE_MAX_SIZE]; /* the file that the last lines were about */
    uintptr_t module_base;
};

static uintptr_t take_hex(const char **text)
{
    uintptr_t value = 0;
    for (;; (*text)++) {
        char c = **text;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uintptr_t)(c - 'a' + 10);
        else
            return value;
    }
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "7f00-7f10 r-xp 00001000 08:01 42    /usr/lib/libc.so.6" */
static struct mapping parse(const char *line)
{
    struct mapping m = {.name = ""};
    m.start = take_hex(&line);
    line += *line == '-';
    m.end = take_hex(&line);
    m.is_code = strlen(line) > 3 && line[3] == 'x';
    const char *path = strchr(line, '/');
    if (path)
        m.name = file_name(path);
    return m;
}

static void copy_name(char *to, size_t size, const char *name)
{
    size_t length = strlen(name);
    if (length >= size)
        length = size - 1;
    memcpy(to, name, length);
    to[length] = 0;
}

static void take_line(struct search *s, const char *line)
{
    struct mapping m = parse(line);
    if (strcmp(s->module, m.name) != 0) {
        copy_name(s->module, sizeof(s->module), m.name);
        s->module_base = m.start;
    }
    if (s->pc >= m.start && s->pc < m.end && m.name[0]) {
        copy_name(progress->at.module, sizeof(progress->at.module), m.name);
        progress->at.offset = s->pc - s->module_base;
    }
    if (s->sp >= m.start && s->sp < m.end)
        s->stack_end = m.end;
    if (library_name && m.is_code && strcmp(m.name, library_name) == 0) {
        s->code_start = m.start;
        s->code_end = m.end;
        s->library_base = s->module_base;
    }
}

static void read_maps(struct search *s)
{
    static char buffer[4096];
    static char line[LINE_MAX_SIZE];
    size_t used = 0;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    for (ssize_t got; (got = read(fd, buffer, sizeof(buffer))) > 0;) {
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] != '\n') {
                line[used] = buffer[i];
                used += used < sizeof(line) - 1;
                continue;
            }
            line[used] = 0;
            take_line(s, line);
            used = 0;
        }
    }
    close(fd);
}

/* The nearest word of the stack that leads back into the emulator's library. A sanitizer would take
   the search for an overflow. */
__attribute__((no_sanitize_address)) static void find_caller(const struct search *s)
{
    const uintptr_t *word = (const uintptr_t *)(s->sp & ~(uintptr_t)(sizeof(uintptr_t) - 1));
    bool is_inside = s->pc >= s->code_start && s->pc < s->code_end;
    if (s->code_end == 0 || is_inside || s->stack_end == 0)
        return;
    for (size_t i = 0; i < WORDS_MAX && (uintptr_t)(word + i + 1) <= s->stack_end; i++) {
        if (word[i] < s->code_start || word[i] >= s->code_end)
            continue;
        copy_name(progress->from.module, sizeof(progress->from.module), library_name);
        progress->from.offset = word[i] - s->library_base;
        return;
    }
}

static void take_registers(struct search *s, const ucontext_t *context)
{
#if defined(__x86_64__) && defined(__linux__)
    s->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    s->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__) && defined(__linux__)
    s->pc = (uintptr_t)context->uc_mcontext.pc;
    s->sp = (uintptr_t)context->uc_mcontext.sp;
#else
    (void)s;
    (void)context;
#endif
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    static struct search search;
    take_registers(&search, context);
    /* The emulator may have written there before it crashed. */
    memset(&progress->at, 0, sizeof(progress->at));
    memset(&progress->from, 0, sizeof(progress->from));
    progress->at.offset = search.pc;
    progress->has_address = (number == SIGSEGV || number == SIGBUS) && info->si_code > 0;
    if (progress->has_address)
        progress->address_accessed = (uint64_t)(uintptr_t)info->si_addr;
    progress->has_crashed = (uint32_t)number;
    read_maps(&search);
    find_caller(&search);
    raise(number); /* which is the default's now */
}

void wht_worker_watch_crashes(struct wht_progress *where, const char *library)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    static char stack[STACK_BYTES];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_crash};
    progress = where;
    library_name = library ? file_name(library) : NULL;
    sigaltstack(&alternate, NULL);
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
}
