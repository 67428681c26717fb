/* SPDX-License-Identifier: MIT */
/*
 * What the encoding tells is filled in, what only a manual can tell is left open and stands in
 * `todo`. choose_places() decides which operand is the device, choose_values() gives registers
 * their values, addresses before data, so that the operand lies where the exit says; the rest is
 * put together key by key, in canonical order. Every value can be told from every other, so that a
 * result shows where it comes from.
 */
#include "new_case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words/name_lists.h"
#include "words/names.h"
#include "x86/disasm.h"
#include "x86/operands.h"

#define DEVICE     UINT64_C(0xfee000b0)
#define DEVICE_16  UINT64_C(0x8000) /* within the reach of 16-bit addresses */
#define RAM        UINT64_C(0x2000)
#define STACK      UINT64_C(0x3000) /* rSP; RAM on both sides of it */
#define STACK_SIDE 64
#define PORT       0x3f8
#define START      UINT64_C(0x1000) /* RIP, unless a case says otherwise */
#define REGISTERS  32u
#define ACCESS_MAX 8u /* bytes of a callback */

/* Data in registers: of those that are read, and of those that are only written, so that it can be
 * seen whether they are. Every byte tells its place; XMM registers have the upper half as well. */
#define PATTERN      UINT64_C(0x1122334455667788)
#define PATTERN_HIGH UINT64_C(0x99aabbccddeeff01)
#define BEFORE       UINT64_C(0xd8d7d6d5d4d3d2d1)
#define BEFORE_HIGH  UINT64_C(0xf8f7f6f5f4f3f2f1)

/* Registers of `init`, by number. */
struct start {
    WHV_REGISTER_NAME names[REGISTERS];
    WHV_UINT128 values[REGISTERS];
    size_t count;
};

struct making {
    struct wht_case *c;
    const struct wht_new *wanted;
    struct wht_operands operands;
    struct start start;
    struct wht_text *open; /* `todo` of the case has the same as sentences */
    enum wht_access access;
    const struct wht_operand_place *device; /* the place that the exit is about, or NULL */
    uint64_t device_gpa;
    const struct wht_operand_place *ram; /* the other place, or NULL */
};

static enum wht_code code_from_mode(enum wht_mode mode)
{
    switch (mode) {
    case WHT_MODE_REAL16:
    case WHT_MODE_VM86:
        return WHT_CODE_REAL16;
    case WHT_MODE_PROT16:
    case WHT_MODE_COMPAT16:
        return WHT_CODE_PROT16;
    case WHT_MODE_PROT32:
    case WHT_MODE_COMPAT32:
        return WHT_CODE_32;
    default:
        return WHT_CODE_64;
    }
}

static bool is_set(const struct start *start, int name)
{
    for (size_t i = 0; i < start->count; i++)
        if ((int)start->names[i] == name)
            return true;
    return false;
}

static uint64_t value_of(const struct start *start, int name)
{
    for (size_t i = 0; i < start->count; i++)
        if ((int)start->names[i] == name)
            return start->values[i].Low64;
    return 0;
}

/* The first value counts: addresses come before data. */
static void set128(struct start *start, int name, WHV_UINT128 value)
{
    size_t i = start->count;
    if (name < 0 || name == WHvX64RegisterRip || is_set(start, name) || i == REGISTERS)
        return;
    for (; i > 0 && (uint32_t)start->names[i - 1] > (uint32_t)name; i--) {
        start->names[i] = start->names[i - 1];
        start->values[i] = start->values[i - 1];
    }
    start->names[i] = (WHV_REGISTER_NAME)name;
    start->values[i] = value;
    start->count++;
}

static void set(struct start *start, int name, uint64_t value)
{
    set128(start, name, (WHV_UINT128){.Low64 = value});
}

