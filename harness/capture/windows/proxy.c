/* SPDX-License-Identifier: MIT */
/*
 * WinHvEmulation.dll beside a VMM: records, and forwards to the original. A program finds it before
 * the system's whether it names the library in its import table or asks LoadLibrary for it.
 */
#include <winsock2.h> /* must come before windows.h */

#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include <whvcapture/capture.h>

#include "platform.h"

#define NAME      "\\WinHvEmulation.dll"
#define NOT_FOUND HRESULT_FROM_WIN32(ERROR_PROC_NOT_FOUND)

static HRESULT loading = E_FAIL;

static void find(HMODULE module, const char *name, void *function)
{
    FARPROC found = GetProcAddress(module, name);
    memcpy(function, &found, sizeof(found));
}

/* Neither the proxy itself nor whatever stands in the program's folder: a full path. */
static HRESULT path_of_original(char *path, size_t size)
{
    const char *given = getenv("WHV_CAPTURE_EMULATOR");
    if (given && *given) {
        DWORD length = GetFullPathNameA(given, (DWORD)size, path, NULL);
        return length > 0 && length < size ? S_OK : HRESULT_FROM_WIN32(ERROR_BAD_PATHNAME);
    }
    UINT length = GetSystemDirectoryA(path, (UINT)(size - sizeof(NAME)));
    if (length == 0 || length >= size - sizeof(NAME))
        return HRESULT_FROM_WIN32(ERROR_BAD_PATHNAME);
    memcpy(path + length, NAME, sizeof(NAME));
    return S_OK;
}

static HRESULT load(void)
{
    char path[MAX_PATH];
    struct whvcapture_functions functions;
    HRESULT result = path_of_original(path, sizeof(path));
    if (result != S_OK)
        return result;
    HMODULE module = LoadLibraryExA(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!module) {
        result = HRESULT_FROM_WIN32(GetLastError());
        whvc_complain("%s: cannot be loaded (0x%08lx)", path, (unsigned long)result);
        return result;
    }
    find(module, "WHvEmulatorCreateEmulator", &functions.create);
    find(module, "WHvEmulatorDestroyEmulator", &functions.destroy);
    find(module, "WHvEmulatorTryIoEmulation", &functions.try_io);
    find(module, "WHvEmulatorTryMmioEmulation", &functions.try_mmio);
    find(module, "whvemu_reason", &functions.reason);
    if (!functions.create || !functions.destroy || !functions.try_io || !functions.try_mmio) {
        whvc_complain("%s: lacks a function of the emulator", path);
        return NOT_FOUND;
    }
    if (functions.create == WHvEmulatorCreateEmulator) {
        whvc_complain("%s: is the recorder itself", path);
        return HRESULT_FROM_WIN32(ERROR_CIRCULAR_DEPENDENCY);
    }
    whvcapture_wrap(NULL, &functions);
    return S_OK;
}

static BOOL CALLBACK load_once(INIT_ONCE *once, void *parameter, void **context)
{
    (void)once;
    (void)parameter;
    (void)context;
    loading = load();
    return TRUE;
}

/* Not when the library is loaded: another must not be loaded then. */
static HRESULT ready(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    InitOnceExecuteOnce(&once, load_once, NULL, NULL);
    return loading;
}

HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *Callbacks,
                                         WHV_EMULATOR_HANDLE *Emulator)
{
    HRESULT result = ready();
    return result == S_OK ? whvcapture_create(Callbacks, Emulator) : result;
}

HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE Emulator)
{
    HRESULT result = ready();
    return result == S_OK ? whvcapture_destroy(Emulator) : result;
}

HRESULT WINAPI WHvEmulatorTryIoEmulation(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                         const WHV_VP_EXIT_CONTEXT *VpContext,
                                         const WHV_X64_IO_PORT_ACCESS_CONTEXT *IoInstructionContext,
                                         WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    HRESULT result = ready();
    return result == S_OK ? whvcapture_try_io(Emulator, Context, VpContext, IoInstructionContext,
                                              EmulatorReturnStatus)
                          : result;
}

HRESULT WINAPI WHvEmulatorTryMmioEmulation(WHV_EMULATOR_HANDLE Emulator, VOID *Context,
                                           const WHV_VP_EXIT_CONTEXT *VpContext,
                                           const WHV_MEMORY_ACCESS_CONTEXT *MmioInstructionContext,
                                           WHV_EMULATOR_STATUS *EmulatorReturnStatus)
{
    HRESULT result = ready();
    return result == S_OK ? whvcapture_try_mmio(Emulator, Context, VpContext,
                                                MmioInstructionContext, EmulatorReturnStatus)
                          : result;
}
