/* SPDX-License-Identifier: MIT */
/**
 * @file snapshot.h
 * Registers that the recorder asks for on its own.
 */
#ifndef WHVCAPTURE_SNAPSHOT_H
#define WHVCAPTURE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include <whvemu/emulator.h>

#define WHVC_SNAPSHOT_MAX 72

/** Sets of registers. */
enum whvc_group {
    /** General-purpose registers, segments, RIP and RFLAGS. */
    WHVC_GENERAL = 1,
    /** CR0 and CR4. */
    WHVC_CONTROL = 2,
    /** XCR0, which Windows 10 knows from 1903 on. */
    WHVC_EXTENDED = 4,
    /** What else every Windows release knows. */
    WHVC_OTHER = 8
};

/** @return all of them. */
unsigned whvc_groups_all(void);

/**
 * @param code what is known of an instruction that no port exit tells of: its first bytes, or none.
 * @return the groups that its effect may depend on, without what are its operands.
 */
unsigned whvc_groups_of_code(const uint8_t *code, size_t size);

/**
 * Gets registers from the VMM, a batch at a time; of a batch that it rejects each register apart,
 * and those that it then rejects are left out.
 * @param groups mask of enum whvc_group.
 * @param names  receives the names, WHVC_SNAPSHOT_MAX of them at most.
 * @param values receives their values; 16-byte aligned.
 * @return how many there are.
 */
UINT32 whvc_snapshot(const WHV_EMULATOR_CALLBACKS *callbacks, void *context, unsigned groups,
                     WHV_REGISTER_NAME *names, WHV_REGISTER_VALUE *values);

#endif
