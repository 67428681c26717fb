/* SPDX-License-Identifier: MIT */
/**
 * @file result.h
 * What became of a case: plain data for reports; nothing in session/ prints.
 *
 * Pointers into the case live as long as the case, the others until the replayer's next case.
 */
#ifndef WHVTRACE_SESSION_RESULT_H
#define WHVTRACE_SESSION_RESULT_H

#include "format/model.h"

enum wht_rule {
#define WHT_RULE(id, is_recordable, text) WHT_RULE_##id,
#include "rules.def"
    WHT_RULE_COUNT
};

/** Arrays that an emulator hands over without the alignment that the platform's functions need. */
enum wht_unaligned {
    WHT_UNALIGNED_GET_NAMES = 1,
    WHT_UNALIGNED_GET_VALUES = 2,
    WHT_UNALIGNED_SET_NAMES = 4,
    WHT_UNALIGNED_SET_VALUES = 8
};

/** @return the text of a rule. */
const char *wht_rule_text(enum wht_rule rule);
/** @return whether the elements of a trace can show how it was broken. */
bool wht_rule_is_recordable(enum wht_rule rule);

/** More registers than a batch can name. */
#define WHT_BATCH_MAX 128

/** One callback as the emulator made it. */
struct wht_event {
    enum wht_call_kind kind; /**< a single element's kind */
    uint64_t address;        /**< gpa, gva or port */
    uint32_t size;           /**< bytes of mem and io, as given; may break a rule */
    uint8_t data[8];         /**< what a write or OUT sends, little endian */
    uint8_t direction;       /**< as given; may break a rule */
    uint32_t flags;          /**< of a translate */
    const WHV_REGISTER_NAME *names;
    const WHV_REGISTER_VALUE *values; /**< of a set, otherwise NULL */
    uint32_t count;                   /**< registers in names and values */
};

/** Fields of a callback that can differ, as a mask. */
enum wht_call_field {
    WHT_FIELD_KIND = 1,
    WHT_FIELD_ADDRESS = 2,
    WHT_FIELD_SIZE = 4,
    WHT_FIELD_DATA = 8,
    WHT_FIELD_FLAGS = 16,
    WHT_FIELD_NAMES = 32,
    WHT_FIELD_VALUES = 64
};

enum wht_divergence_kind {
    WHT_DIVERGES_NOT,
    WHT_DIVERGES_RULE,        /**< a rule of the contract was broken */
    WHT_DIVERGES_CALL,        /**< another callback was expected */
    WHT_DIVERGES_EXTRA,       /**< no further callback was expected */
    WHT_DIVERGES_MISSING,     /**< the call ended before an expected callback */
    WHT_DIVERGES_UNANSWERED,  /**< a read that nothing answers */
    WHT_DIVERGES_NOT_CAPTURED /**< a register that the case does not know */
};

/** An expected element at a place in time: inside a repeat its addresses move. */
struct wht_expected_call {
    const struct wht_call *call; /**< NULL: none */
    uint64_t offset;             /**< added to the gpa of a mem element */
};

/** Where a call left the expected sequence first. */
struct wht_divergence {
    enum wht_divergence_kind kind;
    enum wht_rule rule;
    unsigned number; /**< which compared callback, from 1; 0: not at a callback */
    uint64_t total;  /**< how many are expected; 0: the case does not list them */
    bool has_actual;
    struct wht_event actual;
    struct wht_expected_call expected;
    unsigned differing; /**< mask of enum wht_call_field, against expected */
    struct wht_expected_call
        nearest;             /**< the most alike element of the case, if not the expected */
    uint64_t nearest_number; /**< its place among the compared ones, from 1; optional ones count */
    bool nearest_is_equal;   /**< it is the callback itself: that comes too early, or again */
    bool comes_later;        /**< the expected callback was made afterwards */
    WHV_REGISTER_NAME reg;   /**< NOT_CAPTURED and NAMED_TWICE: which */
};

/** A register whose final value is not the expected one. */
struct wht_reg_diff {
    WHV_REGISTER_NAME name;
    const struct wht_want_reg *want;   /**< NULL: it should have kept its value */
    const WHV_REGISTER_VALUE *initial; /**< NULL: not captured */
    bool has_actual;                   /**< false: neither captured nor written */
    WHV_REGISTER_VALUE actual;
};

