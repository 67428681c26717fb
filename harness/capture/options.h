/* SPDX-License-Identifier: MIT */
/**
 * @file options.h
 * Options with their defaults.
 */
#ifndef WHVCAPTURE_OPTIONS_H
#define WHVCAPTURE_OPTIONS_H

#include <stdbool.h>

#include <whvcapture/capture.h>

/**
 * @param given    the user's; NULL: the environment's.
 * @param complete receives them with every default filled in and every number within its range;
 *                 strings live as long as the process.
 * @return false if nothing is to be recorded.
 */
bool whvc_options_complete(const struct whvcapture_options *given,
                           struct whvcapture_options *complete);

/** @return whether counts are to be told at the end. */
bool whvc_is_verbose(void);

#endif
