/* SPDX-License-Identifier: MIT */
/**
 * @file digest.h
 * What identifies the meaning of a case, whatever it is called and however it is written:
 * traces/FORMAT.md, "Digests".
 */
#ifndef WHVTRACE_FORMAT_DIGEST_H
#define WHVTRACE_FORMAT_DIGEST_H

#include "model.h"

/** 64 hexadecimal digits and the end of a string. */
#define WHT_DIGEST_MAX 65

/**
 * Writes the SHA-256 of a case's canonical form in lower case: `code`, `api`, `init`, `exit`,
 * `memory`, `pages`, `expect`, `match` and `verdict` with every default filled in, on one line, as
 * whv-trace/1.0 has them. Its id, `asm`, flags, spec, tags, notes and source do not count.
 */
void wht_case_digest(const struct wht_case *c, char digest[WHT_DIGEST_MAX]);

#endif
