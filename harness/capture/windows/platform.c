/* SPDX-License-Identifier: MIT */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "platform.h"

static SRWLOCK locks[] = {SRWLOCK_INIT, SRWLOCK_INIT};

void whvc_lock(enum whvc_lock lock)
{
    AcquireSRWLockExclusive(&locks[lock]);
}

void whvc_unlock(enum whvc_lock lock)
{
    ReleaseSRWLockExclusive(&locks[lock]);
}

static void (*stop_at_exit)(void);

/*
 * When a process ends, Windows has ended its other threads already. One that held a lock has left
 * things half done: then the rings stay, and the next run takes what is in them.
 */
static void stop_if_possible(void)
{
    for (unsigned i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        if (!TryAcquireSRWLockExclusive(&locks[i]))
            return;
        ReleaseSRWLockExclusive(&locks[i]);
    }
    stop_at_exit();
}

void whvc_watch_process(void (*at_exit)(void), void (*in_child)(void))
{
    (void)in_child; /* there is no fork */
    stop_at_exit = at_exit;
    atexit(stop_if_possible);
}

unsigned whvc_process_id(void)
{
    return (unsigned)GetCurrentProcessId();
}

void whvc_date(char *text)
{
    SYSTEMTIME now;
    GetSystemTime(&now);
    snprintf(text, WHVC_DATE, "%04u-%02u-%02uT%02u:%02u:%02uZ", now.wYear % 10000u,
             now.wMonth % 100u, now.wDay % 100u, now.wHour % 100u, now.wMinute % 100u,
             now.wSecond % 100u);
}

/* The version that the system does not adapt to what the program was built for. */
void whvc_describe_system(char *text, size_t size)
{
    typedef LONG WINAPI get_version_fn(OSVERSIONINFOW *);
    OSVERSIONINFOW info = {.dwOSVersionInfoSize = sizeof(info)};
    HMODULE module = GetModuleHandleA("ntdll.dll");
    FARPROC found = module ? GetProcAddress(module, "RtlGetVersion") : NULL;
    get_version_fn *get_version;
    DWORD revision = 0;
    DWORD length = sizeof(revision);
    memcpy(&get_version, &found, sizeof(get_version));
    if (!get_version || get_version(&info) != 0) {
        snprintf(text, size, "Windows");
        return;
    }
    if (RegGetValueA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "UBR",
                     RRF_RT_REG_DWORD, NULL, &revision, &length) != ERROR_SUCCESS)
        revision = 0;
    snprintf(text, size, "Windows %lu.%lu.%lu.%lu", info.dwMajorVersion, info.dwMinorVersion,
             info.dwBuildNumber, revision);
}

void whvc_describe_program(char *text, size_t size)
{
    char path[MAX_PATH];
    DWORD length = GetModuleFileNameA(NULL, path, sizeof(path));
    path[length < sizeof(path) ? length : 0] = 0;
    snprintf(text, size, "%s", wht_last_part(path, "/\\"));
}

void whvc_describe_file(const char *path, char *version, size_t size)
{
    DWORD ignored;
    DWORD length = GetFileVersionInfoSizeA(path, &ignored);
    void *block = length > 0 ? malloc(length) : NULL;
    VS_FIXEDFILEINFO *info;
    UINT info_size;
    *version = 0;
    if (block && GetFileVersionInfoA(path, 0, length, block) &&
        VerQueryValueA(block, "\\", (void **)&info, &info_size))
        snprintf(version, size, "%lu.%lu.%lu.%lu", info->dwFileVersionMS >> 16,
                 info->dwFileVersionMS & 0xffff, info->dwFileVersionLS >> 16,
                 info->dwFileVersionLS & 0xffff);
    free(block);
}

void whvc_describe_library(void (*function)(void), char *file, size_t file_size, char *version,
                           size_t version_size)
{
    HMODULE module = NULL;
    char path[MAX_PATH];
    *file = 0;
    *version = 0;
    if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCSTR)(void *)(uintptr_t)function, &module))
        return;
    DWORD length = GetModuleFileNameA(module, path, sizeof(path));
    if (length == 0 || length >= sizeof(path))
        return;
    snprintf(file, file_size, "%s", wht_last_part(path, "/\\"));
    whvc_describe_file(path, version, version_size);
}

