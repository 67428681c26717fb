/* SPDX-License-Identifier: MIT */
/**
 * @file process.h
 * Worker processes: the program started again, with a pipe in each direction; one source file per
 * platform.
 */
#ifndef WHVTRACE_RUN_PROCESS_H
#define WHVTRACE_RUN_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct wht_process;

#define WHT_PROCESS_HOW_MAX 64
/** Bytes that parent and worker share. */
#define WHT_SHARED_SIZE 4096u
/** The end of what a process has printed. */
#define WHT_SAID_MAX 2048u

/** What is left of a process. */
struct wht_process_left {
    /** "crashed with SIGSEGV", "did not end", ... */
    char how[WHT_PROCESS_HOW_MAX];
    /** What it has printed since it last wrote a NUL. */
    char said[WHT_SAID_MAX + 1];
    /** As the process left it; all 0 if nothing is shared. */
    unsigned char shared[WHT_SHARED_SIZE];
};

/**
 * Starts the program again.
 * @param arguments without the program's own name; NULL-terminated.
 * @return NULL if no process could be started.
 */
struct wht_process *wht_process_start(const char *const arguments[]);

/** Sends all bytes. @return false if the process is gone. */
bool wht_process_send(struct wht_process *process, const void *data, size_t size);

/** Receives what is there. @return the number of bytes; 0 at the end of the process. */
size_t wht_process_receive(struct wht_process *process, void *data, size_t size);

/** @return the bytes that are shared with it while it runs, or NULL. */
const void *wht_process_shared(const struct wht_process *process);

/**
 * Waits until one of the processes has something to receive, has ended, or time is up. What they
 * print goes to standard error meanwhile, but for NULs.
 * @param ready receives which; NULL entries of the list are skipped.
 */
void wht_process_wait(struct wht_process *const *processes, size_t count, int timeout_ms,
                      bool *ready);

/** Ends a process at once, if it still runs. */
void wht_process_kill(struct wht_process *process);

/**
 * Waits for the end of a process, for a few seconds, and releases it.
 * @param left receives what is left of it.
 * @return whether it ended by itself with exit code 0.
 */
bool wht_process_end(struct wht_process *process, struct wht_process_left *left);

/* Within a worker. */

/** Prepares a worker: its standard output goes to standard error, its memory is bounded. */
void wht_worker_prepare(void);
/** @return the bytes that are shared with the parent, or NULL; after wht_worker_prepare(). */
void *wht_worker_shared(void);
/** What was printed so far is of no interest any more: writes a NUL. */
void wht_worker_forget_said(void);
/**
 * From now on a crash is described in the shared bytes before it ends the process.
 * @param library the file of the emulator's library, or NULL; must stay.
 */
struct wht_progress;
void wht_worker_watch_crashes(struct wht_progress *progress, const char *library);
/** Sends all bytes to the parent; ends the process if the parent is gone. */
void wht_worker_send(const void *data, size_t size);
/** Receives exactly size bytes from the parent. @return false if the parent has closed the pipe. */
bool wht_worker_receive(void *data, size_t size);

#endif
