/* SPDX-License-Identifier: MIT */
/* Control instructions of the x87: what loads, saves and clears its state. SDM 1, 8.1; 2A. */
#include <string.h>

#include "x87.h"

#define CONTROL_BITS     0x1f3fu
#define CONTROL_RESERVED 0x0040u /* reads as 1 */
#define CONTROL_INITIAL  0x037fu
#define STATUS_SUMMARY   0x8080u /* ES and B */
#define STATUS_TOP       (7u << WHE_FSW_TOP_SHIFT)
#define STATUS_CLEARED   0x80ffu /* by FNCLEX */
#define OPCODE_BITS      0x07ffu
#define REGISTERS        8u
#define REGISTER_SIZE    10u
#define WORDS            7u /* of an environment: 2 or 4 bytes each */

enum tag { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static unsigned top_of(const union whe_image *image)
{
    return (image->x87.FpStatus & STATUS_TOP) >> WHE_FSW_TOP_SHIFT;
}

void whe_x87_turn(union whe_image *image, unsigned top)
{
    WHV_UINT128 from[REGISTERS];
    const unsigned by = top - top_of(image);
    memcpy(from, image->st, sizeof(from));
    for (unsigned i = 0; i < REGISTERS; i++)
        image->st[i] = from[(i + by) % REGISTERS];
    image->x87.FpStatus = (UINT16)((image->x87.FpStatus & ~STATUS_TOP) | top << WHE_FSW_TOP_SHIFT);
}

void whe_x87_enter_mmx(union whe_image *image)
{
    whe_x87_turn(image, 0);
    image->x87.FpTag = 0xff;
}

void whe_x87_settle(union whe_image *image)
{
    image->x87.FpControl = (UINT16)((image->x87.FpControl & CONTROL_BITS) | CONTROL_RESERVED);
    image->x87.FpStatus &= (UINT16)~STATUS_SUMMARY;
    if (whe_x87_pending(&image->x87) != 0)
        image->x87.FpStatus |= STATUS_SUMMARY;
}

static void initialize(union whe_image *image)
{
    whe_x87_turn(image, 0);
    memset(&image->x87, 0, sizeof(image->x87));
    image->x87.FpControl = CONTROL_INITIAL;
    image->sse.LastFpRdp = 0;
}

static enum tag tag_of(const WHV_UINT128 *value)
{
    const unsigned exponent = value->High64 & 0x7fff;
    if (exponent == 0 && value->Low64 == 0)
        return TAG_ZERO;
    const bool is_normal = exponent != 0 && exponent != 0x7fff && (value->Low64 >> 63) != 0;
    return is_normal ? TAG_VALID : TAG_SPECIAL;
}

/* The tag word has 2 bits for each register, by its number; the image 1 that says it is in use. */
static unsigned tags_of(const union whe_image *image)
{
    const unsigned top = top_of(image);
    unsigned tags = 0;
    for (unsigned i = 0; i < REGISTERS; i++) {
        const bool is_used = image->x87.FpTag >> i & 1;
        const WHV_UINT128 *value = &image->st[(i - top) % REGISTERS];
        tags |= (unsigned)(is_used ? tag_of(value) : TAG_EMPTY) << 2 * i;
    }
    return tags;
}

static UINT8 used_from_tags(unsigned tags)
{
    unsigned used = 0;
    for (unsigned i = 0; i < REGISTERS; i++)
        used |= (unsigned)((tags >> 2 * i & 3) != TAG_EMPTY) << i;
    return (UINT8)used;
}

/* A selector and an offset, as real mode makes one address of them. */
static uint32_t linear(uint16_t selector, uint32_t offset)
{
    return ((uint32_t)selector << 4) + offset;
}

/* SDM 1, figures 8-9 to 8-12; of 16-bit formats each word is cut. In 64-bit mode no selectors are
   kept: their place in the image belongs to addresses of 64 bits. */
static void save_environment(const struct whe_work *work, uint8_t *to, unsigned width)
{
    const uint32_t reserved = 0xffff0000;
    const union whe_image *image = work->image;
    const bool is_64 = work->mode->code == WHE_CODE64;
    const uint16_t cs = is_64 ? 0 : image->x87.LastFpCs;
    const uint16_t ds = is_64 ? 0 : image->sse.LastFpDs;
    const uint32_t opcode = image->x87.LastFpOp & OPCODE_BITS;
    uint32_t word[WORDS] = {reserved | image->x87.FpControl, reserved | image->x87.FpStatus,
                            reserved | tags_of(image)};
    if (work->mode->protected_mode) {
        word[3] = image->x87.LastFpEip;
        word[4] = opcode << 16 | cs;
        word[5] = image->sse.LastFpDp;
        word[6] = reserved | ds;
    } else {
        const uint32_t ip = linear(cs, image->x87.LastFpEip);
        const uint32_t dp = linear(ds, image->sse.LastFpDp);
        word[3] = reserved | (ip & 0xffff);
        word[4] = ip >> 16 << 12 | opcode;
        word[5] = reserved | (dp & 0xffff);
        word[6] = dp >> 16 << 12;
    }
    for (unsigned i = 0; i < WORDS; i++)
        memcpy(to + (size_t)i * width, &word[i], width);
}

static void load_pointers(const struct whe_work *work, const uint32_t *word)
{
    WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 = &work->image->x87;
    WHV_X64_XMM_CONTROL_STATUS_REGISTER *sse = &work->image->sse;
    x87->LastFpRip = word[3];
    sse->LastFpRdp = word[5];
    if (!work->mode->protected_mode) {
        x87->LastFpRip = (word[3] & 0xffff) | (word[4] >> 12 & 0xffff) << 16;
        sse->LastFpRdp = (word[5] & 0xffff) | (word[6] >> 12 & 0xffff) << 16;
        x87->LastFpOp = word[4] & OPCODE_BITS;
        return;
    }
    x87->LastFpOp = word[4] >> 16 & OPCODE_BITS;
    if (work->mode->code == WHE_CODE64)
        return;
    x87->LastFpCs = (UINT16)word[4];
    sse->LastFpDs = (UINT16)word[6];
}

static void load_environment(const struct whe_work *work, const uint8_t *from, unsigned width)
{
    union whe_image *image = work->image;
    uint32_t word[WORDS] = {0};
    for (unsigned i = 0; i < WORDS; i++)
        memcpy(&word[i], from + (size_t)i * width, width);
    whe_x87_turn(image, (word[1] & STATUS_TOP) >> WHE_FSW_TOP_SHIFT);
    image->x87.FpControl = (UINT16)word[0];
    image->x87.FpStatus = (UINT16)word[1];
    image->x87.FpTag = used_from_tags(word[2]);
    load_pointers(work, word);
    whe_x87_settle(image);
}

enum whe_vector whe_kernel_fldcw(struct whe_work *work)
{
    work->image->x87.FpControl = (UINT16)work->value[0].u64;
    whe_x87_settle(work->image);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_fnstcw(struct whe_work *work)
{
    work->value[0].u64 = work->image->x87.FpControl;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_fnstsw(struct whe_work *work)
{
    work->value[0].u64 = work->image->x87.FpStatus;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_fnclex(struct whe_work *work)
{
    work->image->x87.FpStatus &= (UINT16)~STATUS_CLEARED;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_fninit(struct whe_work *work)
{
    initialize(work->image);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_fldenv(struct whe_work *work)
{
    load_environment(work, work->value[0].bytes, work->insn->operand[0].size / WORDS);
    return WHE_VECTOR_NONE;
}

/* All exceptions are masked afterwards. */
enum whe_vector whe_kernel_fnstenv(struct whe_work *work)
{
    save_environment(work, work->value[0].bytes, work->insn->operand[0].size / WORDS);
    work->image->x87.FpControl |= WHE_FSW_EXCEPTIONS;
    whe_x87_settle(work->image);
    return WHE_VECTOR_NONE;
}

/* The environment and then the registers, ST(0) first. */
enum whe_vector whe_kernel_fnsave(struct whe_work *work)
{
    const unsigned size = work->insn->operand[0].size - REGISTERS * REGISTER_SIZE;
    save_environment(work, work->block, size / WORDS);
    for (unsigned i = 0; i < REGISTERS; i++)
        memcpy(work->block + size + (size_t)i * REGISTER_SIZE, &work->image->st[i], REGISTER_SIZE);
    initialize(work->image);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_frstor(struct whe_work *work)
{
    const unsigned size = work->insn->operand[0].size - REGISTERS * REGISTER_SIZE;
    load_environment(work, work->block, size / WORDS);
    for (unsigned i = 0; i < REGISTERS; i++) {
        work->image->st[i] = (WHV_UINT128){.Low64 = 0};
        memcpy(&work->image->st[i], work->block + size + (size_t)i * REGISTER_SIZE, REGISTER_SIZE);
    }
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_emms(struct whe_work *work)
{
    whe_x87_turn(work->image, 0);
    work->image->x87.FpTag = 0;
    return WHE_VECTOR_NONE;
}
