/* SPDX-License-Identifier: MIT */
/**
 * @file hex.h
 * Bytes as hexadecimal digits.
 */
#ifndef WHVTRACE_BASE_HEX_H
#define WHVTRACE_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Writes two digits for each byte, and no 0 behind them.
 * @param to     room for 3 characters a byte; 2 without blanks.
 * @param mask   0 for bytes that are written as "??"; NULL: none is.
 * @param blanks whether there is one between two bytes.
 * @return where the digits end.
 */
char *wht_hex_write(char *to, const uint8_t *bytes, const uint8_t *mask, size_t size, bool blanks);

#endif
