/* SPDX-License-Identifier: MIT */
/**
 * @file alike.h
 * Which cases show the same thing: the same instruction in the same mode, with the same shape of
 * callbacks, memory and result, whatever the addresses and data.
 */
#ifndef WHVTRACE_CORPUS_ALIKE_H
#define WHVTRACE_CORPUS_ALIKE_H

#include "base/sha256.h"
#include "format/model.h"

/** Writes what is equal for cases that are alike. */
void wht_alike_key(const struct wht_case *c, uint8_t key[WHT_SHA256_SIZE]);

#endif
