/* SPDX-License-Identifier: MIT */
/**
 * @file check.h
 * What can be asserted of a call's cost on any machine.
 */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdbool.h>

#include "scenario.h"

/**
 * Emulates a scenario twice.
 * @return whether the second call made as many callbacks and named the registers that the table
 * says, and neither call allocated. What differs is printed on stderr.
 */
bool bench_check(const struct bench_scenario *scenario);

#endif
