/* SPDX-License-Identifier: MIT */
/**
 * @file platform.h
 * What the command line needs of the operating system; one source file per platform.
 */
#ifndef WHVTRACE_CLI_PLATFORM_H
#define WHVTRACE_CLI_PLATFORM_H

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

/** @return whether colours suit the file: a terminal, and NO_COLOR is not set. */
bool wht_wants_colours(FILE *file);

/** @return the file that this program was started from, absolute, to be released; NULL if the
 * system does not tell. */
char *wht_program_path(void);

/** @return the folder of that name in the working folder or above it, to be released, or NULL. */
char *wht_find_above_working_folder(const char *name);
/** @return the folder of that name in a folder above the program's own, to be released, or NULL. */
char *wht_find_above_program(const char *name);

/** @return the path's traces root, absolute, to be released; NULL if there is none. */
char *wht_traces_root_of(const char *path);

bool wht_is_file(const char *path);
bool wht_is_folder(const char *path);

/** From now on an interrupt by the user does not end the program, but is remembered. */
void wht_catch_interrupts(void);
bool wht_is_interrupted(void);

#endif
