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
#include <string.h>

#include "base/json_build.h"
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
    struct wht_arena *arena;
    const struct wht_new *wanted;
    struct wht_operands operands;
    struct start start;
    struct wht_text *open;
    struct wht_build todo; /* the same as sentences of the case */
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
    char sentence[160];
    wht_text_addf(m->open, "  %-26s %s\n", pointer, what);
    snprintf(sentence, sizeof(sentence), "%s: %s", pointer, what);
    wht_build_add(&m->todo, NULL, wht_build_string(m->arena, sentence));
}

static struct wht_node *make_init(struct making *m)
{
    struct wht_build init = wht_build_new(m->arena, WHT_NODE_OBJECT);
    char name[WHT_NAME_MAX];
    wht_build_add(&init, "mode", wht_build_string(m->arena, wht_mode_names[m->wanted->mode]));
    for (size_t i = 0; i < m->start.count; i++)
        wht_build_add(
            &init, wht_arena_copy(m->arena, wht_reg_name(m->start.names[i], name)),
            wht_build_hex128(m->arena, m->start.values[i].High64, m->start.values[i].Low64));
    return init.node;
}

static struct wht_node *make_exit(struct making *m)
{
    static const char *const accesses[] = {"read", "write", "execute"};
    struct wht_build exit = wht_build_new(m->arena, WHT_NODE_OBJECT);
    const struct wht_operands *o = &m->operands;
    bool is_execute = m->wanted->access == WHT_ACCESS_EXECUTE || (!m->device && !o->is_port);
    bool is_io = needs_io_exit(m);
    wht_build_add(&exit, "kind", wht_build_string(m->arena, is_io ? "io" : "mmio"));
    wht_build_add(
        &exit, "access",
        wht_build_string(m->arena, accesses[is_execute ? WHT_ACCESS_EXECUTE : m->access]));
    if (is_io) {
        wht_build_add(&exit, "port",
                      wht_build_hex(m->arena, o->port < 0 ? PORT : (uint64_t)o->port));
        wht_build_add(&exit, "size", wht_build_count(m->arena, o->port_size));
    } else {
        wht_build_add(&exit, "gpa", wht_build_hex(m->arena, is_execute ? START : m->device_gpa));
    }
    return exit.node;
}

/* Bytes that tell their places: 10 11 12 ... */
static struct wht_node *pattern_bytes(struct making *m, uint8_t first, size_t size)
{
    uint8_t data[64];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(first + i);
    return wht_build_bytes(m->arena, data, NULL, size < sizeof(data) ? size : sizeof(data));
}

static struct wht_node *open_bytes(struct making *m, size_t size)
{
    static const uint8_t none[64] = {0};
    return wht_build_bytes(m->arena, none, none, size < sizeof(none) ? size : sizeof(none));
}

static void add_memory_calls(struct making *m, struct wht_build *calls, bool is_write)
{
    const size_t size = m->device->size;
    char pointer[64];
    for (size_t at = 0; at < size; at += ACCESS_MAX) {
        size_t part = size - at < ACCESS_MAX ? size - at : ACCESS_MAX;
        struct wht_build call = wht_build_new(m->arena, WHT_NODE_OBJECT);
        wht_build_add(&call, "mem", wht_build_string(m->arena, is_write ? "write" : "read"));
        wht_build_add(&call, "gpa", wht_build_hex(m->arena, m->device_gpa + at));
        wht_build_add(&call, "data",
                      is_write ? open_bytes(m, part)
                               : pattern_bytes(m, (uint8_t)(0x10 + at), part));
        snprintf(pointer, sizeof(pointer), "/expect/calls/%zu/data", wht_node_count(calls->node));
        if (is_write)
            leave_open(m, pointer, "what the instruction writes");
        wht_build_add(calls, NULL, call.node);
    }
}

static void add_port_call(struct making *m, struct wht_build *calls)
{
    const struct wht_operands *o = &m->operands;
    const uint64_t mask = (UINT64_C(1) << 8 * o->port_size) - 1;
    struct wht_build call = wht_build_new(m->arena, WHT_NODE_OBJECT);
    wht_build_add(&call, "io", wht_build_string(m->arena, o->is_port_read ? "in" : "out"));
    wht_build_add(&call, "port", wht_build_hex(m->arena, o->port < 0 ? PORT : (uint64_t)o->port));
    wht_build_add(&call, "size", wht_build_count(m->arena, o->port_size));
    /* What goes in is the author's choice; what goes out is AL, AX or EAX, or RAM: pattern_bytes().
     */
    bool is_pattern = o->is_port_read || o->is_string_port;
    uint64_t value = is_pattern ? 0x13121110 : value_of(&m->start, WHvX64RegisterRax);
    wht_build_add(&call, "data", wht_build_hex(m->arena, value & mask));
    wht_build_add(calls, NULL, call.node);
}

static struct wht_node *make_calls(struct making *m)
{
    struct wht_build calls = wht_build_new(m->arena, WHT_NODE_LIST);
    if (m->device && m->device->is_read)
        add_memory_calls(m, &calls, false);
    if (m->device && m->device->is_written)
        add_memory_calls(m, &calls, true);
    if (m->operands.is_port)
        add_port_call(m, &calls);
    return calls.node;
}

static void add_region(struct making *m, struct wht_build *list, uint64_t gpa, const char *key,
                       struct wht_node *content)
{
    struct wht_build region = wht_build_new(m->arena, WHT_NODE_OBJECT);
    wht_build_add(&region, "gpa", wht_build_hex(m->arena, gpa));
    wht_build_add(&region, key, content);
    wht_build_add(list, NULL, region.node);
}

