/* SPDX-License-Identifier: MIT */
#include <cpuid.h>
#include <string.h>

#include "rows_maker.h"

/* In the middle of the arena: whatever a 16-bit address or a REP reaches beyond is missing. */
#define WORLD (ORACLE_ARENA + ORACLE_ARENA_SIZE / 2)

/* Every kind of page edge: both there, second missing, first missing, second read-only, ... The
   last page is where offsets from WORLD wrap at 64 KiB. */
static const struct {
    unsigned page;
    unsigned pages;
    enum oracle_access access;
} layout[] = {{0, 2, ORACLE_READ_WRITE}, {3, 1, ORACLE_READ}, {4, 1, ORACLE_READ_WRITE},
              {6, 1, ORACLE_READ_WRITE}, {7, 1, ORACLE_READ}, {15, 1, ORACLE_READ_WRITE}};
#define LAYOUT       (sizeof(layout) / sizeof(layout[0]))
#define LAYOUT_PAGES 8u
#define LAYOUT_WRAPS 16u /* the page at which they do */
#define RFLAGS_AC    UINT64_C(0x40000)

/* Segments that let everything through, for SS at least. */
#define ROWS_PLAIN 12u

static uint64_t layout_address(unsigned i)
{
    return WORLD + layout[i].page * ORACLE_PAGE;
}

static struct oracle_segment random_segment(struct rows_random *random)
{
    static const uint64_t bases[] = {WORLD - 0x4000, WORLD - 0xf000, WORLD, WORLD + 0x801,
                                     WORLD - 0x4003};
    static const uint32_t limits[] = {0xffff, 0x7fff,  0x5ffe,     0x4fff,
                                      0x1001, 0xfffff, UINT32_MAX, 0};
    struct oracle_segment segment = {.kind = ORACLE_DATA};
    segment.base = bases[rows_below(random, sizeof(bases) / sizeof(bases[0]))];
    segment.limit = limits[rows_below(random, sizeof(limits) / sizeof(limits[0]))];
    if (rows_once_in(random, 8))
        segment.kind = ORACLE_CODE_DATA;
    else
        segment.expand_down = rows_once_in(random, 4);
    segment.read_only = rows_once_in(random, 6);
    segment.is_small = rows_once_in(random, 3);
    return segment;
}

/* A descriptor that data segment registers, SS, or neither can hold. */
static struct oracle_segment random_descriptor(struct rows_random *random)
{
    struct oracle_segment segment = random_segment(random);
    segment.not_present = rows_once_in(random, 5);
    if (segment.kind != ORACLE_CODE_DATA && rows_once_in(random, 4))
        segment.kind = ORACLE_CODE_DATA;
    if (segment.kind == ORACLE_CODE_DATA) {
        segment.conforming = rows_once_in(random, 3);
        segment.execute_only = rows_once_in(random, 3);
    }
    return segment;
}

/* Selectors of Linux's GDT are left out: what that holds is not known here. */
static uint16_t random_selector(struct rows_random *random, const uint16_t *good)
{
    unsigned rpl = rows_below(random, 4);
    switch (rows_below(random, 8)) {
    case 0:
        return (uint16_t)rpl; /* null */
    case 1:
        return (uint16_t)((16 + rows_below(random, 0x2000 - 16)) << 3 | rpl); /* past the GDT */
    case 2:
        return (uint16_t)((0x100 + rows_below(random, 0x1f00)) << 3 | 4 | rpl); /* past the LDT */
    default:
        return (uint16_t)((good[rows_below(random, ROWS_SEGMENTS)] & ~3u) | (rpl ? 3 : 0));
    }
}

static void init_selectors(struct rows_world *world, struct rows_random *random)
{
    uint16_t good[ROWS_SEGMENTS];
    for (unsigned i = 0; i < ROWS_SEGMENTS; i++) {
        struct oracle_segment segment = random_descriptor(random);
        good[i] = oracle_ldt_selector(&segment);
    }
    for (unsigned i = 0; i < ROWS_SELECTORS; i++) {
        world->selector[i] = random_selector(random, good);
        memcpy(world->memory[ROWS_INTEGERS] + 2 * i, &world->selector[i], 2);
    }
}

