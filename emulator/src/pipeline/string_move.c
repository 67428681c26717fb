/* SPDX-License-Identifier: MIT */
/*
 * MOVS, STOS, LODS, INS, OUTS: SDM 2A, 2B. Each moves elements from one of memory at rSI, the
 * accumulator or a port to one of memory at rDI, the accumulator or a port.
 */
#include "port.h"
#include "rep.h"

struct string {
    bool has_source;      /* elements are read from memory at rSI */
    bool has_destination; /* elements are written to memory at rDI */
    uint64_t source_offset;
    uint64_t destination_offset;
    uint64_t step; /* two's complement of the element size with DF = 1 */
    uint64_t value;
    uint16_t port;
    struct whe_cursor source;
    struct whe_cursor destination;
};

static void start_move(const struct whe_call *call, const struct whe_insn *insn, struct string *s)
{
    const struct whe_place *source = whe_string_place(insn, WHE_REG_RSI);
    const struct whe_place *destination = whe_string_place(insn, WHE_REG_RDI);
    *s = (struct string){.has_source = source != NULL,
                         .has_destination = destination != NULL,
                         .step = whe_string_step(call, insn)};
    if (source) {
        s->source_offset = whe_reg_get(&call->regs, WHE_REG_RSI) & insn->address_mask;
        s->source.place = *source;
    }
    if (destination) {
        s->destination_offset = whe_reg_get(&call->regs, WHE_REG_RDI) & insn->address_mask;
        s->destination.place = *destination;
    }
    if (insn->operation == WHE_STRING_STOS)
        s->value =
            whe_reg_get(&call->regs, WHE_REG_RAX) & whe_mask_from_size(whe_element_size(insn));
}

static enum whe_result check_port(struct whe_call *call, const struct whe_insn *insn,
                                  struct string *s)
{
    if (!(insn->traits & WHE_TRAIT_PORT))
        return WHE_OK;
    if (call->exit.kind == WHE_EXIT_IO) {
        s->port = call->exit.port;
        return WHE_OK;
    }
    s->port = (uint16_t)whe_reg_get(&call->regs, WHE_REG_RDX);
    return whe_port_check(call, s->port, whe_element_size(insn));
}

/* Both sides are probed before either is touched: a fault must not swallow a device's data. */
static enum whe_result move_element(struct whe_call *call, const struct whe_insn *insn,
                                    struct string *s)
{
    if (s->has_source)
        WHE_TRY(whe_cursor_probe(call, &s->source, s->source_offset));
    if (s->has_destination)
        WHE_TRY(whe_cursor_probe(call, &s->destination, s->destination_offset));

    if (s->has_source)
        WHE_TRY(whe_span_read(call, &s->source.span, &s->value));
    else if (insn->operation == WHE_STRING_INS)
        WHE_TRY(whe_host_in(call, s->port, whe_element_size(insn), &s->value));

    if (s->has_destination)
        return whe_span_write(call, &s->destination.span, s->value);
    if (insn->operation == WHE_STRING_OUTS)
        return whe_host_out(call, s->port, whe_element_size(insn), s->value);
    return WHE_OK;
}

static void write_back(struct whe_call *call, const struct whe_insn *insn, const struct string *s)
{
    if (s->has_source)
        whe_gpr_write(&call->regs, WHE_REG_RSI, insn->address_mask, 0, s->source_offset);
    if (s->has_destination)
        whe_gpr_write(&call->regs, WHE_REG_RDI, insn->address_mask, 0, s->destination_offset);
    if (insn->operation == WHE_STRING_LODS)
        whe_gpr_write(&call->regs, WHE_REG_RAX, whe_mask_from_size(whe_element_size(insn)), 0,
                      s->value);
}

enum whe_result whe_run_move(struct whe_call *call, const struct whe_insn *insn)
{
    struct string s;
    struct whe_rep rep;
    enum whe_result result = WHE_OK;
    start_move(call, insn, &s);
    whe_rep_begin(call, insn, &rep);
    /* The permission is checked even where the count is 0: seen on AMD family 25. */
    WHE_TRY(check_port(call, insn, &s));

    for (; rep.left > 0; whe_rep_step(&rep)) {
        result = move_element(call, insn, &s);
        if (result != WHE_OK)
            break;
        s.source_offset = (s.source_offset + s.step) & insn->address_mask;
        s.destination_offset = (s.destination_offset + s.step) & insn->address_mask;
    }
    whe_rep_end(call, insn, &rep);
    if (rep.done > 0)
        write_back(call, insn, &s);
    return result;
}
