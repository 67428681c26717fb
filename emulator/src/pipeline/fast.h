/* SPDX-License-Identifier: MIT */
/**
 * @file fast.h
 * The common exit: a load, a store, a read-modify-write of one operand of up to 16 bytes within a
 * page, in a call that asks for nothing special. What such an instruction will do is worked out
 * when it is decoded, down to the names that Get and Set are handed; a call then answers one
 * question, "is this mine", and runs one function. fast.c repeats no stage of the pipeline: what is
 * not its own is left to emulate.c before anything has happened, or, once registers are loaded,
 * right after that.
 */
#ifndef WHE_FAST_H
#define WHE_FAST_H

#include "bits.h"
#include "call.h"
#include "insn.h"
#include "kernel.h"

struct whe_fast;
struct whe_emulator;
union whe_cache_entry;

/**
 * Reads, computes, writes and publishes: everything after the address is known.
 * @param call callbacks, context and vp are set, and the registers that the instruction reads are
 * in regs.value.
 * @param gpa  of the operand, which lies within one page.
 * @return WHE_OK or the failure of a callback.
 */
typedef enum whe_result whe_fast_fn(struct whe_call *call, const struct whe_fast *fast,
                                    uint64_t gpa);

/** A whole call: as whe_emulate_memory_exit, for an exit of which whe_fast_is_by_exit() holds. */
typedef HRESULT whe_fast_exit_fn(struct whe_emulator *emulator, void *context,
                                 const WHV_VP_EXIT_CONTEXT *vp,
                                 const WHV_MEMORY_ACCESS_CONTEXT *access,
                                 WHV_EMULATOR_STATUS *status, const union whe_cache_entry *entry);

/**
 * Runs an instruction of registers and values alone, without a rule of its own or checks: code that
 * lies in a device.
 * @param call  callbacks, context and vp are set.
 * @return as the pipeline.
 */
typedef enum whe_result whe_fast_plain_fn(struct whe_call *call,
                                          const union whe_cache_entry *entry);

struct whe_fast {
    /** NULL: it is not such an instruction; else of the other members `binary`, `reg`, `rip_mask`,
     * `set_count` (0: not known before it runs) and `set_name` count. */
    whe_fast_plain_fn *plain;
    /** Where the exit's Gpa is the operand. */
    whe_fast_exit_fn *by_exit;
    /** NULL: the instruction is not common. */
    whe_fast_fn *run;
    /** Or NULL. */
    whe_binary_fn *binary;
    /** Of the memory operand, up to 8 bytes. */
    uint64_t mask;
    /** Of the register operand. */
    uint64_t reg_mask;
    /** The second operand, where it is no register. */
    uint64_t immediate;
    /** The bits of RIP that there are. */
    uint64_t rip_mask;
    /** Of the exit whose Gpa is the operand: whe_fast_key(). */
    uint32_t key;
    /** Smallest offset in the page of such an operand: 1, but 0 for bytes: at 0 the processor may
     * have told of the end of an operand that begins on the page before. */
    uint16_t first;
    /** Largest offset at which the operand fits into the page, minus first. */
    uint16_t room;
    /** Bits that are 0 in its address. */
    uint8_t misaligned;
    /** Of the memory operand, bytes. */
    uint8_t size;
    /** Of the instruction. */
    uint8_t length;
    /** Mask of whe_intent. */
    uint8_t intent;
    /** The register operand: enum whe_reg; WHE_REG_ZERO: immediate is it. */
    uint8_t reg;
    /** 8 for AH, CH, DH, BH, otherwise 0. */
    uint8_t shift;
    /** An address from registers, without a rule of its own, and no checks. */
    bool is_addressed;
    /** Names in set_name. */
    uint8_t set_count;
    /** What Set is handed; RIP is last. */
    _Alignas(16) WHV_REGISTER_NAME set_name[4];
};

/** No exit has this key. */
#define WHE_FAST_NEVER UINT32_MAX

/** @return what an exit must agree in with whe_fast.key: access type and GvaValid. */
static inline uint32_t whe_fast_key(WHV_MEMORY_ACCESS_INFO access)
{
    return access.AsUINT32 & 0xb;
}

/** @return whether the exit's Gpa is the operand of a common instruction. */
static inline bool whe_fast_is_by_exit(const struct whe_fast *fast,
                                       const WHV_MEMORY_ACCESS_CONTEXT *access)
{
    const unsigned offset = (unsigned)(access->Gva & WHE_PAGE_MASK);
    return fast->key == whe_fast_key(access->AccessInfo) &&
           ((access->Gva ^ access->Gpa) & WHE_PAGE_MASK) == 0 &&
           offset - fast->first <= fast->room && (offset & fast->misaligned) == 0;
}

/** Works out whether an instruction is plain, and how it runs. */
void whe_fast_plain_init(struct whe_fast *fast, const struct whe_mode *mode,
                         const struct whe_insn *insn);

/** Works out how the common exit of an instruction runs. @param insn stays where it is. */
void whe_fast_init(struct whe_fast *fast, const struct whe_mode *mode, const struct whe_insn *insn);

#endif
