/* SPDX-License-Identifier: MIT */
#include "dispatch.h"

whe_exec_fn *const whe_handlers[WHE_INSN_COUNT] = {
#define WHE_INSN(id, mnemonic, handler, operation, traits) [WHE_INSN_##id] = whe_exec_##handler,
#include "insn_table.def"
};
