/* SPDX-License-Identifier: MIT */
#include <windows.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "base/absolute.h"

char *wht_absolute_path(const char *path)
{
    struct stat info;
    char *absolute = stat(path, &info) == 0 ? _fullpath(NULL, path, 0) : NULL;
    for (char *at = absolute; at && *at; at++) {
        if (*at == '\\')
            *at = '/';
    }
    return absolute;
}

bool wht_folder_identify(const char *path, struct wht_folder_id *id, bool *is_link)
{
    BY_HANDLE_FILE_INFORMATION info;
    DWORD attributes = GetFileAttributesA(path);
    if (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return false;
    *id = (struct wht_folder_id){.number = 0};
    *is_link = (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    HANDLE folder = CreateFileA(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (folder == INVALID_HANDLE_VALUE)
        return true; /* opening it tells why it cannot be read */
    if (GetFileInformationByHandle(folder, &info)) {
        id->device = info.dwVolumeSerialNumber;
        id->number = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    }
    CloseHandle(folder);
    return true;
}
