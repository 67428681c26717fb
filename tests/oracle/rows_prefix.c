/* SPDX-License-Identifier: MIT */
/* Prefixes that mean something, that mean nothing, that are there twice, in any order. */
#include "rows_maker.h"

#define PREFIXES_MAX 14u

static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65}; /* by enum oracle_sreg */

struct prefixes {
    uint8_t byte[PREFIXES_MAX];
    unsigned count;
};

static void add(struct prefixes *prefixes, unsigned byte)
{
    prefixes->byte[prefixes->count++] = (uint8_t)byte;
}

static void add_wanted(struct maker *m, struct prefixes *prefixes)
{
    const struct row *row = m->row;
    bool is_store = (row->traits & STORE) != 0;
    /* AMD family 1Ah takes LOCK before VERR and VERW, which the manuals say is #UD. */
    m->has_lock = rows_once_in(&m->random, is_store ? 20 : 100) && !(row->traits & SELECTOR);
    if (m->made->shape.has_66 || (row->mandatory == 0x66 && !(row->traits & VEX)))
        add(prefixes, 0x66);
    if (m->made->shape.has_67)
        add(prefixes, 0x67);
    if (row->mandatory > 0x66 && !(row->traits & VEX))
        add(prefixes, row->mandatory);
    if (!(row->traits & NO_REP) && rows_once_in(&m->random, row->form == STRING ? 2 : 30))
        add(prefixes, rows_once_in(&m->random, 3) || (row->traits & NO_F3) ? 0xf2 : 0xf3);
    if (m->has_lock)
        add(prefixes, 0xf0);
    if (rows_once_in(&m->random, 3))
        add(prefixes, overrides[rows_below(&m->random, ORACLE_SREGS)]);
}

/* Of F2 and F3 the last counts, and of overrides: both are tried. */
static void add_unwanted(struct maker *m, struct prefixes *prefixes)
{
    if (rows_once_in(&m->random, 20))
        add(prefixes, overrides[rows_below(&m->random, ORACLE_SREGS)]);
    if (m->row->form == STRING && rows_once_in(&m->random, 20))
        add(prefixes, rows_once_in(&m->random, 2) ? 0xf2 : 0xf3);
    if (prefixes->count == 0)
        return;
    unsigned again = rows_once_in(&m->random, 20) ? 1 + rows_below(&m->random, 3) : 0;
    /* An instruction of more than 15 bytes, or just not. */
    if (!m->has_lock && rows_once_in(&m->random, 200)) {
        m->may_be_long = true;
        again = PREFIXES_MAX;
    }
    for (; again > 0 && prefixes->count < PREFIXES_MAX; again--)
        add(prefixes, prefixes->byte[rows_below(&m->random, prefixes->count)]);
}

static void shuffle(struct maker *m, struct prefixes *prefixes)
{
    for (unsigned i = prefixes->count; i > 1; i--) {
        unsigned chosen = rows_below(&m->random, i);
        uint8_t byte = prefixes->byte[chosen];
        prefixes->byte[chosen] = prefixes->byte[i - 1];
        prefixes->byte[i - 1] = byte;
    }
}

/* In 64-bit code the overrides other than FS and GS are ignored, whatever comes later. */
static void note_override(struct maker *m, int segment)
{
    if (m->in->mode != ORACLE_64 || segment >= ORACLE_FS || m->override < ORACLE_FS)
        m->override = segment;
}

static void emit_prefixes(struct maker *m, const struct prefixes *prefixes)
{
    bool is64 = m->in->mode == ORACLE_64;
    m->override = -1;
    for (unsigned i = 0; i < prefixes->count; i++) {
        unsigned byte = prefixes->byte[i];
        /* A REX that another prefix follows is ignored. SDM 2A, 2.2.1. */
        if (is64 && !(m->row->traits & VEX) && rows_once_in(&m->random, 60))
            rows_emit(m, 0x40 | rows_below(&m->random, 16));
        rows_emit(m, byte);
        if (byte >= 0xf2)
            m->has_rep = true;
        for (int segment = 0; segment < ORACLE_SREGS; segment++) {
            if (byte == overrides[segment])
                note_override(m, segment);
        }
    }
}

void rows_make_prefixes(struct maker *m)
{
    const struct rows_shape *shape = &m->made->shape;
    struct prefixes prefixes = {.count = 0};
    add_wanted(m, &prefixes);
    add_unwanted(m, &prefixes);
    shuffle(m, &prefixes);
    emit_prefixes(m, &prefixes);
    if (shape->rex != ROWS_NO_REX) {
        m->rex = (uint8_t)(0x40 | rows_below(&m->random, 8));
        if (shape->rex == ROWS_REX_W)
            m->rex |= 8;
        if (!(m->row->traits & VEX))
            rows_emit(m, m->rex);
    }
    bool is64 = m->in->mode == ORACLE_64;
    bool is16 = m->in->mode == ORACLE_16;
    m->address = is64 ? (shape->has_67 ? 4 : 8) : is16 != shape->has_67 ? 2 : 4;
    m->size = m->rex & 8 ? 8 : is16 != shape->has_66 ? 2 : 4;
}
