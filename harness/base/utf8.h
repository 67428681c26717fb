/* SPDX-License-Identifier: MIT */
/**
 * @file utf8.h
 * Text that comes from files, names and emulators may hold any bytes; what may be passed on is
 * decided character by character.
 */
#ifndef WHVTRACE_BASE_UTF8_H
#define WHVTRACE_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/** @return the length of the UTF-8 sequence (RFC 3629) at p, 0 if there is none. @param left bytes,
 * at least 1. */
size_t wht_utf8_length(const unsigned char *p, size_t left);

/**
 * Decodes the character at the start of a NUL-terminated string (RFC 3629).
 * @param code receives it.
 * @return its length; 0 at the end of the string or if the first byte starts no valid sequence.
 */
size_t wht_utf8_next(const char *string, uint32_t *code);

#endif