/* @return the state after an instruction in 64-bit mode. */
static const struct oracle_out *probe(struct oracle_in in)
{
    static struct oracle_out out;
    (void)oracle_run(&in, &out);
    return &out;
}

static struct rows_habits find_habits(void)
{
    const uint64_t above = UINT64_C(0x100000000);
    struct rows_habits habits;
    habits.clears_upper = probe((struct oracle_in){.code = {0xf3, 0x67, 0xab}, /* rep stosd */
                                                   .code_size = 3,
                                                   .gpr = {[ORACLE_RCX] = above}})
                              ->gpr[ORACLE_RCX] == 0;
    habits.narrow_movsxd =
        probe((struct oracle_in){.code = {0x66, 0x63, 0x03}, /* movsxd ax,[rbx] */
                                 .code_size = 3,
                                 .gpr = {[ORACLE_RBX] = ORACLE_ARENA + ORACLE_PAGE - 2},
                                 .block = {{ORACLE_ARENA, ORACLE_PAGE, ORACLE_READ, NULL}},
                                 .block_count = 1})
            ->completed;
    habits.pages_first = probe((struct oracle_in){.code = {0x8b, 0x03}, /* mov eax,[rbx] */
                                                  .code_size = 2,
                                                  .rflags = RFLAGS_AC,
                                                  .gpr = {[ORACLE_RBX] = ORACLE_ARENA + 1}})
                             ->trap == 14;
    return habits;
}

static bool has_feature(unsigned feature)
{
    /* Where CPUID tells of it: leaf, register of the answer (EBX, ECX), bit. */
    static const struct {
        unsigned leaf, answer, bit;
    } places[FEATURES] = {
        [MOVBE] = {1, 2, bit_MOVBE},
        [CX16] = {1, 2, bit_CMPXCHG16B},
        [MOVDIRI] = {7, 2, bit_MOVDIRI},
        [PNI] = {1, 2, bit_SSE3},
        [SSSE3] = {1, 2, bit_SSSE3},
        [SSE4_1] = {1, 2, bit_SSE4_1},
        [SSE4_2] = {1, 2, bit_SSE4_2},
        [SSE4A] = {0x80000001, 2, bit_SSE4a},
        [AES] = {1, 2, bit_AES},
        [PCLMULQDQ] = {1, 2, bit_PCLMUL},
        [SHA_NI] = {7, 1, bit_SHA},
        [GFNI] = {7, 2, bit_GFNI},
        [AVX] = {1, 2, bit_AVX},
        [AVX2] = {7, 1, bit_AVX2},
        [F16C] = {1, 2, bit_F16C},
        [POPCNT] = {1, 2, bit_POPCNT},
        [LZCNT] = {0x80000001, 2, bit_LZCNT},
        [BMI1] = {7, 1, bit_BMI},
        [BMI2] = {7, 1, bit_BMI2},
        [ADX] = {7, 1, bit_ADX},
        [INVPCID] = {7, 1, 1u << 10},
        [CLFLUSHOPT] = {7, 1, bit_CLFLUSHOPT},
        [CLWB] = {7, 1, bit_CLWB},
    };
    unsigned value[4] = {0};
    if (feature == ANY)
        return true;
    (void)__get_cpuid_count(places[feature].leaf, 0, &value[0], &value[1], &value[2], &value[3]);
    return (value[places[feature].answer] & places[feature].bit) != 0;
}

const char *rows_missing_feature(unsigned index)
{
    static const char *const names[FEATURES] = {
        "",       "movbe", "cx16",      "movdiri", "pni",  "ssse3",   "sse4_1",     "sse4_2",
        "sse4a",  "aes",   "pclmulqdq", "sha_ni",  "gfni", "avx",     "avx2",       "f16c",
        "popcnt", "abm",   "bmi1",      "bmi2",    "adx",  "invpcid", "clflushopt", "clwb"};
    unsigned feature = ANY;
    do {
        feature++;
        if (feature == FEATURES)
            return NULL;
    } while (has_feature(feature) || index-- > 0);
    return names[feature];
}

