/* SPDX-License-Identifier: MIT */
/* What an immediate selects of AES, SHA and carry-less products: SDM 2A to 2D. */
#include "native.h"

#include "kernel.h"

#ifdef __x86_64__

/* The halves that are to be multiplied are made the low ones. */
enum whe_vector whe_kernel_pclmulqdq(struct whe_work *work)
{
    const uint64_t control = work->value[2].u64;
    whe_xmm a = whe_xmm_from_value(&work->value[0]);
    whe_xmm b = whe_xmm_from_value(&work->value[1]);
    a[0] = a[control & 1];
    b[0] = b[control >> 4 & 1];
    __asm__("pclmulqdq $0, %1, %0" : "+x"(a) : "x"(b));
    whe_xmm_to_value(a, &work->value[0]);
    return WHE_VECTOR_NONE;
}

/* The immediate is added, without carries, to the second and the fourth element of what it would
   be with 0. */
enum whe_vector whe_kernel_aeskeygenassist(struct whe_work *work)
{
    const long long constant = (long long)(work->value[2].u64 & 0xff) << 32;
    whe_xmm a, b = whe_xmm_from_value(&work->value[1]);
    __asm__("aeskeygenassist $0, %1, %0" : "=x"(a) : "x"(b));
    a ^= (whe_xmm){constant, constant};
    whe_xmm_to_value(a, &work->value[0]);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_sha1rnds4(struct whe_work *work)
{
    whe_xmm a = whe_xmm_from_value(&work->value[0]);
    const whe_xmm b = whe_xmm_from_value(&work->value[1]);
    switch (work->value[2].u64 & 3) {
    case 0:
        __asm__("sha1rnds4 $0, %1, %0" : "+x"(a) : "x"(b));
        break;
    case 1:
        __asm__("sha1rnds4 $1, %1, %0" : "+x"(a) : "x"(b));
        break;
    case 2:
        __asm__("sha1rnds4 $2, %1, %0" : "+x"(a) : "x"(b));
        break;
    default:
        __asm__("sha1rnds4 $3, %1, %0" : "+x"(a) : "x"(b));
        break;
    }
    whe_xmm_to_value(a, &work->value[0]);
    return WHE_VECTOR_NONE;
}

#else

/* The decoder has refused them. */
#define NOTHING(name)                                                                              \
    enum whe_vector whe_kernel_##name(struct whe_work *work)                                       \
    {                                                                                              \
        (void)work;                                                                                \
        return WHE_VECTOR_NONE;                                                                    \
    }
NOTHING(pclmulqdq)
NOTHING(aeskeygenassist)
NOTHING(sha1rnds4)

#endif
