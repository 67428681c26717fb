/* SPDX-License-Identifier: MIT */
/**
 * @file about.h
 * What a run's reports say of it: which emulator, which cases, where and when.
 */
#ifndef WHVTRACE_RUN_ABOUT_H
#define WHVTRACE_RUN_ABOUT_H

#include "base/sha256.h"
#include "format/find.h"
#include "pool.h"

#define WHT_DIGEST_TEXT (2 * WHT_SHA256_SIZE + 1)
#define WHT_ABOUT_MAX   256

/** What the members of a struct wht_report_run point to. */
struct wht_about {
    char version[WHT_ABOUT_MAX];
    char emulator[WHT_DIGEST_TEXT];
    char suite[WHT_DIGEST_TEXT];
    char system[WHT_ABOUT_MAX];
    char processor[WHT_ABOUT_MAX];
    char date[32];
};

/**
 * Describes a run.
 * @param has_digests whether the emulator's file and the traces are read for their digests.
 * @return what points to `about`, the options and the files.
 */
struct wht_report_run wht_about_run(struct wht_about *about, const struct wht_pool_options *options,
                                    const struct wht_file_list *files, bool has_digests);

#endif
