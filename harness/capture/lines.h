/* SPDX-License-Identifier: MIT */
/**
 * @file lines.h
 * The lines of a capture (whv-capture/1.0).
 */
#ifndef WHVCAPTURE_LINES_H
#define WHVCAPTURE_LINES_H

#include "base/text.h"
#include "ring.h"

/** What the header tells of where the capture comes from. */
struct whvc_provenance {
    const char *tool; /**< NULL: whvcapture */
    const char *vmm;
    const char *guest;      /**< NULL or empty: not told */
    void (*emulator)(void); /**< a function of the emulator; NULL: not told */
};

/** Adds the line that begins the capture of a process. */
void whvc_lines_header(struct wht_text *text, const struct whvc_provenance *provenance);

/** Adds such a line that tells nothing of where the capture comes from. */
void whvc_lines_bare_header(struct wht_text *text);

/**
 * Adds the lines of the call in a ring: begin, callbacks, and the end if it is there.
 * @param redact write "??" for the data of memory outside the page of the exit.
 */
void whvc_lines_call(struct wht_text *text, const struct whvc_ring *ring, bool redact);

#endif