bool whvc_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Denying others to write is what marks the file as this process's own. */
int whvc_append_open(const char *path, const char **error)
{
    int file = _sopen(path, _O_WRONLY | _O_CREAT | _O_APPEND | _O_BINARY | _O_NOINHERIT, _SH_DENYWR,
                      _S_IREAD | _S_IWRITE);
    if (file >= 0)
        return file;
    if (_doserrno == ERROR_SHARING_VIOLATION)
        return -2;
    *error = strerror(errno);
    return -1;
}

uint64_t whvc_append_size(int file)
{
    __int64 size = _filelengthi64(file);
    return size > 0 ? (uint64_t)size : 0;
}

size_t whvc_append(int file, const char *data, size_t size, bool sync, const char **error)
{
    size_t done = 0;
    while (done < size) {
        size_t piece = size - done < (1u << 30) ? size - done : 1u << 30;
        int written = _write(file, data + done, (unsigned)piece);
        if (written <= 0) {
            *error = strerror(written < 0 ? errno : EIO);
            return done;
        }
        done += (size_t)written;
    }
    if (sync)
        _commit(file);
    return done;
}

void whvc_append_close(int file)
{
    _close(file);
}

static void *map_handle(HANDLE file, size_t size, bool writable)
{
    HANDLE mapping = CreateFileMappingA(file, NULL, writable ? PAGE_READWRITE : PAGE_READONLY,
                                        (DWORD)((uint64_t)size >> 32), (DWORD)size, NULL);
    void *memory = NULL;
    if (mapping) {
        memory = MapViewOfFile(mapping, writable ? FILE_MAP_WRITE : FILE_MAP_READ, 0, 0, size);
        CloseHandle(mapping); /* the view keeps it */
    }
    return memory;
}

/* A file that is mapped has its blocks: NTFS reserves them when the mapping extends it. */
static bool map_file(const char *path, size_t size, struct whvc_mapping *mapping)
{
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_NEW,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    void *memory = map_handle(file, size, true);
    if (!memory) {
        CloseHandle(file);
        DeleteFileA(path);
        return false;
    }
    *mapping = (struct whvc_mapping){memory, size, (intptr_t)file};
    return true;
}

bool whvc_map(const char *path, size_t size, struct whvc_mapping *mapping)
{
    if (path && map_file(path, size, mapping))
        return true;
    void *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    *mapping = (struct whvc_mapping){memory, size, -1};
    return memory != NULL;
}

void whvc_unmap(struct whvc_mapping *mapping, const char *path)
{
    if (mapping->file == -1) {
        VirtualFree(mapping->memory, 0, MEM_RELEASE);
        return;
    }
    if (mapping->memory)
        UnmapViewOfFile(mapping->memory);
    CloseHandle((HANDLE)mapping->file);
    if (path)
        DeleteFileA(path);
}

bool whvc_is_running(unsigned process)
{
    HANDLE handle = OpenProcess(SYNCHRONIZE, FALSE, process);
    bool is_running = handle ? WaitForSingleObject(handle, 0) == WAIT_TIMEOUT
                             : GetLastError() == ERROR_ACCESS_DENIED;
    if (handle)
        CloseHandle(handle);
    return is_running;
}

bool whvc_map_dead(const char *path, size_t smallest, struct whvc_mapping *mapping)
{
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    LARGE_INTEGER size;
    if (file == INVALID_HANDLE_VALUE)
        return false;
    void *memory = NULL;
    bool is_good = GetFileSizeEx(file, &size) != 0;
    if (is_good && (uint64_t)size.QuadPart >= smallest) {
        memory = map_handle(file, (size_t)size.QuadPart, false);
        is_good = memory != NULL;
    }
    if (!is_good) {
        CloseHandle(file);
        return false;
    }
    *mapping = (struct whvc_mapping){memory, (size_t)size.QuadPart, (intptr_t)file};
    return true;
}

void whvc_find(const char *stem, void (*found)(const char *path, void *context), void *context)
{
    char pattern[WHVC_PATH_MAX + 2], path[2 * WHVC_PATH_MAX];
    size_t folder = (size_t)(wht_last_part(stem, "/\\") - stem);
    WIN32_FIND_DATAA data;
    snprintf(pattern, sizeof(pattern), "%s*", stem);
    HANDLE search = FindFirstFileA(pattern, &data);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        snprintf(path, sizeof(path), "%.*s%s", (int)folder, stem, data.cFileName);
        found(path, context);
    } while (FindNextFileA(search, &data));
    FindClose(search);
}
