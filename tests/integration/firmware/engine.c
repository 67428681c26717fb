/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define CC_EFLAGS  1 /* the value of cc_op that says: cc_src has the flags */
#define ARITHMETIC 0x8d5u
#define DF         0x400u
#define SEGMENTS   6 /* ES, CS, SS, DS, FS, GS as in the platform */

enum { ES, CS, SS, DS, FS, GS };

/* A segment register. */
struct hidden {
    uint32_t selector;
    uint32_t padding;
    uint64_t base;
    uint32_t limit;
    uint32_t flags; /* the upper half of the descriptor without base and limit */
};

/* How a context of Unicorn begins. */
struct state {
    uint64_t general[16];
    uint64_t rip;
    uint64_t flags;
    uint64_t cc_dst, cc_src, cc_src2;
    uint32_t cc_op;
    int32_t df;
    uint32_t hidden_flags, hidden_flags2;
    struct hidden segments[SEGMENTS], ldt, tr, gdt, idt;
    uint64_t cr[5];
};

struct engine {
    uc_engine *uc;
    uc_context *context;
    struct state *state; /* in the context */
    uint64_t *efer;
    uint8_t *fault;         /* error code, whether software */
    int32_t *old_exception; /* -1: none */
};

static const uint64_t probe = 0x1122334455660000;

static const int general[16] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX,
                                UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI,
                                UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
                                UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};

static void put_probes(uc_engine *uc)
{
    static const struct {
        int name;
        unsigned offset;
    } others[] = {{UC_X86_REG_FS_BASE, 100},
                  {UC_X86_REG_GS_BASE, 101},
                  {UC_X86_REG_CR2, 102},
                  {UC_X86_REG_DR0, 103},
                  {UC_X86_REG_DR3, 104}};
    const uc_x86_mmr gdt = {.base = probe + 105, .limit = 0x1234};
    for (unsigned i = 0; i < 16; i++) {
        const uint64_t value = probe + i;
        uc_reg_write(uc, general[i], &value);
    }
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const uint64_t value = probe + others[i].offset;
        uc_reg_write(uc, others[i].name, &value);
    }
    uc_reg_write(uc, UC_X86_REG_GDTR, &gdt);
}

static bool is_state(const struct state *state)
{
    for (unsigned i = 0; i < 16; i++)
        if (state->general[i] != probe + i)
            return false;
    return state->segments[FS].base == probe + 100 && state->segments[GS].base == probe + 101 &&
           state->cr[2] == probe + 102 && state->gdt.base == probe + 105 &&
           state->gdt.limit == 0x1234;
}

static bool find_state(struct engine *engine)
{
    uint8_t *bytes = (uint8_t *)engine->context;
    const size_t size = uc_context_size(engine->uc);
    put_probes(engine->uc);
    uc_context_save(engine->uc, engine->context);
    for (size_t at = 0; at + sizeof(struct state) <= size && !engine->state; at += 8)
        if (is_state((const struct state *)(void *)(bytes + at)))
            engine->state = (struct state *)(void *)(bytes + at);
    if (!engine->state)
        return false;
    /* 64-bit mode begins with LMA and LME; BNDCFGS, which is zero, stands before EFER. */
    uint64_t *after = (uint64_t *)(void *)(bytes + ((uint8_t *)&engine->state->cr[4] - bytes));
    for (unsigned i = 0; i < 24 && !engine->efer; i++)
        if (after[i] == (EFER_LMA | EFER_LME) && after[i - 1] == 0)
            engine->efer = &after[i];
    for (size_t at = (size_t)((uint8_t *)engine->state - bytes); at + 128 <= size; at += 8) {
        uint64_t dr[4];
        memcpy(dr, bytes + at, sizeof(dr));
        if (dr[0] != probe + 103 || dr[3] != probe + 104 || dr[1] || dr[2])
            continue;
        engine->fault = bytes + at - 16;
        /* Behind the 8 debug registers and 4 pointers. */
        engine->old_exception = (int32_t *)(void *)(bytes + at + 64 + 32);
        return engine->efer && *engine->old_exception == -1;
    }
    return false;
}

struct engine *engine_create(uc_engine *uc)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return NULL;
    engine->uc = uc;
    if (uc_context_alloc(uc, &engine->context) == UC_ERR_OK && find_state(engine))
        return engine;
    engine_destroy(engine);
    return NULL;
}

void engine_destroy(struct engine *engine)
{
    if (!engine)
        return;
    if (engine->context)
        uc_context_free(engine->context);
    free(engine);
}

