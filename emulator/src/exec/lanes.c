/* SPDX-License-Identifier: MIT */
/* Moves of lanes of XMM and MMX registers that an immediate selects: SDM 2B. */
#include <string.h>

#include "kernel.h"

#define XMM_SIZE 16u

static uint64_t lane_of(const union whe_value *value, unsigned number, unsigned size)
{
    uint64_t lane = 0;
    memcpy(&lane, value->bytes + (size_t)number * size, size);
    return lane;
}

static void set_lane(union whe_value *value, unsigned number, unsigned size, uint64_t lane)
{
    memcpy(value->bytes + (size_t)number * size, &lane, size);
}

static unsigned immediate_of(const struct whe_work *work)
{
    return (unsigned)work->value[2].u64 & 0xff;
}

/* PSHUFD. */
enum whe_vector whe_kernel_shuffle(struct whe_work *work)
{
    const union whe_value from = work->value[1];
    const unsigned order = immediate_of(work);
    for (unsigned i = 0; i < 4; i++)
        set_lane(&work->value[0], i, 4, lane_of(&from, order >> 2 * i & 3, 4));
    return WHE_VECTOR_NONE;
}

/* Four words are shuffled, from the number on that the operation says; the others are copied. */
enum whe_vector whe_kernel_shuffle_words(struct whe_work *work)
{
    const union whe_value from = work->value[1];
    const unsigned order = immediate_of(work);
    const unsigned first = work->insn->operation;
    work->value[0].u128 = from.u128;
    for (unsigned i = 0; i < 4; i++)
        set_lane(&work->value[0], first + i, 2, lane_of(&from, first + (order >> 2 * i & 3), 2));
    return WHE_VECTOR_NONE;
}

