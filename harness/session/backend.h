/* SPDX-License-Identifier: MIT */
/**
 * @file backend.h
 * The emulator under test as a table of functions: the built-in one, or any shared library that
 * exports the four functions of the API.
 */
#ifndef WHVTRACE_SESSION_BACKEND_H
#define WHVTRACE_SESSION_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include <whvemu/emulator.h>
#include <whvemu/preview.h>
#include <whvemu/reason.h>

/** Enough for every message of wht_backend_open(). */
#define WHT_BACKEND_ERROR_MAX 512

#define WHT_BACKEND_BUILTIN "builtin"

/** The entry points of one emulator. The preview's and `reason` may be NULL. Tests fill it with
 * fakes. */
struct wht_backend {
    HRESULT(WINAPI *create)(const WHV_EMULATOR_CALLBACKS *, WHV_EMULATOR_HANDLE *);
    HRESULT(WINAPI *destroy)(WHV_EMULATOR_HANDLE);
    HRESULT(WINAPI *try_io)
    (WHV_EMULATOR_HANDLE, VOID *, const WHV_VP_EXIT_CONTEXT *,
     const WHV_X64_IO_PORT_ACCESS_CONTEXT *, WHV_EMULATOR_STATUS *);
    HRESULT(WINAPI *try_mmio)
    (WHV_EMULATOR_HANDLE, VOID *, const WHV_VP_EXIT_CONTEXT *, const WHV_MEMORY_ACCESS_CONTEXT *,
     WHV_EMULATOR_STATUS *);
    HRESULT(WINAPI *preview_create)(WHV_PREVIEW_EMULATOR_CALLBACKS, WHV_EMULATOR_HANDLE *);
    HRESULT(WINAPI *preview_destroy)(WHV_EMULATOR_HANDLE);
    HRESULT(WINAPI *preview_try_io)
    (WHV_EMULATOR_HANDLE, VOID *, WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *,
     WHV_PREVIEW_EMULATOR_STATUS *);
    HRESULT(WINAPI *preview_try_mmio)
    (WHV_EMULATOR_HANDLE, VOID *, WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *,
     WHV_PREVIEW_EMULATOR_STATUS *);
    /** whvemu_reason(). */
    const char *(*reason)(WHV_EMULATOR_HANDLE);
    /** NULL for the built-in emulator and for fakes. */
    void *library;
};

/**
 * Opens an emulator.
 * @param emulator "builtin", or the path of a shared library.
 * @param backend  filled in on success; release it with wht_backend_close().
 * @param error    WHT_BACKEND_ERROR_MAX bytes; on failure one line that says what is wrong.
 * @return false if it cannot be loaded or lacks an export.
 */
bool wht_backend_open(const char *emulator, struct wht_backend *backend, char *error);
void wht_backend_close(struct wht_backend *backend);

/** @return whether cases in the preview form can be run. */
bool wht_backend_has_preview(const struct wht_backend *backend);

#endif