static struct hidden hidden_of(const WHV_X64_SEGMENT_REGISTER *segment)
{
    return (struct hidden){.selector = segment->Selector,
                           .base = segment->Base,
                           .limit = segment->Limit,
                           .flags = (segment->Attributes & 0xf0ffu) << 8};
}

static WHV_X64_SEGMENT_REGISTER segment_of(const struct hidden *hidden)
{
    return (WHV_X64_SEGMENT_REGISTER){.Base = hidden->base,
                                      .Limit = hidden->limit,
                                      .Selector = (UINT16)hidden->selector,
                                      .Attributes = (UINT16)(hidden->flags >> 8 & 0xf0ff)};
}

/* What Unicorn derives from registers when they are loaded. */
static uint32_t derived(const struct engine *engine)
{
    const struct state *s = engine->state;
    const bool is_protected = s->cr[0] & CR0_PE;
    uint32_t f =
        s->hidden_flags & ~(uint32_t)(3 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 |
                                      7 << 9 | 3 << 12 | 1 << 14 | 1 << 15 | 1 << 17 | 1 << 22);
    f |= is_protected ? s->segments[SS].flags >> 13 & 3 : 0;
    f |= (uint32_t)is_protected << 7;
    f |= (uint32_t)(s->cr[0] >> 1 & 7) << 9;
    f |= (uint32_t)s->flags & (RFLAGS_TF | 3u << 12 | 1u << 17);
    f |= (uint32_t)(s->cr[4] >> 9 & 1) << 22;
    if (*engine->efer & EFER_LMA)
        f |= 1u << 14;
    if (*engine->efer & EFER_LMA && s->segments[CS].flags & 0x200000)
        return f | 1u << 4 | 1u << 5 | 1u << 15;
    f |= (s->segments[CS].flags >> 22 & 1) << 4;
    f |= (s->segments[SS].flags >> 22 & 1) << 5;
    if (!is_protected || s->flags & 1u << 17 || !(f & 1u << 4) ||
        (s->segments[DS].base | s->segments[ES].base | s->segments[SS].base))
        f |= 1u << 6;
    return f;
}

static const int debug[6] = {UC_X86_REG_DR0, UC_X86_REG_DR1, UC_X86_REG_DR2,
                             UC_X86_REG_DR3, UC_X86_REG_DR6, UC_X86_REG_DR7};

static void load_x87(struct engine *engine, struct registers *r)
{
    WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 =
        &registers_at(r, WHvX64RegisterFpControlStatus)->FpControlStatus;
    uint16_t tags = 0;
    uc_reg_read(engine->uc, UC_X86_REG_FPCW, &x87->FpControl);
    uc_reg_read(engine->uc, UC_X86_REG_FPSW, &x87->FpStatus);
    uc_reg_read(engine->uc, UC_X86_REG_FPTAG, &tags);
    x87->FpTag = 0;
    for (int i = 0; i < 8; i++) {
        x87->FpTag |= (UINT8)(((tags >> 2 * i & 3) != 3) << i);
        uc_reg_read(engine->uc, UC_X86_REG_FP0 + ((x87->FpStatus >> 11) + i) % 8,
                    &r->vector[0x10 + i]);
    }
}

static void store_x87(struct engine *engine, const struct registers *r)
{
    const WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 =
        &r->vector[WHvX64RegisterFpControlStatus - WHvX64RegisterXmm0].FpControlStatus;
    uint16_t tags = 0;
    for (int i = 0; i < 8; i++) {
        tags |= (uint16_t)((x87->FpTag >> i & 1 ? 0 : 3) << 2 * i);
        uc_reg_write(engine->uc, UC_X86_REG_FP0 + ((x87->FpStatus >> 11) + i) % 8,
                     &r->vector[0x10 + i]);
    }
    uc_reg_write(engine->uc, UC_X86_REG_FPCW, &x87->FpControl);
    uc_reg_write(engine->uc, UC_X86_REG_FPSW, &x87->FpStatus);
    uc_reg_write(engine->uc, UC_X86_REG_FPTAG, &tags);
}

