/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make_trace.h"

#define POOL (4u << 20)

struct maker maker_new(uint64_t seed)
{
    struct maker m = {.state = seed * 0x9e3779b97f4a7c15u + 1, .capacity = POOL};
    m.pool = malloc(POOL);
    if (!m.pool)
        abort();
    return m;
}

void maker_free(struct maker *m)
{
    free(m->pool);
}

/* splitmix64 */
uint64_t make_random(struct maker *m)
{
    uint64_t z = m->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

unsigned make_below(struct maker *m, unsigned below)
{
    return (unsigned)(make_random(m) >> 32) % below;
}

int make_chance(struct maker *m, unsigned sides)
{
    return make_below(m, sides) == 0;
}

const char *make_text(struct maker *m, const char *format, ...)
{
    va_list arguments;
    char *text = m->pool + m->used;
    va_start(arguments, format);
    int size = vsnprintf(text, m->capacity - m->used, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= m->capacity - m->used)
        abort();
    m->used += (size_t)size + 1;
    return text;
}

void make_add(struct members *members, const char *item)
{
    if (!item)
        return;
    if (members->count == sizeof(members->items) / sizeof(members->items[0]))
        abort();
    members->items[members->count++] = item;
}

/* A file of one line has no line ends; both kinds of blanks are rare so that texts stay short. */
static const char *blank(struct maker *m)
{
    static const char *const blanks[] = {"", "", "", " ", "  ", "\t"};
    return blanks[make_below(m, 6)];
}

static const char *join(struct maker *m, const struct members *members, const char *open,
                        const char *close)
{
    size_t size = 16;
    for (size_t i = 0; i < members->count; i++)
        size += strlen(members->items[i]) + 8;
    char *text = malloc(size);
    if (!text)
        abort();
    size_t used = (size_t)snprintf(text, size, "%s%s", open, blank(m));
    for (size_t i = 0; i < members->count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", i > 0 ? "," : "",
                                 i > 0 ? blank(m) : "", members->items[i], blank(m));
    snprintf(text + used, size - used, "%s", close);
    const char *copy = make_text(m, "%s", text);
    free(text);
    return copy;
}

static void shuffle(struct maker *m, struct members *members)
{
    for (size_t i = members->count; i > 1; i--) {
        size_t j = make_below(m, (unsigned)i);
        const char *item = members->items[i - 1];
        members->items[i - 1] = members->items[j];
        members->items[j] = item;
    }
}

const char *make_map(struct maker *m, struct members *members)
{
    shuffle(m, members);
    return join(m, members, "{", "}");
}

const char *make_object(struct maker *m, struct members *members)
{
    if (make_chance(m, 24))
        make_add(members, "\"x-free\": {\"b\": [1.50, -2e3, null, true], \"a\": \"\\u00e9\\u001f\\/"
                          "\\\"\\\\\"}");
    if (make_chance(m, 24))
        make_add(members, "\"$comment\": \"why\\nnot\"");
    return make_map(m, members);
}

const char *make_list(struct maker *m, const struct members *members)
{
    return join(m, members, "[", "]");
}

const char *make_word(struct maker *m, const char *const *words, unsigned count)
{
    return make_text(m, "\"%s\"", words[make_below(m, count)]);
}

const char *make_hex_of(struct maker *m, uint64_t value)
{
    char digits[24];
    char text[64] = "";
    size_t used = 0;
    snprintf(digits, sizeof(digits), "%0*" PRIx64, make_chance(m, 4) ? 6 : 1, value);
    for (const char *c = digits; *c; c++) {
        text[used++] = make_chance(m, 3) ? (char)toupper((unsigned char)*c) : *c;
        if (c[1] && make_chance(m, 12))
            text[used++] = '_';
    }
    return make_text(m, "\"0x%.*s\"", (int)used, text);
}

const char *make_hex(struct maker *m, unsigned bits)
{
    return make_hex_of(m, make_random(m) >> (64 - 1 - make_below(m, bits)));
}

const char *make_bytes(struct maker *m, unsigned count, int allows_any)
{
    char text[1024];
    size_t used = 0;
    for (unsigned i = 0; i < count && used + 8 < sizeof(text); i++) {
        const char *format = make_chance(m, 2) ? "%02x%s" : "%02X%s";
        bool is_last = i + 1 == count || used + 16 >= sizeof(text);
        const char *gap = is_last ? "" : make_chance(m, 2) ? " " : make_chance(m, 8) ? "   " : "";
        if (allows_any && make_chance(m, 6))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "??%s", gap);
        else
            used +=
                (size_t)snprintf(text + used, sizeof(text) - used, format, make_below(m, 256), gap);
    }
    return make_text(m, "\"%.*s\"", (int)used, text);
}

