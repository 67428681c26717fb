/* SPDX-License-Identifier: MIT */
/* The same two lists as abi_compile.c, at run time and at any optimisation level. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <whvemu/emulator.h>
#include <whvemu/preview.h>

struct fact {
    const char *text;
    uint64_t expected;
    uint64_t actual;
};

#define FACT_TYPE(type, size, alignment)                                                           \
    {"size of " #type, size, sizeof(type)}, {"alignment of " #type, alignment, _Alignof(type)},
#define FACT_FIELD(type, member, offset)                                                           \
    {"offset of " #type "." #member, offset, offsetof(type, member)},
#define FACT_ENUM(name, number) {#name, (uint32_t)(number), (uint32_t)(name)},
#define FACT_POINTER(type)      {"size of " #type, 8, sizeof(type)},

static const struct fact facts[] = {
#define ABI_TYPE    FACT_TYPE
#define ABI_FIELD   FACT_FIELD
#define ABI_ENUM    FACT_ENUM
#define ABI_POINTER FACT_POINTER
#define ABI_BITS(type, offset, field, first, width)
#include "shipping.def"
#define ABI_TYPE    FACT_TYPE
#define ABI_FIELD   FACT_FIELD
#define ABI_ENUM    FACT_ENUM
#define ABI_POINTER FACT_POINTER
#define ABI_BITS(type, offset, field, first, width)
#include "preview.def"
};

Test(abi, sizes_offsets_and_numbers_are_those_of_the_documents)
{
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        cr_expect_eq(facts[i].actual, facts[i].expected, "%s: %#llx instead of %#llx",
                     facts[i].text, (unsigned long long)facts[i].actual,
                     (unsigned long long)facts[i].expected);
}

#define CHECK_BITS(type, offset, field, first, width)                                              \
    {                                                                                              \
        type value;                                                                                \
        uint64_t word = 0;                                                                         \
        const size_t left = sizeof(type) - (offset);                                               \
        memset(&value, 0, sizeof(value));                                                          \
        value.field--;                                                                             \
        memcpy(&word, (const unsigned char *)&value + (offset), left < 8 ? left : 8);              \
        cr_expect_eq(word, UINT64_MAX >> (64 - (width)) << (first), "bits of %s.%s: %#llx", #type, \
                     #field, (unsigned long long)word);                                            \
    }

#define ABI_TYPE(type, size, alignment)
#define ABI_FIELD(type, member, offset)
#define ABI_ENUM(name, number)
#define ABI_POINTER(type)
#define ABI_BITS CHECK_BITS
Test(abi, bit_fields_lie_where_the_shipping_documents_say){
#include "shipping.def"
}

#define ABI_TYPE(type, size, alignment)
#define ABI_FIELD(type, member, offset)
#define ABI_ENUM(name, number)
#define ABI_POINTER(type)
#define ABI_BITS CHECK_BITS
Test(abi, bit_fields_lie_where_the_preview_document_says)
{
#include "preview.def"
}