void engine_load(struct engine *engine, struct registers *r)
{
    const struct state *s = engine->state;
    uint64_t flags = 0;
    uc_context_save(engine->uc, engine->context);
    uc_reg_read(engine->uc, UC_X86_REG_EFLAGS, &flags);
    for (unsigned i = 0; i < 16; i++)
        r->general[i].Reg64 = s->general[i];
    r->general[WHvX64RegisterRflags].Reg64 = (flags & 0xffffffff) | 2;
    for (unsigned i = 0; i < SEGMENTS; i++)
        r->general[WHvX64RegisterEs + i].Segment = segment_of(&s->segments[i]);
    r->general[WHvX64RegisterLdtr].Segment = segment_of(&s->ldt);
    r->general[WHvX64RegisterTr].Segment = segment_of(&s->tr);
    r->general[WHvX64RegisterGdtr].Table.Base = s->gdt.base;
    r->general[WHvX64RegisterGdtr].Table.Limit = (UINT16)s->gdt.limit;
    r->general[WHvX64RegisterIdtr].Table.Base = s->idt.base;
    r->general[WHvX64RegisterIdtr].Table.Limit = (UINT16)s->idt.limit;
    for (unsigned i = 0; i < 5; i++)
        if (i != 1)
            r->general[WHvX64RegisterCr0 + (i ? i - 1 : 0)].Reg64 = s->cr[i];
    for (unsigned i = 0; i < 6; i++)
        uc_reg_read(engine->uc, debug[i], &r->general[WHvX64RegisterDr0 + i]);
    registers_set(r, WHvX64RegisterEfer, *engine->efer);
    for (int i = 0; i < 16; i++)
        uc_reg_read(engine->uc, UC_X86_REG_XMM0 + i, &r->vector[i]);
    uc_reg_read(
        engine->uc, UC_X86_REG_MXCSR,
        &registers_at(r, WHvX64RegisterXmmControlStatus)->XmmControlStatus.XmmStatusControl);
    load_x87(engine, r);
}

void engine_store(struct engine *engine, const struct registers *r)
{
    struct state *s = engine->state;
    const uint64_t flags = r->general[WHvX64RegisterRflags].Reg64;
    uc_context_save(engine->uc, engine->context);
    for (unsigned i = 0; i < 16; i++)
        s->general[i] = r->general[i].Reg64;
    s->rip = r->general[WHvX64RegisterRip].Reg64;
    s->flags = flags | 2; /* between runs all of them are here */
    s->cc_src = flags & ARITHMETIC;
    s->cc_dst = 0;
    s->cc_op = CC_EFLAGS;
    s->df = flags & DF ? -1 : 1;
    for (unsigned i = 0; i < SEGMENTS; i++)
        s->segments[i] = hidden_of(&r->general[WHvX64RegisterEs + i].Segment);
    s->ldt = hidden_of(&r->general[WHvX64RegisterLdtr].Segment);
    s->tr = hidden_of(&r->general[WHvX64RegisterTr].Segment);
    s->gdt.base = r->general[WHvX64RegisterGdtr].Table.Base;
    s->gdt.limit = r->general[WHvX64RegisterGdtr].Table.Limit;
    s->idt.base = r->general[WHvX64RegisterIdtr].Table.Base;
    s->idt.limit = r->general[WHvX64RegisterIdtr].Table.Limit;
    for (unsigned i = 0; i < 5; i++)
        if (i != 1)
            s->cr[i] = r->general[WHvX64RegisterCr0 + (i ? i - 1 : 0)].Reg64;
    *engine->efer = registers_get(r, WHvX64RegisterEfer);
    s->hidden_flags = derived(engine);
    uc_context_restore(engine->uc, engine->context);
    for (unsigned i = 0; i < 6; i++)
        uc_reg_write(engine->uc, debug[i], &r->general[WHvX64RegisterDr0 + i]);
    for (int i = 0; i < 16; i++)
        uc_reg_write(engine->uc, UC_X86_REG_XMM0 + i, &r->vector[i]);
    uc_reg_write(engine->uc, UC_X86_REG_MXCSR,
                 &r->vector[WHvX64RegisterXmmControlStatus - WHvX64RegisterXmm0]
                      .XmmControlStatus.XmmStatusControl);
    store_x87(engine, r);
}

uint64_t engine_rip(struct engine *engine)
{
    uc_context_save(engine->uc, engine->context);
    return engine->state->rip;
}

struct engine_fault engine_take_fault(struct engine *engine)
{
    int32_t words[2];
    uc_context_save(engine->uc, engine->context);
    memcpy(words, engine->fault, sizeof(words));
    /* Unicorn forgets it when it delivers an exception, which it never does. */
    *engine->old_exception = -1;
    uc_context_restore(engine->uc, engine->context);
    return (struct engine_fault){(uint32_t)words[0], words[1] != 0};
}
