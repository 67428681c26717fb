/* SPDX-License-Identifier: MIT */
/* Where a worker crashed, told by a filter for exceptions that nobody handles. */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "run/process.h"
#include "session/progress.h"

/* How far up the stack a way back into the emulator's library is looked for. */
#define WORDS_MAX 8192u

static struct wht_progress *progress;
static const char *library_path;

static void name_module(struct wht_code_place *place, HMODULE module, uintptr_t address)
{
    char path[MAX_PATH];
    DWORD length = GetModuleFileNameA(module, path, sizeof(path));
    if (length == 0 || length >= sizeof(path))
        return;
    const char *name = wht_last_part(path, "/\\");
    size_t size = strlen(name);
    if (size >= sizeof(place->module))
        size = sizeof(place->module) - 1;
    memcpy(place->module, name, size);
    place->module[size] = 0;
    place->offset = address - (uintptr_t)module;
}

static HMODULE module_of(uintptr_t address)
{
    HMODULE module = NULL;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                           GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (LPCSTR)address, &module);
    return module;
}

static void describe_place(uintptr_t pc)
{
    HMODULE module = module_of(pc);
    /* The emulator may have written there before it crashed. */
    memset(&progress->at, 0, sizeof(progress->at));
    memset(&progress->from, 0, sizeof(progress->from));
    progress->at.offset = pc;
    if (module)
        name_module(&progress->at, module, pc);
}

/* The nearest word of the stack that leads back into the emulator's library. */
static void find_caller(uintptr_t pc, uintptr_t sp)
{
    HMODULE library = library_path ? GetModuleHandleA(library_path) : NULL;
    MEMORY_BASIC_INFORMATION info;
    if (!library || module_of(pc) == library || !VirtualQuery((void *)sp, &info, sizeof(info)))
        return;
    uintptr_t end = (uintptr_t)info.BaseAddress + info.RegionSize;
    uintptr_t at = sp & ~(uintptr_t)(sizeof(uintptr_t) - 1);
    for (size_t i = 0; i < WORDS_MAX && at + sizeof(uintptr_t) <= end; i++) {
        uintptr_t word = *(const uintptr_t *)at;
        if (word > (uintptr_t)library && module_of(word) == library) {
            name_module(&progress->from, library, word);
            return;
        }
        at += sizeof(uintptr_t);
    }
}

static LONG WINAPI on_exception(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    uintptr_t pc = (uintptr_t)record->ExceptionAddress;
    progress->has_crashed = record->ExceptionCode;
    progress->has_address =
        record->ExceptionCode == (DWORD)EXCEPTION_ACCESS_VIOLATION && record->NumberParameters > 1;
    if (progress->has_address)
        progress->address_accessed = record->ExceptionInformation[1];
    describe_place(pc);
#ifdef _WIN64
    find_caller(pc, (uintptr_t)exception->ContextRecord->Rsp);
#else
    find_caller(pc, (uintptr_t)exception->ContextRecord->Esp);
#endif
    return EXCEPTION_EXECUTE_HANDLER; /* the process ends with the exception's code */
}

/* abort() raises no exception. */
static void on_abort(int number)
{
    CONTEXT here;
    progress->has_crashed = (uint32_t)number;
    RtlCaptureContext(&here);
#ifdef _WIN64
    describe_place((uintptr_t)here.Rip);
    find_caller((uintptr_t)here.Rip, (uintptr_t)here.Rsp);
#else
    describe_place((uintptr_t)here.Eip);
    find_caller((uintptr_t)here.Eip, (uintptr_t)here.Esp);
#endif
}

void wht_worker_watch_crashes(struct wht_progress *where, const char *library)
{
    progress = where;
    library_path = library;
    SetUnhandledExceptionFilter(on_exception);
    signal(SIGABRT, on_abort);
}
