/* SPDX-License-Identifier: MIT */
/**
 * @file scratch.h
 * A folder for the files of a test.
 */
#ifndef WHVTRACE_TESTS_SCRATCH_H
#define WHVTRACE_TESTS_SCRATCH_H

/**
 * A folder of this process alone, in TMPDIR or /tmp. It goes with all that is in it when the
 * process that made it exits; without one the process is aborted. Criterion has a process for each
 * test.
 * @return its path, which stays valid.
 */
const char *scratch_folder(void);

#endif
