/* SPDX-License-Identifier: MIT */
/**
 * @file seen.h
 * How often something was seen, by a hash; without locks and in bounded memory.
 */
#ifndef WHVCAPTURE_SEEN_H
#define WHVCAPTURE_SEEN_H

#include <stdint.h>

/**
 * Counts one more sight of a key.
 * @return how often it was seen before; UINT32_MAX if there is no room for another key.
 */
uint32_t whvc_seen(uint64_t key);

#endif
