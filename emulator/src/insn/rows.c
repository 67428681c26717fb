/* SPDX-License-Identifier: MIT */
#include "insn.h"

const struct whe_row whe_rows[WHE_INSN_COUNT] = {
#define WHE_INSN(id, mnemonic, family, form, kernel, binary, operation, checks, alignment, traits) \
    [WHE_INSN_##id] = {#mnemonic,           #family,   WHE_FORM_##form, operation,                 \
                       WHE_CHECKS_##checks, alignment, traits},
#include "rows.def"
};
