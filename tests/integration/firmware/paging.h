/* SPDX-License-Identifier: MIT */
/**
 * @file paging.h
 * Linear addresses to guest-physical ones, by the guest's page tables. SDM 3A chapter 4.
 */
#ifndef FIRMWARE_PAGING_H
#define FIRMWARE_PAGING_H

#include "memory.h"
#include "registers.h"

/**
 * @param flags as of the platform: what the page has to allow, and whether to set bits.
 * @param gpa   receives the address, with GpaUnmapped too.
 * @return GpaUnmapped also for an address that is no memory: what is not mapped is a device.
 */
WHV_TRANSLATE_GVA_RESULT_CODE paging_translate(struct memory *memory,
                                               const struct registers *registers, uint64_t linear,
                                               uint32_t flags, uint64_t *gpa);

/** Copies up to 8 bytes as the supervisor. @return false where not all of it is memory. */
bool paging_read(struct memory *memory, const struct registers *registers, uint64_t linear,
                 void *data, uint32_t size);
bool paging_write(struct memory *memory, const struct registers *registers, uint64_t linear,
                  const void *data, uint32_t size);

#endif
