/* SPDX-License-Identifier: MIT */
/**
 * @file decode_names.h
 * What the decoder's numbers stand for.
 */
#ifndef WHE_DECODE_NAMES_H
#define WHE_DECODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

/** @return enum whe_reg of the decoder's register; WHE_REG_COUNT or more where the shadow does not
 * hold it. */
unsigned whe_reg_from_decoder(unsigned reg);

/** Writes a mnemonic in capitals. @param name n bytes. */
void whe_mnemonic_name(uint16_t mnemonic, char *name, size_t n);

/** @return why an instruction is refused for good, with %s for its mnemonic; NULL of others. */
const char *whe_refusal(uint16_t mnemonic);

#endif
