/* SPDX-License-Identifier: MIT */
/* Operands on two pages, of which the second may be missing. */
#include "generate.h"

#define VALUE UINT64_C(0x8877665544332211)
#define OTHER UINT64_C(0x0102030405060708)

enum action { STORE, LOAD, MODIFY, EXCHANGE, ACTIONS };

static const struct {
    const char *name;
    uint8_t opcode;
    bool reads, writes;
} actions[ACTIONS] = {{"mov-store", 0x89, false, true},
                      {"mov-load", 0x8b, true, false},
                      {"add", 0x01, true, true},
                      {"xchg", 0x87, true, true}};

/* `first` bytes lie on the page that ends at `edge`. */
static struct gen_case *split(struct gen_writer *writer, enum action action, unsigned size,
                              unsigned first, uint64_t edge)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    gen_name(c, "%s-%u-of-%u-bytes", actions[action].name, first, size);
    gen_width(c, size);
    gen_opcode(c, actions[action].opcode, ORACLE_RDX);
    c->in.gpr[ORACLE_RBX] = edge - first;
    c->in.gpr[ORACLE_RDX] = OTHER;
    return c;
}

void gen_split(struct gen_writer *writer)
{
    for (enum action action = STORE; action < ACTIONS; action++)
        for (unsigned size = 2; size <= 8; size *= 2)
            for (unsigned first = 1; first < size; first++) {
                uint64_t edge = GEN_DEVICE + ORACLE_PAGE;
                struct gen_case *c = split(writer, action, size, first, edge);
                gen_poke(c, edge - first, gen_cut(VALUE, size), size);
                if (actions[action].reads)
                    gen_reads(c, edge - first, size);
                if (actions[action].writes)
                    gen_writes(c, edge - first, size);
                gen_emit(writer);
            }
}

void gen_split_fault(struct gen_writer *writer)
{
    for (enum action action = STORE; action < ACTIONS; action++)
        for (unsigned size = 2; size <= 8; size *= 2)
            for (unsigned first = 1; first < size; first++) {
                (void)split(writer, action, size, first, GEN_DEVICE + GEN_HOLE);
                gen_emit(writer);
            }
}

static void split_sse(struct gen_writer *writer, bool is_integer, bool is_store, unsigned first)
{
    struct gen_case *c = gen_begin(writer, ORACLE_64);
    uint64_t at = GEN_DEVICE + ORACLE_PAGE - first;
    gen_name(c, "%s-%s-%u-of-16-bytes", is_integer ? "movdqu" : "movups",
             is_store ? "store" : "load", first);
    if (is_integer)
        gen_byte(c, 0xf3);
    gen_opcode(c, is_integer ? (is_store ? 0x0f7f : 0x0f6f) : (is_store ? 0x0f11 : 0x0f10), 2);
    c->in.gpr[ORACLE_RBX] = at;
    for (unsigned i = 0; i < 16; i++)
        gen_poke(c, at + i, is_store ? 0 : 0xf0 + i, 1);
    c->in.xmm[2] = (struct oracle_xmm){UINT64_C(0x1716151413121110), UINT64_C(0x1f1e1d1c1b1a1918)};
    if (is_store)
        gen_writes(c, at, 16);
    else
        gen_reads(c, at, 16);
    gen_emit(writer);
}

void gen_split_sse(struct gen_writer *writer)
{
    for (unsigned is_integer = 0; is_integer < 2; is_integer++)
        for (unsigned is_store = 0; is_store < 2; is_store++)
            for (unsigned first = 1; first <= 16; first++)
                split_sse(writer, is_integer, is_store, first);
}