/** A run of adjacent bytes of RAM that are not as expected. */
#define WHT_MEMORY_RUN 16
struct wht_memory_diff {
    uint64_t gpa;
    uint32_t size; /**< up to WHT_MEMORY_RUN */
    bool is_ram;   /**< false: expected at an address where no RAM is, actual is not set */
    bool listed;   /**< in expect.memory; otherwise it should have stayed as it was */
    uint8_t expected[WHT_MEMORY_RUN];
    uint8_t actual[WHT_MEMORY_RUN];
};

/** How many of the callbacks before a divergence are remembered. */
#define WHT_MATCHED_MAX 3

#define WHT_REG_DIFFS_MAX    WHT_BATCH_MAX
#define WHT_MEMORY_DIFFS_MAX 16

/** Room for what an emulator says of an internal failure. */
#define WHT_REASON_MAX 160

enum wht_final_field {
    WHT_FINAL_HR = 1,
    WHT_FINAL_STATUS = 2,
    WHT_FINAL_FAULT = 4,
    WHT_FINAL_TRAP = 8
};

/** How many entries that nothing asked for are kept. */
#define WHT_UNASKED_MAX 4

/** An entry of `memory` or `pages` that no callback of a failed call asked for, and that says other
 * things than the exit. */
struct wht_unasked {
    const struct wht_memory *memory; /**< NULL: a page */
    const struct wht_page *page;
    size_t index; /**< in the list as it was written */
};

/** One call of the emulator, judged at one level. */
struct wht_result {
    enum wht_match level;
    bool passed;
    bool was_ended;     /**< a callback was made to fail: what came after says little */
    uint32_t cut_after; /**< not 0: callbacks after the divergence before all failed */
    HRESULT hr;
    uint32_t status;
    char reason[WHT_REASON_MAX]; /**< of an internal failure, if the emulator says one; else "" */
    uint32_t callbacks;          /**< all that were made */
    /** The last compared callbacks that came as expected, call n at index n % WHT_MATCHED_MAX. */
    struct wht_expected_call matched[WHT_MATCHED_MAX];
    unsigned matched_count; /**< of all that did */
    struct wht_divergence divergence;
    unsigned differing;               /**< mask of wht_final_field */
    WHV_REGISTER_VALUE pending_event; /**< final; zero if unknown */
    struct wht_reg_diff regs[WHT_REG_DIFFS_MAX];
    size_t reg_count;
    struct wht_memory_diff memory[WHT_MEMORY_DIFFS_MAX];
    size_t memory_count; /**< runs found; only the first WHT_MEMORY_DIFFS_MAX are kept */

    struct wht_unasked unasked[WHT_UNASKED_MAX];
    size_t unasked_count; /**< 0 for a call that passed */

    /* Copies of a diverging callback's arrays: the emulator's do not outlive the callback. */
    WHV_REGISTER_NAME names[WHT_BATCH_MAX];
    WHV_REGISTER_VALUE values[WHT_BATCH_MAX];
};

enum wht_outcome_kind { WHT_CASE_PASSED, WHT_CASE_FAILED, WHT_CASE_SKIPPED };

/** How the two calls at the judged level relate. */
enum wht_repetition {
    WHT_SAME,            /**< both passed, or both failed in the same way */
    WHT_ONLY_COLD_FAILS, /**< the second call, on a warm handle, passed */
    WHT_ONLY_WARM_FAILS,
    WHT_BOTH_DIFFER, /**< both failed, each in its own way */
    WHT_BOTH_PASS_DIFFERENTLY,
    WHT_FRESH_PASSES /**< the case passes on a handle of its own: something of earlier ones lingers
                      */
};

/** Everything about a case that was run. */
struct wht_case_result {
    enum wht_outcome_kind kind;
    const char *reason; /**< why skipped, or failed without a result; otherwise NULL */
    enum wht_match level;
    unsigned judged; /**< mask of 1 << enum wht_match: levels the case was judged at */
    unsigned passed; /**< those of them that it passed */
    enum wht_repetition repetition;
    unsigned unaligned; /**< mask of wht_unaligned, of all its calls */
    const struct wht_result
        *result; /**< the call that failed, or the first; NULL if none was made */
};

#endif