/* Chooses registers so that the operand lies at `wanted` if it can. @return where it lies. */
static uint64_t place_at(struct start *start, const struct wht_operand_place *place,
                         uint64_t wanted)
{
    const uint64_t mask = place->address_bits == 64   ? UINT64_MAX
                          : place->address_bits == 32 ? UINT32_MAX
                                                      : UINT16_MAX;
    const uint64_t displacement = (uint64_t)place->displacement;
    const uint64_t rest = (wanted - displacement) & mask;
    bool has_base = place->base >= 0;
    bool has_index = place->index >= 0;
    if (place->base == WHvX64RegisterRip)
        return (START + displacement) & mask;
    if (!has_base && !has_index)
        return displacement & mask;
    if (has_base && has_index && place->base != place->index) {
        set(start, place->base, rest);
        set(start, place->index, 0);
        return wanted & mask;
    }
    /* One register alone: its multiple must give the address. */
    uint64_t factor = (has_base ? 1 : 0) + (has_index ? (uint64_t)place->scale : 0);
    set(start, has_base ? place->base : place->index, rest / factor);
    return (rest / factor * factor + displacement) & mask;
}

static bool needs_io_exit(const struct making *m)
{
    return m->operands.is_port && m->wanted->access != WHT_ACCESS_EXECUTE;
}

/* Which of the operands is the device: the one that is accessed as the exit says. */
static void choose_places(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    const struct wht_operand_place *places = o->places;
    m->access = WHT_ACCESS_EXECUTE;
    if (o->is_port) {
        m->access = o->is_port_read ? WHT_ACCESS_READ : WHT_ACCESS_WRITE;
        m->ram = o->place_count > 0 ? &places[0] : NULL;
        return;
    }
    if (o->place_count == 0)
        return;
    bool wants_write = m->wanted->access == WHT_ACCESS_WRITE;
    m->device = &places[0];
    if (o->place_count == 2) {
        bool first_fits = wants_write ? places[0].is_written : places[0].is_read;
        m->device = first_fits ? &places[0] : &places[1];
        m->ram = first_fits ? &places[1] : &places[0];
    }
    m->access = m->device->is_read ? WHT_ACCESS_READ : WHT_ACCESS_WRITE;
}

static bool is_bit_string(const char *slug)
{
    return strncmp(slug, "bt", 2) == 0 || strncmp(slug, "lock-bt", 7) == 0;
}

static bool is_division(const char *slug)
{
    return strncmp(slug, "div-", 4) == 0 || strncmp(slug, "idiv-", 5) == 0;
}

/* A dividend whose quotient fits, whatever the operand's width: else there is nothing but #DE. */
static void choose_dividend(struct making *m)
{
    set(&m->start, WHvX64RegisterRax, PATTERN & ~UINT64_C(0xf000));
    if (m->operands.write_count > 1)
        set(&m->start, WHvX64RegisterRdx, 0);
}

/* Of registers of another kind nothing is said. */
static void set_data(struct making *m, WHV_REGISTER_NAME name, uint64_t high, uint64_t low)
{
    bool is_long = m->wanted->mode == WHT_MODE_LONG64;
    if (name <= WHvX64RegisterR15)
        set(&m->start, (int)name, is_long ? low : (uint32_t)low);
    else if (name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmm15)
        set128(&m->start, (int)name, (WHV_UINT128){.Low64 = low, .High64 = high});
}

static void choose_values(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    if (o->is_port && o->port < 0)
        set(&m->start, WHvX64RegisterRdx, PORT);
    if (m->device) {
        uint64_t wanted = m->wanted->has_gpa             ? m->wanted->gpa
                          : m->device->address_bits > 16 ? DEVICE
                                                         : DEVICE_16;
        m->device_gpa = place_at(&m->start, m->device, wanted);
    }
    if (m->ram)
        place_at(&m->start, m->ram, RAM);
    if (o->stack_size > 0)
        set(&m->start, WHvX64RegisterRsp, STACK);
    if (o->has_rep)
        set(&m->start, WHvX64RegisterRcx, 1);
    if (is_division(o->slug))
        choose_dividend(m);
    for (size_t i = 0; i < o->read_count; i++)
        set_data(m, o->reads[i], PATTERN_HIGH, is_bit_string(o->slug) ? 5 : PATTERN + i);
    for (size_t i = 0; i < o->write_count; i++)
        set_data(m, o->writes[i], BEFORE_HIGH, BEFORE + i);
}

