/* SPDX-License-Identifier: MIT */
/**
 * @file fake.h
 * Emulators that do what a test tells them, and cases from text.
 */
#ifndef WHVTRACE_TESTS_REPLAY_FAKE_H
#define WHVTRACE_TESTS_REPLAY_FAKE_H

#include "format/load.h"
#include "session/replayer.h"

/** A call in progress, for the body of a fake. */
struct fake_call {
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    const WHV_VP_EXIT_CONTEXT *vp;
    /** NULL for a port exit. */
    const WHV_MEMORY_ACCESS_CONTEXT *memory;
    /** NULL for a memory exit. */
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *io;
    /** Of the call on this handle, from 1. */
    unsigned number;
    /** What the status word is set to; 1 by default. */
    uint32_t status;
    /** The status word is not written. */
    bool keeps_status;
};

/** What a fake does in a call. @return the result of the call. */
typedef HRESULT fake_body(struct fake_call *call);

/* Callbacks in short form; each returns what the callback returned. */
HRESULT fake_read(struct fake_call *call, uint64_t gpa, unsigned size, uint64_t *data);
HRESULT fake_write(struct fake_call *call, uint64_t gpa, unsigned size, uint64_t data);
HRESULT fake_in(struct fake_call *call, uint16_t port, unsigned size, uint32_t *data);
HRESULT fake_out(struct fake_call *call, uint16_t port, unsigned size, uint32_t data);
HRESULT fake_get(struct fake_call *call, WHV_REGISTER_NAME name, uint64_t *value);
HRESULT fake_get_two(struct fake_call *call, WHV_REGISTER_NAME a, WHV_REGISTER_NAME b);
HRESULT fake_set(struct fake_call *call, WHV_REGISTER_NAME name, uint64_t value);
HRESULT fake_set_two(struct fake_call *call, WHV_REGISTER_NAME a, uint64_t value_a,
                     WHV_REGISTER_NAME b, uint64_t value_b);
HRESULT fake_translate(struct fake_call *call, uint64_t gva, uint32_t flags,
                       WHV_TRANSLATE_GVA_RESULT_CODE *result, uint64_t *gpa);

/** Sets RIP to the next instruction, two bytes on. */
HRESULT fake_retire(struct fake_call *call);

/** Loads a case from JSON, `'` for `"`; ends the program if it is not valid. */
struct wht_case *fake_case(const char *json);

/** A case that was run; release with fake_close(). */
struct fake_run {
    struct wht_case *c;
    struct wht_replayer *replayer;
    struct wht_case_result result;
};

/**
 * Runs a case against a fake.
 * @param body what the emulator does.
 * @param json members of the case's object after "format", "id", "code" and "exit" (a write to
 * 0xfee000b0 by `mov [rbx], eax`), which they may not repeat; `'` stands for `"`. Without calls the
 * case is judged by its effects.
 */
struct fake_run fake_run(fake_body *body, enum wht_match level, const char *json);

/** As fake_run() with a whole case in JSON, `'` for `"`. */
struct fake_run fake_run_whole(fake_body *body, enum wht_match level, const char *json);
void fake_close(struct fake_run *run);

#endif