static bool has_row(enum oracle_mode mode, const struct row *row)
{
    unsigned refused = mode == ORACLE_64 ? NOT64 : ONLY64;
    return !(row->traits & refused) && has_feature(row->feature);
}

static void init_choice(struct rows_choice *choice, enum oracle_mode mode)
{
    choice->count = 0;
    for (unsigned i = 0; i < rows_table_size; i++) {
        if (has_row(mode, &rows_table[i]))
            choice->row[choice->count++] = (uint16_t)i;
    }
}

/* Corner cases as operands, and runs of equal bytes so that comparisons repeat. */
static void fill_memory(struct rows_world *world, struct rows_random *random)
{
    uint8_t *memory = world->memory[ROWS_INTEGERS];
    for (unsigned i = 0; i < ROWS_MEMORY; i += 8) {
        uint64_t value = rows_value(random);
        unsigned run = rows_once_in(random, 8) ? 8 + rows_below(random, 64) : 0;
        memcpy(memory + i, &value, 8);
        if (run > 0 && i + run <= ROWS_MEMORY) {
            memset(memory + i, (int)(value & 0xff), run);
            i += run / 8 * 8;
        }
    }
}

void rows_world_init(struct rows_world *world, uint64_t seed)
{
    struct rows_random random = {seed};
    world->seed = seed;
    world->habits = find_habits();
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++)
        init_choice(&world->choice[mode], mode);
    for (unsigned i = 0; i < ROWS_SEGMENTS; i++)
        world->segment[i] = random_segment(&random);
    for (unsigned i = 0; i < ROWS_PLAIN; i++)
        world->segment[i] = (struct oracle_segment){.kind = ORACLE_DATA,
                                                    .base = WORLD - 0x4000 - 0x10 * i,
                                                    .limit = 0xffff,
                                                    .is_small = i % 2};
    fill_memory(world, &random);
    for (enum rows_numbers i = ROWS_FLOATS; i <= ROWS_STATES; i++)
        rows_fill_numbers(&random, i, world->memory[i], ROWS_MEMORY);
    rows_fill_targets(&random, world->memory[ROWS_TARGETS], ROWS_MEMORY);
    init_selectors(world, &random);
}

static struct oracle_segment pick_segment(const struct rows_world *world,
                                          struct rows_random *random, enum oracle_mode mode,
                                          bool is_stack)
{
    static const struct oracle_segment flat = {.kind = ORACLE_FLAT};
    static const struct oracle_segment null = {.kind = ORACLE_NULL_SEGMENT};
    const struct oracle_segment *segment = &world->segment[rows_below(random, ROWS_SEGMENTS)];
    /* 16-bit addresses cannot reach the arena through a flat segment. */
    if (mode == ORACLE_32 && rows_once_in(random, 2))
        return flat;
    if (!is_stack)
        return rows_once_in(random, 30) ? null : *segment;
    if (segment->kind != ORACLE_DATA || segment->read_only)
        segment = &world->segment[rows_below(random, ROWS_PLAIN)];
    return *segment;
}

static void pick_segments(const struct rows_world *world, struct rows_random *random,
                          struct oracle_in *in)
{
    for (enum oracle_sreg i = 0; i < ORACLE_SREGS; i++) {
        if (in->mode != ORACLE_64)
            in->segment[i] = pick_segment(world, random, in->mode, i == ORACLE_SS);
        else
            in->segment[i] = (struct oracle_segment){.kind = ORACLE_FLAT};
    }
}

/* One that real mode can have; "unreal": with the limits of descriptors that were loaded before. */
static struct oracle_segment pick_real_segment(struct rows_random *random, bool is_vm86)
{
    static const uint64_t bases[] = {WORLD - 0x4000, WORLD - 0xf000, WORLD, WORLD + 0x810, 0};
    bool is_unreal = !is_vm86 && rows_once_in(random, 3);
    struct oracle_segment segment = {.kind = ORACLE_DATA, .limit = 0xffff, .is_small = true};
    segment.base = bases[rows_below(random, is_unreal ? 5 : 4)];
    if (is_unreal) {
        segment.limit = rows_once_in(random, 2) ? UINT32_MAX : 0xfffff;
        segment.is_small = rows_once_in(random, 2);
    }
    return segment;
}