static void leave_open(struct making *m, const char *pointer, const char *what)
{
    char sentence[320];
    wht_text_addf(m->open, "  %-26s %s\n", pointer, what);
    snprintf(sentence, sizeof(sentence), "%s: %s", pointer, what);
    wht_case_add_string(m->c, &m->c->todo, sentence);
}

static void make_init(struct making *m)
{
    m->c->init.is_mode_given = true;
    for (size_t i = 0; i < m->start.count; i++)
        wht_case_set_reg(m->c, m->start.names[i],
                         (WHV_REGISTER_VALUE){.Reg128 = m->start.values[i]});
}

static void make_exit(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    struct wht_exit *exit = &m->c->exit;
    bool is_execute = m->wanted->access == WHT_ACCESS_EXECUTE || (!m->device && !o->is_port);
    exit->kind = needs_io_exit(m) ? WHT_EXIT_IO : WHT_EXIT_MMIO;
    exit->access = is_execute ? WHT_ACCESS_EXECUTE : m->access;
    if (exit->kind == WHT_EXIT_IO) {
        exit->port = (uint16_t)(o->port < 0 ? PORT : o->port);
        exit->size = (uint8_t)o->port_size;
    } else {
        exit->gpa = is_execute ? START : m->device_gpa;
    }
    wht_case_finish_exit(m->c);
}

#define BYTES_MAX 64u

static size_t at_most(size_t size)
{
    return size < BYTES_MAX ? size : BYTES_MAX;
}

/* Bytes that tell their places: 10 11 12 ... */
static void pattern_bytes(uint8_t data[BYTES_MAX], uint8_t first)
{
    for (size_t i = 0; i < BYTES_MAX; i++)
        data[i] = (uint8_t)(first + i);
}

static const uint8_t open_bytes[BYTES_MAX]; /* and their mask */

static void add_memory_calls(struct making *m, bool is_write)
{
    const size_t size = m->device->size;
    char pointer[64];
    for (size_t at = 0; at < size; at += ACCESS_MAX) {
        size_t part = size - at < ACCESS_MAX ? size - at : ACCESS_MAX;
        uint8_t data[BYTES_MAX];
        snprintf(pointer, sizeof(pointer), "/expect/calls/%zu/data", m->c->expect.call_count);
        struct wht_call *call =
            wht_case_add_call(m->c, NULL, is_write ? WHT_CALL_MEM_WRITE : WHT_CALL_MEM_READ);
        call->address = m->device_gpa + at;
        pattern_bytes(data, (uint8_t)(0x10 + at));
        wht_call_set_data(m->c, call, is_write ? open_bytes : data, is_write ? open_bytes : NULL,
                          part);
        if (is_write)
            leave_open(m, pointer, "what the instruction writes");
    }
}

static void add_port_call(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    struct wht_call *call =
        wht_case_add_call(m->c, NULL, o->is_port_read ? WHT_CALL_IO_IN : WHT_CALL_IO_OUT);
    uint8_t data[BYTES_MAX];
    /*
     * What goes in is the author's choice; what goes out is AL, AX or EAX, or RAM: make_memory().
     */
    pattern_bytes(data, 0x10);
    uint64_t value = value_of(&m->start, WHvX64RegisterRax);
    for (size_t i = 0; !o->is_port_read && !o->is_string_port && i < sizeof(value); i++)
        data[i] = (uint8_t)(value >> 8 * i);
    call->address = o->port < 0 ? PORT : (uint64_t)o->port;
    wht_call_set_data(m->c, call, data, NULL, o->port_size);
}

static void make_calls(struct making *m)
{
    m->c->expect.has_calls = true;
    if (m->device && m->device->is_read)
        add_memory_calls(m, false);
    if (m->device && m->device->is_written)
        add_memory_calls(m, true);
    if (m->operands.is_port)
        add_port_call(m);
}

