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

/** The callback. @param value receives count values; what it may leave untouched is defined. */
static inline enum whe_result whe_host_get_names(struct whe_call *call,
                                                 const WHV_REGISTER_NAME *name, uint32_t count,
                                                 WHV_REGISTER_VALUE *value)
{
    return call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, name, count,
                                                                    value) == S_OK
               ? WHE_OK
               : WHE_GET_FAILED;
}

/** As whe_host_get, for a set that is not empty and of which nothing is known. */
enum whe_result whe_host_get_unknown(struct whe_call *call, const struct whe_set *needed);

/**
 * Gets registers into the shadow with one callback; those that are known are not asked for again,
 * and no callback happens if none is left.
 */
static inline enum whe_result whe_host_get(struct whe_call *call, const struct whe_set *needed)
{
    struct whe_set missing;
    for (unsigned i = 0; i < WHE_BANKS; i++)
        missing.bank[i] = needed->bank[i] & ~call->regs.known.bank[i];
    return whe_set_is_empty(&missing) ? WHE_OK : whe_host_get_unknown(call, &missing);
}

/** As whe_host_get, for one register. */
static inline enum whe_result whe_host_get_one(struct whe_call *call, enum whe_reg reg)
{
    struct whe_set set = {{0}};
    whe_set_add(&set, reg);
    return whe_host_get(call, &set);
}

/** By enum whe_reg. */
extern const WHV_REGISTER_NAME whe_names[WHE_REG_COUNT];

/**
 * Works out the batch of a set of registers; it stays empty if they are more than WHE_BATCH_MAX.
 */
void whe_batch_init(struct whe_batch *batch, const struct whe_set *set);

/** As whe_host_get_batch, without a note of what is known. */
static inline enum whe_result whe_host_fill(struct whe_call *call, const struct whe_batch *batch)
{
    WHV_REGISTER_VALUE *shadow = call->regs.value;
    if (batch->count == 1) {
        /* One register needs no copy: the shadow's slots are aligned too. */
        WHV_REGISTER_VALUE *value = &shadow[batch->reg[0]];
        value->Reg128 = (WHV_UINT128){.Low64 = 0};
        return whe_host_get_names(call, batch->name, 1, value);
    }
    /* Spelled out, because compilers make a call of memset from a loop. */
    WHV_REGISTER_VALUE value[WHE_BATCH_MAX];
    value[0].Reg128 = (WHV_UINT128){.Low64 = 0};
    value[1].Reg128 = (WHV_UINT128){.Low64 = 0};
    value[2].Reg128 = (WHV_UINT128){.Low64 = 0};
    value[3].Reg128 = (WHV_UINT128){.Low64 = 0};
    WHE_TRY(whe_host_get_names(call, batch->name, batch->count, value));
    shadow[batch->reg[0]] = value[0];
    shadow[batch->reg[1]] = value[1];
    if (batch->count > 2)
        shadow[batch->reg[2]] = value[2];
    if (batch->count > 3)
        shadow[batch->reg[3]] = value[3];
    return WHE_OK;
}

/**
 * Gets exactly the registers of a batch.
 * @param batch not empty; nothing is known yet, beyond what is from the beginning.
 */
static inline enum whe_result whe_host_get_batch(struct whe_call *call,
                                                 const struct whe_batch *batch)
{
    whe_set_join(&call->regs.known, &batch->set);
    return whe_host_fill(call, batch);
}

/** The callback. @param name, value both 16-byte aligned. */
static inline enum whe_result whe_host_set_names(struct whe_call *call,
                                                 const WHV_REGISTER_NAME *name, uint32_t count,
                                                 const WHV_REGISTER_VALUE *value)
{
    return call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, name, count,
                                                                    value) == S_OK
               ? WHE_OK
               : WHE_SET_FAILED;
}

/** Publishes call->regs.written, which is not empty, with one callback. */
enum whe_result whe_host_set(struct whe_call *call);

/** Two names in the place that Set takes them from: a register, and RIP. */
struct whe_with_rip {
    _Alignas(16) WHV_REGISTER_NAME name[2];
};
extern const struct whe_with_rip whe_with_rip[WHE_REG_COUNT];

/**
 * Publishes call->regs.written and RIP, with one callback. Most instructions write one register or
 * none, for which nothing needs to be put together.
 */
static inline enum whe_result whe_host_set_with_rip(struct whe_call *call, uint64_t rip)
{
    const struct whe_set *written = &call->regs.written;
    const uint64_t general = written->bank[WHE_BANK_GENERAL];
    WHV_REGISTER_VALUE value[2];
    if (((general & (general - 1)) | written->bank[WHE_BANK_VECTOR] |
         written->bank[WHE_BANK_SYSTEM]) != 0) {
        whe_reg_set(&call->regs, WHE_REG_RIP, rip);
        return whe_host_set(call);
    }
    const unsigned first = general ? (unsigned)__builtin_ctzll(general) : WHE_REG_RIP;
    value[1].Reg128 = (WHV_UINT128){.Low64 = rip};
    value[0] = general ? call->regs.value[first] : value[1];
    return whe_host_set_names(call, whe_with_rip[first].name, 1 + (general != 0), value);
}

/** What stands for an address that a callback did not write: no page begins there. */
#define WHE_HOST_NO_PAGE UINT64_MAX

/**
 * Asks for the translation of a page.
 * @param page  4 KiB aligned.
 * @param flags WHV_TRANSLATE_GVA_FLAGS.
 * @param result receives the code that was answered; one that does not exist if the callback wrote
 * none.
 * @param gpa    receives the page's address, WHE_HOST_NO_PAGE if the callback wrote none; checked
 * for alignment by the caller.
 */
static inline enum whe_result whe_host_translate(struct whe_call *call, uint64_t page,
                                                 uint32_t flags,
                                                 WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                                 uint64_t *gpa)
{
    *result = (WHV_TRANSLATE_GVA_RESULT_CODE)INT32_MAX;
    *gpa = WHE_HOST_NO_PAGE;
    if (call->callbacks->WHvEmulatorTranslateGvaPage(
            call->context, page, (WHV_TRANSLATE_GVA_FLAGS)flags, result, gpa) != S_OK)
        return WHE_TRANSLATE_FAILED;
    return WHE_OK;
}

/**
 * Reads memory.
 * @param size  1 to 8 bytes that lie in one page.
 * @param value receives them, little-endian; what is above them has no meaning.
 */
static inline enum whe_result whe_host_read_unmasked(struct whe_call *call, uint64_t gpa,
                                                     unsigned size, uint64_t *value)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO info = {.GpaAddress = gpa, .AccessSize = (UINT8)size};
    if (call->callbacks->WHvEmulatorMemoryCallback(call->context, &info) != S_OK)
        return WHE_MEMORY_FAILED;
    memcpy(value, info.Data, sizeof(*value));
    return WHE_OK;
}

/** As whe_host_read_unmasked. @param value receives the bytes zero-extended. */
static inline enum whe_result whe_host_read(struct whe_call *call, uint64_t gpa, unsigned size,
                                            uint64_t *value)
{
    uint64_t data;
    WHE_TRY(whe_host_read_unmasked(call, gpa, size, &data));
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
