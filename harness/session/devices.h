/* SPDX-License-Identifier: MIT */
/**
 * @file devices.h
 * The devices of a case where no order is compared: the elements of its calls answer by address.
 *
 * Every byte of an element answers once; when all that cover an address are used up, the last of
 * them answers again, as a register would that is read twice. What nothing covers is not answered.
 * traces/FORMAT.md, "Levels".
 */
#ifndef WHVTRACE_SESSION_DEVICES_H
#define WHVTRACE_SESSION_DEVICES_H

#include "match.h"

/** One byte of one turn of a mem or io element: a row of the index by which answers are found. */
struct wht_answer_byte {
    uint64_t address;
    uint32_t kind;     /**< enum wht_call_kind */
    uint32_t item;     /**< which turn of which element */
    uint32_t answered; /**< at the first byte of its kind and address: how many have answered */
};

/** Buffers grow as needed and serve case after case. */
struct wht_devices {
    const struct wht_guest *guest;
    struct wht_expected_call *items; /**< every turn of every mem and io element */
    size_t count;
    size_t capacity;
    struct wht_answer_byte *bytes; /**< theirs, sorted by kind, address and place in the case */
    size_t byte_count;
    size_t byte_capacity;
    bool are_listed; /**< items and bytes are filled in for this case */
};

/** Prepares for the guest's case. */
void wht_devices_load(struct wht_devices *devices, const struct wht_guest *guest);
/** Nothing has answered yet. */
void wht_devices_reset(struct wht_devices *devices);
void wht_devices_free(struct wht_devices *devices);

/**
 * An access to a device, a hole or a port.
 * @param data for reads receives the bytes of event->size.
 * @return the element to fail with, if one that carries `fail` comes first at this address.
 */
struct wht_device_answer {
    const struct wht_call *fails; /**< NULL: none */
    bool is_complete;             /**< every byte of a read was answered */
};
struct wht_device_answer wht_devices_access(struct wht_devices *devices,
                                            const struct wht_event *event, uint8_t *data);

/** @return whether some read element lies over part of [gpa, gpa + size): then a hole is a device.
 */
bool wht_devices_cover(struct wht_devices *devices, uint64_t gpa, uint32_t size);

#endif
