/* SPDX-License-Identifier: MIT */
/* MOVS, STOS, LODS, CMPS, SCAS. */
#include <string.h>

#include "generate.h"

#define REP   0xf3u
#define REPNE 0xf2u
#define COUNT 3u

static const unsigned sizes[] = {1, 2, 4, 8};
static const char letters[] = "bwdq";

enum family { MOVS, STOS, LODS, CMPS, SCAS };

static const struct {
    const char *name;
    uint8_t opcode;
    bool has_source, has_destination, writes;
} families[] = {{"movs", 0xa4, true, true, true},
                {"stos", 0xaa, false, true, true},
                {"lods", 0xac, true, false, false},
                {"cmps", 0xa6, true, true, false},
                {"scas", 0xae, false, true, false}};

/* One string instruction. Source and destination are the addresses of the first elements. */
struct string {
    enum family family;
    unsigned size; /* index into sizes */
    unsigned prefix;
    unsigned count;
    bool is_down;
    uint64_t source, destination;
};

static uint64_t element(uint64_t first, const struct string *s, unsigned index)
{
    uint64_t offset = (uint64_t)index * sizes[s->size];
    return s->is_down ? first - offset : first + offset;
}

static const char *prefix_name(unsigned prefix)
{
    return prefix == REP ? "rep-" : prefix == REPNE ? "repne-" : "";
}

static struct gen_case *begin(struct gen_writer *writer, const struct string *s)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    unsigned size = sizes[s->size];
    if (s->prefix)
        gen_byte(c, s->prefix);
    gen_width(c, size);
    /* 66h must not stand between REX and opcode; gen_width writes only one of them. */
    gen_byte(c, families[s->family].opcode + (size > 1 ? 1u : 0u));
    c->in.gpr[ORACLE_RAX] = UINT64_C(0x8091a2b3c4d5e6f7);
    c->in.gpr[ORACLE_RCX] = s->prefix ? s->count : 0;
    if (families[s->family].has_source)
        c->in.gpr[ORACLE_RSI] = s->source;
    if (families[s->family].has_destination)
        c->in.gpr[ORACLE_RDI] = s->destination;
    c->in.rflags = s->is_down ? GEN_DF : 0;
    return c;
}

/* Different bytes everywhere, different in each page. */
static void fill(uint8_t *bytes, unsigned start)
{
    for (unsigned i = 0; i < GEN_BLOCK_SIZE; i++)
        bytes[i] = (uint8_t)(start + i + i / ORACLE_PAGE * 7);
}

/* The accesses of the first `done` elements. */
static void add_elements(struct gen_case *c, const struct string *s, unsigned done)
{
    unsigned size = sizes[s->size];
    for (unsigned i = 0; i < done; i++) {
        if (families[s->family].has_source)
            gen_reads(c, element(s->source, s, i), size);
        if (s->family == MOVS)
            gen_copies(c, element(s->destination, s, i), size);
        else if (families[s->family].writes)
            gen_writes(c, element(s->destination, s, i), size);
        else if (families[s->family].has_destination)
            gen_reads(c, element(s->destination, s, i), size);
    }
}

static void move(struct gen_writer *writer, struct string s)
{
    struct gen_case *c = begin(writer, &s);
    bool from_device = s.source - GEN_DEVICE < GEN_BLOCK_SIZE;
    gen_name(c, "%s%s%c%s-%u%s", prefix_name(s.prefix), families[s.family].name, letters[s.size],
             s.family != MOVS ? ""
             : from_device    ? "-from-device"
                              : "-to-device",
             s.count, s.is_down ? "-down" : "");
    fill(c->device, 0x40);
    fill(c->ram, 0x93);
    add_elements(c, &s, s.count);
    gen_emit(writer);
}

void gen_string_move(struct gen_writer *writer)
{
    static const unsigned prefixes[] = {0, REP, REPNE};
    const uint64_t device = GEN_DEVICE + 0x100, ram = GEN_RAM + 0x200;
    for (unsigned size = 0; size < 4; size++)
        for (unsigned prefix = 0; prefix < 3; prefix++)
            for (unsigned count = 1; count <= (prefix ? COUNT : 1); count++)
                for (unsigned is_down = 0; is_down < 2; is_down++) {
                    struct string s = {MOVS, size, prefixes[prefix], count, is_down, device, ram};
                    move(writer, s);
                    s.source = ram;
                    s.destination = device;
                    move(writer, s);
                    s.family = STOS;
                    move(writer, s);
                    s.family = LODS;
                    s.source = device;
                    move(writer, s);
                }
}

void gen_string_overlap(struct gen_writer *writer)
{
    for (unsigned size = 0; size < 4; size++)
        for (int distance = -9; distance <= 9; distance++)
            for (unsigned is_down = 0; is_down < 2; is_down++) {
                if (distance > 2 * (int)sizes[size] || distance < -2 * (int)sizes[size])
                    continue;
                uint64_t source = GEN_DEVICE + 0x100;
                struct string s = {
                    MOVS, size, REP, COUNT, is_down, source, source + (uint64_t)(int64_t)distance};
                struct gen_case *c = begin(writer, &s);
                gen_name(c, "rep-movs%c-distance-%s%d%s", letters[size],
                         distance < 0 ? "minus-" : "", distance < 0 ? -distance : distance,
                         is_down ? "-down" : "");
                fill(c->device, 0x40);
                add_elements(c, &s, COUNT);
                gen_emit(writer);
            }
}

