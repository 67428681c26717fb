/* SPDX-License-Identifier: MIT */
/**
 * @file session.h
 * One case in front of an emulator: its guest and devices answer the callbacks of one call after
 * the other, and the rules of the contract are checked. What a callback or a broken rule means is
 * for an observer to say: judge.h compares with what the case expects, notes.h writes down.
 * Internal to this folder; reports and verbs use replayer.h and recorder.h.
 */
#ifndef WHVTRACE_SESSION_SESSION_H
#define WHVTRACE_SESSION_SESSION_H

#include <time.h>

#include "devices.h"
#include "guest.h"
#include "injection.h"
#include "invoke.h"
#include "poison.h"
#include "result.h"

/** How a callback was answered. */
struct wht_answer {
    HRESULT hr;
    const uint8_t *data; /**< of a read or IN that is S_OK: as many bytes as its size */
    const WHV_REGISTER_VALUE *values;     /**< of a Get: also if it fails, and is told nothing */
    WHV_TRANSLATE_GVA_RESULT_CODE result; /**< of a Translate that is S_OK */
    bool has_gpa;
    uint64_t gpa;
};

/** What a session asks and tells; each function is given session->watcher first. */
struct wht_observer {
    /** A callback has come in; its arrays and sizes are not checked yet. @return false to fail it.
     */
    bool (*on_callback)(void *watcher, const struct wht_event *event);
    /**
     * A rule is broken.
     * @param event NULL: by the call as a whole.
     * @param name  of WHT_RULE_NAMED_TWICE: which register.
     * @return whether the callback is answered all the same.
     */
    bool (*on_broken_rule)(void *watcher, enum wht_rule rule, const struct wht_event *event,
                           WHV_REGISTER_NAME name);
    /** @return the element of the case that answers; NULL: the guest and the devices do. NULL: they
     * always do. */
    const struct wht_call *(*find_element)(void *watcher, const struct wht_event *event,
                                           enum wht_place place);
    /** No element has all bytes of a read. @return whether it is answered with the filler. */
    bool (*on_unanswered)(void *watcher, const struct wht_event *event, enum wht_place place);
    /** A Get asks for a register that the case does not know. @return whether it is told 0. */
    bool (*on_uncaptured)(void *watcher, const struct wht_event *event, WHV_REGISTER_NAME name);
    /** A callback that broke no rule returns; NULL: not wanted. */
    void (*on_answered)(void *watcher, const struct wht_event *event,
                        const struct wht_answer *answer);
    /** What a device holds at an address that nobody described; NULL: ones, as a hole does. */
    uint8_t (*filler)(uint64_t address);
};

/** Buffers serve case after case. It is the Context of the callbacks. */
struct wht_session {
    struct wht_guest guest;
    struct wht_devices devices;
    struct wht_injections injections;
    const struct wht_observer
        *observer; /**< set by whoever owns the session, before its first call */
    void *watcher;
    /** Later callbacks fail; 0: no limit. No start of a call changes these two. */
    uint32_t callbacks_max;
    clock_t clock_end; /**< with callbacks_max: so do those after this moment, by clock() */

    unsigned flipped;   /**< mask of 1 << enum wht_poison that get the second poison */
    bool injects;       /**< elements of the case that change an answer of the guest do so */
    uint32_t callbacks; /**< of the call */
    uint32_t listed;    /**< of these, the observer's: elements that the case lists */
    bool is_set_called;
    bool is_set_done; /**< a Set has returned S_OK */
    bool has_failed;  /**< a callback has returned something else than S_OK */
    bool was_ended;   /**< by the session: a rule, a limit, a read that nothing answers */
    HRESULT hr;       /**< of the call, when it has ended */
    uint32_t status;  /**< likewise; only defined if hr is S_OK */
    _Alignas(16) WHV_REGISTER_NAME names[WHT_BATCH_MAX];   /**< copies of arrays that are not */
    _Alignas(16) WHV_REGISTER_VALUE values[WHT_BATCH_MAX]; /**< aligned */
};

/** Every poison but that of instruction bytes, which is an INT3 in both calls of a replay. */
#define WHT_FLIP_ALL (((1u << WHT_POISON_COUNT) - 1) & ~(1u << WHT_POISON_BYTES))

/** Takes up a case. @return false if memory ran out. */
bool wht_session_load(struct wht_session *session, const struct wht_case *c);
void wht_session_free(struct wht_session *session);

/** Back to the state before a call. */
void wht_session_start(struct wht_session *session, unsigned flipped);
/** Calls the emulator for the case; handles were created with wht_session_callbacks. */
void wht_session_call(struct wht_session *session, const struct wht_handles *handles);

/** @return the byte that a kind of poison has in this call. */
static inline uint8_t wht_session_poison(const struct wht_session *session, enum wht_poison poison)
{
    return session->flipped >> poison & 1 ? WHT_POISON_SECOND : WHT_POISON_FIRST;
}

/** Mixes a number into a digest. */
static inline uint64_t wht_digest_mix(uint64_t digest, uint64_t value)
{
    uint64_t mixed = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ mixed >> 29;
}

/** Mixes in what a callback asks for or sends, but the values of a Set. */
uint64_t wht_digest_event(uint64_t digest, const struct wht_event *event);

#endif
