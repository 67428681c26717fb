/* SPDX-License-Identifier: MIT */
/*
 * Compiles only where both lists hold. Sizes, offsets and numbers are static assertions. Where a
 * bit-field lies cannot be asserted: a call to a function that must not be called is left over
 * unless the optimiser proves the position right, so this needs -O2.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <whvemu/preview.h>

#ifdef ABI_REQUIRE_SDK
#ifndef _WINHVAPIDEFS_H_
#error "this compile is meant to check the SDK's headers"
#endif
#endif

#ifndef __OPTIMIZE__
#error "bit positions are only checked when optimising"
#endif

#define ABI_ASSERT_TYPE(type, size, alignment)                                                     \
    _Static_assert(sizeof(type) == (size), "size of " #type);                                      \
    _Static_assert(_Alignof(type) == (alignment), "alignment of " #type);
#define ABI_ASSERT_FIELD(type, member, offset)                                                     \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member);
#define ABI_ASSERT_ENUM(name, number)                                                              \
    _Static_assert((uint32_t)(name) == (uint32_t)(number), "number of " #name);
#define ABI_ASSERT_POINTER(type) _Static_assert(sizeof(type) == sizeof(void *), #type);

#define ABI_TYPE    ABI_ASSERT_TYPE
#define ABI_FIELD   ABI_ASSERT_FIELD
#define ABI_ENUM    ABI_ASSERT_ENUM
#define ABI_POINTER ABI_ASSERT_POINTER
#define ABI_BITS(type, offset, field, first, width)
#include "shipping.def"
#define ABI_TYPE    ABI_ASSERT_TYPE
#define ABI_FIELD   ABI_ASSERT_FIELD
#define ABI_ENUM    ABI_ASSERT_ENUM
#define ABI_POINTER ABI_ASSERT_POINTER
#define ABI_BITS(type, offset, field, first, width)
#include "preview.def"

__attribute__((error("a bit-field is not where the list says"))) void abi_wrong_bits(void);

#define ABI_PROVE_BITS(type, offset, field, first, width)                                          \
    {                                                                                              \
        type value;                                                                                \
        uint64_t word = 0;                                                                         \
        const size_t left = sizeof(type) - (offset);                                               \
        memset(&value, 0, sizeof(value));                                                          \
        value.field--;                                                                             \
        memcpy(&word, (const unsigned char *)&value + (offset), left < 8 ? left : 8);              \
        if (word != UINT64_MAX >> (64 - (width)) << (first))                                       \
            abi_wrong_bits();                                                                      \
    }

void abi_prove_bits(void);

void abi_prove_bits(void)
{
#define ABI_TYPE(type, size, alignment)
#define ABI_FIELD(type, member, offset)
#define ABI_ENUM(name, number)
#define ABI_POINTER(type)
#define ABI_BITS ABI_PROVE_BITS
#include "shipping.def"
#define ABI_TYPE(type, size, alignment)
#define ABI_FIELD(type, member, offset)
#define ABI_ENUM(name, number)
#define ABI_POINTER(type)
#define ABI_BITS ABI_PROVE_BITS
#include "preview.def"
#ifdef ABI_SEED_WRONG_BIT
    ABI_PROVE_BITS(WHV_MEMORY_ACCESS_INFO, 0, AccessType, 1, 2)
#endif
}
