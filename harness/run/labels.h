/* SPDX-License-Identifier: MIT */
/**
 * @file labels.h
 * What reports count a case by and find it by, as a worker sends it.
 */
#ifndef WHVTRACE_RUN_LABELS_H
#define WHVTRACE_RUN_LABELS_H

#include "base/text.h"
#include "format/model.h"

/** Words of a case, joined by blanks. Zero-initialise; release with wht_labels_free(). */
struct wht_labels {
    struct wht_text family;
    struct wht_text mode;
    struct wht_text flags;
    struct wht_text status;
};

/** Fills the labels of a case. */
void wht_labels_take(struct wht_labels *labels, const struct wht_case *c);
void wht_labels_free(struct wht_labels *labels);

#endif