/* All elements but the one at `odd` are equal under REPE, different under REPNE. `odd` may lie
 * behind the last. */
static void compare(struct gen_writer *writer, struct string s, unsigned odd, bool source_is_device)
{
    unsigned size = sizes[s.size];
    bool repeats_equal = s.prefix != REPNE;
    struct gen_case *c = begin(writer, &s);
    gen_name(c, "%s%s%c%s-odd-%u%s", prefix_name(s.prefix), families[s.family].name,
             letters[s.size],
             s.family == SCAS   ? ""
             : source_is_device ? "-source-device"
                                : "-destination-device",
             odd, s.is_down ? "-down" : "");
    for (unsigned i = 0; i < COUNT; i++) {
        bool is_equal = (i == odd) != repeats_equal;
        uint64_t value = gen_cut(c->in.gpr[ORACLE_RAX] + (is_equal ? 0 : 0x11 + i), size);
        if (s.family == CMPS)
            gen_poke(c, element(s.source, &s, i), gen_cut(c->in.gpr[ORACLE_RAX], size), size);
        gen_poke(c, element(s.destination, &s, i), value, size);
    }
    c->in.rflags |= GEN_STATUS;
    unsigned done = !s.prefix ? 1 : odd < COUNT ? odd + 1 : COUNT;
    add_elements(c, &s, done);
    gen_emit(writer);
}

void gen_string_compare(struct gen_writer *writer)
{
    static const unsigned prefixes[] = {0, REP, REPNE};
    const uint64_t device = GEN_DEVICE + 0x100, ram = GEN_RAM + 0x200;
    for (unsigned size = 0; size < 4; size++)
        for (unsigned prefix = 0; prefix < 3; prefix++)
            for (unsigned odd = 0; odd <= (prefix ? COUNT : 1); odd++)
                for (unsigned is_down = 0; is_down < 2; is_down++) {
                    struct string s = {SCAS, size, prefixes[prefix], COUNT, is_down, ram, device};
                    compare(writer, s, odd, false);
                    s.family = CMPS;
                    compare(writer, s, odd, false);
                    s.source = device;
                    s.destination = ram;
                    compare(writer, s, odd, true);
                }
}

/* Element `at` is the first that reaches the missing page; `shift` bytes of it lie before that. */
static void fault(struct gen_writer *writer, struct string s, unsigned at, unsigned shift,
                  bool source_faults)
{
    unsigned before = at * sizes[s.size] + shift;
    if (source_faults)
        s.source = GEN_DEVICE + GEN_HOLE - before;
    else
        s.destination = GEN_DEVICE + GEN_HOLE - before;
    struct gen_case *c = begin(writer, &s);
    gen_name(c, "rep-%s%c-%s-%u%s", families[s.family].name, letters[s.size],
             source_faults ? "source" : "destination", at, shift ? "-and-half" : "");
    memset(c->device, 0x77, sizeof(c->device));
    memset(c->ram, 0x77, sizeof(c->ram));
    if (s.family == SCAS)
        c->in.gpr[ORACLE_RAX] = UINT64_C(0x7777777777777777);
    add_elements(c, &s, at);
    gen_emit(writer);
}

void gen_string_fault(struct gen_writer *writer)
{
    const uint64_t ram = GEN_RAM + 0x200;
    for (enum family family = MOVS; family <= SCAS; family++)
        for (unsigned size = 0; size < 4; size++)
            for (unsigned at = 0; at < COUNT; at++)
                for (unsigned half = 0; half < (size ? 2u : 1u); half++) {
                    struct string s = {family, size, REP, COUNT + 2, false, ram, ram};
                    unsigned shift = half * sizes[size] / 2;
                    if (families[family].has_source)
                        fault(writer, s, at, shift, true);
                    if (families[family].has_destination)
                        fault(writer, s, at, shift, false);
                }
}

void gen_memory_fails(struct gen_writer *writer)
{
    for (enum family family = MOVS; family <= LODS; family++)
        for (unsigned size = 0; size < 4; size++) {
            unsigned calls = family == MOVS ? 2 * COUNT : COUNT;
            for (unsigned k = 1; k <= calls; k++) {
                struct string s = {
                    family, size, REP, COUNT, false, GEN_DEVICE + 0x100, GEN_DEVICE + 0x1200};
                struct gen_case *c = begin(writer, &s);
                gen_name(c, "rep-%s%c-callback-%u", families[family].name, letters[size], k);
                fill(c->device, 0x40);
                add_elements(c, &s, COUNT);
                c->fail_at = k;
                gen_emit(writer);
            }
        }
}
