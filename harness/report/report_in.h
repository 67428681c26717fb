/* SPDX-License-Identifier: MIT */
/**
 * @file report_in.h
 * A JSON report read back, event by event, in memory that does not grow with it. What is read is
 * laid out as it was written: the head on the first line, each result on a line of its own, the
 * summary on the last.
 */
#ifndef WHVTRACE_REPORT_REPORT_IN_H
#define WHVTRACE_REPORT_REPORT_IN_H

#include "base/arena.h"
#include "base/text.h"
#include "event.h"

/** What comes next. */
enum wht_report_item {
    WHT_ITEM_CASE,
    WHT_ITEM_PROBLEM,
    WHT_ITEM_END,
    /** The report is not whole, or none. */
    WHT_ITEM_BROKEN
};

/** An open report. */
struct wht_report_in {
    const char *path;
    /** From the beginning on. */
    struct wht_report_run run;
    /** Of a case, until the next event. */
    struct wht_report_case result;
    /** Of a problem, likewise. */
    struct wht_report_problem problem;
    /** At the end. */
    struct wht_report_end end;
    /** At the end: mask of wht_unaligned. */
    unsigned unaligned;
    /** What is wrong, with the place. */
    struct wht_text error;
    struct wht_input *input;
    uint64_t line;
    /** Of the head. */
    struct wht_arena *head;
    /** Of the event. */
    struct wht_arena *arena;
};

/**
 * Opens a report and reads its head.
 * @param path must outlive the report.
 * @return false with a reason in error; it is to be closed all the same.
 */
bool wht_report_in_open(struct wht_report_in *in, const char *path);

/** @return what comes next; after an end or what is broken nothing does. */
enum wht_report_item wht_report_in_next(struct wht_report_in *in);

void wht_report_in_close(struct wht_report_in *in);

#endif
