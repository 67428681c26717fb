/* SPDX-License-Identifier: MIT */
/* GFNI: bytes as elements of the field of 2^8, modulo x^8 + x^4 + x^3 + x + 1. SDM 2A, "GF2P8". */
#include "kernel.h"

#define XMM_SIZE  16u
#define REDUCTION 0x1bu

static unsigned product(unsigned a, unsigned b)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 8; i++) {
        if (b >> i & 1)
            sum ^= a;
        a = (a << 1 ^ (a & 0x80 ? REDUCTION : 0)) & 0xff;
    }
    return sum;
}

/* Of a to the power of 254; 0 of 0. */
static unsigned inverse(unsigned a)
{
    unsigned power = a;
    for (unsigned i = 0; i < 6; i++)
        power = product(product(power, power), a);
    return product(power, power);
}

enum whe_vector whe_kernel_gf2p8mulb(struct whe_work *work)
{
    union whe_value *value = work->value;
    for (unsigned i = 0; i < XMM_SIZE; i++)
        value[0].bytes[i] = (uint8_t)product(value[0].bytes[i], value[1].bytes[i]);
    return WHE_VECTOR_NONE;
}

/* Byte 0 of the matrix makes bit 7 of the result. */
static unsigned transformed(const uint8_t matrix[8], unsigned byte, unsigned constant)
{
    unsigned result = 0;
    for (unsigned i = 0; i < 8; i++)
        result |= (unsigned)__builtin_parity(matrix[7 - i] & byte) << i;
    return result ^ constant;
}

/* Each half of the second operand is a matrix for that half of the first; operation: is the inverse
   of each byte transformed? */
enum whe_vector whe_kernel_gf2p8affine(struct whe_work *work)
{
    union whe_value *value = work->value;
    for (unsigned i = 0; i < XMM_SIZE; i++) {
        unsigned byte = value[0].bytes[i];
        if (work->insn->operation)
            byte = inverse(byte);
        value[0].bytes[i] =
            (uint8_t)transformed(value[1].bytes + (i & 8), byte, (unsigned)value[2].u64 & 0xff);
    }
    return WHE_VECTOR_NONE;
}
