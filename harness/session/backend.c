/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <stdio.h>
#include <string.h>

#include "library.h"

static const struct wht_backend builtin = {
    .create = WHvEmulatorCreateEmulator,
    .destroy = WHvEmulatorDestroyEmulator,
    .try_io = WHvEmulatorTryIoEmulation,
    .try_mmio = WHvEmulatorTryMmioEmulation,
    .preview_create = WHvEmulatorCreateEmulatorPreview,
    .preview_destroy = WHvEmulatorDestroyEmulatorPreview,
    .preview_try_io = WHvEmulatorTryIoEmulationPreview,
    .preview_try_mmio = WHvEmulatorTryMmioEmulationPreview,
    .reason = whvemu_reason,
};

/*
 * A pointer to any function may be stored as another; it is cast back to what the name stands for.
 */
#define RESOLVE(backend, member, name)                                                             \
    ((backend)->member = (__typeof__((backend)->member))wht_library_find((backend)->library, name))

static const char *resolve_shipping(struct wht_backend *b)
{
    if (!RESOLVE(b, create, "WHvEmulatorCreateEmulator"))
        return "WHvEmulatorCreateEmulator";
    if (!RESOLVE(b, destroy, "WHvEmulatorDestroyEmulator"))
        return "WHvEmulatorDestroyEmulator";
    if (!RESOLVE(b, try_io, "WHvEmulatorTryIoEmulation"))
        return "WHvEmulatorTryIoEmulation";
    if (!RESOLVE(b, try_mmio, "WHvEmulatorTryMmioEmulation"))
        return "WHvEmulatorTryMmioEmulation";
    return NULL;
}

static void resolve_preview(struct wht_backend *b)
{
    RESOLVE(b, preview_create, "WHvEmulatorCreateEmulatorPreview");
    RESOLVE(b, preview_destroy, "WHvEmulatorDestroyEmulatorPreview");
    RESOLVE(b, preview_try_io, "WHvEmulatorTryIoEmulationPreview");
    RESOLVE(b, preview_try_mmio, "WHvEmulatorTryMmioEmulationPreview");
}

bool wht_backend_open(const char *emulator, struct wht_backend *backend, char *error)
{
    if (strcmp(emulator, WHT_BACKEND_BUILTIN) == 0) {
        *backend = builtin;
        return true;
    }
    struct wht_backend b = {.library = wht_library_open(emulator, error, WHT_BACKEND_ERROR_MAX)};
    if (!b.library)
        return false;
    const char *missing = resolve_shipping(&b);
    if (missing) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "%s: does not export %s", emulator, missing);
        wht_library_close(b.library);
        return false;
    }
    resolve_preview(&b);
    RESOLVE(&b, reason, "whvemu_reason");
    *backend = b;
    return true;
}

void wht_backend_close(struct wht_backend *backend)
{
    if (backend->library)
        wht_library_close(backend->library);
    *backend = (struct wht_backend){.library = NULL};
}

bool wht_backend_has_preview(const struct wht_backend *backend)
{
    return backend->preview_create && backend->preview_destroy && backend->preview_try_io &&
           backend->preview_try_mmio;
}
