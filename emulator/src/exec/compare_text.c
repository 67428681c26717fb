/* SPDX-License-Identifier: MIT */
/* PTEST, VTESTPS, VTESTPD, and PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: SDM 2B, and
   4.1 of it; SDM 2C, "VTESTPD/VTESTPS". */
#include <string.h>

#include "kernel.h"
#include "rflags.h"

#define XMM_SIZE 16u

/* Bits of the immediate. */
#define HAS_WORDS   1u
#define IS_SIGNED   2u
#define AGGREGATION 0xcu
#define NEGATES     0x10u
#define MASKS       0x20u /* only what the second text has is negated */
#define FROM_END    0x40u /* of an index; of a mask: it has whole elements */

enum aggregation { EQUAL_ANY = 0x0, RANGES = 0x4, EQUAL_EACH = 0x8, EQUAL_ORDERED = 0xc };

struct text {
    int32_t element[XMM_SIZE];
    unsigned length; /* of elements that are valid */
};

struct comparison {
    struct text text[2];
    unsigned count; /* of elements of a register: 8 or 16 */
    unsigned control;
    unsigned result; /* a bit for each element of the second text */
};

static void set_flags(struct whe_work *work, uint64_t flags)
{
    work->rflags = (work->rflags & ~WHE_RFLAGS_STATUS) | flags;
}

/* The bits of 8 bytes that are tested: all of them, or the signs of lanes. */
static uint64_t tested_bits(unsigned lane)
{
    const uint64_t sign = UINT64_C(1) << 63;
    return lane == 0 ? UINT64_MAX : lane == 4 ? sign | sign >> 32 : sign;
}

enum whe_vector whe_kernel_ptest(struct whe_work *work)
{
    const uint64_t tested = tested_bits(work->insn->operation);
    const WHV_UINT128 a = work->value[0].u128;
    const WHV_UINT128 b = {.Low64 = work->value[1].u128.Low64 & tested,
                           .High64 = work->value[1].u128.High64 & tested};
    uint64_t flags = 0;
    if (((a.Low64 & b.Low64) | (a.High64 & b.High64)) == 0)
        flags |= WHE_RFLAGS_ZF;
    if (((~a.Low64 & b.Low64) | (~a.High64 & b.High64)) == 0)
        flags |= WHE_RFLAGS_CF;
    set_flags(work, flags);
    return WHE_VECTOR_NONE;
}

static int32_t element_of(const union whe_value *value, unsigned number, unsigned control)
{
    if (control & HAS_WORDS) {
        uint16_t word;
        memcpy(&word, value->bytes + 2u * number, sizeof(word));
        return control & IS_SIGNED ? (int16_t)word : word;
    }
    const uint8_t byte = value->bytes[number];
    return control & IS_SIGNED ? (int8_t)byte : byte;
}

/* How long a register says that a text is: its magnitude counts, up to all. */
static unsigned length_from(uint64_t value, unsigned size, unsigned count)
{
    const uint64_t sign = UINT64_C(1) << (8 * size - 1);
    const uint64_t magnitude = value & sign ? (0 - value) & (sign | (sign - 1)) : value;
    return magnitude < count ? (unsigned)magnitude : count;
}

static void take_text(struct text *text, const union whe_value *value,
                      const struct comparison *comparison)
{
    bool has_end = false;
    text->length = comparison->count;
    for (unsigned i = 0; i < comparison->count; i++) {
        text->element[i] = element_of(value, i, comparison->control);
        if (text->element[i] == 0 && !has_end) {
            has_end = true;
            text->length = i;
        }
    }
}

static bool is_any(const struct text *set, int32_t element)
{
    for (unsigned i = 0; i < set->length; i++) {
        if (set->element[i] == element)
            return true;
    }
    return false;
}

static bool is_in_range(const struct text *ranges, int32_t element)
{
    for (unsigned i = 0; i + 1 < ranges->length; i += 2) {
        if (ranges->element[i] <= element && element <= ranges->element[i + 1])
            return true;
    }
    return false;
}

/* As far as there are elements in the register. */
static bool begins_at(const struct comparison *comparison, unsigned place)
{
    const struct text *sought = &comparison->text[0], *text = &comparison->text[1];
    for (unsigned i = 0; i < sought->length && place + i < comparison->count; i++) {
        if (place + i >= text->length || sought->element[i] != text->element[place + i])
            return false;
    }
    return true;
}

static bool is_found(const struct comparison *comparison, unsigned i)
{
    const struct text *a = &comparison->text[0], *b = &comparison->text[1];
    switch ((enum aggregation)(comparison->control & AGGREGATION)) {
    case EQUAL_ANY:
        return i < b->length && is_any(a, b->element[i]);
    case RANGES:
        return i < b->length && is_in_range(a, b->element[i]);
    case EQUAL_EACH:
        if (i >= a->length || i >= b->length)
            return i >= a->length && i >= b->length;
        return a->element[i] == b->element[i];
    default:
        return begins_at(comparison, i);
    }
}

static void compare(struct comparison *comparison)
{
    const unsigned control = comparison->control;
    comparison->result = 0;
    for (unsigned i = 0; i < comparison->count; i++) {
        const bool is_negated =
            (control & NEGATES) && (!(control & MASKS) || i < comparison->text[1].length);
        comparison->result |= (unsigned)(is_found(comparison, i) != is_negated) << i;
    }
}

static unsigned index_of(const struct comparison *comparison)
{
    if (comparison->result == 0)
        return comparison->count;
    return comparison->control & FROM_END ? 31 - (unsigned)__builtin_clz(comparison->result)
                                          : (unsigned)__builtin_ctz(comparison->result);
}

static void write_mask(const struct comparison *comparison, union whe_value *mask)
{
    const unsigned size = XMM_SIZE / comparison->count;
    mask->u128 = (WHV_UINT128){.Low64 = comparison->result};
    if (!(comparison->control & FROM_END))
        return;
    for (unsigned i = 0; i < XMM_SIZE; i++)
        mask->bytes[i] = comparison->result >> i / size & 1 ? 0xff : 0;
}

/* Operands: two texts, the immediate, two lengths if they are explicit, the result. */
enum whe_vector whe_kernel_compare_text(struct whe_work *work)
{
    const struct whe_insn *insn = work->insn;
    const bool is_explicit = insn->operation & WHE_TEXT_EXPLICIT;
    struct comparison comparison = {.control = (unsigned)work->value[2].u64};
    union whe_value *result = &work->value[is_explicit ? 5 : 3];
    comparison.count = comparison.control & HAS_WORDS ? XMM_SIZE / 2 : XMM_SIZE;
    for (unsigned i = 0; i < 2; i++) {
        take_text(&comparison.text[i], &work->value[i], &comparison);
        if (is_explicit)
            comparison.text[i].length =
                length_from(work->value[3 + i].u64, insn->operand[3 + i].size, comparison.count);
    }
    compare(&comparison);
    if (insn->operation & WHE_TEXT_MASK)
        write_mask(&comparison, result);
    else
        result->u64 = index_of(&comparison);
    set_flags(work, (comparison.result != 0 ? WHE_RFLAGS_CF : 0) |
                        (comparison.text[1].length < comparison.count ? WHE_RFLAGS_ZF : 0) |
                        (comparison.text[0].length < comparison.count ? WHE_RFLAGS_SF : 0) |
                        (comparison.result & 1 ? WHE_RFLAGS_OF : 0));
    return WHE_VECTOR_NONE;
}