/* The low half comes from the first operand, the high one from the second. */
enum whe_vector whe_kernel_shuffle_pair(struct whe_work *work)
{
    const union whe_value from[2] = {work->value[0], work->value[1]};
    const unsigned size = work->insn->operation;
    const unsigned count = XMM_SIZE / size;
    unsigned order = immediate_of(work);
    for (unsigned i = 0; i < count; i++, order /= count)
        set_lane(&work->value[0], i, size,
                 lane_of(&from[i >= count / 2], order & (count - 1), size));
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_blend(struct whe_work *work)
{
    const unsigned size = work->insn->operation;
    for (unsigned i = 0; i < XMM_SIZE / size; i++) {
        if (immediate_of(work) >> i & 1)
            set_lane(&work->value[0], i, size, lane_of(&work->value[1], i, size));
    }
    return WHE_VECTOR_NONE;
}

/* Both operands side by side, the first one high, are shifted to the right by bytes. */
enum whe_vector whe_kernel_palignr(struct whe_work *work)
{
    const unsigned size = work->insn->operand[0].size;
    const unsigned count = immediate_of(work);
    uint8_t both[4 * XMM_SIZE] = {0};
    memcpy(both, work->value[1].bytes, size);
    memcpy(both + size, work->value[0].bytes, size);
    memcpy(work->value[0].bytes, both + (count < 2u * size ? count : 2u * size), size);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_shift_bytes(struct whe_work *work)
{
    const uint64_t asked = work->value[1].u64;
    const unsigned count = asked < XMM_SIZE ? (unsigned)asked : XMM_SIZE;
    uint8_t wide[3 * XMM_SIZE] = {0};
    memcpy(wide + XMM_SIZE, work->value[0].bytes, XMM_SIZE);
    const bool is_left = work->insn->operation;
    memcpy(work->value[0].bytes, is_left ? wide + XMM_SIZE - count : wide + XMM_SIZE + count,
           XMM_SIZE);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_insert(struct whe_work *work)
{
    const unsigned size = work->insn->operation;
    const unsigned count = work->insn->operand[0].size / size;
    set_lane(&work->value[0], immediate_of(work) & (count - 1), size, work->value[1].u64);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_extract(struct whe_work *work)
{
    const unsigned size = work->insn->operation;
    const unsigned count = work->insn->operand[1].size / size;
    work->value[0].u64 = lane_of(&work->value[1], immediate_of(work) & (count - 1), size);
    return WHE_VECTOR_NONE;
}

/* From memory there is one lane to choose from. */
enum whe_vector whe_kernel_insertps(struct whe_work *work)
{
    const unsigned control = immediate_of(work);
    const bool is_memory = work->insn->operand[1].kind == WHE_OPERAND_MEMORY;
    const uint64_t lane = lane_of(&work->value[1], is_memory ? 0 : control >> 6 & 3, 4);
    set_lane(&work->value[0], control >> 4 & 3, 4, lane);
    for (unsigned i = 0; i < 4; i++) {
        if (control >> i & 1)
            set_lane(&work->value[0], i, 4, 0);
    }
    return WHE_VECTOR_NONE;
}

/* MOVMSKPS, MOVMSKPD, PMOVMSKB: the sign of every lane. */
enum whe_vector whe_kernel_signs(struct whe_work *work)
{
    const unsigned size = work->insn->operation;
    const unsigned count = work->insn->operand[1].size / size;
    work->value[0].u64 = 0;
    for (unsigned i = 0; i < count; i++)
        work->value[0].u64 |= lane_of(&work->value[1], i, size) >> (8 * size - 1) << i;
    return WHE_VECTOR_NONE;
}

uint64_t whe_chosen_bytes(const struct whe_insn *insn, const union whe_value *mask)
{
    const unsigned size = insn->operation;
    const uint64_t element = (UINT64_C(1) << size) - 1;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < insn->operand[1].size; i += size)
        bytes |= mask->bytes[i + size - 1] & 0x80 ? element << i : 0;
    return bytes;
}

/* MASKMOVDQU, MASKMOVQ; VMASKMOVPS and its kin, with larger elements. Of MASKMOVDQU the whole of
   the memory operand is checked and translated, whatever the mask: seen on AMD family 1Ah. */
enum whe_vector whe_kernel_store_chosen(struct whe_work *work)
{
    const unsigned memory = work->insn->memory[0].operand; /* the first operand or the last */
    union whe_value *value = work->value;
    value[memory].u128 = value[2 - memory].u128;
    work->bytes = whe_chosen_bytes(work->insn, &value[1]);
    return WHE_VECTOR_NONE;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a < b ? b - a : a - b;
}

/* Four bytes of the second operand are compared with those at eight places of the first. */
enum whe_vector whe_kernel_mpsadbw(struct whe_work *work)
{
    const union whe_value a = work->value[0], b = work->value[1];
    const unsigned control = immediate_of(work);
    const unsigned from_a = control & 4, from_b = (control & 3) * 4;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t sum = 0;
        for (unsigned k = 0; k < 4; k++)
            sum += distance(a.bytes[from_a + i + k], b.bytes[from_b + k]);
        set_lane(&work->value[0], i, 2, sum);
    }
    return WHE_VECTOR_NONE;
}

/* The bits that two bytes of an immediate, or of a register, select. */
struct field {
    unsigned first;
    uint64_t mask; /* at bit 0 */
};

static struct field field_from(uint64_t length, uint64_t first)
{
    length &= 63;
    return (struct field){.first = first & 63,
                          .mask = length == 0 ? UINT64_MAX : (UINT64_C(1) << length) - 1};
}

/* APM 4, "EXTRQ", "INSERTQ": the high half is undefined; AMD family 1Ah clears it. */
enum whe_vector whe_kernel_extrq(struct whe_work *work)
{
    const union whe_value *value = work->value;
    const bool has_register = work->insn->operand[1].kind == WHE_OPERAND_XMM;
    const struct field field = has_register ? field_from(value[1].bytes[0], value[1].bytes[1])
                                            : field_from(value[1].u64, value[2].u64);
    const uint64_t low = value[0].u64 >> field.first & field.mask;
    work->value[0].u128 = (WHV_UINT128){.Low64 = low};
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_insertq(struct whe_work *work)
{
    const union whe_value *value = work->value;
    const bool has_immediates = work->insn->operand_count > 2;
    const struct field field = has_immediates ? field_from(value[2].u64, value[3].u64)
                                              : field_from(value[1].bytes[8], value[1].bytes[9]);
    const uint64_t low = (value[0].u64 & ~(field.mask << field.first)) | (value[1].u64 & field.mask)
                                                                             << field.first;
    work->value[0].u128 = (WHV_UINT128){.Low64 = low};
    return WHE_VECTOR_NONE;
}
