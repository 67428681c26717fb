/* SPDX-License-Identifier: MIT */
/**
 * @file run.h
 * One call of the emulator for one case at one level: its state while the callbacks come in.
 * Internal to replay; reports and verbs use replayer.h.
 */
#ifndef WHVTRACE_SESSION_RUN_H
#define WHVTRACE_SESSION_RUN_H

#include <time.h>

#include "answers.h"
#include "cursor.h"
#include "guest.h"
#include "result.h"

/**
 * Callbacks of one call that are answered although the case does not list them: RAM, registers,
 * translations, and at match level effects all. A REP has no other end than its count. The text of
 * WHT_RULE_TOO_MANY tells it.
 */
#define WHT_UNLISTED_MAX 1000000u

/**
 * After a divergence so many further callbacks are answered, and as many for each element that the
 * case lists, so that the end of the call can be shown; then they fail, and the call ends.
 */
#define WHT_AFTER_MAX      1000u
#define WHT_AFTER_EACH_MAX 4u

/** A strict case with this flag fails by an array that is not aligned. */
#define WHT_FLAG_UNALIGNED "unaligned-array"

/** State of one call; buffers serve call after call. It is the Context of the callbacks. */
struct wht_run {
    struct wht_guest guest;
    struct wht_cursor cursor;
    struct wht_answers answers;
    enum wht_match level; /**< what is compared */
    /** Later callbacks fail; 0: no limit. No start of a call changes these two. */
    uint32_t callbacks_max;
    clock_t clock_end; /**< with callbacks_max: so do those after this moment, by clock() */
    uint8_t poison;    /**< fills what a callback leaves undefined; another for the warm call */

    bool is_set_done; /**< a Set has returned S_OK */
    bool is_set_called;
    bool has_failed;   /**< a callback has returned something else than S_OK */
    unsigned compared; /**< callbacks that the level compares */
    uint32_t after;    /**< callbacks since the divergence */
    uint32_t after_max;
    const struct wht_want_memory **listed; /**< what expect.memory lists, sorted by address */
    size_t listed_capacity;
    bool judges_alignment; /**< the case is about it, and judged at its own strict level */
    unsigned unaligned;    /**< mask of wht_unaligned; grows from call to call */
    _Alignas(16) WHV_REGISTER_NAME names[WHT_BATCH_MAX];   /**< copies of arrays that are not */
    _Alignas(16) WHV_REGISTER_VALUE values[WHT_BATCH_MAX]; /**< aligned */
    uint64_t digest; /**< over what a guest and its devices can see of the compared callbacks */
    struct wht_result *result;
};

/** Takes up a case. @return false if memory ran out. */
bool wht_run_load(struct wht_run *run, const struct wht_case *c);
/** Starts a call at a level. @return false if memory ran out. */
bool wht_run_start(struct wht_run *run, enum wht_match level, uint8_t poison,
                   struct wht_result *result);
void wht_run_free(struct wht_run *run);

/** The five callbacks; their Context is the run. The table is the same for every run. */
extern const WHV_EMULATOR_CALLBACKS wht_run_callbacks;

/** Tells the callbacks which run is in progress on this thread; NULL: none. */
void wht_run_activate(struct wht_run *run);

/** Notes the first divergence; later ones are consequences and are dropped. */
void wht_run_diverge(struct wht_run *run, const struct wht_divergence *divergence);

/** Notes a broken rule that is not the fault of one callback. */
void wht_run_break_rule(struct wht_run *run, enum wht_rule rule);

/** Mixes a number into a digest. */
static inline uint64_t wht_digest_mix(uint64_t digest, uint64_t value)
{
    uint64_t mixed = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ mixed >> 29;
}

#endif
