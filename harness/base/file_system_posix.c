/* SPDX-License-Identifier: MIT */
#include "file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "str.h"

#define PATH_SIZE 4096u
#define LINKS_MAX 40u

static enum wht_file_kind kind_of(const struct stat *info, struct wht_file_id *id)
{
    *id = (struct wht_file_id){(uint64_t)info->st_dev, (uint64_t)info->st_ino};
    return S_ISREG(info->st_mode) ? WHT_FILE_REGULAR : WHT_FILE_OTHER;
}

enum wht_file_kind wht_file_identify(const char *path, struct wht_file_id *id)
{
    struct stat info;
    return stat(path, &info) == 0 ? kind_of(&info, id) : WHT_FILE_NONE;
}

enum wht_file_kind wht_file_identify_open(FILE *file, struct wht_file_id *id)
{
    struct stat info;
    return fstat(fileno(file), &info) == 0 ? kind_of(&info, id) : WHT_FILE_NONE;
}

bool wht_file_is_stream(const char *path)
{
    static const char *const starts[] = {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(path, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* @return FOLDER/NAME, FOLDER being what stands before the last slash of a path. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const size_t length = slash && name[0] != '/' ? (size_t)(slash + 1 - path) : 0;
    const size_t size = strlen(name) + 1;
    char *joined = wht_reallocate(NULL, length + size);
    memcpy(joined, path, length);
    memcpy(joined + length, name, size);
    return joined;
}

/* A file that does not exist, in a folder that does. */
static char *resolve_new(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = beside(path, slash ? "." : "./");
    char *real = realpath(folder, NULL);
    free(folder);
    if (!real)
        return NULL;
    size_t size = strlen(real) + strlen(path) + 2;
    char *joined = wht_reallocate(NULL, size);
    snprintf(joined, size, "%s/%s", strcmp(real, "/") == 0 ? "" : real, slash ? slash + 1 : path);
    free(real);
    return joined;
}

/* A link may lead to a file that does not exist yet. */
char *wht_file_resolve(const char *path)
{
    char *real = realpath(path, NULL);
    char *at = real || errno != ENOENT ? NULL : beside("", path);
    for (unsigned i = 0; at && !real && i < LINKS_MAX; i++) {
        char link[PATH_SIZE];
        ssize_t size = readlink(at, link, sizeof(link) - 1);
        if (size < 0) {
            real = resolve_new(at);
            break;
        }
        link[size] = 0;
        char *next = beside(at, link);
        free(at);
        at = next;
    }
    free(at);
    return real;
}

bool wht_file_is_same_path(const char *left, const char *right)
{
    return strcmp(left, right) == 0;
}

bool wht_file_is_writable(const char *path)
{
    return access(path, W_OK) == 0;
}

FILE *wht_file_create(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

/* Only root can give a file away; others keep a file of their own with the same permissions. */
static bool make_like(int fd, const char *like)
{
    struct stat info, own;
    if (stat(like, &info) != 0 || fstat(fd, &own) != 0)
        return false;
    mode_t mode = info.st_mode & 07777;
    bool is_ours = own.st_uid == info.st_uid && own.st_gid == info.st_gid;
    if (!is_ours && fchown(fd, info.st_uid, info.st_gid) != 0)
        mode &= 0777;
    return fchmod(fd, mode) == 0;
}

bool wht_file_settle(FILE *file, const char *like)
{
    int fd = fileno(file);
    if (like && !make_like(fd, like))
        return false;
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

/* A link is refused where the name exists, a rename is not; not every file system has links. */
bool wht_file_move(const char *from, const char *to, bool replaces)
{
    struct stat info;
    if (!replaces) {
        if (link(from, to) == 0)
            return unlink(from) == 0;
        if (errno == EEXIST)
            return false;
        if (lstat(to, &info) == 0) {
            errno = EEXIST;
            return false;
        }
    }
    return rename(from, to) == 0;
}

void wht_file_remove(const char *path)
{
    unlink(path);
}

bool wht_file_cut(FILE *file, long size)
{
    return ftruncate(fileno(file), size) == 0;
}

uint64_t wht_random(void)
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) == (ssize_t)sizeof(number))
        return number;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 16) *
           UINT64_C(0x9e3779b97f4a7c15);
}
