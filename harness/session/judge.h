/* SPDX-License-Identifier: MIT */
/**
 * @file judge.h
 * The observer of a session that compares it with what the case expects, at one level. After the
 * first divergence the call goes on as well as it can: registers and memory at its end say more
 * than the divergence alone.
 */
#ifndef WHVTRACE_SESSION_JUDGE_H
#define WHVTRACE_SESSION_JUDGE_H

#include "cursor.h"
#include "session.h"

/**
 * After a divergence so many further callbacks are answered, and as many for each element that the
 * case lists, so that the end of the call can be shown; then they fail, and the call ends.
 */
#define WHT_AFTER_MAX      1000u
#define WHT_AFTER_EACH_MAX 4u

/** A strict case with this flag fails by an array that is not aligned. */
#define WHT_FLAG_UNALIGNED "unaligned-array"

/** A session and its judge; zero-initialise. Buffers serve case after case. */
struct wht_judge {
    struct wht_session session;
    struct wht_cursor cursor;
    enum wht_match level; /**< what is compared */
    uint32_t after;       /**< callbacks since the divergence */
    uint32_t after_max;
    const struct wht_want_memory **listed; /**< what expect.memory lists, sorted by address */
    size_t listed_capacity;
    bool judges_alignment; /**< the case is about it, and judged at its own strict level */
    unsigned unaligned;    /**< mask of wht_unaligned; grows from call to call */
    uint64_t digest; /**< over what a guest and its devices can see of the compared callbacks */
    struct wht_result *result;
};

/** Takes up a case. @return false if memory ran out. */
bool wht_judge_load(struct wht_judge *judge, const struct wht_case *c);
void wht_judge_free(struct wht_judge *judge);

/**
 * Calls the emulator, and compares what it does until it returns; wht_judge_end() (diff.h) compares
 * the rest.
 * @param flipped see wht_session_start().
 * @return false if memory ran out.
 */
bool wht_judge_call(struct wht_judge *judge, const struct wht_handles *handles,
                    enum wht_match level, unsigned flipped, struct wht_result *result);

/** Notes the first divergence; later ones are consequences and are dropped. */
void wht_judge_diverge(struct wht_judge *judge, const struct wht_divergence *divergence);

#endif
