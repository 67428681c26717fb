/* SPDX-License-Identifier: MIT */
/**
 * @file progress.h
 * What the emulator is doing right now, in memory that outlives it: when a worker dies or must be
 * ended, its parent reads there how far it came. The emulator may have run wild in it: whoever
 * reads it trusts nothing.
 */
#ifndef WHVTRACE_SESSION_PROGRESS_H
#define WHVTRACE_SESSION_PROGRESS_H

#include "result.h"

/** Which of the emulator's functions is running. */
enum wht_doing { WHT_DOING_NOTHING, WHT_DOING_CREATE, WHT_DOING_CALL, WHT_DOING_DESTROY };

#define WHT_PROGRESS_NAMES  8u
#define WHT_PROGRESS_MODULE 128u

/** A place in a module of the process: filled in when it crashes. */
struct wht_code_place {
    /** Its file's name without folders; "": none. */
    char module[WHT_PROGRESS_MODULE];
    /** From where the module was loaded; without one, the address. */
    uint64_t offset;
};

struct wht_progress {
    /** An enum wht_doing. */
    uint32_t doing;
    char function[48];
    /** Of the case at hand, the present one included. */
    uint32_t calls;
    /** Of the present call. */
    uint32_t callbacks;

    /* The last callback of the present call. */
    uint32_t kind;
    uint32_t size;
    uint64_t address;
    uint32_t flags;
    uint32_t count;
    uint8_t data[8];
    uint8_t direction;
    /** The first ones. */
    WHV_REGISTER_NAME names[WHT_PROGRESS_NAMES];

    /** The first HRESULT of a Destroy that was not S_OK. */
    uint32_t destroy_result;

    uint32_t has_crashed;
    uint32_t has_address;
    uint64_t address_accessed;
    struct wht_code_place at;
    /** Within the emulator's library, if it crashed outside. */
    struct wht_code_place from;
};

/** Tells where to write; NULL: nowhere that anybody looks. Not per thread. */
void wht_progress_attach(struct wht_progress *progress);

/** @return where it is written. */
struct wht_progress *wht_progress_get(void);

/** Told when a call of a case begins (callbacks is 0 then) and when a callback has come in, before
 * it is looked at; what it does delays the emulator. */
typedef void wht_progress_fn(void *user, const struct wht_progress *progress);
/** Names who is told, for good; NULL: nobody. */
void wht_progress_watch(wht_progress_fn *watch, void *user);

/** @return the last callback; a batch with the registers that are remembered of it. */
struct wht_event wht_progress_event(const struct wht_progress *progress);

/** A case begins: no call was made for it. */
void wht_progress_case(void);
/** A function of the emulator is about to be called, by its name; NOTHING: it has returned. */
void wht_progress_enter(enum wht_doing doing, const char *function);
/** A callback has come in. The arrays of a batch are only read if they can be. */
void wht_progress_callback(const struct wht_event *event);
/** Destroy has returned this. */
void wht_progress_destroyed(HRESULT hr);

#endif
