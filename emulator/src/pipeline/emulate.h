/* SPDX-License-Identifier: MIT */
/**
 * @file emulate.h
 * The fixed pipeline of one call.
 */
#ifndef WHE_EMULATE_H
#define WHE_EMULATE_H

#include <whvemu/whv_abi.h>

#include "decode_cache.h"
#include "reason.h"

/** Marks of a handle, which tell it from other pointers. One at work is nobody's: what a callback
 * tries with it is refused like any other pointer. */
#define WHE_HANDLE_FREE UINT32_C(0x76687701)
#define WHE_HANDLE_BUSY UINT32_C(0x76687702)

/** What a handle points at. */
struct whe_emulator {
    /** WHE_HANDLE_FREE or WHE_HANDLE_BUSY. */
    uint32_t mark;
    WHV_EMULATOR_CALLBACKS callbacks;
    struct whe_decode_cache cache;
    struct whe_reason reason;
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
 * Ends a call whose instruction may not run: raises what its class of checks demands.
 * @param call  callbacks, context and vp are set, and the registers of entry->insn.values are in
 * regs.value.
 * @param entry the instruction.
 */
HRESULT whe_emulate_refused(struct whe_emulator *emulator, struct whe_call *call,
                            const union whe_cache_entry *entry, WHV_EMULATOR_STATUS *status);

/**
 * As whe_emulate_memory_exit, for a port access.
 * @param access at most 16 instruction bytes; AccessSize 1, 2 or 4 unless StringOp is set.
 */
HRESULT whe_emulate_port_exit(struct whe_emulator *emulator, void *context,
                              const WHV_VP_EXIT_CONTEXT *vp,
                              const WHV_X64_IO_PORT_ACCESS_CONTEXT *access,
                              WHV_EMULATOR_STATUS *status);

#endif
