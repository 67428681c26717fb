/* SPDX-License-Identifier: MIT */
/**
 * @file event.h
 * What a run tells its reports, in the order of files and cases. Strings are never NULL and only
 * valid during the call; names, files and texts may hold any bytes but NUL.
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
    const char *version; /**< of the program */
    const char *emulator;
    enum wht_match level; /**< no case is judged more strictly */
    uint64_t shard;       /**< from 1 */
    uint64_t shard_count; /**< 1: not sharded */
};

/** A case and what became of it. */
struct wht_report_case {
    enum wht_case_outcome outcome;
    enum wht_ending ending;
    const char *name;
    const char *file;
    uint64_t line;
    const char *mnemonic; /**< "" if it was not run */
    const char *cause;    /**< of a failure in one line; "" of other outcomes */
    const char *reason;   /**< why it is known, may fail or was skipped; otherwise "" */
    const char *key;      /**< of a failure: equal for failures that look alike */
    const char *block;    /**< of a failure: the lines below the first; may hold colours */
    const char *detail;   /**< of a failure: a JSON object; "" if it was not asked for */
    unsigned judged;      /**< mask of 1 << enum wht_match */
    unsigned passed;      /**< those of them that it passed */
    uint64_t micros;      /**< how long it took */
    bool is_explained;    /**< it carries a note or flags */
    unsigned unaligned;   /**< mask of wht_unaligned, see session/result.h */
};

/** Something wrong with the run's own files; it belongs to no case. */
enum wht_problem_kind {
    WHT_PROBLEM_TRACE,      /**< an error in a trace file */
    WHT_PROBLEM_EXPECTATION /**< an entry of an expectations file that matches nothing */
};
struct wht_report_problem {
    enum wht_problem_kind kind;
    const char *file;
    uint64_t line;       /**< 0: the file as a whole */
    uint64_t column;     /**< 0: unknown */
    const char *pointer; /**< RFC 6901, "" for the root */
    const char *text;
    uint64_t more; /**< not 0: it stands for so many errors of the file that were not told */
};

/** How a run ended. */
enum wht_run_ending {
    WHT_RUN_DONE,
    WHT_RUN_STOPPED, /**< after --max-failures */
    WHT_RUN_INTERRUPTED,
    WHT_RUN_GAVE_UP, /**< the emulator was lost in case after case and passed none */
    WHT_RUN_BROKEN   /**< the emulator could not be loaded, or no process started */
};

/** "done", "stopped", "interrupted", "gave-up", "broken" */
const char *wht_run_ending_name(enum wht_run_ending ending);

struct wht_report_end {
    enum wht_run_ending ending;
    const char *message; /**< why it is broken, or what went wrong after all; otherwise "" */
    double seconds;
};

#endif
