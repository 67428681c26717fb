/* SPDX-License-Identifier: MIT */
/**
 * @file rflags.h
 * Bits of RFLAGS (SDM 1, 3.4.3).
 */
#ifndef WHE_RFLAGS_H
#define WHE_RFLAGS_H

#include <stdint.h>

#define WHE_RFLAGS_TF         (UINT64_C(1) << 8)
#define WHE_RFLAGS_DF         (UINT64_C(1) << 10)
#define WHE_RFLAGS_IOPL_SHIFT 12
#define WHE_RFLAGS_RF         (UINT64_C(1) << 16)
#define WHE_RFLAGS_VM         (UINT64_C(1) << 17)
#define WHE_RFLAGS_AC         (UINT64_C(1) << 18)

#endif
