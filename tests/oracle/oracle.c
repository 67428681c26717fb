/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "oracle.h"

#include <string.h>
#include <ucontext.h>

#include "oracle_host.h"

#define RFLAGS_ALWAYS 0x202u /* bit 1, and IF */
#define VECTOR_DB     1u
#define VECTOR_BP     3u
#define VECTOR_PF     14u
#define ERROR_FETCH   0x10u /* of a #PF */

static const int greg_of_gpr[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};

static bool is_segment_valid(enum oracle_sreg sreg, const struct oracle_segment *segment)
{
    if (segment->limit > 0xfffff && (segment->limit & 0xfff) != 0xfff)
        return false;
    if (segment->base > UINT32_MAX || segment->execute_only || segment->not_present)
        return false;
    if (sreg != ORACLE_SS || segment->kind == ORACLE_FLAT)
        return true;
    return segment->kind == ORACLE_DATA && !segment->read_only;
}

bool oracle_has_small_stack(const struct oracle_in *in)
{
    const struct oracle_segment *stack = &in->segment[ORACLE_SS];
    return in->mode != ORACLE_64 && stack->kind == ORACLE_DATA && stack->is_small;
}

uint64_t oracle_gpr(const struct oracle_in *in, enum oracle_gpr reg)
{
    uint64_t value = in->gpr[reg];
    if (in->mode == ORACLE_64 || reg > ORACLE_RDI)
        return value;
    if (reg == ORACLE_RSP && oracle_has_small_stack(in))
        return ORACLE_SMALL_ESP | (value & 0xffff);
    return value & UINT32_MAX;
}

struct oracle_fx oracle_fx(const struct oracle_in *in)
{
    if (in->has_fx)
        return in->fx;
    return (struct oracle_fx){.control = ORACLE_CONTROL, .mxcsr = ORACLE_MXCSR};
}

uint32_t oracle_mxcsr_mask(void)
{
    _Alignas(16) struct {
        struct oracle_fx fx;
        uint8_t rest[512 - sizeof(struct oracle_fx)];
    } image;
    __asm__ volatile("fxsave64 %0" : "=m"(image));
    return image.fx.mxcsr_mask;
}

uint16_t oracle_selector(const struct oracle_in *in, enum oracle_sreg sreg)
{
    const struct oracle_segment *segment = &in->segment[sreg];
    if (sreg == ORACLE_CS) {
        static const uint16_t code[] = {ORACLE_USER64, ORACLE_USER32};
        return in->mode == ORACLE_16 ? oracle_ldt_code16() : code[in->mode];
    }
    if (in->mode == ORACLE_64)
        return sreg == ORACLE_SS ? ORACLE_USERDS : 0;
    if (segment->kind == ORACLE_FLAT)
        return ORACLE_USERDS;
    return segment->kind == ORACLE_NULL_SEGMENT ? 0 : oracle_ldt_selector(segment);
}

static uint64_t gpr_mask(const struct oracle_in *in)
{
    return in->mode == ORACLE_64 ? UINT64_MAX : UINT32_MAX;
}

static bool prepare_segments(const struct oracle_in *in, struct oracle_entry *entry)
{
    uint16_t selectors[ORACLE_SREGS];
    for (enum oracle_sreg i = 0; i < ORACLE_SREGS; i++) {
        const struct oracle_segment *segment = &in->segment[i];
        if (in->mode != ORACLE_64 && i != ORACLE_CS && !is_segment_valid(i, segment))
            return false;
        selectors[i] = oracle_selector(in, i);
        bool is_null = in->mode == ORACLE_64 || segment->kind == ORACLE_NULL_SEGMENT;
        if (selectors[i] == 0 && (i == ORACLE_CS || !is_null))
            return false;
    }
    entry->cs = selectors[ORACLE_CS];
    entry->ss = selectors[ORACLE_SS];
    entry->ds = selectors[ORACLE_DS];
    entry->es = selectors[ORACLE_ES];
    entry->fs = selectors[ORACLE_FS];
    entry->gs = selectors[ORACLE_GS];
    entry->use_bases = in->mode == ORACLE_64;
    entry->fs_base = in->segment[ORACLE_FS].base;
    entry->gs_base = in->segment[ORACLE_GS].base;
    return true;
}

/* FXRSTOR must not fault. */
static bool is_fx_valid(const struct oracle_in *in)
{
    return !in->has_fx || (in->fx.mxcsr & ~oracle_mxcsr_mask()) == 0;
}