/* RAM that the instruction uses besides the device. @return NULL if there is none. */
static struct wht_node *make_memory(struct making *m)
{
    struct wht_build list = wht_build_new(m->arena, WHT_NODE_LIST);
    if (m->ram)
        add_region(m, &list, RAM, "data", pattern_bytes(m, 0x10, m->ram->size));
    if (m->operands.stack_size > 0)
        add_region(m, &list, STACK - STACK_SIDE, "size", wht_build_count(m->arena, 2 * STACK_SIDE));
    return list.node->first ? list.node : NULL;
}

static void add_open_memory(struct making *m, struct wht_build *list, uint64_t gpa, size_t size)
{
    char pointer[64];
    snprintf(pointer, sizeof(pointer), "/expect/memory/%zu/data", wht_node_count(list->node));
    leave_open(m, pointer, "what the instruction writes there");
    add_region(m, list, gpa, "data", open_bytes(m, size));
}

static struct wht_node *make_wanted_memory(struct making *m)
{
    struct wht_build list = wht_build_new(m->arena, WHT_NODE_LIST);
    const struct wht_operands *o = &m->operands;
    if (m->ram && m->ram->is_written)
        add_open_memory(m, &list, RAM, m->ram->size);
    if (o->stack_size > 0 && o->is_stack_written)
        add_open_memory(m, &list, STACK - o->stack_size, o->stack_size);
    return list.node->first ? list.node : NULL;
}

struct want {
    int name;
    const char *value;
    const char *open; /* what belongs there, or NULL */
};

static void add_want(struct want *wants, size_t *count, struct want want)
{
    size_t i = (*count)++;
    for (; i > 0 && (uint32_t)wants[i - 1].name > (uint32_t)want.name; i--)
        wants[i] = wants[i - 1];
    wants[i] = want;
}

static struct wht_node *make_regs(struct making *m)
{
    const struct wht_operands *o = &m->operands;
    struct wht_build regs = wht_build_new(m->arena, WHT_NODE_OBJECT);
    struct want wants[WHT_REGISTERS_MAX + 2];
    size_t count = 0;
    char name[WHT_NAME_MAX], distance[8], pointer[64];
    snprintf(distance, sizeof(distance), "+%u", o->length);
    add_want(wants, &count,
             o->is_branch ? (struct want){WHvX64RegisterRip, "any", "where the branch goes"}
                          : (struct want){WHvX64RegisterRip, distance, NULL});
    if (o->writes_flags)
        add_want(wants, &count,
                 (struct want){WHvX64RegisterRflags, "any",
                               "the flags; \"undef\" lists those that are undefined"});
    for (size_t i = 0; i < o->write_count; i++)
        add_want(wants, &count,
                 (struct want){(int)o->writes[i], "any", "what the instruction leaves there"});
    for (size_t i = 0; i < count; i++) {
        const char *key =
            wht_arena_copy(m->arena, wht_reg_name((WHV_REGISTER_NAME)wants[i].name, name));
        snprintf(pointer, sizeof(pointer), "/expect/regs/%s", key);
        if (wants[i].open)
            leave_open(m, pointer, wants[i].open);
        wht_build_add(&regs, key, wht_build_string(m->arena, wants[i].value));
    }
    return regs.node;
}

static struct wht_node *make_expect(struct making *m)
{
    struct wht_build expect = wht_build_new(m->arena, WHT_NODE_OBJECT);
    wht_build_add(&expect, "regs", make_regs(m));
    struct wht_node *memory = make_wanted_memory(m);
    if (memory)
        wht_build_add(&expect, "memory", memory);
    wht_build_add(&expect, "calls", make_calls(m));
    return expect.node;
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

struct wht_node *wht_new_case(struct wht_arena *arena, const struct wht_new *wanted,
                              struct wht_text *open, char *error)
{
    struct making m = {.arena = arena,
                       .wanted = wanted,
                       .open = open,
                       .todo = wht_build_new(arena, WHT_NODE_LIST)};
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    char text[128];
    if (!wht_operands(code_from_mode(wanted->mode), wanted->code, wanted->code_size, &m.operands)) {
        snprintf(error, 128, "the bytes are no instruction in mode %s",
                 wht_mode_names[wanted->mode]);
        return NULL;
    }
    choose_places(&m);
    if (!fits(&m, error))
        return NULL;
    choose_values(&m);
    if (wanted->schema)
        wht_build_add(&object, "$schema", wht_build_string(arena, wanted->schema));
    wht_build_add(&object, "format", wht_build_string(arena, "whv-trace/1.0"));
    wht_build_add(&object, "id",
                  wht_build_string(arena, wanted->id ? wanted->id : m.operands.slug));
    struct wht_node *expect = make_expect(&m); /* says what is left to do */
    if (m.todo.node->first)
        wht_build_add(&object, "todo", m.todo.node);
    wht_build_add(&object, "code", wht_build_bytes(arena, wanted->code, NULL, wanted->code_size));
    wht_disasm(code_from_mode(wanted->mode), wanted->code, wanted->code_size, text, sizeof(text),
               NULL);
    wht_build_add(&object, "asm", wht_build_string(arena, text));
    wht_build_add(&object, "init", make_init(&m));
    wht_build_add(&object, "exit", make_exit(&m));
    struct wht_node *memory = make_memory(&m);
    if (memory)
        wht_build_add(&object, "memory", memory);
    wht_build_add(&object, "expect", expect);
    return object.node;
}