/* Registers of every kind; the first is known in every case. */
static const struct made_register {
    const char *name;
    char kind; /* n number, f flags, w 128 bits, s segment, t table */
} registers[MADE_REGISTERS] = {{"rip", 'n'},
                               {"rflags", 'f'},
                               {"rax", 'n'},
                               {"rcx", 'n'},
                               {"rdx", 'n'},
                               {"r15", 'n'},
                               {"cs", 's'},
                               {"ss", 's'},
                               {"gs", 's'},
                               {"ldtr", 's'},
                               {"gdtr", 't'},
                               {"idtr", 't'},
                               {"xmm0", 'w'},
                               {"xmm15", 'w'},
                               {"cr2", 'n'},
                               {"kernelgsbase", 'n'},
                               {"reg:0x0000ABCD", 'n'},
                               {"reg:0x7fff0001", 'n'},
                               {"rdi", 'n'},
                               {"mmx0", 'w'}};

static const char *make_fields(struct maker *m, char kind)
{
    struct members fields = {.count = 0};
    make_add(&fields, make_text(m, "\"base\":%s", make_hex(m, 64)));
    make_add(&fields, make_text(m, "\"limit\": %s", make_hex(m, kind == 's' ? 32 : 16)));
    if (kind == 's') {
        make_add(&fields, make_text(m, "\"sel\": %s", make_hex(m, 16)));
        make_add(&fields, make_text(m, "\"attr\" :%s", make_hex(m, 16)));
    }
    return make_object(m, &fields);
}

static const char *make_value(struct maker *m, char kind)
{
    static const char *const short_forms[] = {"flat", "null", "real:0xF000", "real:0x1"};
    if (kind == 't' || (kind == 's' && make_chance(m, 2)))
        return make_fields(m, kind);
    if (kind == 's')
        return make_word(m, short_forms, 4);
    if (kind == 'w' && make_chance(m, 2))
        return make_text(m, "\"0x%" PRIX64 "%016" PRIx64 "\"", make_random(m), make_random(m));
    return make_hex(m, kind == 'f' ? 22 : 64);
}

const char *make_register(struct maker *m, unsigned which)
{
    const struct made_register *reg = &registers[which];
    return make_text(m, "\"%s\": %s", reg->name, make_value(m, reg->kind));
}

static const char *make_want_value(struct maker *m, const struct made_register *reg)
{
    static const char *const flags[] = {"[\"of\", \"af\"]", "[ \"cf\" ]", "[\"af\",\"pf\",\"id\"]"};
    struct members parts = {.count = 0};
    switch (make_below(m, 6)) {
    case 0:
        return "\"any\"";
    case 1:
        make_add(&parts, make_value(m, reg->kind));
        make_add(&parts, make_value(m, reg->kind));
        return make_text(m, "{\"either\":%s}", make_list(m, &parts));
    case 2:
        make_add(&parts, make_text(m, "\"value\": %s", make_value(m, reg->kind)));
        if (reg->kind == 'f')
            make_add(&parts, make_text(m, "\"undef\": %s", flags[make_below(m, 3)]));
        if (make_chance(m, 2))
            make_add(&parts, make_text(m, "\"mask\":%s", make_hex(m, 64)));
        return make_object(m, &parts);
    case 3:
        if (strcmp(reg->name, "rip") == 0)
            return make_chance(m, 2) ? "\"+2\"" : "\"-0xA\"";
        return make_value(m, reg->kind);
    default:
        return make_value(m, reg->kind);
    }
}

const char *make_want(struct maker *m, unsigned which)
{
    return make_text(m, "\"%s\": %s", registers[which].name, make_want_value(m, &registers[which]));
}
