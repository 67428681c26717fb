/* SPDX-License-Identifier: MIT */
/**
 * @file members.h
 * What a case has that does not depend on where it stands: all but its id and the keys of a
 * document.
 */
#ifndef WHVTRACE_RUN_MEMBERS_H
#define WHVTRACE_RUN_MEMBERS_H

#include "base/json_build.h"
#include "base/text.h"

/** Adds copies of such members of a case. */
void wht_members_add(struct wht_build *made, const struct wht_node *node);

/** Writes such members of a case, from behind the '{' of its object to '}' and LF. */
void wht_members_write(struct wht_text *out, const struct wht_node *node);

#endif
