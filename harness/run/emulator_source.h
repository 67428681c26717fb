/* SPDX-License-Identifier: MIT */
/**
 * @file emulator_source.h
 * What is said of the emulator that something comes from.
 */
#ifndef WHVTRACE_RUN_EMULATOR_SOURCE_H
#define WHVTRACE_RUN_EMULATOR_SOURCE_H

#include "base/arena.h"
#include "format/model.h"

/**
 * @param emulator "builtin" or a path.
 * @param version  of its file, "" if it has none.
 * @return its file's name, version and digest, as far as they are known.
 */
struct wht_source_emulator *wht_emulator_source(struct wht_arena *arena, const char *emulator,
                                                const char *version);

#endif
