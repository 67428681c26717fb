/* SPDX-License-Identifier: MIT */
/* The format: "MOO File Format Specification, Version 1.1", in the project dbalsom/moo. */
#include "moo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "base/str.h"

#define ALL_REGS_16 0x3fffu
#define ALL_REGS_32 0xfffffu
#define RAM_ENTRY   5u
#define CYCLE       15u
#define HEADER_MIN  12u
#define META_MODE   27u /* where cpu_mode stands in META */

/* How a processor's bus is read. */
enum bus_kind { BUS_808X, BUS_286, BUS_386 };

struct wht_moo {
    struct wht_input *input;
    const uint8_t *start;
    struct wht_moo_span rest;
    char cpu[5];
    char version[8];
    enum bus_kind bus;
    bool has_narrow_bus; /* 8 bits */
    uint8_t mode;
    struct wht_moo_regs mask;
};

struct chunk {
    char id[5];
    struct wht_moo_span body;
    uint32_t offset;
};

static uint32_t word(const uint8_t *p, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << 8 * i;
    return value;
}

static bool fail(char *error, const struct chunk *chunk, const char *text)
{
    char id[5];
    for (size_t i = 0; i < sizeof(id); i++)
        id[i] =
            chunk->id[i] == 0 || (chunk->id[i] >= ' ' && chunk->id[i] <= '~') ? chunk->id[i] : '?';
    snprintf(error, WHT_MOO_ERROR_MAX, "byte %u: chunk '%s': %s", (unsigned)chunk->offset, id,
             text);
    return false;
}

/* Takes a chunk off the front. The caller has checked that something is left. */
static bool take_chunk(const struct wht_moo *moo, struct wht_moo_span *rest, struct chunk *chunk,
                       char *error)
{
    *chunk = (struct chunk){.id = "", .offset = (uint32_t)(rest->data - moo->start)};
    if (rest->size < 8)
        return fail(error, chunk, "its head is cut");
    memcpy(chunk->id, rest->data, 4);
    chunk->body.size = word(rest->data + 4, 4);
    chunk->body.data = rest->data + 8;
    if (chunk->body.size > rest->size - 8)
        return fail(error, chunk, "it is longer than what it stands in");
    rest->data = chunk->body.data + chunk->body.size;
    rest->size -= 8 + chunk->body.size;
    return true;
}

static bool is(const struct chunk *chunk, const char *id)
{
    return memcmp(chunk->id, id, 4) == 0;
}

static bool take_regs(const struct chunk *chunk, struct wht_moo_regs *regs, char *error)
{
    static const uint8_t order_16[] = {WHT_MOO_AX, WHT_MOO_BX, WHT_MOO_CX, WHT_MOO_DX,   WHT_MOO_CS,
                                       WHT_MOO_SS, WHT_MOO_DS, WHT_MOO_ES, WHT_MOO_SP,   WHT_MOO_BP,
                                       WHT_MOO_SI, WHT_MOO_DI, WHT_MOO_IP, WHT_MOO_FLAGS};
    bool is_32 = is(chunk, "RG32") || is(chunk, "RM32");
    unsigned width = is_32 ? 4 : 2;
    if (chunk->body.size < width)
        return fail(error, chunk, "it has no list of registers");
    uint32_t listed = word(chunk->body.data, width);
    if (listed & ~(is_32 ? ALL_REGS_32 : ALL_REGS_16))
        return fail(error, chunk, "it lists a register that is not known");
    size_t at = width;
    *regs = (struct wht_moo_regs){.present = 0};
    for (unsigned i = 0; i < WHT_MOO_REGS; i++) {
        if (!(listed >> i & 1))
            continue;
        if (chunk->body.size - at < width)
            return fail(error, chunk, "it lists more registers than it has");
        unsigned reg = is_32 ? i : order_16[i];
        regs->present |= UINT32_C(1) << reg;
        regs->value[reg] = word(chunk->body.data + at, width);
        at += width;
    }
    return true;
}

/* A payload that begins with how many entries it has. */
static bool take_counted(const struct chunk *chunk, size_t entry, struct wht_moo_span *span,
                         char *error)
{
    if (chunk->body.size < 4)
        return fail(error, chunk, "it has no count");
    size_t count = word(chunk->body.data, 4);
    if (count > (chunk->body.size - 4) / entry)
        return fail(error, chunk, "its count is larger than it is");
    *span = (struct wht_moo_span){chunk->body.data + 4, count * entry};
    return true;
}

