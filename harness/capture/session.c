/* SPDX-License-Identifier: MIT */
/*
 * The recording functions. A handle of the emulator has a session; its address is the context that
 * the emulator's callbacks get, and each callback goes on to the VMM's own with the VMM's context.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <whvcapture/capture.h>

#include "base/hash.h"
#include "options.h"
#include "output.h"
#include "platform.h"
#include "ring.h"
#include "seen.h"
#include "session.h"
#include "snapshot.h"

#define STATUS_INTERNAL_FAILURE 2u

#define BUCKET_BITS 8
#define BUCKETS     (1u << BUCKET_BITS)
#define SALT_CODE   UINT64_C(0xc0de)
#define SALT_CASE   UINT64_C(0xca5e)

static struct {
    struct whvcapture_functions original;
    struct whvcapture_options options;
    _Atomic bool is_wrapped;
    _Atomic bool is_recording;
    _Atomic uint64_t n;
    _Atomic uint64_t calls;
    _Atomic uint64_t repeated;
    uint32_t vps;
    struct whvc_session *bucket[BUCKETS];
} recorder;

static struct whvc_session **bucket_of(WHV_EMULATOR_HANDLE handle)
{
    return &recorder.bucket[wht_hash_spread((uintptr_t)handle) >> (64 - BUCKET_BITS)];
}

static struct whvc_session *find(WHV_EMULATOR_HANDLE handle)
{
    whvc_lock(WHVC_LOCK_SESSIONS);
    struct whvc_session *session = *bucket_of(handle);
    while (session && session->handle != handle)
        session = session->next;
    whvc_unlock(WHVC_LOCK_SESSIONS);
    return session;
}

/* What a decoder looks at, in six bits. */
static uint64_t mode_of(const WHV_VP_EXIT_CONTEXT *context)
{
    return (uint64_t)context->ExecutionState.Cr0Pe |
           (uint64_t)context->ExecutionState.EferLma << 1 | (uint64_t)context->Cs.Long << 2 |
           (uint64_t)context->Cs.Default << 3 | (context->Rflags >> 17 & 1) << 4;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The registers that nothing else would tell, the first time that an instruction is met. */
static void take_snapshot(struct whvc_session *session, uint64_t mode, bool is_io)
{
    WHV_REGISTER_NAME names[WHVC_SNAPSHOT_MAX];
    _Alignas(16) WHV_REGISTER_VALUE values[WHVC_SNAPSHOT_MAX];
    uint64_t key =
        wht_hash_add_bytes(wht_hash_add(SALT_CODE, mode), session->code, session->code_size);
    if (recorder.options.snapshot == WHVCAPTURE_NONE || whvc_seen(key) >= recorder.options.keep)
        return;
    const unsigned groups = recorder.options.snapshot == WHVCAPTURE_ALL ? whvc_groups_all()
                            : is_io                                     ? WHVC_GENERAL
                                    : whvc_groups_of_code(session->code, session->code_size);
    UINT32 count = whvc_snapshot(&session->callbacks, session->context, groups, names, values);
    struct whvc_registers *record =
        whvc_session_add_registers(session, WHVC_SNAPSHOT, names, count);
    if (record) {
        whvc_set_values(record, values);
        whvc_ring_publish(session->ring);
    }
}

static void begin(struct whvc_session *session, void *context,
                  const WHV_VP_EXIT_CONTEXT *vp_context, const uint8_t *bytes, size_t count,
                  struct whvc_begin *record)
{
    atomic_fetch_add_explicit(&recorder.calls, 1, memory_order_relaxed);
    session->context = context;
    session->is_fetching = false;
    session->rip = vp_context->Rip;
    session->linear = vp_context->Cs.Base + vp_context->Rip;
    session->new_rip = vp_context->Rip;
    session->shape = mode_of(vp_context);
    session->token[0] = session->token[1] = 0;
    session->code_size = (uint8_t)smaller(count, WHVC_CODE_MAX);
    memcpy(session->code, bytes, session->code_size);
    if (!record)
        return;
    record->n = atomic_fetch_add_explicit(&recorder.n, 1, memory_order_relaxed);
    record->vp = session->vp;
    record->context = *vp_context;
    whvc_ring_publish(session->ring);
    take_snapshot(session, mode_of(vp_context), record->is_io);
}

/* The call's own bytes: what follows the instruction makes no other case. */
static uint64_t case_key(const struct whvc_session *session, HRESULT hr, uint32_t status)
{
    size_t size = session->code_size;
    uint64_t advance = session->new_rip - session->rip;
    if (advance > 0 && advance < size)
        size = (size_t)advance;
    uint64_t key = wht_hash_add_bytes(wht_hash_add(SALT_CASE, session->shape), session->code, size);
    return wht_hash_add(wht_hash_add(key, (uint32_t)hr), hr == S_OK ? status : 0);
}

/* Asked while the call's own thread still has the handle. */
static void take_reason(WHV_EMULATOR_HANDLE handle, bool has_failed, char *reason, size_t size)
{
    const char *said =
        has_failed && recorder.original.reason ? recorder.original.reason(handle) : NULL;
    snprintf(reason, size, "%s", said ? said : "");
}

static void end(struct whvc_session *session, HRESULT hr, const WHV_EMULATOR_STATUS *status)
{
    uint32_t bits = hr == S_OK && status ? status->AsUINT32 : 0;
    bool is_success = hr == S_OK && bits == 1;
    bool is_wanted = !is_success || !(recorder.options.flags & WHVCAPTURE_ONLY_FAILURES);
    if (is_wanted && whvc_seen(case_key(session, hr, bits)) < recorder.options.keep) {
        struct whvc_end *record = whvc_session_add(session, WHVC_END, sizeof(*record));
        if (record) {
            record->record.hr = hr;
            record->record.is_answered = true;
            record->status = bits;
            record->is_reconstructed = false; /* the emulator told */
            take_reason(session->handle, (bits & STATUS_INTERNAL_FAILURE) != 0, record->reason,
                        sizeof(record->reason));
            whvc_ring_publish(session->ring);
        }
        whvc_output_call(session->ring);
    } else {
        atomic_fetch_add_explicit(&recorder.repeated, 1, memory_order_relaxed);
    }
    session->is_recorded = false;
    whvc_ring_clear(session->ring);
}

static struct whvc_session *session_to_record(WHV_EMULATOR_HANDLE handle, const void *vp_context,
                                              const void *access, const void *status)
{
    return vp_context && access && status ? find(handle) : NULL;
}

static struct whvc_begin *start(struct whvc_session *session)
{
    session->is_recorded =
        atomic_load_explicit(&recorder.is_recording, memory_order_relaxed) && session->ring;
    struct whvc_begin *record = whvc_session_add(session, WHVC_BEGIN, sizeof(*record));
    if (record)
        record->is_io = record->is_reconstructed = false;
    return record;
}

HRESULT WINAPI whvcapture_try_io(WHV_EMULATOR_HANDLE handle, VOID *context,
                                 const WHV_VP_EXIT_CONTEXT *vp_context,
                                 const WHV_X64_IO_PORT_ACCESS_CONTEXT *access,
                                 WHV_EMULATOR_STATUS *status)
{
    if (!atomic_load(&recorder.is_wrapped))
        return E_FAIL;
    struct whvc_session *session = session_to_record(handle, vp_context, access, status);
    if (!session)
        return recorder.original.try_io(handle, context, vp_context, access, status);
    struct whvc_begin *record = start(session);
    if (record) {
        record->is_io = true;
        record->io = *access;
    }
    begin(session, context, vp_context, access->InstructionBytes,
          smaller(access->InstructionByteCount, sizeof(access->InstructionBytes)), record);
    if (session->is_poisoning)
        status->AsUINT32 = WHVC_POISON * 0x01010101u;
    HRESULT hr = recorder.original.try_io(handle, session, vp_context, access, status);
    if (session->is_recorded)
        end(session, hr, status);
    return hr;
}

HRESULT WINAPI whvcapture_try_mmio(WHV_EMULATOR_HANDLE handle, VOID *context,
                                   const WHV_VP_EXIT_CONTEXT *vp_context,
                                   const WHV_MEMORY_ACCESS_CONTEXT *access,
                                   WHV_EMULATOR_STATUS *status)
{
    if (!atomic_load(&recorder.is_wrapped))
        return E_FAIL;
    struct whvc_session *session = session_to_record(handle, vp_context, access, status);
    if (!session)
        return recorder.original.try_mmio(handle, context, vp_context, access, status);
    struct whvc_begin *record = start(session);
    if (record) {
        record->is_io = false;
        record->memory = *access;
    }
    begin(session, context, vp_context, access->InstructionBytes,
          smaller(access->InstructionByteCount, sizeof(access->InstructionBytes)), record);
    if (session->is_poisoning)
        status->AsUINT32 = WHVC_POISON * 0x01010101u;
    HRESULT hr = recorder.original.try_mmio(handle, session, vp_context, access, status);
    if (session->is_recorded)
        end(session, hr, status);
    return hr;
}

static void release(struct whvc_session *session)
{
    if (session->ring)
        whvc_unmap(&session->mapping, session->path);
    free(session);
}

/* @return a session that stands in no bucket yet; NULL to forward without recording. */
static struct whvc_session *new_session(const WHV_EMULATOR_CALLBACKS *callbacks)
{
    struct whvc_session *session = calloc(1, sizeof(*session));
    if (!session)
        return NULL;
    session->callbacks = *callbacks;
    session->is_poisoning = (recorder.options.flags & WHVCAPTURE_POISON) != 0;
    whvc_lock(WHVC_LOCK_SESSIONS);
    session->vp = recorder.vps++;
    whvc_unlock(WHVC_LOCK_SESSIONS);
    session->ring = whvc_output_ring(session->vp, &session->mapping, session->path);
    return session;
}

HRESULT WINAPI whvcapture_create(const WHV_EMULATOR_CALLBACKS *callbacks,
                                 WHV_EMULATOR_HANDLE *handle)
{
    if (!atomic_load(&recorder.is_wrapped))
        return E_FAIL;
    bool is_complete = callbacks && handle && callbacks->Size == sizeof(*callbacks) &&
                       callbacks->WHvEmulatorIoPortCallback &&
                       callbacks->WHvEmulatorMemoryCallback &&
                       callbacks->WHvEmulatorGetVirtualProcessorRegisters &&
                       callbacks->WHvEmulatorSetVirtualProcessorRegisters &&
                       callbacks->WHvEmulatorTranslateGvaPage;
    struct whvc_session *session = NULL;
    if (is_complete && atomic_load(&recorder.is_recording))
        session = new_session(callbacks);
    /* What is malformed is the emulator's to judge. */
    if (!session)
        return recorder.original.create(callbacks, handle);

    WHV_EMULATOR_CALLBACKS wrapped;
    whvc_session_callbacks(&wrapped);
    HRESULT hr = recorder.original.create(&wrapped, handle);
    if (hr != S_OK) {
        release(session);
        return hr;
    }
    session->handle = *handle;
    whvc_lock(WHVC_LOCK_SESSIONS);
    struct whvc_session **bucket = bucket_of(session->handle);
    session->next = *bucket;
    *bucket = session;
    whvc_unlock(WHVC_LOCK_SESSIONS);
    return hr;
}

HRESULT WINAPI whvcapture_destroy(WHV_EMULATOR_HANDLE handle)
{
    if (!atomic_load(&recorder.is_wrapped))
        return E_FAIL;
    whvc_lock(WHVC_LOCK_SESSIONS);
    struct whvc_session **link = bucket_of(handle);
    while (*link && (*link)->handle != handle)
        link = &(*link)->next;
    struct whvc_session *session = *link;
    if (session)
        *link = session->next;
    whvc_unlock(WHVC_LOCK_SESSIONS);
    HRESULT hr = recorder.original.destroy(handle);
    if (session)
        release(session);
    return hr;
}

static void for_each_session(void (*function)(struct whvc_session *))
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct whvc_session *session = recorder.bucket[i]; session; session = session->next)
            function(session);
    }
}

