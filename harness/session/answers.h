/* SPDX-License-Identifier: MIT */
/**
 * @file answers.h
 * Answers from the case's calls where no order is compared: devices by address, and injected
 * failures.
 *
 * Every byte of an element answers once; when all that cover an address are used up, the last of
 * them answers again, as a register would that is read twice. What nothing covers is not answered.
 * traces/FORMAT.md, "Levels".
 */
#ifndef WHVTRACE_SESSION_ANSWERS_H
#define WHVTRACE_SESSION_ANSWERS_H

#include "match.h"

/** One byte of one turn of a mem or io element: a row of the index by which answers are found. */
struct wht_answer_byte {
    uint64_t address;
    uint32_t kind;     /**< enum wht_call_kind */
    uint32_t item;     /**< which turn of which element */
    uint32_t answered; /**< at the first byte of its kind and address: how many have answered */
};

/** An element that changes an answer of the model, once. */
struct wht_armed {
    const struct wht_call *call;
    bool is_fired;
};

/** Buffers grow as needed and serve case after case. */
struct wht_answers {
    const struct wht_guest *guest;
    struct wht_expected_call *items; /**< every turn of every mem and io element */
    size_t count;
    size_t capacity;
    struct wht_answer_byte *bytes; /**< theirs, sorted by kind, address and place in the case */
    size_t byte_count;
    size_t byte_capacity;
    bool are_listed; /**< items and bytes are filled in for this case */
    struct wht_armed *armed;
    size_t armed_count;
    size_t armed_capacity;
    bool is_out_of_memory;
};

/** Prepares for the guest's case: finds what arms the model. @return false if memory ran out. */
bool wht_answers_load(struct wht_answers *answers, const struct wht_guest *guest);
/** Nothing has answered yet. */
void wht_answers_reset(struct wht_answers *answers);
void wht_answers_free(struct wht_answers *answers);

/**
 * An access to a device, a hole or a port.
 * @param data for reads receives the bytes of event->size.
 * @return the element to fail with, if one that carries `fail` comes first at this address.
 */
struct wht_answered {
    const struct wht_call *fails; /**< NULL: none */
    bool is_complete;             /**< every byte of a read was answered */
};
struct wht_answered wht_answers_access(struct wht_answers *answers, const struct wht_event *event,
                                       uint8_t *data);

/** @return whether some read element lies over part of [gpa, gpa + size): then a hole is a device.
 */
bool wht_answers_cover(struct wht_answers *answers, uint64_t gpa, uint32_t size);

/**
 * Finds the element that arms the model for this callback and marks it as fired.
 * @return NULL if the model answers as usual.
 */
const struct wht_call *wht_answers_armed(struct wht_answers *answers,
                                         const struct wht_event *event);

#endif