static bool take_state(const struct wht_moo *moo, const struct chunk *state,
                       struct wht_moo_state *out, struct wht_moo_regs *mask, char *error)
{
    struct wht_moo_span rest = state->body;
    struct chunk chunk;
    while (rest.size > 0) {
        bool good = take_chunk(moo, &rest, &chunk, error);
        if (good && (is(&chunk, "REGS") || is(&chunk, "RG32")))
            good = take_regs(&chunk, &out->regs, error);
        else if (good && mask && (is(&chunk, "RMSK") || is(&chunk, "RM32")))
            good = take_regs(&chunk, mask, error);
        else if (good && is(&chunk, "RAM "))
            good = take_counted(&chunk, RAM_ENTRY, &out->ram, error);
        if (!good)
            return false;
    }
    return true;
}

static bool take_part(const struct wht_moo *moo, const struct chunk *chunk,
                      struct wht_moo_test *test, char *error)
{
    if (is(chunk, "NAME"))
        return take_counted(chunk, 1, &test->name, error);
    if (is(chunk, "BYTS"))
        return take_counted(chunk, 1, &test->bytes, error);
    if (is(chunk, "INIT"))
        return take_state(moo, chunk, &test->initial, NULL, error);
    if (is(chunk, "FINA"))
        return take_state(moo, chunk, &test->final, &test->mask, error);
    if (is(chunk, "CYCL"))
        return take_counted(chunk, CYCLE, &test->cycles, error);
    if (is(chunk, "EXCP")) {
        if (chunk->body.size < 1)
            return fail(error, chunk, "it has no number");
        test->has_exception = true;
        test->exception = chunk->body.data[0];
    }
    if (is(chunk, "HASH"))
        test->hash = chunk->body;
    return true;
}

static bool take_test(const struct wht_moo *moo, const struct chunk *chunk,
                      struct wht_moo_test *test, char *error)
{
    static const uint32_t needed = 1u << WHT_MOO_CS | 1u << WHT_MOO_IP | 1u << WHT_MOO_FLAGS;
    if (chunk->body.size < 4)
        return fail(error, chunk, "it has no index");
    *test = (struct wht_moo_test){.index = word(chunk->body.data, 4), .offset = chunk->offset};
    struct wht_moo_span rest = {chunk->body.data + 4, chunk->body.size - 4};
    struct chunk part;
    while (rest.size > 0)
        if (!take_chunk(moo, &rest, &part, error) || !take_part(moo, &part, test, error))
            return false;
    if ((test->initial.regs.present & needed) != needed)
        return fail(error, chunk, "the initial state lacks CS, IP or FLAGS");
    if (test->bytes.size == 0)
        return fail(error, chunk, "it has no instruction bytes");
    return true;
}

enum wht_moo_next wht_moo_next(struct wht_moo *moo, struct wht_moo_test *test, char *error)
{
    while (moo->rest.size > 0) {
        struct chunk chunk;
        if (!take_chunk(moo, &moo->rest, &chunk, error)) {
            moo->rest.size = 0;
            return WHT_MOO_DAMAGED;
        }
        if (is(&chunk, "TEST"))
            return take_test(moo, &chunk, test, error) ? WHT_MOO_TEST : WHT_MOO_BAD_TEST;
        if (is(&chunk, "META") && chunk.body.size > META_MODE)
            moo->mode = chunk.body.data[META_MODE];
        if ((is(&chunk, "RMSK") || is(&chunk, "RM32")) && !take_regs(&chunk, &moo->mask, error)) {
            moo->rest.size = 0;
            return WHT_MOO_DAMAGED;
        }
    }
    return WHT_MOO_END;
}

static bool take_header(struct wht_moo *moo, char *error)
{
    static const struct {
        const char *name;
        enum bus_kind bus;
        bool is_narrow;
    } cpus[] = {{"8088", BUS_808X, true}, {"8086", BUS_808X, false}, {"V20", BUS_808X, true},
                {"V30", BUS_808X, false}, {"186", BUS_808X, false},  {"C286", BUS_286, false},
                {"386E", BUS_386, false}};
    struct chunk chunk;
    if (moo->rest.size < 4 || memcmp(moo->rest.data, "MOO ", 4) != 0) {
        snprintf(error, WHT_MOO_ERROR_MAX, "it does not begin with 'MOO '");
        return false;
    }
    if (!take_chunk(moo, &moo->rest, &chunk, error))
        return false;
    if (chunk.body.size < HEADER_MIN)
        return fail(error, &chunk, "it is too short for a header");
    if (chunk.body.data[0] != 1)
        return fail(error, &chunk, "a version other than 1 is not known");
    snprintf(moo->version, sizeof(moo->version), "1.%u", chunk.body.data[1]);
    memcpy(moo->cpu, chunk.body.data + 8, 4);
    for (size_t i = 4; i-- > 0 && (moo->cpu[i] == ' ' || moo->cpu[i] == 0);)
        moo->cpu[i] = 0;
    for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
        if (strcmp(moo->cpu, cpus[i].name) == 0) {
            moo->bus = cpus[i].bus;
            moo->has_narrow_bus = cpus[i].is_narrow;
            return true;
        }
    return fail(error, &chunk, "it is of a processor that is not known");
}

