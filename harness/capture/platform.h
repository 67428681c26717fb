/* SPDX-License-Identifier: MIT */
/**
 * @file platform.h
 * What the recorder needs of the operating system; one source file per platform, and platform.c.
 */
#ifndef WHVCAPTURE_PLATFORM_H
#define WHVCAPTURE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHVC_PATH_MAX 4096

/** The recorder's two locks; `sessions` is held for a look-up alone. */
enum whvc_lock { WHVC_LOCK_SESSIONS, WHVC_LOCK_OUTPUT };
void whvc_lock(enum whvc_lock lock);
void whvc_unlock(enum whvc_lock lock);

/** Calls `at_exit` when the process ends, and `in_child` in a child made by fork. */
void whvc_watch_process(void (*at_exit)(void), void (*in_child)(void));

unsigned whvc_process_id(void);

/** Writes "2026-01-31T12:00:00Z" (WHVC_DATE bytes). */
#define WHVC_DATE 32
void whvc_date(char *text);

/** Write a description into text and end it with 0: the processor, the system, this program. */
void whvc_describe_cpu(char *text, size_t size);
void whvc_describe_system(char *text, size_t size);
void whvc_describe_program(char *text, size_t size);

/** Describes the file that a function was loaded from. @param version empty if it has none. */
void whvc_describe_library(void (*function)(void), char *file, size_t file_size, char *version,
                           size_t version_size);

/** Writes the version that a library's file tells of itself; "" if it has none. */
void whvc_describe_file(const char *path, char *version, size_t size);

bool whvc_is_folder(const char *path);

/**
 * Opens a file to append to, and marks it as this process's own for as long as it is open. One that
 * is not there yet is made for its owner alone, since it will hold a guest's memory.
 * @return a descriptor; -1 with *error set to the system's words; -2 if another process has it.
 */
int whvc_append_open(const char *path, const char **error);
/** @return the bytes in the file. */
uint64_t whvc_append_size(int file);
/** Appends. @return how many bytes were written; fewer with *error set. */
size_t whvc_append(int file, const char *data, size_t size, bool sync, const char **error);
void whvc_append_close(int file);

/**
 * A file of that size, created and mapped; its blocks are there, so that touching it cannot fail.
 */
struct whvc_mapping {
    /** Page-aligned, zeroed. */
    void *memory;
    size_t size;
    /** -1: memory of the process alone, which does not survive it. */
    intptr_t file;
};

/** Without a file (path NULL, or it cannot be made) memory is used. @return false if even that
 * fails. */
bool whvc_map(const char *path, size_t size, struct whvc_mapping *mapping);
/** @param path of the file, to be removed; NULL to leave it. */
void whvc_unmap(struct whvc_mapping *mapping, const char *path);

/** @return whether a process of that number is running. */
bool whvc_is_running(unsigned process);

/**
 * Maps a file of a process that has died, for reading. One of less than `smallest` bytes is opened
 * only: its memory is NULL.
 * @return false if it is in use, gone, or no file.
 */
bool whvc_map_dead(const char *path, size_t smallest, struct whvc_mapping *mapping);

/** Calls found(path) for each file in the folder of `stem` whose name begins like it and has no
 * other folder in it. */
void whvc_find(const char *stem, void (*found)(const char *path, void *context), void *context);

/** Prints one line on stderr. */
void whvc_complain(const char *format, ...);

#endif
