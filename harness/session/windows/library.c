/* SPDX-License-Identifier: MIT */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <stdio.h>
#include <string.h>

#include "session/library.h"

static void describe_error(const char *path, DWORD code, char *error, size_t n)
{
    char text[256];
    DWORD length = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                                  code, 0, text, sizeof(text), NULL);
    while (length > 0 && (unsigned char)text[length - 1] <= ' ')
        length--;
    text[length < sizeof(text) ? length : 0] = 0;
    if (code == ERROR_BAD_EXE_FORMAT)
        snprintf(error, n, "%s: is no library for this processor", path);
    else
        snprintf(error, n, "%s: %s (error %lu)", path, text, code);
}

void *wht_library_open(const char *path, char *error, size_t n)
{
    char full[MAX_PATH];
    DWORD attributes = GetFileAttributesA(path);
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        snprintf(error, n, "%s: is a folder", path);
        return NULL;
    }
    /* The full path keeps Windows from searching, and lets it find the library's own neighbours. */
    DWORD length = GetFullPathNameA(path, sizeof(full), full, NULL);
    HMODULE library = NULL;
    if (length > 0 && length < sizeof(full))
        library = LoadLibraryExA(full, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!library)
        describe_error(path, GetLastError(), error, n);
    return library;
}

wht_function *wht_library_find(void *library, const char *name)
{
    FARPROC found = GetProcAddress(library, name);
    wht_function *function;
    memcpy(&function, &found, sizeof(function));
    return function;
}

void wht_library_close(void *library)
{
    FreeLibrary(library);
}
