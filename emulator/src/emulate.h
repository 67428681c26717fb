/* SPDX-License-Identifier: MIT */
/**
 * @file emulate.h
 * The fixed pipeline of one call.
 */
#ifndef WHE_EMULATE_H
#define WHE_EMULATE_H

#include <whvemu/whv_abi.h>

#include "decode_cache.h"

/** What a handle points at. */
struct whe_emulator {
    uint64_t mark; /**< tells handles from other pointers */
    WHV_EMULATOR_CALLBACKS callbacks;
    struct whe_decode_cache cache;
};

/**
 * Emulates the instruction that caused a memory exit and publishes its effects with one Set.
 * @param context handed to the callbacks.
 * @param access  at most 16 instruction bytes, and an access type that exists.
 * @param status  receives how it ended.
 * @return S_OK.
 */
HRESULT whe_emulate_memory_exit(struct whe_emulator *emulator, void *context,
                                const WHV_VP_EXIT_CONTEXT *vp,
                                const WHV_MEMORY_ACCESS_CONTEXT *access,
                                WHV_EMULATOR_STATUS *status);

/**
 * As whe_emulate_memory_exit, for a port access.
 * @param access at most 16 instruction bytes; AccessSize 1, 2 or 4 unless StringOp is set.
 */
HRESULT whe_emulate_port_exit(struct whe_emulator *emulator, void *context,
                              const WHV_VP_EXIT_CONTEXT *vp,
                              const WHV_X64_IO_PORT_ACCESS_CONTEXT *access,
                              WHV_EMULATOR_STATUS *status);

#endif
