/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <string.h>

#define CR0_PG    (UINT64_C(1) << 31)
#define CR4_PSE   (UINT64_C(1) << 4)
#define CR4_PAE   (UINT64_C(1) << 5)
#define CR4_LA57  (UINT64_C(1) << 12)
#define EFER_LMA  (UINT64_C(1) << 10)
#define PRESENT   UINT64_C(1)
#define LARGE     UINT64_C(0x80)
#define FRAME     UINT64_C(0x000ffffffffff000)
#define LOW_FRAME UINT64_C(0xfffff000)

bool whvk_memory_set(struct whvk_memory *memory, const struct kvm_userspace_memory_region *region)
{
    pthread_mutex_lock(&memory->lock);
    unsigned i = 0;
    while (i < memory->count && memory->slot[i].id != region->slot)
        i++;
    bool has_room = i < WHVK_SLOTS;
    if (region->memory_size == 0 && i < memory->count) {
        memory->slot[i] = memory->slot[--memory->count];
    } else if (region->memory_size != 0 && has_room) {
        memory->slot[i] = (struct whvk_slot){
            .id = region->slot,
            .gpa = region->guest_phys_addr,
            .size = region->memory_size,
            .host = (const uint8_t *)(uintptr_t)region->userspace_addr,
        };
        memory->count += i == memory->count;
    }
    pthread_mutex_unlock(&memory->lock);
    return has_room;
}

/* As many of the bytes as the slot of the first one has. */
static size_t read_slot(const struct whvk_view *view, uint64_t gpa, uint8_t *to, size_t size)
{
    for (unsigned i = 0; i < view->memory->count; i++) {
        const struct whvk_slot *slot = &view->memory->slot[i];
        uint64_t offset = gpa - slot->gpa;
        if (slot->id >> 16 != view->space || gpa < slot->gpa || offset >= slot->size)
            continue;
        size_t part = size < slot->size - offset ? size : (size_t)(slot->size - offset);
        memcpy(to, slot->host + offset, part);
        return part;
    }
    return 0;
}

bool whvk_read_gpa(const struct whvk_view *view, uint64_t gpa, void *to, size_t size)
{
    size_t done = 0, part = 1;
    pthread_mutex_lock(&view->memory->lock);
    while (done < size && part > 0) {
        part = read_slot(view, gpa + done, (uint8_t *)to + done, size - done);
        done += part;
    }
    pthread_mutex_unlock(&view->memory->lock);
    return done == size;
}

/* Two levels of four-byte entries. SDM 3A 4.3; bits 13 to 20 of a 4 MiB entry are 32 to 39. */
static bool walk_32(const struct whvk_view *view, uint64_t gva, uint64_t *gpa)
{
    uint32_t entry;
    uint64_t table = view->sregs->cr3 & LOW_FRAME;
    if (!whvk_read_gpa(view, table + (gva >> 22 & 0x3ff) * 4, &entry, sizeof(entry)) ||
        !(entry & PRESENT))
        return false;
    if (entry & LARGE && view->sregs->cr4 & CR4_PSE) {
        *gpa = (entry & 0xffc00000u) | (uint64_t)(entry >> 13 & 0xff) << 32 | (gva & 0x3fffff);
        return true;
    }
    table = entry & LOW_FRAME;
    if (!whvk_read_gpa(view, table + (gva >> 12 & 0x3ff) * 4, &entry, sizeof(entry)) ||
        !(entry & PRESENT))
        return false;
    *gpa = (entry & LOW_FRAME) | (gva & 0xfff);
    return true;
}

/* Three to five levels of eight-byte entries. SDM 3A 4.4 and 4.5. */
static bool walk_64(const struct whvk_view *view, uint64_t gva, unsigned levels, uint64_t *gpa)
{
    uint64_t entry = view->sregs->cr3 & (levels == 3 ? UINT64_C(0xffffffe0) : FRAME);
    for (unsigned level = levels; level > 0; level--) {
        unsigned shift = 3 + 9 * level;
        uint64_t index = gva >> shift & 0x1ff;
        uint64_t table = level == levels ? entry : entry & FRAME;
        if (!whvk_read_gpa(view, table + index * 8, &entry, sizeof(entry)) || !(entry & PRESENT))
            return false;
        bool may_be_large = level == 2 || (level == 3 && levels > 3);
        if (level == 1 || (may_be_large && entry & LARGE)) {
            uint64_t offset = (UINT64_C(1) << shift) - 1;
            *gpa = (entry & FRAME & ~offset) | (gva & offset);
            return true;
        }
    }
    return false;
}

bool whvk_translate(const struct whvk_view *view, uint64_t gva, uint64_t *gpa)
{
    const struct kvm_sregs *sregs = view->sregs;
    if (!(sregs->cr0 & CR0_PG)) {
        *gpa = gva & UINT32_MAX;
        return true;
    }
    if (sregs->efer & EFER_LMA)
        return walk_64(view, gva, sregs->cr4 & CR4_LA57 ? 5 : 4, gpa);
    if (sregs->cr4 & CR4_PAE)
        return walk_64(view, gva & UINT32_MAX, 3, gpa);
    return walk_32(view, gva & UINT32_MAX, gpa);
}

size_t whvk_read_gva(const struct whvk_view *view, uint64_t gva, uint8_t *to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        uint64_t at = gva + done, gpa;
        size_t in_page = (size_t)(WHVK_PAGE - at % WHVK_PAGE);
        size_t part = size - done < in_page ? size - done : in_page;
        if (!whvk_translate(view, at, &gpa) || !whvk_read_gpa(view, gpa, to + done, part))
            break;
        done += part;
    }
    return done;
}
