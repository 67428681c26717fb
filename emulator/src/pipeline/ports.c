/* SPDX-License-Identifier: MIT */
/* IN and OUT: SDM 2A, 2B. */
#include "host.h"
#include "port.h"
#include "run.h"

enum whe_result whe_port_transfer(struct whe_call *call, bool is_out, uint16_t port, unsigned size)
{
    uint64_t mask = whe_mask_from_size(size);
    uint64_t value;
    if (is_out)
        return whe_host_out(call, port, size, whe_reg_get(&call->regs, WHE_REG_RAX) & mask);
    WHE_TRY(whe_host_in(call, port, size, &value));
    whe_gpr_write(&call->regs, WHE_REG_RAX, mask, 0, value);
    return WHE_OK;
}

enum whe_result whe_run_port(struct whe_call *call, const struct whe_insn *insn)
{
    const bool is_out = insn->operation != 0;
    const struct whe_operand *port = &insn->operand[is_out ? 0 : 1];
    const unsigned size = insn->operand[is_out ? 1 : 0].size;
    const uint64_t number =
        port->kind == WHE_OPERAND_IMMEDIATE ? port->immediate : whe_reg_get(&call->regs, port->reg);
    WHE_TRY(whe_port_check(call, (uint16_t)number, size));
    return whe_port_transfer(call, is_out, (uint16_t)number, size);
}
