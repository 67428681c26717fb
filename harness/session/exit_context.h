/* SPDX-License-Identifier: MIT */
/**
 * @file exit_context.h
 * The structures that an emulator is handed for a case, in both layouts: traces/FORMAT.md, "exit".
 *
 * Instruction bytes behind those that are given are filled with WHT_BYTES_POISON: an emulator has
 * no business there.
 */
#ifndef WHVTRACE_SESSION_EXIT_CONTEXT_H
#define WHVTRACE_SESSION_EXIT_CONTEXT_H

#include "format/model.h"
#include <whvemu/preview.h>

/* INT3. */
#define WHT_BYTES_POISON 0xcc

void wht_exit_vp(const struct wht_case *c, WHV_VP_EXIT_CONTEXT *vp);
void wht_exit_memory(const struct wht_case *c, WHV_MEMORY_ACCESS_CONTEXT *memory);
void wht_exit_io(const struct wht_case *c, WHV_X64_IO_PORT_ACCESS_CONTEXT *io);

/** The preview's contexts embed the processor's. */
void wht_exit_preview_memory(const struct wht_case *c, WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *memory);
void wht_exit_preview_io(const struct wht_case *c, WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *io);

#endif
