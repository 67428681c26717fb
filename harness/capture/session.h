/* SPDX-License-Identifier: MIT */
/**
 * @file session.h
 * What is known of one handle of the emulator, and the callbacks that its emulator gets: each
 * writes down what it is asked, and goes on to the VMM's own with the VMM's context.
 */
#ifndef WHVCAPTURE_SESSION_H
#define WHVCAPTURE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <whvcapture/capture.h>

#include "platform.h"
#include "ring.h"

#define WHVC_CODE_MAX 15u
#define WHVC_POISON   0xa5

struct whvc_session {
    struct whvc_session *next;
    WHV_EMULATOR_HANDLE handle;
    uint32_t vp;
    WHV_EMULATOR_CALLBACKS callbacks; /* the VMM's */
    struct whvc_ring *ring;
    struct whvc_mapping mapping;
    char path[WHVC_PATH_MAX];

    /* Of the running call. */
    void *context;
    bool is_recorded;
    bool is_poisoning; /* WHVCAPTURE_POISON */
    bool is_fetching;  /* a read at fetch_gpa is one of instruction bytes */
    uint64_t fetch_gpa;
    uint8_t code_size;
    uint8_t code[WHVC_CODE_MAX];
    uint64_t rip;
    uint64_t linear; /* of the instruction's first byte */
    uint64_t new_rip;
    uint64_t shape;
    uint64_t token[2]; /* the last two */
};

/** The table that the emulator is created with; its context is the session. */
void whvc_session_callbacks(WHV_EMULATOR_CALLBACKS *table);

/**
 * Adds a record to the ring while a call is recorded. @return NULL if it is not, or has no room.
 */
void *whvc_session_add(struct whvc_session *session, enum whvc_kind kind, size_t size);

/** As whvc_session_add, for a record that names registers. */
struct whvc_registers *whvc_session_add_registers(struct whvc_session *session, enum whvc_kind kind,
                                                  const WHV_REGISTER_NAME *names, UINT32 count);

/** Fills in the values of such a record. */
void whvc_set_values(struct whvc_registers *record, const WHV_REGISTER_VALUE *values);

#endif
