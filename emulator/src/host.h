/* SPDX-License-Identifier: MIT */
/**
 * @file host.h
 * The whole boundary to the virtual machine: five callbacks, and nobody else calls them.
 *
 * Each function turns an answer other than S_OK into its own result code, which ends the call. What
 * a callback may leave untouched is set to a defined value before it runs.
 */
#ifndef WHE_HOST_H
#define WHE_HOST_H

#include <string.h>

#include "bits.h"
#include "call.h"

/** As whe_host_get, for a set that is not empty and of which nothing is known. */
enum whe_result whe_host_get_unknown(struct whe_call *call, uint64_t needed);

/**
 * Gets registers into the shadow with one callback; those that are known are not asked for again,
 * and no callback happens if none is left.
 * @param needed set of registers.
 */
static inline enum whe_result whe_host_get(struct whe_call *call, uint64_t needed)
{
    needed &= ~call->regs.known;
    return needed == 0 ? WHE_OK : whe_host_get_unknown(call, needed);
}

/** Works out the batch of a set of registers; it stays empty if they are more than WHE_BATCH_MAX.
 */
void whe_batch_init(struct whe_batch *batch, uint64_t set);

/** Gets exactly the registers of a batch that is not empty. */
enum whe_result whe_host_get_batch(struct whe_call *call, const struct whe_batch *batch);

/** Publishes call->regs.written, which is not empty, with one callback. */
enum whe_result whe_host_set(struct whe_call *call);

/**
 * Asks for the translation of a page.
 * @param page  4 KiB aligned.
 * @param flags WHV_TRANSLATE_GVA_FLAGS.
 * @param result receives the code that was answered; one that does not exist if the callback wrote
 * none.
 * @param gpa    receives the page's address; checked for alignment by the caller.
 */
enum whe_result whe_host_translate(struct whe_call *call, uint64_t page, uint32_t flags,
                                   WHV_TRANSLATE_GVA_RESULT_CODE *result, uint64_t *gpa);

/**
 * Reads memory.
 * @param size 1 to 8 bytes that lie in one page.
 * @param value receives the bytes, little-endian, zero-extended.
 */
static inline enum whe_result whe_host_read(struct whe_call *call, uint64_t gpa, unsigned size,
                                            uint64_t *value)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO info = {.GpaAddress = gpa, .AccessSize = (UINT8)size};
    if (call->callbacks->WHvEmulatorMemoryCallback(call->context, &info) != S_OK)
        return WHE_MEMORY_FAILED;
    uint64_t data;
    memcpy(&data, info.Data, sizeof(data));
    *value = data & whe_mask_from_size(size);
    return WHE_OK;
}

/**
 * Writes memory.
 * @param size  1 to 8 bytes that lie in one page.
 * @param value no bits set above size.
 */
static inline enum whe_result whe_host_write(struct whe_call *call, uint64_t gpa, unsigned size,
                                             uint64_t value)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO info = {
        .GpaAddress = gpa, .Direction = 1, .AccessSize = (UINT8)size};
    memcpy(info.Data, &value, sizeof(value));
    if (call->callbacks->WHvEmulatorMemoryCallback(call->context, &info) != S_OK)
        return WHE_MEMORY_FAILED;
    return WHE_OK;
}

/** Reads a port. @param size 1, 2 or 4. @param value receives the value, zero-extended. */
static inline enum whe_result whe_host_in(struct whe_call *call, uint16_t port, unsigned size,
                                          uint64_t *value)
{
    WHV_EMULATOR_IO_ACCESS_INFO info = {.Port = port, .AccessSize = (UINT16)size};
    if (call->callbacks->WHvEmulatorIoPortCallback(call->context, &info) != S_OK)
        return WHE_IO_FAILED;
    *value = info.Data & whe_mask_from_size(size);
    return WHE_OK;
}

/** Writes a port. @param size 1, 2 or 4. @param value no bits set above size. */
static inline enum whe_result whe_host_out(struct whe_call *call, uint16_t port, unsigned size,
                                           uint64_t value)
{
    WHV_EMULATOR_IO_ACCESS_INFO info = {
        .Direction = 1, .Port = port, .AccessSize = (UINT16)size, .Data = (UINT32)value};
    if (call->callbacks->WHvEmulatorIoPortCallback(call->context, &info) != S_OK)
        return WHE_IO_FAILED;
    return WHE_OK;
}

#endif