/* The ring is the parent's. */
static void abandon(struct whvc_session *session)
{
    session->is_recorded = false;
}

static void stop_in_child(void)
{
    atomic_store(&recorder.is_recording, false);
    for_each_session(abandon);
}

/* A call that is still running when the process ends is kept as one that did not end. */
static void finish(struct whvc_session *session)
{
    if (session->is_recorded)
        whvc_output_call(session->ring);
    session->is_recorded = false;
    if (session->ring)
        whvc_unmap(&session->mapping, session->path);
    session->ring = NULL;
}

void whvcapture_count(struct whvcapture_counts *counts)
{
    *counts = (struct whvcapture_counts){.calls = atomic_load(&recorder.calls),
                                         .repeated = atomic_load(&recorder.repeated)};
    whvc_output_count(counts);
}

static void tell_counts(void)
{
    struct whvcapture_counts counts;
    whvcapture_count(&counts);
    whvc_complain("%" PRIu64 " calls; %" PRIu64 " cases written, %" PRIu64 " repeated, %" PRIu64
                  " lost",
                  counts.calls, counts.written, counts.repeated, counts.lost);
}

void whvcapture_stop(void)
{
    if (!atomic_exchange(&recorder.is_recording, false))
        return;
    for_each_session(finish);
    whvc_output_stop();
    if (whvc_is_verbose())
        tell_counts();
}

