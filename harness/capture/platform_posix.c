/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "platform.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static pthread_mutex_t locks[] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

void whvc_lock(enum whvc_lock lock)
{
    pthread_mutex_lock(&locks[lock]);
}

void whvc_unlock(enum whvc_lock lock)
{
    pthread_mutex_unlock(&locks[lock]);
}

void whvc_watch_process(void (*at_exit)(void), void (*in_child)(void))
{
    atexit(at_exit);
    pthread_atfork(NULL, NULL, in_child);
}

unsigned whvc_process_id(void)
{
    return (unsigned)getpid();
}

void whvc_date(char *text)
{
    time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) || strftime(text, WHVC_DATE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        *text = 0;
}

#if !defined(__x86_64__)
void whvc_describe_cpu(char *text, size_t size)
{
    struct utsname name;
    snprintf(text, size, "%s", uname(&name) == 0 ? name.machine : "");
}
#endif

void whvc_describe_system(char *text, size_t size)
{
    struct utsname name;
    *text = 0;
    if (uname(&name) == 0)
        snprintf(text, size, "%s %s %s", name.sysname, name.release, name.machine);
}

void whvc_describe_program(char *text, size_t size)
{
    char path[WHVC_PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = 0;
    /* A bare root may have no /proc. */
    snprintf(text, size, "%s",
             length > 0 ? wht_last_part(path, "/") : program_invocation_short_name);
}

/* Libraries have no version here but in their name, which the link's target tells. */
void whvc_describe_file(const char *path, char *version, size_t size)
{
    (void)path;
    (void)size;
    *version = 0;
}

void whvc_describe_library(void (*function)(void), char *file, size_t file_size, char *version,
                           size_t version_size)
{
    Dl_info info;
    void *address;
    memcpy(&address, &function, sizeof(address)); /* ISO C knows no such conversion */
    *version = 0;
    *file = 0;
    (void)version_size;
    if (dladdr(address, &info) == 0 || !info.dli_fname)
        return;
    char *real = realpath(info.dli_fname, NULL);
    snprintf(file, file_size, "%s", wht_last_part(real ? real : info.dli_fname, "/"));
    free(real);
}

bool whvc_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int whvc_append_open(const char *path, const char **error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat status;
    if (file < 0) {
        *error = strerror(errno);
        return -1;
    }
    /* A pipe or a device cannot be anybody's own. */
    bool is_regular = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    if (is_regular && flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(file);
        return -2;
    }
    return file;
}

uint64_t whvc_append_size(int file)
{
    struct stat status;
    return fstat(file, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* A limit on file sizes and a pipe without a reader send signals, which would end the VMM. */
static void hold_signals(sigset_t *held, sigset_t *before)
{
    sigemptyset(held);
    sigaddset(held, SIGXFSZ);
    sigaddset(held, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, held, before);
}

static void release_signals(const sigset_t *held, const sigset_t *before, bool has_failed)
{
    const struct timespec at_once = {0, 0};
    if (has_failed)
        sigtimedwait(held, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static size_t append_all(int file, const char *data, size_t size, const char **error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(file, data + done, size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            *error = strerror(written < 0 ? errno : EIO);
            return done;
        }
        done += (size_t)written;
    }
    return done;
}

size_t whvc_append(int file, const char *data, size_t size, bool sync, const char **error)
{
    sigset_t held, before;
    hold_signals(&held, &before);
    size_t done = append_all(file, data, size, error);
    release_signals(&held, &before, done < size);
    if (sync)
        fdatasync(file);
    return done;
}

void whvc_append_close(int file)
{
    close(file);
}

/* Blocks are reserved: a full disk would otherwise end the process when a page is touched. */
static bool map_file(const char *path, size_t size, struct whvc_mapping *mapping)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    void *memory = MAP_FAILED;
    sigset_t held, before;
    hold_signals(&held, &before);
    bool has_blocks =
        flock(file, LOCK_EX | LOCK_NB) == 0 && posix_fallocate(file, 0, (off_t)size) == 0;
    release_signals(&held, &before, !has_blocks);
    if (has_blocks)
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        unlink(path);
        close(file);
        return false;
    }
    *mapping = (struct whvc_mapping){memory, size, file};
    return true;
}

bool whvc_map(const char *path, size_t size, struct whvc_mapping *mapping)
{
    if (path && map_file(path, size, mapping))
        return true;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *mapping = (struct whvc_mapping){memory, size, -1};
    return memory != MAP_FAILED;
}

void whvc_unmap(struct whvc_mapping *mapping, const char *path)
{
    if (mapping->memory)
        munmap(mapping->memory, mapping->size);
    if (mapping->file >= 0 && path)
        unlink(path);
    if (mapping->file >= 0)
        close((int)mapping->file);
}

bool whvc_is_running(unsigned process)
{
    return kill((pid_t)process, 0) == 0 || errno == EPERM;
}

bool whvc_map_dead(const char *path, size_t smallest, struct whvc_mapping *mapping)
{
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (file < 0)
        return false;
    bool is_free =
        fstat(file, &status) == 0 && S_ISREG(status.st_mode) && flock(file, LOCK_EX | LOCK_NB) == 0;
    void *memory = NULL;
    if (is_free && (uint64_t)status.st_size >= smallest)
        memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (!is_free || memory == MAP_FAILED) {
        close(file);
        return false;
    }
    *mapping = (struct whvc_mapping){memory, (size_t)status.st_size, file};
    return true;
}

void whvc_find(const char *stem, void (*found)(const char *path, void *context), void *context)
{
    char folder[WHVC_PATH_MAX], path[2 * WHVC_PATH_MAX];
    const char *name = wht_last_part(stem, "/");
    snprintf(folder, sizeof(folder), "%.*s", (int)(name - stem), stem);
    DIR *directory = opendir(*folder ? folder : ".");
    const struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (strncmp(entry->d_name, name, strlen(name)) != 0)
            continue;
        snprintf(path, sizeof(path), "%s%s", folder, entry->d_name);
        found(path, context);
    }
    if (directory)
        closedir(directory);
}
