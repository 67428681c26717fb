/* SPDX-License-Identifier: MIT */
/**
 * @file bits.h
 * Widths, masks and sign extension. Pure.
 */
#ifndef WHE_BITS_H
#define WHE_BITS_H

#include <stdint.h>

#define WHE_PAGE_SIZE UINT64_C(0x1000)
#define WHE_PAGE_MASK (WHE_PAGE_SIZE - 1)

/** @param size 1 to 8 bytes. @return a mask of that many low bytes. */
static inline uint64_t whe_mask_from_size(unsigned size)
{
    static const uint64_t masks[] = {0,
                                     0xff,
                                     0xffff,
                                     0xffffff,
                                     0xffffffff,
                                     0xffffffffff,
                                     0xffffffffffff,
                                     0xffffffffffffff,
                                     0xffffffffffffffff};
    return masks[size];
}

/** @param size 1 to 8 bytes. @return the low `size` bytes of value, sign-extended to 64 bits. */
static inline uint64_t whe_sign_extend(uint64_t value, unsigned size)
{
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    return ((value & whe_mask_from_size(size)) ^ sign) - sign;
}

#endif
