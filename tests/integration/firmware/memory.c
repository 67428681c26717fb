/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

bool memory_create(struct memory *memory, uint32_t ram_bytes, const uint8_t *rom,
                   uint32_t rom_bytes)
{
    *memory = (struct memory){.ram_bytes = ram_bytes, .rom_bytes = rom_bytes, .has_low_rom = true};
    memory->ram = aligned_alloc(MEMORY_PAGE, ram_bytes);
    memory->rom = aligned_alloc(MEMORY_PAGE, rom_bytes);
    memory->has_code = calloc(ram_bytes / MEMORY_PAGE + 1, 1);
    if (!memory->ram || !memory->rom || !memory->has_code) {
        memory_destroy(memory);
        return false;
    }
    memset(memory->ram, 0, ram_bytes);
    memcpy(memory->rom, rom, rom_bytes);
    return true;
}

void memory_destroy(struct memory *memory)
{
    free(memory->ram);
    free(memory->rom);
    free(memory->has_code);
    free(memory->changes);
    *memory = (struct memory){0};
}

bool memory_is_rom(const struct memory *memory, uint64_t gpa)
{
    return (gpa >= MEMORY_TOP - memory->rom_bytes && gpa < MEMORY_TOP) ||
           (memory->has_low_rom && gpa >= MEMORY_LOW_ROM && gpa < MEMORY_MEGABYTE);
}

const uint8_t *memory_at(const struct memory *memory, uint64_t gpa, uint32_t size)
{
    const uint64_t rom = MEMORY_TOP - memory->rom_bytes;
    if (gpa >= rom && gpa < MEMORY_TOP && size <= MEMORY_TOP - gpa)
        return memory->rom + (gpa - rom);
    if (gpa >= memory->ram_bytes || size > memory->ram_bytes - gpa)
        return NULL;
    if (gpa < MEMORY_HOLE_END && gpa + size > MEMORY_HOLE)
        return NULL;
    if (!memory->has_low_rom || gpa + size <= MEMORY_LOW_ROM || gpa >= MEMORY_MEGABYTE)
        return memory->ram + gpa;
    if (gpa < MEMORY_LOW_ROM || gpa + size > MEMORY_MEGABYTE)
        return NULL; /* across an edge */
    return memory->rom + memory->rom_bytes - (MEMORY_MEGABYTE - gpa);
}

static void note(struct memory *memory, uint64_t gpa, const uint8_t *data, uint32_t size)
{
    if (memory->change_count == memory->change_room) {
        const size_t room = memory->change_room ? memory->change_room * 2 : 64;
        struct memory_change *changes = realloc(memory->changes, room * sizeof(*changes));
        if (!changes)
            abort(); /* a test: out of memory */
        memory->changes = changes;
        memory->change_room = room;
    }
    struct memory_change *change = &memory->changes[memory->change_count++];
    change->gpa = gpa;
    change->size = (uint8_t)size;
    memcpy(change->before, memory->ram + gpa, size);
    memcpy(change->after, data, size);
}

static void put(struct memory *memory, uint64_t gpa, const uint8_t *data, uint32_t size)
{
    memcpy(memory->ram + gpa, data, size);
    if (memory->forget &&
        (memory->has_code[gpa / MEMORY_PAGE] | memory->has_code[(gpa + size - 1) / MEMORY_PAGE]))
        memory->forget(memory->state, gpa, size);
}

bool memory_store(struct memory *memory, uint64_t gpa, const uint8_t *data, uint32_t size)
{
    if (!memory_at(memory, gpa, size))
        return false;
    if (memory_is_rom(memory, gpa))
        return true;
    if (memory->is_watched)
        note(memory, gpa, data, size);
    put(memory, gpa, data, size);
    return true;
}

void memory_watch(struct memory *memory)
{
    memory->is_watched = true;
    memory->change_count = 0;
}

void memory_undo(struct memory *memory)
{
    memory->is_watched = false;
    for (size_t i = memory->change_count; i > 0; i--) {
        const struct memory_change *change = &memory->changes[i - 1];
        put(memory, change->gpa, change->before, change->size);
    }
}

void memory_redo(struct memory *memory)
{
    for (size_t i = 0; i < memory->change_count; i++)
        put(memory, memory->changes[i].gpa, memory->changes[i].after, memory->changes[i].size);
}