void rows_surround_real(struct rows_random *random, enum oracle_context context,
                        struct oracle_in *in)
{
    for (enum oracle_sreg i = 0; i < ORACLE_SREGS; i++)
        in->segment[i] = pick_real_segment(random, context == ORACLE_VM86);
    if (context == ORACLE_REAL)
        in->rflags &= ~RFLAGS_AC;
}

void rows_surround(const struct rows_world *world, struct rows_random *random,
                   enum oracle_mode mode, enum rows_numbers numbers, struct oracle_in *in)
{
    const uint8_t *bytes = world->memory[numbers];
    memset(in, 0, sizeof(*in));
    in->mode = mode;
    for (unsigned i = 0; i < 16; i++)
        in->gpr[i] = rows_value(random);
    for (unsigned i = 0; i < 16; i++)
        in->xmm[i] = numbers == ROWS_FLOATS
                         ? rows_floats(random)
                         : (struct oracle_xmm){rows_value(random), rows_value(random)};
    in->has_fx = true;
    in->fx = rows_fx(random, numbers);
    in->rflags = rows_next(random) & ORACLE_RFLAGS;
    if (!rows_once_in(random, 6) || world->habits.pages_first)
        in->rflags &= ~RFLAGS_AC;
    if (!rows_once_in(random, 12))
        in->rflags &= ~ORACLE_TF;
    for (unsigned i = 0; i < LAYOUT; i++) {
        in->block[i].address = layout_address(i);
        in->block[i].size = layout[i].pages * ORACLE_PAGE;
        in->block[i].access = layout[i].access;
        in->block[i].bytes = bytes;
        bytes += in->block[i].size;
    }
    in->block_count = LAYOUT;
    pick_segments(world, random, in);
}

uint64_t rows_target(struct rows_random *random, unsigned size)
{
    unsigned chosen = rows_below(random, LAYOUT_PAGES + 2);
    uint64_t page = WORLD + (chosen > LAYOUT_PAGES ? LAYOUT_WRAPS : chosen) * ORACLE_PAGE;
    switch (rows_below(random, 4)) {
    case 0: /* around an edge */
        return page - size + rows_below(random, size + 2);
    case 1: /* anywhere */
        return page + rows_below(random, ORACLE_PAGE);
    default: /* where nothing faults */
        return WORLD + rows_below(random, 2 * ORACLE_PAGE - size);
    }
}

uint64_t rows_selector_target(struct rows_random *random)
{
    return WORLD + 2 * rows_below(random, ROWS_SELECTORS);
}

static const uint8_t *find_byte(const uint8_t *bytes, uint64_t linear)
{
    for (unsigned i = 0; i < LAYOUT; i++) {
        uint64_t offset = linear - layout_address(i), size = layout[i].pages * ORACLE_PAGE;
        if (offset < size)
            return bytes + offset;
        bytes += size;
    }
    return NULL;
}

bool rows_read(const struct rows_world *world, enum rows_numbers numbers, uint64_t linear,
               unsigned size, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < size; i++) {
        const uint8_t *byte = find_byte(world->memory[numbers], linear + i);
        if (!byte)
            return false;
        *value |= (uint64_t)*byte << 8 * i;
    }
    return true;
}

bool rows_is_selector(uint64_t linear)
{
    return linear - WORLD < 2 * ROWS_SELECTORS && (linear & 1) == 0;
}

bool rows_is_accessible(uint64_t linear, bool is_write)
{
    for (unsigned i = 0; i < LAYOUT; i++) {
        uint64_t offset = linear - layout_address(i);
        if (offset < layout[i].pages * ORACLE_PAGE)
            return !is_write || layout[i].access == ORACLE_READ_WRITE;
    }
    return false;
}
