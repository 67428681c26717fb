/* SPDX-License-Identifier: MIT */
/**
 * @file memory.h
 * A guest's memory: the slots that its VMM gave to KVM, and addresses translated by the guest's own
 * page tables. Reads never write, so the accessed bits stay as they are.
 */
#ifndef WHVCAPTURE_KVM_MEMORY_H
#define WHVCAPTURE_KVM_MEMORY_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHVK_SLOTS 512u
#define WHVK_PAGE  UINT64_C(0x1000)

struct whvk_slot {
    /** The address space in the upper half: 0, or 1 for system management mode. */
    uint32_t id;
    uint64_t gpa;
    uint64_t size;
    const uint8_t *host;
};

/** The slots of one virtual machine; its functions may be called from any thread. */
struct whvk_memory {
    pthread_mutex_t lock;
    unsigned count;
    struct whvk_slot slot[WHVK_SLOTS];
};

/** Adds, replaces or (with size 0) removes a slot. @return false if there is no room for it. */
bool whvk_memory_set(struct whvk_memory *memory, const struct kvm_userspace_memory_region *region);

/** What one virtual processor sees at a moment. */
struct whvk_view {
    struct whvk_memory *memory;
    const struct kvm_sregs *sregs;
    /** Address space. */
    unsigned space;
};

/** Reads guest-physical memory. @return false if a byte of it is in no slot. */
bool whvk_read_gpa(const struct whvk_view *view, uint64_t gpa, void *to, size_t size);

/**
 * Walks the page tables as the processor would for an access that it allows.
 * @param gva a linear address. @return false if it is not mapped.
 */
bool whvk_translate(const struct whvk_view *view, uint64_t gva, uint64_t *gpa);

/** Reads linear memory, over page boundaries. @return how many bytes from the start were read. */
size_t whvk_read_gva(const struct whvk_view *view, uint64_t gva, uint8_t *to, size_t size);

#endif
