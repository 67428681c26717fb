/* SPDX-License-Identifier: MIT */
/**
 * @file ring.h
 * The running call of a handle, as records in a mapped file that outlives the process.
 *
 * A record is complete once `used` includes it. That of a callback is written before the callback
 * runs and its answer filled in afterwards, so that the callback which killed the process is there.
 * Native layout: a ring is read on the machine that wrote it.
 */
#ifndef WHVCAPTURE_RING_H
#define WHVCAPTURE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <whvemu/emulator.h>

#define WHVC_RING_MAGIC   UINT64_C(0x31676e6972766877) /* "whvring1" */
#define WHVC_RING_MINIMUM (64u << 10)
#define WHVC_RING_MAXIMUM (64u << 20)

/** Registers that one record names at most: five times as many as the platform has. */
#define WHVC_REGISTERS_MAX 1024u

enum whvc_kind {
    WHVC_BEGIN = 1,
    WHVC_SNAPSHOT,
    WHVC_GET,
    WHVC_SET,
    WHVC_MEMORY,
    WHVC_PORT,
    WHVC_TRANSLATE,
    WHVC_END
};

/* What is true or false has a byte that may hold anything: a ring is read from a file. */
struct whvc_record {
    /** Bytes, this header included; a multiple of 8. */
    uint32_t size;
    /** An enum whvc_kind. */
    uint8_t kind;
    uint8_t is_answered;
    /** WHVC_MEMORY: instruction bytes, which redaction leaves alone. */
    uint8_t is_code;
    /** What the callback or the call returned, once it is answered. */
    HRESULT hr;
    uint32_t reserved;
};
_Static_assert(sizeof(struct whvc_record) == 16, "keeps what follows aligned");

struct whvc_begin {
    struct whvc_record record;
    uint64_t n;
    /** Number of the handle in its process. */
    uint32_t vp;
    uint8_t is_io;
    /** Context and registers are no observation but follow from one. */
    uint8_t is_reconstructed;
    WHV_VP_EXIT_CONTEXT context;
    union {
        WHV_MEMORY_ACCESS_CONTEXT memory;
        WHV_X64_IO_PORT_ACCESS_CONTEXT io;
    };
};

struct whvc_register {
    /** WHV_REGISTER_NAME. */
    uint32_t name;
    uint32_t reserved;
    uint64_t low;
    uint64_t high;
};

/** SNAPSHOT, GET, SET. */
struct whvc_registers {
    struct whvc_record record;
    uint64_t count;
    struct whvc_register reg[];
};

struct whvc_memory {
    struct whvc_record record;
    WHV_EMULATOR_MEMORY_ACCESS_INFO info;
};

struct whvc_port {
    struct whvc_record record;
    WHV_EMULATOR_IO_ACCESS_INFO info;
    uint32_t reserved;
};
_Static_assert(sizeof(struct whvc_port) % 8 == 0 && sizeof(struct whvc_memory) % 8 == 0 &&
                   sizeof(struct whvc_begin) % 8 == 0,
               "records follow each other at multiples of 8");

struct whvc_translate {
    struct whvc_record record;
    uint64_t gva;
    uint64_t gpa;
    uint32_t flags;
    int32_t result;
};

struct whvc_end {
    struct whvc_record record;
    uint32_t status;
    /** There was no emulator to tell the result. */
    uint32_t is_reconstructed;
    /** What the emulator says of an internal failure; ends with 0. */
    char reason[160];
};

struct whvc_ring {
    uint64_t magic;
    /** Room for records. */
    uint64_t bytes;
    /** 0 between calls. */
    _Atomic uint64_t used;
    /** Callbacks for which there was no room. */
    uint64_t dropped;
    /** Mask of enum whvcapture_flag with which it is to be written. */
    uint64_t flags;
    _Alignas(16) unsigned char record[];
};

/** Makes the ring empty. */
static inline void whvc_ring_clear(struct whvc_ring *ring)
{
    ring->dropped = 0;
    atomic_store_explicit(&ring->used, 0, memory_order_release);
}

/**
 * Makes room for a record of `size` bytes, a multiple of 8, and fills in its header. The rest of it
 * holds what calls before left there.
 * @return where it stands, to be followed by whvc_ring_publish; NULL if there is no room, or was
 * none before: what is kept has no gaps. Room for WHVC_END is always kept.
 */
void *whvc_ring_add(struct whvc_ring *ring, enum whvc_kind kind, size_t size);

/** Makes the record that was added last a part of the ring. */
void whvc_ring_publish(struct whvc_ring *ring);

/**
 * Walks over the records of a ring that nobody writes to; it may be damaged.
 * @param at where to go on, 0 at first; moved on.
 * @return the next record, of which `size` bytes are there and fit its kind, and which names no
 * more than WHVC_REGISTERS_MAX registers; NULL at the end, and where the next one is not like that.
 */
const struct whvc_record *whvc_ring_next(const struct whvc_ring *ring, uint64_t *at);

#endif
