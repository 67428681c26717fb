/* SPDX-License-Identifier: MIT */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <io.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/platform.h"

#include "base/outfile.h"

unsigned wht_processor_count(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwNumberOfProcessors > 0 ? (unsigned)info.dwNumberOfProcessors : 1;
}

uint64_t wht_now_ms(void)
{
    return GetTickCount64();
}

uint64_t wht_now_us(void)
{
    LARGE_INTEGER now, rate;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&rate);
    uint64_t ticks = (uint64_t)now.QuadPart, per_second = (uint64_t)rate.QuadPart;
    return ticks / per_second * 1000000u + ticks % per_second * 1000000u / per_second;
}

bool wht_is_terminal(FILE *file)
{
    return _isatty(_fileno(file)) != 0;
}

/* A console understands escape sequences once it is told to. */
bool wht_shows_colours(FILE *file)
{
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(file));
    DWORD mode;
    if (!wht_is_terminal(file) || !GetConsoleMode(handle, &mode))
        return false;
    return SetConsoleMode(handle, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

bool wht_is_debugged(void)
{
    return IsDebuggerPresent() != 0;
}

void wht_stop_in_debugger(void)
{
    DebugBreak();
}

char *wht_temporary_folder(void)
{
    char folder[MAX_PATH + 1];
    DWORD length = GetTempPathA(sizeof(folder), folder);
    return length > 0 && length < sizeof(folder) ? wht_absolute_path(folder) : NULL;
}

/* tmpfile() would put it where not everyone may write. */
FILE *wht_temporary_file(void)
{
    char folder[MAX_PATH + 1];
    char path[MAX_PATH + 1];
    DWORD length = GetTempPathA(sizeof(folder), folder);
    if (length == 0 || length >= sizeof(folder) || !GetTempFileNameA(folder, "wht", 0, path))
        return NULL;
    return fopen(path, "w+bTD"); /* deleted when it is closed */
}

bool wht_make_folder(const char *path)
{
    return CreateDirectoryA(path, NULL) != 0;
}

char *wht_program_path(void)
{
    char path[MAX_PATH];
    DWORD length = GetModuleFileNameA(NULL, path, sizeof(path));
    return length > 0 && length < sizeof(path) ? wht_absolute_path(path) : NULL;
}

static volatile LONG interrupted;

static volatile LONG is_caught; /* interrupts are remembered */

static BOOL WINAPI note_interrupt(DWORD event)
{
    (void)event;
    if (is_caught) {
        InterlockedExchange(&interrupted, 1);
        return TRUE;
    }
    wht_outfile_remove_all();
    return FALSE; /* the system ends the program */
}

void wht_prepare_process(void)
{
    SetConsoleCtrlHandler(note_interrupt, TRUE);
}

void wht_catch_interrupts(void)
{
    InterlockedExchange(&is_caught, 1);
}

void wht_release_interrupts(void)
{
    InterlockedExchange(&is_caught, 0);
}

bool wht_is_interrupted(void)
{
    return interrupted != 0;
}

/* There is no such signal here: a write fails, and that is all. */
void wht_survive_broken_pipes(void)
{
}

void wht_end_if_pipe_broke(int error)
{
    (void)error;
}