static void start_recording(void)
{
    struct whvc_provenance provenance = {
        .vmm = recorder.options.vmm,
        .guest = recorder.options.guest,
        .emulator =
            atomic_load(&recorder.is_wrapped) ? (void (*)(void))recorder.original.try_mmio : NULL};
    whvc_output_start(&recorder.options, &provenance);
    whvc_watch_process(whvcapture_stop, stop_in_child);
    atomic_store(&recorder.is_recording, true);
}

static bool take_options(const struct whvcapture_options *options)
{
    static _Atomic bool is_taken;
    if (atomic_exchange(&is_taken, true))
        return false;
    return whvc_options_complete(options, &recorder.options);
}

void whvcapture_start(const struct whvcapture_options *options)
{
    if (take_options(options))
        start_recording();
}

void whvcapture_wrap(const struct whvcapture_options *options,
                     struct whvcapture_functions *functions)
{
    whvc_lock(WHVC_LOCK_SESSIONS);
    bool is_first = !atomic_load(&recorder.is_wrapped);
    if (is_first) {
        recorder.original = *functions;
        atomic_store(&recorder.is_wrapped, true);
    }
    whvc_unlock(WHVC_LOCK_SESSIONS);
    if (is_first)
        whvcapture_start(options);
    *functions =
        (struct whvcapture_functions){whvcapture_create, whvcapture_destroy, whvcapture_try_io,
                                      whvcapture_try_mmio, functions->reason};
}
