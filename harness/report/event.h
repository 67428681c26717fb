/* SPDX-License-Identifier: MIT */
/**
 * @file event.h
 * What a run tells its reports, in the order of files and cases. Strings are never NULL and only
 * valid during the call, those of the run until its end; names, files and texts may hold any bytes
 * but NUL.
 */
#ifndef WHVTRACE_REPORT_EVENT_H
#define WHVTRACE_REPORT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "format/model.h"

enum wht_case_outcome {
#define WHT_OUTCOME(id, name, word, text) WHT_OUTCOME_##id,
#include "outcome.def"
    WHT_OUTCOME_COUNT
};

/** "passed", "failed", ... as programs read it. */
const char *wht_outcome_name(enum wht_case_outcome outcome);
/** "PASS", "FAIL", ... */
const char *wht_outcome_word(enum wht_case_outcome outcome);
/** "passed", "failed as expected", ... */
const char *wht_outcome_text(enum wht_case_outcome outcome);

/** How the emulator's part of a case ended. */
enum wht_ending { WHT_ENDED_NORMALLY, WHT_CRASHED, WHT_TIMED_OUT };

/** "normal", "crash", "timeout" */
const char *wht_ending_name(enum wht_ending ending);

/** A run, before its first case. */
struct wht_report_run {
    /** Of the program. */
    const char *version;
    /** "builtin" or a path. */
    const char *emulator;
    /** "" if its file has none. */
    const char *emulator_version;
    /** SHA-256 of its file; "" of the built-in one, and where there is no file to read. */
    const char *emulator_digest;
    /** SHA-256 of the trace files' contents in their order; "" if it was not asked for. */
    const char *suite_digest;
    /** Its files, in the order in which they are run. */
    const char *const *suite_paths;
    uint64_t suite_files;
    /** Where it ran. */
    const char *system;
    const char *processor;
    /** "2026-01-31T12:00:00Z" */
    const char *date;
    /** No case is judged more strictly. */
    enum wht_match level;
    /** From 1. */
    uint64_t shard;
    /** 1: not sharded. */
    uint64_t shard_count;
};

/** A case and what became of it. */
struct wht_report_case {
    enum wht_case_outcome outcome;
    enum wht_ending ending;
    const char *name;
    const char *file;
    uint64_t line;
    /** "" if it was not run, or not asked for. */
    const char *mnemonic;
    /** Of the instruction in the built-in emulator, "none"; "" if it was not asked for, as below.
     */
    const char *family;
    /** Of the processor. */
    const char *mode;
    /** Names, joined by blanks. */
    const char *flags;
    /** Names of the bits of the status that it expects, likewise. */
    const char *status;
    /** Of a failure in one line; "" of other outcomes. */
    const char *cause;
    /** Why it is known, may fail or was skipped; otherwise "". */
    const char *reason;
    /** Of a failure: equal for failures that look alike. */
    const char *key;
    /** Of a failure: the lines below the first; may hold colours. */
    const char *block;
    /** Of a failure: a JSON object; "" if it was not asked for. */
    const char *detail;
    /** Mask of 1 << enum wht_match. */
    unsigned judged;
    /** Those of them that it passed. */
    unsigned passed;
    /** How long it took. */
    uint64_t micros;
    /** It carries a note or flags. */
    bool is_explained;
    /** Mask of wht_unaligned, see session/result.h. */
    unsigned unaligned;
};

/** Something wrong with the run's own files; it belongs to no case. */
enum wht_problem_kind {
    /** An error in a trace file. */
    WHT_PROBLEM_TRACE,
    /** An entry of an expectations file that matches nothing. */
    WHT_PROBLEM_EXPECTATION
};
struct wht_report_problem {
    enum wht_problem_kind kind;
    const char *file;
    /** 0: the file as a whole. */
    uint64_t line;
    /** 0: unknown. */
    uint64_t column;
    /** RFC 6901, "" for the root. */
    const char *pointer;
    const char *text;
    /** Not 0: it stands for so many errors of the file that were not told. */
    uint64_t more;
};

/** How a run ended. */
enum wht_run_ending {
    WHT_RUN_DONE,
    /** After --max-failures. */
    WHT_RUN_STOPPED,
    WHT_RUN_INTERRUPTED,
    /** The emulator was lost in case after case and passed none. */
    WHT_RUN_GAVE_UP,
    /** The emulator could not be loaded, or no process started. */
    WHT_RUN_BROKEN
};

/** "done", "stopped", "interrupted", "gave-up", "broken" */
const char *wht_run_ending_name(enum wht_run_ending ending);

struct wht_report_end {
    enum wht_run_ending ending;
    /** Why it is broken, or what went wrong after all; otherwise "". */
    const char *message;
    double seconds;
};

#endif