static bool prepare(const struct oracle_in *in, struct oracle_entry *entry)
{
    if (in->code_size < 1 || in->code_size > ORACLE_CODE_MAX || !prepare_segments(in, entry) ||
        !is_fx_valid(in) || !oracle_arena_set(in))
        return false;
    for (unsigned i = 0; i < 16; i++)
        entry->gpr[i] = oracle_gpr(in, i);
    entry->fx = oracle_fx(in);
    memcpy(entry->xmm, in->xmm, sizeof(entry->xmm));
    entry->rsp = entry->gpr[ORACLE_RSP];
    entry->rip = in->mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
    entry->rflags = (in->rflags & ORACLE_RFLAGS) | RFLAGS_ALWAYS;
    oracle_code_set(in->code, in->code_size);
    return true;
}

/* The way to the handler clears the low bits of a null selector. SDM 2A, "IRET". */
static uint16_t without_null_bits(uint16_t selector)
{
    return selector < 4 ? 0 : selector;
}

static void collect_selectors(const ucontext_t *context, uint16_t *selector)
{
    uint64_t saved = (uint64_t)context->uc_mcontext.gregs[REG_CSGSFS]; /* CS GS FS SS */
    selector[ORACLE_CS] = (uint16_t)saved;
    selector[ORACLE_SS] = without_null_bits((uint16_t)(saved >> 48));
    selector[ORACLE_DS] = without_null_bits(oracle_selectors[0]);
    selector[ORACLE_ES] = without_null_bits(oracle_selectors[1]);
    selector[ORACLE_FS] = without_null_bits(oracle_selectors[2]);
    selector[ORACLE_GS] = without_null_bits(oracle_selectors[3]);
}

/* @return whether the signal came from the instruction. */
static bool collect(const struct oracle_in *in, const ucontext_t *context, struct oracle_out *out)
{
    const greg_t *gregs = context->uc_mcontext.gregs;
    uint64_t start = in->mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
    uint64_t base = in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    uint64_t rip = (uint64_t)gregs[REG_RIP];
    uint64_t trap = (uint64_t)gregs[REG_TRAPNO];
    uint16_t cs = (uint16_t)gregs[REG_CSGSFS];
    if (cs != oracle_selector(in, ORACLE_CS))
        return false;
    /* The code page is full of INT3 around the instruction; elsewhere there is no code. */
    bool met_int3 = trap == VECTOR_BP && rip - 1 - start >= in->code_size;
    bool met_nothing = trap == VECTOR_PF && rip != start &&
                       ((uint64_t)gregs[REG_ERR] & ERROR_FETCH) &&
                       (uint64_t)gregs[REG_CR2] == base + rip;
    out->stepped = trap == VECTOR_DB && (in->rflags & ORACLE_TF);
    out->rip = met_int3 ? rip - 1 : rip;
    if (!oracle_code_has(base + out->rip) && !met_nothing && !out->stepped)
        return false;
    out->completed = met_int3 || met_nothing || (out->stepped && rip != start);
    out->trap = out->completed || out->stepped ? 0 : (unsigned)trap;
    out->error = out->trap == 0 ? 0 : (uint64_t)gregs[REG_ERR];
    out->address = out->trap == VECTOR_PF ? (uint64_t)gregs[REG_CR2] : 0;
    out->rflags = (uint64_t)gregs[REG_EFL] & ORACLE_RFLAGS;
    for (unsigned i = 0; i < 16; i++)
        out->gpr[i] = (uint64_t)gregs[greg_of_gpr[i]] & gpr_mask(in);
    memcpy(&out->fx, context->uc_mcontext.fpregs, sizeof(out->fx));
    memcpy(out->xmm, context->uc_mcontext.fpregs->_xmm, sizeof(out->xmm));
    collect_selectors(context, out->selector);
    if (in->mode != ORACLE_64)
        memcpy(&out->gpr[8], &in->gpr[8], 8 * sizeof(out->gpr[0]));
    return true;
}

static bool run(const struct oracle_in *in, struct oracle_out *out)
{
    if (!prepare(in, oracle_entry()) || !collect(in, oracle_enter(), out))
        return false;
    out->signal = out->trap == 0 ? 0 : oracle_signal;
    out->memory_size = oracle_arena_get(in, out->memory);
    return true;
}

static bool try_mode(enum oracle_mode mode)
{
    static struct oracle_out out;
    /* With a descriptor of its own, where the mode can have one. */
    const struct oracle_in in = {.mode = mode,
                                 .code = {0x90},
                                 .code_size = 1,
                                 .segment[ORACLE_DS] = {.kind = ORACLE_DATA, .limit = 0xffff}};
    return run(&in, &out) && out.completed;
}

bool oracle_has_mode(enum oracle_mode mode)
{
    static bool is_known, has_mode[3];
    if (!is_known) {
        is_known = true;
        bool has_host = oracle_host_init();
        for (enum oracle_mode i = 0; i < 3; i++)
            has_mode[i] = has_host && try_mode(i);
    }
    return has_mode[mode];
}

bool oracle_run(const struct oracle_in *in, struct oracle_out *out)
{
    return oracle_has_mode(in->mode) && run(in, out);
}
