/* SPDX-License-Identifier: MIT */
#include "insn.h"

const struct whe_row whe_rows[WHE_INSN_COUNT] = {
#define WHE_INSN(id, mnemonic, family, form, kernel, binary, operation, alignment, traits)         \
    [WHE_INSN_##id] = {#mnemonic, #family, WHE_FORM_##form, operation, alignment, traits},
#include "rows.def"
};