struct wht_moo *wht_moo_open(const char *path, char *error)
{
    struct wht_moo *moo = wht_allocate(1, sizeof(*moo));
    const char *text;
    size_t size;
    moo->input = wht_input_open(path, wht_ends_with(path, ".gz"), error);
    if (moo->input && !wht_input_rest(moo->input, &text, &size)) {
        snprintf(error, WHT_MOO_ERROR_MAX, "%s", wht_input_error(moo->input));
    } else if (moo->input) {
        moo->start = (const uint8_t *)text;
        moo->rest = (struct wht_moo_span){moo->start, size};
        if (take_header(moo, error))
            return moo;
    }
    wht_moo_close(moo);
    return NULL;
}

void wht_moo_close(struct wht_moo *moo)
{
    if (!moo)
        return;
    if (moo->input)
        wht_input_close(moo->input);
    free(moo);
}

const char *wht_moo_cpu(const struct wht_moo *moo)
{
    return moo->cpu;
}

const char *wht_moo_version(const struct wht_moo *moo)
{
    return moo->version;
}

const struct wht_moo_regs *wht_moo_mask(const struct wht_moo *moo)
{
    return &moo->mask;
}

uint8_t wht_moo_mode(const struct wht_moo *moo)
{
    return moo->mode;
}

size_t wht_moo_ram_count(const struct wht_moo_state *state)
{
    return state->ram.size / RAM_ENTRY;
}

void wht_moo_ram(const struct wht_moo_state *state, size_t i, uint32_t *address, uint8_t *value)
{
    const uint8_t *entry = state->ram.data + i * RAM_ENTRY;
    *address = word(entry, 4);
    *value = entry[4];
}

static enum wht_moo_bus bus_of(const struct wht_moo *moo, uint8_t status)
{
    static const uint8_t on_808x[8] = {[1] = WHT_MOO_IOR,
                                       [2] = WHT_MOO_IOW,
                                       [3] = WHT_MOO_MEMR,
                                       [4] = WHT_MOO_MEMW,
                                       [6] = WHT_MOO_CODE};
    static const uint8_t on_286[16] = {[5] = WHT_MOO_MEMR,
                                       [6] = WHT_MOO_MEMW,
                                       [9] = WHT_MOO_IOR,
                                       [10] = WHT_MOO_IOW,
                                       [13] = WHT_MOO_CODE};
    static const uint8_t on_386[8] = {[2] = WHT_MOO_IOR,
                                      [3] = WHT_MOO_IOW,
                                      [4] = WHT_MOO_CODE,
                                      [6] = WHT_MOO_MEMR,
                                      [7] = WHT_MOO_MEMW};
    if (moo->bus == BUS_286)
        return (enum wht_moo_bus)on_286[status & 15];
    return (enum wht_moo_bus)(moo->bus == BUS_386 ? on_386 : on_808x)[status & 7];
}

/* Which bytes of the data bus count: BHE is active low, and a narrow bus has none. */
static void take_data(const struct wht_moo *moo, const uint8_t *first, const uint8_t *last,
                      struct wht_moo_transfer *transfer)
{
    bool high = moo->bus == BUS_808X ? !(first[8] & 1) : !(first[0] >> 1 & 1);
    bool is_odd = transfer->address & 1;
    transfer->size = !moo->has_narrow_bus && high && !is_odd ? 2 : 1;
    transfer->data[0] = last[!moo->has_narrow_bus && is_odd ? 10 : 9];
    transfer->data[1] = last[10];
}

/* A cycle: pins 0, address 1-4, segment 5, memory 6, I/O 7, pins 8, data 9-10, bus 11, state 12. A
 * transfer begins in T1, where its address is latched; its data stands in the last T2 (286, 386) or
 * T3 and Tw. The 8086 drops its status before that. */
bool wht_moo_transfer(const struct wht_moo *moo, const struct wht_moo_test *test, size_t *at,
                      struct wht_moo_transfer *transfer)
{
    const uint8_t *cycle = test->cycles.data;
    size_t count = test->cycles.size / CYCLE;
    while (*at < count) {
        const uint8_t *first = cycle + (*at)++ * CYCLE;
        if (!(first[0] & 1) && first[12] != 1)
            continue;
        const uint8_t *last = first;
        uint8_t status = first[11];
        for (; *at < count; ++*at) {
            const uint8_t *next = cycle + *at * CYCLE;
            uint8_t state = next[12];
            if ((next[0] & 1) || state == 1)
                break;
            if (moo->bus == BUS_808X ? state == 3 || state == 5 : state == 2)
                last = next;
        }
        *transfer =
            (struct wht_moo_transfer){.bus = bus_of(moo, status), .address = word(first + 1, 4)};
        if (transfer->bus == WHT_MOO_OTHER)
            continue;
        take_data(moo, first, last, transfer);
        return true;
    }
    return false;
}
