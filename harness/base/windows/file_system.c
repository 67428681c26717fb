/* SPDX-License-Identifier: MIT */
#define _CRT_RAND_S
#include <stdlib.h>

#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <sys/stat.h>

#include "base/absolute.h"
#include "base/file_system.h"

static enum wht_file_kind kind_of(HANDLE handle, struct wht_file_id *id)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (GetFileType(handle) != FILE_TYPE_DISK || !GetFileInformationByHandle(handle, &info))
        return WHT_FILE_OTHER;
    id->volume = info.dwVolumeSerialNumber;
    id->index = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    return info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? WHT_FILE_OTHER : WHT_FILE_REGULAR;
}

enum wht_file_kind wht_file_identify(const char *path, struct wht_file_id *id)
{
    *id = (struct wht_file_id){0, 0};
    HANDLE handle = CreateFileA(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return WHT_FILE_NONE;
    enum wht_file_kind kind = kind_of(handle, id);
    CloseHandle(handle);
    return kind;
}

enum wht_file_kind wht_file_identify_open(FILE *file, struct wht_file_id *id)
{
    *id = (struct wht_file_id){0, 0};
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(file));
    return handle == INVALID_HANDLE_VALUE ? WHT_FILE_NONE : kind_of(handle, id);
}

bool wht_file_is_stream(const char *path)
{
    (void)path; /* such names are no regular files here */
    return false;
}

char *wht_file_resolve(const char *path)
{
    char *existing = wht_absolute_path(path);
    if (existing)
        return existing;
    char *absolute = _fullpath(NULL, path, 0);
    char *last = NULL;
    for (char *at = absolute; at && *at; at++) {
        if (*at == '\\')
            *at = '/';
        if (*at == '/')
            last = at;
    }
    if (!last)
        return absolute;
    /* The folder must exist. */
    *last = 0;
    struct stat info;
    bool is_there = last == absolute || last[-1] == ':' || stat(absolute, &info) == 0;
    *last = '/';
    if (is_there)
        return absolute;
    free(absolute);
    errno = ENOENT;
    return NULL;
}

bool wht_file_is_same_path(const char *left, const char *right)
{
    return _stricmp(left, right) == 0;
}

bool wht_file_is_writable(const char *path)
{
    return _access(path, 2) == 0;
}

static int errno_from(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
        return ENOENT;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
        return EEXIST;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
        return EACCES;
    case ERROR_DISK_FULL:
        return ENOSPC;
    default:
        return EIO;
    }
}

/* Shared for deletion, so that the file can be removed while it is open. */
FILE *wht_file_create(const char *path)
{
    HANDLE handle = CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        errno = errno_from(GetLastError());
        return NULL;
    }
    int fd = _open_osfhandle((intptr_t)handle, _O_BINARY | _O_NOINHERIT);
    if (fd < 0) {
        CloseHandle(handle);
        return NULL;
    }
    FILE *file = _fdopen(fd, "w+b");
    if (!file)
        _close(fd);
    return file;
}

/* Permissions come from the folder here. */
bool wht_file_settle(FILE *file, const char *like)
{
    (void)like;
    return _commit(_fileno(file)) == 0;
}

bool wht_file_move(const char *from, const char *to, bool replaces)
{
    DWORD flags = MOVEFILE_WRITE_THROUGH | (replaces ? MOVEFILE_REPLACE_EXISTING : 0);
    if (MoveFileExA(from, to, flags))
        return true;
    errno = errno_from(GetLastError());
    return false;
}

void wht_file_remove(const char *path)
{
    DeleteFileA(path);
}

bool wht_file_cut(FILE *file, long size)
{
    return _chsize_s(_fileno(file), size) == 0;
}

uint64_t wht_random(void)
{
    unsigned high = 0, low = 0;
    rand_s(&high);
    rand_s(&low);
    return (uint64_t)high << 32 | low;
}
