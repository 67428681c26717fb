/* SPDX-License-Identifier: MIT */
/**
 * @file looser.h
 * Does a case that was changed still compare all that it compared?
 */
#ifndef WHVTRACE_FORMAT_LOOSER_H
#define WHVTRACE_FORMAT_LOOSER_H

#include "model.h"

/**
 * Other values are no matter: only what is compared at all, and with how many.
 * @return what of a case expects less than before, in words; NULL if nothing does.
 */
const char *wht_find_looser(const struct wht_case *was, const struct wht_case *now);

#endif
