/* SPDX-License-Identifier: MIT */
/**
 * @file work.h
 * What a worker does with a case: a table of kinds of work, each of which adds frames.
 */
#ifndef WHVTRACE_RUN_WORK_H
#define WHVTRACE_RUN_WORK_H

#include "format/load.h"
#include "labels.h"
#include "session/recorder.h"
#include "session/replayer.h"
#include "update_line.h"
#include "worker.h"

/** A worker's tools; zero-initialise but for the first three. */
struct wht_workbench {
    const struct wht_worker_options *options;
    const struct wht_work_kind *kind;
    /** Receives frames. */
    struct wht_text *out;
    struct wht_backend backend;
    /** Of the four, that which the work uses. */
    struct wht_replayer *replayer;
    struct wht_recorder *recorder;
    struct wht_redactor *redactor;
    struct wht_updater *updater;
    /** Of its file, if it is recorded. */
    char emulator_version[64];
    /** Of the file that the case comes from. */
    struct wht_reader *reader;
    /** Strings of the frame that is made. */
    struct wht_text cause;
    struct wht_text group;
    struct wht_text block;
    struct wht_text detail;
    struct wht_labels labels;
    char mnemonic[64];
};

struct wht_work_kind {
    const char *name;
    /** Cases that were withdrawn are told as skipped. */
    bool skips_revoked;
    /** Creates the emulator's handles. @param error WHT_BACKEND_ERROR_MAX bytes. */
    bool (*open)(struct wht_workbench *bench, char *error);
    /** Does the work. @param is_expected a failure is, and needs no report. */
    void (*run)(struct wht_workbench *bench, struct wht_case *c, bool is_expected);
    /** Tells of a case that is not run. */
    void (*skip)(struct wht_workbench *bench, const struct wht_case *c, const char *why);
};

/** @return the kind. */
const struct wht_work_kind *wht_work_kind(enum wht_work work);

/**
 * Loads the emulator and creates its handles.
 * @param error WHT_BACKEND_ERROR_MAX bytes, receives why not.
 */
bool wht_workbench_open(struct wht_workbench *bench, char *error);
void wht_workbench_close(struct wht_workbench *bench);

/** Adds BEGIN: all that the parent needs if this case takes the worker with it. */
void wht_work_announce(struct wht_workbench *bench, const struct wht_case *c,
                       bool is_expected_loss);

#endif
