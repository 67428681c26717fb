/* SPDX-License-Identifier: MIT */
/**
 * @file snapshot.h
 * Registers that the recorder asks for on its own.
 */
#ifndef WHVCAPTURE_SNAPSHOT_H
#define WHVCAPTURE_SNAPSHOT_H

#include <stdbool.h>

#include <whvemu/emulator.h>

#define WHVC_SNAPSHOT_MAX 72

/**
 * Gets registers from the VMM, in groups: a group with a name that it rejects is left out.
 * @param all    those that every Windows release knows; otherwise general-purpose registers,
 *               segments, RIP and RFLAGS.
 * @param names  receives the names, WHVC_SNAPSHOT_MAX of them at most.
 * @param values receives their values; 16-byte aligned.
 * @return how many there are.
 */
UINT32 whvc_snapshot(const WHV_EMULATOR_CALLBACKS *callbacks, void *context, bool all,
                     WHV_REGISTER_NAME *names, WHV_REGISTER_VALUE *values);

#endif
