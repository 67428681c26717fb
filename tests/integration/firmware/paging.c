/* SPDX-License-Identifier: MIT */
#include "paging.h"

#include <string.h>

#define PRESENT  1u
#define WRITABLE 2u
#define USER     4u
#define ACCESSED 0x20u
#define DIRTY    0x40u
#define LARGE    0x80u

struct walk {
    struct memory *memory;
    uint64_t linear;
    unsigned bits; /* of a table's index */
    unsigned size; /* of an entry */
    bool has_large;
    bool sets_bits;
    bool is_write;
    bool writable, user, executable;
};

static bool load_entry(struct walk *walk, uint64_t at, uint64_t *entry)
{
    const uint8_t *bytes = memory_at(walk->memory, at, walk->size);
    *entry = 0;
    if (bytes)
        memcpy(entry, bytes, walk->size);
    return bytes != NULL;
}

static void mark(struct walk *walk, uint64_t at, uint64_t entry, bool is_last)
{
    const uint64_t marked = entry | ACCESSED | (is_last && walk->is_write ? DIRTY : 0);
    if (walk->sets_bits && marked != entry)
        memory_store(walk->memory, at, (const uint8_t *)&marked, walk->size);
}

/* @param level of the table; 0: its entries are pages. */
static WHV_TRANSLATE_GVA_RESULT_CODE descend(struct walk *walk, uint64_t table, int level,
                                             bool has_pointers, uint64_t *gpa)
{
    const uint64_t frame = walk->size == 8 ? 0x000ffffffffff000 : 0xfffff000;
    for (;; level--) {
        const unsigned shift = 12 + walk->bits * (unsigned)level;
        const uint64_t index = walk->linear >> shift & ((1u << walk->bits) - 1);
        const uint64_t at = table + index * walk->size;
        uint64_t entry;
        if (!load_entry(walk, at, &entry))
            return WHvTranslateGvaResultGpaUnmapped;
        if (!(entry & PRESENT))
            return WHvTranslateGvaResultPageNotPresent;
        const bool is_pointer = has_pointers && level == 2; /* its entries have no rights */
        const bool is_last = level == 0 || (entry & LARGE && walk->has_large && !is_pointer);
        if (!is_pointer) {
            walk->writable &= (entry & WRITABLE) != 0;
            walk->user &= (entry & USER) != 0;
            walk->executable &= walk->size == 4 || !(entry >> 63);
            mark(walk, at, entry, is_last);
        }
        if (is_last) {
            const uint64_t offset = (1ULL << shift) - 1;
            *gpa = (entry & frame & ~offset) | (walk->linear & offset);
            return WHvTranslateGvaResultSuccess;
        }
        table = entry & frame;
    }
}

static WHV_TRANSLATE_GVA_RESULT_CODE check(const struct walk *walk,
                                           const struct registers *registers, uint32_t flags)
{
    const bool is_user =
        registers_cpl(registers) == 3 && !(flags & WHvTranslateGvaFlagPrivilegeExempt);
    const bool protects = is_user || registers_get(registers, WHvX64RegisterCr0) & CR0_WP;
    const bool has_nx = registers_get(registers, WHvX64RegisterEfer) & EFER_NXE;
    if ((is_user && !walk->user) || (walk->is_write && !walk->writable && protects) ||
        (flags & WHvTranslateGvaFlagValidateExecute && has_nx && !walk->executable))
        return WHvTranslateGvaResultPrivilegeViolation;
    return WHvTranslateGvaResultSuccess;
}

WHV_TRANSLATE_GVA_RESULT_CODE paging_translate(struct memory *memory,
                                               const struct registers *registers, uint64_t linear,
                                               uint32_t flags, uint64_t *gpa)
{
    const uint64_t cr3 = registers_get(registers, WHvX64RegisterCr3);
    const uint64_t cr4 = registers_get(registers, WHvX64RegisterCr4);
    const bool is_long = registers_is_long(registers);
    const bool is_pae = cr4 & CR4_PAE;
    struct walk walk = {.memory = memory,
                        .linear = is_long ? linear : (uint32_t)linear,
                        .bits = is_pae ? 9 : 10,
                        .size = is_pae ? 8 : 4,
                        .has_large = is_pae || cr4 & CR4_PSE,
                        .sets_bits = flags & WHvTranslateGvaFlagSetPageTableBits,
                        .is_write = flags & WHvTranslateGvaFlagValidateWrite,
                        .writable = true,
                        .user = true,
                        .executable = true};
    WHV_TRANSLATE_GVA_RESULT_CODE result = WHvTranslateGvaResultSuccess;
    *gpa = walk.linear;
    if (registers_get(registers, WHvX64RegisterCr0) & CR0_PG) {
        const uint64_t table = cr3 & (is_long  ? 0x000ffffffffff000
                                      : is_pae ? 0xffffffe0
                                               : 0xfffff000);
        result = descend(&walk, table, is_long ? 3 : is_pae ? 2 : 1, is_pae && !is_long, gpa);
        if (result == WHvTranslateGvaResultSuccess)
            result = check(&walk, registers, flags);
    }
    if (result == WHvTranslateGvaResultSuccess && !memory_at(memory, *gpa, 1))
        result = WHvTranslateGvaResultGpaUnmapped;
    return result;
}

bool paging_read(struct memory *memory, const struct registers *registers, uint64_t linear,
                 void *data, uint32_t size)
{
    uint64_t gpa;
    for (uint32_t i = 0; i < size; i++) {
        if (paging_translate(memory, registers, linear + i, WHvTranslateGvaFlagValidateRead, &gpa))
            return false;
        ((uint8_t *)data)[i] = *memory_at(memory, gpa, 1);
    }
    return true;
}

bool paging_write(struct memory *memory, const struct registers *registers, uint64_t linear,
                  const void *data, uint32_t size)
{
    uint64_t gpa;
    for (uint32_t i = 0; i < size; i++)
        if (paging_translate(memory, registers, linear + i, WHvTranslateGvaFlagValidateWrite,
                             &gpa) ||
            !memory_store(memory, gpa, (const uint8_t *)data + i, 1))
            return false;
    return true;
}
