/* SPDX-License-Identifier: MIT */
/**
 * @file redact_line.h
 * One case with its data replaced, proved against an emulator: it shows the same before and after.
 */
#ifndef WHVTRACE_RUN_REDACT_LINE_H
#define WHVTRACE_RUN_REDACT_LINE_H

#include "base/json_node.h"
#include "base/text.h"
#include "format/model.h"
#include "session/backend.h"

struct wht_redactor;

struct wht_redaction_options {
    uint64_t seed;   /**< decides the replacements */
    bool only_whole; /**< cases of which data must stay are dropped */
};

/**
 * @param backend must outlive the redactor.
 * @param error   WHT_BACKEND_ERROR_MAX bytes, receives one line on failure.
 * @return NULL if the emulator refuses.
 */
struct wht_redactor *wht_redactor_open(const struct wht_backend *backend,
                                       const struct wht_redaction_options *options, char *error);
/** Handles are never destroyed: the emulator cannot do it. */
void wht_redactor_keep_handle(struct wht_redactor *redactor);
void wht_redactor_close(struct wht_redactor *redactor);

/**
 * Redacts a case.
 * @param c     is changed.
 * @param spare the same case, read a second time; is changed.
 * @param node  the case as its author wrote it.
 * @param line  receives the members of the redacted case, see wht_members_write(); nothing if
 * it is dropped.
 * @param kept  receives what had to stay, or NULL.
 * @return why the case is dropped, or NULL. Both strings live until the next case.
 */
const char *wht_redact_line(struct wht_redactor *redactor, struct wht_case *c,
                            struct wht_case *spare, const struct wht_node *node,
                            struct wht_text *line, const char **kept);

#endif
