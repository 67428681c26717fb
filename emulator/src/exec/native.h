/* SPDX-License-Identifier: MIT */
/**
 * @file native.h
 * Values as this machine's XMM registers hold them, for kernels that are its own instructions.
 */
#ifndef WHE_NATIVE_H
#define WHE_NATIVE_H

#ifdef __x86_64__

#include <string.h>

#include "kernel.h"

typedef long long whe_xmm __attribute__((vector_size(16), aligned(16)));

/* Values need not be aligned. */
static inline whe_xmm whe_xmm_from_value(const union whe_value *value)
{
    whe_xmm xmm;
    memcpy(&xmm, value->bytes, sizeof(xmm));
    return xmm;
}

static inline void whe_xmm_to_value(whe_xmm xmm, union whe_value *value)
{
    memcpy(value->bytes, &xmm, sizeof(xmm));
}

#endif

#endif
