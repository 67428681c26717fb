/* SPDX-License-Identifier: MIT */
/**
 * @file decode_names.h
 * What the decoder's numbers stand for.
 */
#ifndef WHE_DECODE_NAMES_H
#define WHE_DECODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

/** By the decoder's number of a register: one more than its enum whe_reg; 0: the shadow does not
 * hold it. */
extern const uint8_t whe_decoder_registers[];

/** Writes a mnemonic in capitals. @param name n bytes. */
void whe_mnemonic_name(uint16_t mnemonic, char *name, size_t n);

/** @return why an instruction is refused for good, with %s for its mnemonic; NULL of others. */
const char *whe_refusal(uint16_t mnemonic);

#endif
