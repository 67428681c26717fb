/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

static whe_exec_fn *const handlers[WHE_INSN_COUNT] = {
#define WHE_INSN(id, mnemonic, handler, operation, traits) [WHE_INSN_##id] = whe_exec_##handler,
#include "insn_table.def"
};

enum whe_result whe_dispatch(struct whe_call *call, const struct whe_insn *insn)
{
    if (insn->id == WHE_INSN_NONE)
        return WHE_UNSUPPORTED;
    return handlers[insn->id](call, insn);
}
