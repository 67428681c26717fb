/* SPDX-License-Identifier: MIT */
/**
 * @file memory.h
 * Guest-physical memory: RAM from 0 with a hole for VGA, and flash below 4 GiB, the last 128 KiB of
 * which also stand below 1 MiB for as long as the chipset says so.
 */
#ifndef FIRMWARE_MEMORY_H
#define FIRMWARE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_PAGE     0x1000u
#define MEMORY_HOLE     0xa0000u
#define MEMORY_HOLE_END 0xc0000u
#define MEMORY_LOW_ROM  0xe0000u
#define MEMORY_MEGABYTE 0x100000u
#define MEMORY_TOP      0x100000000ULL

/** Bytes that were written. */
struct memory_change {
    uint64_t gpa;
    uint8_t size;
    uint8_t before[8];
    uint8_t after[8];
};

struct memory {
    uint8_t *ram;
    uint32_t ram_bytes;
    uint8_t *rom;
    uint32_t rom_bytes;
    /** Flash stands below 1 MiB. */
    bool has_low_rom;
    /** A byte per page of RAM: not 0 if somebody may have translated code from it, 2 if he ran it.
     */
    uint8_t *has_code;
    /** Called with each write to such a page, behind it. */
    void (*forget)(void *state, uint64_t gpa, uint32_t size);
    void *state;
    /** Writes are noted. */
    bool is_watched;
    struct memory_change *changes;
    size_t change_count;
    size_t change_room;
};

/**
 * @param ram_bytes a multiple of 1 MiB.
 * @param rom       of rom_bytes, a multiple of 128 KiB; copied.
 * @return false without memory.
 */
bool memory_create(struct memory *memory, uint32_t ram_bytes, const uint8_t *rom,
                   uint32_t rom_bytes);
void memory_destroy(struct memory *memory);

/** @return host address of guest-physical memory, or NULL if not all of it is RAM or flash. */
const uint8_t *memory_at(const struct memory *memory, uint64_t gpa, uint32_t size);

/** @return whether an address is one of flash. */
bool memory_is_rom(const struct memory *memory, uint64_t gpa);

/** Writes up to 8 bytes of RAM; flash does not change. @return false if it is neither. */
bool memory_store(struct memory *memory, uint64_t gpa, const uint8_t *data, uint32_t size);

/** Begins to note writes, with none. */
void memory_watch(struct memory *memory);

/** Takes back what was noted, and notes no more. */
void memory_undo(struct memory *memory);

/** Writes again what memory_undo() has taken back. */
void memory_redo(struct memory *memory);

#endif
