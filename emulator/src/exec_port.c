/* SPDX-License-Identifier: MIT */
/* IN and OUT: SDM 2A, 2B. */
#include "exec.h"
#include "operand.h"
#include "port.h"

enum whe_result whe_port_transfer(struct whe_call *call, enum whe_operation operation,
                                  uint16_t port, unsigned size)
{
    uint64_t mask = whe_mask_from_size(size);
    uint64_t value;
    if (operation == WHE_OP_OUT)
        return whe_host_out(call, port, size, whe_reg_get(&call->regs, WHE_REG_RAX) & mask);
    WHE_TRY(whe_host_in(call, port, size, &value));
    whe_gpr_write(&call->regs, WHE_REG_RAX, mask, 0, value);
    return WHE_OK;
}

enum whe_result whe_exec_port(struct whe_call *call, const struct whe_insn *insn)
{
    bool is_out = insn->operation == WHE_OP_OUT;
    uint64_t port;
    WHE_TRY(whe_operand_read(call, &insn->operand[is_out ? 0 : 1], &port));
    unsigned size = insn->operand[is_out ? 1 : 0].size;
    WHE_TRY(whe_port_check(call, (uint16_t)port, size));
    return whe_port_transfer(call, insn->operation, (uint16_t)port, size);
}
