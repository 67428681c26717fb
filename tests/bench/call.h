/* SPDX-License-Identifier: MIT */
/**
 * @file call.h
 * One scenario made ready to be emulated again and again.
 */
#ifndef BENCH_CALL_H
#define BENCH_CALL_H

#include <whvemu/emulator.h>
#include <whvemu/preview.h>

#include "scenario.h"

struct bench_call {
    const struct bench_scenario *scenario;
    WHV_EMULATOR_HANDLE handle;
    /** Handed to the callbacks. */
    void *context;
    WHV_VP_EXIT_CONTEXT vp;
    /** Of even and of odd calls. */
    WHV_MEMORY_ACCESS_CONTEXT memory[2];
    WHV_X64_IO_PORT_ACCESS_CONTEXT port;
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT preview;
};

/** Creates the emulator and the exit. Ends the program if that fails. */
void bench_call_begin(struct bench_call *call, const struct bench_scenario *scenario,
                      const WHV_EMULATOR_CALLBACKS *callbacks, void *context);

/** Makes so many calls. Ends the program if one does not succeed. @param call struct bench_call. */
void bench_call_repeat(void *call, unsigned long count);

void bench_call_end(struct bench_call *call);

#endif
