/* SPDX-License-Identifier: MIT */
/**
 * @file platform.h
 * What the command line needs of the operating system; one source file per platform, and
 * platform.c.
 */
#ifndef WHVTRACE_BASE_PLATFORM_H
#define WHVTRACE_BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

unsigned wht_processor_count(void);

/** Milliseconds since some moment that does not change. */
uint64_t wht_now_ms(void);
/** Microseconds likewise. */
uint64_t wht_now_us(void);

bool wht_is_terminal(FILE *file);

/** @return whether a file shows colours by itself: a terminal that can. */
bool wht_shows_colours(FILE *file);

/**
 * @param when "always", "never" or "auto": NO_COLOR, then FORCE_COLOR decides if one of them is set
 * and not empty (FORCE_COLOR=0 says no), otherwise the file.
 * @return whether a file is to be coloured.
 */
bool wht_wants_colours(const char *when, FILE *file);

/** @return the file that this program was started from, absolute, to be released; NULL if the
 * system does not tell. */
char *wht_program_path(void);

bool wht_is_file(const char *path);
bool wht_is_folder(const char *path);
/** @return the bytes of a file; 0 if there is none. */
uint64_t wht_file_size(const char *path);

/** @return the folder in which this user's programs keep what they remember, with this program's
 * name behind it, absolute, parts separated by '/', to be released; NULL if there is none. It need
 * not exist. */
char *wht_state_folder(void);

/** Makes a folder that others may not look into. @return whether it is there. */
bool wht_make_folder(const char *path);

/** The same, of all folders that a path names. */
bool wht_make_folders(const char *path);

/** @return whether a debugger has hold of this process. */
bool wht_is_debugged(void);
/** Stops there; without a debugger it ends the program. */
void wht_stop_in_debugger(void);

/** @return the folder for files that do not last, to be released; NULL if the system names none. */
char *wht_temporary_folder(void);

/** @return a file without a name, to be written and read, which is gone when it is closed; NULL if
 * there can be none. */
FILE *wht_temporary_file(void);

/**
 * To be called first. A signal that ends the program from here on leaves no temporary files
 * (base/outfile.h); a file that grows too large is an error of its writer, no signal; and no file
 * takes the place of a standard stream that is closed.
 */
void wht_prepare_process(void);

/**
 * From now on an interrupt by the user (SIGINT, SIGTERM or SIGHUP) does not end the program, but is
 * remembered, and a broken pipe is an error of its writer, EPIPE.
 */
void wht_catch_interrupts(void);
/** Ends what wht_catch_interrupts() began: what was remembered stays so, the next one ends the
 * program. */
void wht_release_interrupts(void);
bool wht_is_interrupted(void);

/** From now on writing to a pipe without a reader does not end the program. */
void wht_survive_broken_pipes(void);

/**
 * Ends the program as a broken pipe would have ended it, if one has broken: by SIGPIPE, in silence.
 * Returns if none has, and where that signal does not exist or is ignored.
 * @param error errno of standard output's failure; 0: not known.
 */
void wht_end_if_pipe_broke(int error);

#endif
