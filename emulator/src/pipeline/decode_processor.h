/* SPDX-License-Identifier: MIT */
/**
 * @file decode_processor.h
 * What the processor that this runs on can do: kernels of rows with WHE_TRAIT_NATIVE are its own
 * instructions.
 */
#ifndef WHE_DECODE_PROCESSOR_H
#define WHE_DECODE_PROCESSOR_H

#include <stdbool.h>

/** @param isa_set the decoder's, of an instruction.
 *  @return whether this processor has the instruction. */
bool whe_processor_has(unsigned isa_set);

#endif
