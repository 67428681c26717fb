/* SPDX-License-Identifier: MIT */
/**
 * @file guest.h
 * The virtual machine behind the callbacks. It does as little as callbacks can do, because what it
 * does is part of the figures.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <whvemu/emulator.h>

#include "scenario.h"

/** @return callbacks that answer a scenario; their context is the scenario. */
const WHV_EMULATOR_CALLBACKS *bench_callbacks(const struct bench_scenario *scenario);

#endif
