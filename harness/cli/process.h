/* SPDX-License-Identifier: MIT */
/**
 * @file process.h
 * Worker processes: the program started again, with a pipe in each direction; one source file per
 * platform.
 */
#ifndef WHVTRACE_CLI_PROCESS_H
#define WHVTRACE_CLI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct wht_process;

/** Enough for what wht_process_end() writes. */
#define WHT_PROCESS_END_MAX 64

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

/**
 * Waits until one of the processes has something to receive, has ended, or time is up.
 * @param ready receives which; NULL entries of the list are skipped.
 */
void wht_process_wait(struct wht_process *const *processes, size_t count, int timeout_ms,
                      bool *ready);

/** Ends a process at once, if it still runs. */
void wht_process_kill(struct wht_process *process);

/**
 * Waits for the end of a process, for a few seconds, and releases it.
 * @param how receives "crashed with SIGSEGV", "ended with exit code 1", ...; NULL if not wanted.
 * @return whether it ended by itself with exit code 0.
 */
bool wht_process_end(struct wht_process *process, char *how);

/* Within a worker. */

/** Prepares a worker: its standard output goes to standard error, its memory is bounded. */
void wht_worker_prepare(void);
/** Sends all bytes to the parent; ends the process if the parent is gone. */
void wht_worker_send(const void *data, size_t size);
/** Receives exactly size bytes from the parent. @return false if the parent has closed the pipe. */
bool wht_worker_receive(void *data, size_t size);

#endif
