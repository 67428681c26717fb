/* SPDX-License-Identifier: MIT */
#include "invoke.h"

#include <stdio.h>
#include <string.h>

#include "exit_context.h"
#include "progress.h"

static HRESULT create_preview(const struct wht_backend *backend, const WHV_EMULATOR_CALLBACKS *t,
                              WHV_EMULATOR_HANDLE *handle)
{
    WHV_PREVIEW_EMULATOR_CALLBACKS table = {
        .WHvEmulatorIoPortCallback = t->WHvEmulatorIoPortCallback,
        .WHvEmulatorMemoryCallback = t->WHvEmulatorMemoryCallback,
        .WHvEmulatorGetVirtualProcessorRegisters = t->WHvEmulatorGetVirtualProcessorRegisters,
        .WHvEmulatorSetVirtualProcessorRegisters = t->WHvEmulatorSetVirtualProcessorRegisters,
        .WHvEmulatorTranslateGvaPage = t->WHvEmulatorTranslateGvaPage,
    };
    return backend->preview_create(table, handle);
}

static HRESULT create_shipping(const struct wht_backend *backend, const WHV_EMULATOR_CALLBACKS *t,
                               WHV_EMULATOR_HANDLE *handle)
{
    /* Emulators copy the table, so it may be a local and must be allowed to be one. */
    WHV_EMULATOR_CALLBACKS table = *t;
    HRESULT hr = backend->create(&table, handle);
    memset(&table, 0, sizeof(table));
    return hr;
}

bool wht_handles_open(struct wht_handles *handles, const struct wht_backend *backend,
                      const WHV_EMULATOR_CALLBACKS *table, char *error)
{
    *handles = (struct wht_handles){.backend = backend};
    const char *name = "WHvEmulatorCreateEmulator";
    wht_progress_enter(WHT_DOING_CREATE, name);
    HRESULT hr = create_shipping(backend, table, &handles->shipping);
    if (hr == S_OK && wht_backend_has_preview(backend)) {
        name = "WHvEmulatorCreateEmulatorPreview";
        wht_progress_enter(WHT_DOING_CREATE, name);
        hr = create_preview(backend, table, &handles->preview);
    }
    wht_progress_enter(WHT_DOING_NOTHING, "");
    if (hr == S_OK)
        return true;
    if (error)
        snprintf(error, WHT_BACKEND_ERROR_MAX, "%s returned 0x%08x", name, (unsigned)hr);
    wht_handles_close(handles);
    return false;
}

void wht_handles_close(struct wht_handles *handles)
{
    if (handles->shipping) {
        wht_progress_enter(WHT_DOING_DESTROY, "WHvEmulatorDestroyEmulator");
        wht_progress_destroyed(handles->backend->destroy(handles->shipping));
    }
    if (handles->preview) {
        wht_progress_enter(WHT_DOING_DESTROY, "WHvEmulatorDestroyEmulatorPreview");
        wht_progress_destroyed(handles->backend->preview_destroy(handles->preview));
    }
    wht_progress_enter(WHT_DOING_NOTHING, "");
    *handles = (struct wht_handles){.backend = handles->backend};
}

void wht_handles_keep(struct wht_handles *handles)
{
    /* They stay reachable, so that nobody takes them for lost. */
    static struct wht_handles kept[8];
    static size_t count;
    if (count < sizeof(kept) / sizeof(kept[0]))
        kept[count++] = *handles;
    *handles = (struct wht_handles){.backend = handles->backend};
}

/* Both contexts of a call, so that one comparison tells whether they were written to. */
struct exit_contexts {
    WHV_VP_EXIT_CONTEXT vp;
    union {
        WHV_X64_IO_PORT_ACCESS_CONTEXT io;
        WHV_MEMORY_ACCESS_CONTEXT memory;
    } access;
};

static void fill_behind(const struct wht_case *c, uint8_t bytes[16], uint8_t filler)
{
    if (c->exit.bytes_given < 16)
        memset(bytes + c->exit.bytes_given, filler, 16u - c->exit.bytes_given);
}

static HRESULT call_shipping(const struct wht_handles *handles, const struct wht_case *c,
                             void *context, uint8_t filler, uint32_t *status, bool *written)
{
    const struct wht_backend *backend = handles->backend;
    struct exit_contexts exit;
    struct exit_contexts before;
    WHV_EMULATOR_STATUS word = {.AsUINT32 = *status};
    HRESULT hr;
    memset(&exit, 0, sizeof(exit));
    wht_exit_vp(c, &exit.vp);
    if (c->exit.kind == WHT_EXIT_IO) {
        wht_exit_io(c, &exit.access.io);
        fill_behind(c, exit.access.io.InstructionBytes, filler);
    } else {
        wht_exit_memory(c, &exit.access.memory);
        fill_behind(c, exit.access.memory.InstructionBytes, filler);
    }
    memcpy(&before, &exit, sizeof(before));
    if (c->exit.kind == WHT_EXIT_IO)
        hr = backend->try_io(handles->shipping, context, &exit.vp, &exit.access.io, &word);
    else
        hr = backend->try_mmio(handles->shipping, context, &exit.vp, &exit.access.memory, &word);
    *written = memcmp(&before, &exit, sizeof(before)) != 0;
    *status = word.AsUINT32;
    return hr;
}

static HRESULT call_preview(const struct wht_handles *handles, const struct wht_case *c,
                            void *context, uint8_t filler, uint32_t *status)
{
    const struct wht_backend *backend = handles->backend;
    WHV_PREVIEW_EMULATOR_STATUS word = {.AsUINT32 = *status};
    HRESULT hr;
    if (c->exit.kind == WHT_EXIT_IO) {
        WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT io;
        wht_exit_preview_io(c, &io);
        fill_behind(c, io.InstructionBytes, filler);
        hr = backend->preview_try_io(handles->preview, context, &io, &word);
    } else {
        WHV_PREVIEW_MEMORY_ACCESS_CONTEXT memory;
        wht_exit_preview_memory(c, &memory);
        fill_behind(c, memory.InstructionBytes, filler);
        hr = backend->preview_try_mmio(handles->preview, context, &memory, &word);
    }
    *status = word.AsUINT32;
    return hr;
}

HRESULT wht_invoke(const struct wht_handles *handles, const struct wht_case *c, void *context,
                   uint8_t filler, uint32_t *status, bool *written)
{
    HRESULT hr;
    *written = false;
    wht_progress_enter(WHT_DOING_CALL, c->exit.kind == WHT_EXIT_IO ? "WHvEmulatorTryIoEmulation"
                                                                   : "WHvEmulatorTryMmioEmulation");
    if (c->api == WHT_API_PREVIEW)
        hr = call_preview(handles, c, context, filler, status);
    else
        hr = call_shipping(handles, c, context, filler, status, written);
    wht_progress_enter(WHT_DOING_NOTHING, "");
    return hr;
}

void wht_invoke_reason(const struct wht_handles *handles, const struct wht_case *c, char *reason,
                       size_t n)
{
    const struct wht_backend *backend = handles->backend;
    size_t length = 0;
    const char *said =
        backend->reason
            ? backend->reason(c->api == WHT_API_PREVIEW ? handles->preview : handles->shipping)
            : NULL;
    for (; said && said[length] && length < n - 1; length++)
        reason[length] = said[length] >= ' ' && said[length] <= '~' ? said[length] : '?';
    reason[length] = 0;
}
