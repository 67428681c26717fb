/* SPDX-License-Identifier: MIT */
/* CMPS and SCAS: SDM 2A, 2B. */
#include "alu.h"
#include "rep.h"

struct compare {
    bool has_source; /* CMPS: the first value is in memory at rSI; SCAS: it is the accumulator */
    uint64_t source_offset;
    uint64_t destination_offset;
    uint64_t step;
    uint64_t rflags;
    struct whe_cursor source;
    struct whe_cursor destination;
};

static void start_compare(const struct whe_call *call, const struct whe_insn *insn,
                          struct compare *c)
{
    const struct whe_place *source = whe_string_place(insn, WHE_REG_RSI);
    *c = (struct compare){.has_source = source != NULL,
                          .step = whe_string_step(call, insn),
                          .rflags = call->vp->Rflags};
    c->destination_offset = whe_reg_get(&call->regs, WHE_REG_RDI) & insn->address_mask;
    c->destination.place = *whe_string_place(insn, WHE_REG_RDI);
    if (!source)
        return;
    c->source_offset = whe_reg_get(&call->regs, WHE_REG_RSI) & insn->address_mask;
    c->source.place = *source;
}

/* Which side is touched first, where both would fault, the manuals do not say. Processors of AMD
   family 25 take ES:rDI, but rSI for REPE CMPSB. */
static enum whe_result probe(struct whe_call *call, const struct whe_insn *insn, struct compare *c)
{
    bool source_first =
        c->has_source && insn->repeats && insn->repeats_while_zf && whe_element_size(insn) == 1;
    if (source_first)
        WHE_TRY(whe_cursor_probe(call, &c->source, c->source_offset));
    WHE_TRY(whe_cursor_probe(call, &c->destination, c->destination_offset));
    if (c->has_source && !source_first)
        WHE_TRY(whe_cursor_probe(call, &c->source, c->source_offset));
    return WHE_OK;
}

static enum whe_result compare_element(struct whe_call *call, const struct whe_insn *insn,
                                       struct compare *c)
{
    uint64_t a, b;
    WHE_TRY(probe(call, insn, c));
    if (c->has_source)
        WHE_TRY(whe_span_read(call, &c->source.span, &a));
    else
        a = whe_reg_get(&call->regs, WHE_REG_RAX) & whe_mask_from_size(whe_element_size(insn));
    WHE_TRY(whe_span_read(call, &c->destination.span, &b));
    whe_alu_sub(a, b, 0, whe_element_size(insn), &c->rflags);
    return WHE_OK;
}

static void write_back(struct whe_call *call, const struct whe_insn *insn, const struct compare *c)
{
    if (c->has_source)
        whe_gpr_write(&call->regs, WHE_REG_RSI, insn->address_mask, 0, c->source_offset);
    whe_gpr_write(&call->regs, WHE_REG_RDI, insn->address_mask, 0, c->destination_offset);
    whe_reg_set(&call->regs, WHE_REG_RFLAGS, c->rflags);
}

enum whe_result whe_run_compare(struct whe_call *call, const struct whe_insn *insn)
{
    struct compare c;
    struct whe_rep rep;
    enum whe_result result = WHE_OK;
    start_compare(call, insn, &c);
    for (whe_rep_begin(call, insn, &rep); rep.left > 0; whe_rep_step(&rep)) {
        result = compare_element(call, insn, &c);
        if (result != WHE_OK)
            break;
        c.source_offset = (c.source_offset + c.step) & insn->address_mask;
        c.destination_offset = (c.destination_offset + c.step) & insn->address_mask;
        if (((c.rflags & WHE_RFLAGS_ZF) != 0) != insn->repeats_while_zf)
            whe_rep_stop(&rep);
    }
    whe_rep_end(call, insn, &rep);
    if (rep.done > 0)
        write_back(call, insn, &c);
    return result;
}