/* RAM that the instruction uses besides the device. */
static void make_memory(struct making *m)
{
    uint8_t data[BYTES_MAX];
    pattern_bytes(data, 0x10);
    if (m->ram)
        wht_case_add_memory(m->c, WHT_MEMORY_RAM, RAM, data, at_most(m->ram->size));
    if (m->operands.stack_size > 0)
        wht_case_add_memory(m->c, WHT_MEMORY_RAM, STACK - STACK_SIDE, NULL, 2 * STACK_SIDE);
}

static void want_open_memory(struct making *m, uint64_t gpa, size_t size)
{
    char pointer[64];
    snprintf(pointer, sizeof(pointer), "/expect/memory/%zu/data", m->c->expect.memory_count);
    leave_open(m, pointer, "what the instruction writes there");
    wht_case_want_memory(m->c, gpa, open_bytes, open_bytes, at_most(size));
}

static void make_wanted_memory(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    if (m->ram && m->ram->is_written)
        want_open_memory(m, RAM, m->ram->size);
    if (o->stack_size > 0 && o->is_stack_written)
        want_open_memory(m, STACK - o->stack_size, o->stack_size);
}

static void want_open(struct making *m, WHV_REGISTER_NAME name, const char *what)
{
    char text[WHT_NAME_MAX], pointer[WHT_NAME_MAX + 16];
    snprintf(pointer, sizeof(pointer), "/expect/regs/%s", wht_reg_name(name, text));
    leave_open(m, pointer, what);
    wht_case_want(m->c, name, NULL);
}

static int compare_names(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* What is left open is told in the order of the registers. */
static void make_regs(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    uint32_t names[WHT_REGISTERS_MAX + 2];
    size_t count = 0;
    if (o->is_branch)
        names[count++] = WHvX64RegisterRip;
    else
        wht_case_want64(m->c, WHvX64RegisterRip, START + o->length)->is_distance = true;
    if (o->writes_flags)
        names[count++] = WHvX64RegisterRflags;
    for (size_t i = 0; i < o->write_count; i++)
        names[count++] = (uint32_t)o->writes[i];
    qsort(names, count, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < count; i++)
        want_open(m, (WHV_REGISTER_NAME)names[i],
                  names[i] == WHvX64RegisterRip      ? "where the branch goes"
                  : names[i] == WHvX64RegisterRflags ? "the flags; \"undef\" lists those that are "
                                                       "undefined"
                                                     : "what the instruction leaves there");
}

static bool fits(const struct making *m, char *error)
{
    int access = m->wanted->access;
    if (access < 0 || access == WHT_ACCESS_EXECUTE)
        return true;
    bool is_read = m->device ? m->device->is_read : m->operands.is_port_read;
    bool is_written =
        m->device ? m->device->is_written : m->operands.is_port && !m->operands.is_port_read;
    if (access == WHT_ACCESS_READ ? is_read : is_written)
        return true;
    snprintf(error, 128, "the instruction has no operand that it %s",
             access == WHT_ACCESS_READ ? "reads from a device" : "writes to a device");
    return false;
}

struct wht_case *wht_new_case(const struct wht_new *wanted, struct wht_text *open, char *error)
{
    struct making m = {.wanted = wanted, .open = open};
    if (!wht_operands(code_from_mode(wanted->mode), wanted->code, wanted->code_size, &m.operands)) {
        snprintf(error, 128, "the bytes are no instruction in mode %s",
                 wht_mode_names[wanted->mode]);
        return NULL;
    }
    choose_places(&m);
    if (!fits(&m, error))
        return NULL;
    choose_values(&m);
    m.c = wht_case_new(wanted->id ? wanted->id : m.operands.slug, wanted->mode,
                       wanted->mode == WHT_MODE_VM86 ? 3 : 0);
    m.c->schema = wht_case_text(m.c, wanted->schema);
    wht_case_set_code(m.c, wanted->code, wanted->code_size);
    make_init(&m);
    make_exit(&m);
    make_memory(&m);
    make_regs(&m);
    make_wanted_memory(&m);
    make_calls(&m);
    return m.c;
}
