/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <stddef.h>

#define whe_kernel_none NULL
#define whe_binary_none NULL

whe_kernel_fn *const whe_kernels[WHE_INSN_COUNT] = {
#define WHE_INSN(id, mnemonic, family, form, kernel, binary, operation, checks, alignment, traits) \
    [WHE_INSN_##id] = whe_kernel_##kernel,
#include "rows.def"
};

whe_binary_fn *const whe_binaries[WHE_INSN_COUNT] = {
#define WHE_INSN(id, mnemonic, family, form, kernel, binary, operation, checks, alignment, traits) \
    [WHE_INSN_##id] = whe_binary_##binary,
#include "rows.def"
};
