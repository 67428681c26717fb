/* SPDX-License-Identifier: MIT */
/**
 * @file rflags.h
 * Bits of RFLAGS (SDM 1, 3.4.3).
 */
#ifndef WHE_RFLAGS_H
#define WHE_RFLAGS_H

#include <stdint.h>

#define WHE_RFLAGS_CF         (UINT64_C(1) << 0)
#define WHE_RFLAGS_PF         (UINT64_C(1) << 2)
#define WHE_RFLAGS_AF         (UINT64_C(1) << 4)
#define WHE_RFLAGS_ZF         (UINT64_C(1) << 6)
#define WHE_RFLAGS_SF         (UINT64_C(1) << 7)
#define WHE_RFLAGS_TF         (UINT64_C(1) << 8)
#define WHE_RFLAGS_IF         (UINT64_C(1) << 9)
#define WHE_RFLAGS_DF         (UINT64_C(1) << 10)
#define WHE_RFLAGS_OF         (UINT64_C(1) << 11)
#define WHE_RFLAGS_IOPL_SHIFT 12
#define WHE_RFLAGS_IOPL       (UINT64_C(3) << WHE_RFLAGS_IOPL_SHIFT)
#define WHE_RFLAGS_NT         (UINT64_C(1) << 14)
#define WHE_RFLAGS_RF         (UINT64_C(1) << 16)
#define WHE_RFLAGS_VM         (UINT64_C(1) << 17)
#define WHE_RFLAGS_AC         (UINT64_C(1) << 18)
#define WHE_RFLAGS_VIF        (UINT64_C(1) << 19)
#define WHE_RFLAGS_VIP        (UINT64_C(1) << 20)
#define WHE_RFLAGS_ID         (UINT64_C(1) << 21)

#define WHE_RFLAGS_STATUS                                                                          \
    (WHE_RFLAGS_CF | WHE_RFLAGS_PF | WHE_RFLAGS_AF | WHE_RFLAGS_ZF | WHE_RFLAGS_SF | WHE_RFLAGS_OF)

#endif
