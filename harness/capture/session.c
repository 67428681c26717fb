/* SPDX-License-Identifier: MIT */
/*
 * The recording functions. A handle of the emulator has a session; its address is the context that
 * the emulator's callbacks get, and each callback goes on to the VMM's own with the VMM's context.
 */
#include <stdlib.h>
#include <string.h>

#include <whvcapture/capture.h>

#include "options.h"
#include "output.h"
#include "platform.h"
#include "ring.h"
#include "seen.h"
#include "snapshot.h"

#define BUCKETS      256u
#define CODE_MAX     15u
#define POISON       0xa5
#define SALT_CODE    UINT64_C(0xc0de)
#define SALT_CASE    UINT64_C(0xca5e)
#define FLAG_EXECUTE 4u /* WHvTranslateGvaFlagValidateExecute */

struct session {
    struct session *next;
    WHV_EMULATOR_HANDLE handle;
    uint32_t vp;
    WHV_EMULATOR_CALLBACKS callbacks; /* the VMM's */
    struct whvc_ring *ring;
    struct whvc_mapping mapping;
    char path[WHVC_PATH_MAX];

    /* Of the running call. */
    void *context;
    bool is_recorded;
    bool is_fetching; /* memory reads are instruction bytes */
    uint8_t code_size;
    uint8_t code[CODE_MAX];
    uint64_t rip;
    uint64_t new_rip;
    uint64_t shape;
    uint64_t token[2];          /* the last two */
    struct whvc_record *record; /* waits for its answer */
};

static struct {
    struct whvcapture_functions original;
    struct whvcapture_options options;
    _Atomic bool is_wrapped;
    _Atomic bool is_recording;
    _Atomic uint64_t n;
    _Atomic uint64_t calls;
    _Atomic uint64_t repeated;
    uint32_t vps;
    struct session *bucket[BUCKETS];
} recorder;

static struct session **bucket_of(WHV_EMULATOR_HANDLE handle)
{
    return &recorder.bucket[whvc_mix(0, (uintptr_t)handle) % BUCKETS];
}

static struct session *find(WHV_EMULATOR_HANDLE handle)
{
    whvc_lock(WHVC_LOCK_SESSIONS);
    struct session *session = *bucket_of(handle);
    while (session && session->handle != handle)
        session = session->next;
    whvc_unlock(WHVC_LOCK_SESSIONS);
    return session;
}

/*
 * The shape of a call is the sequence of what its callbacks are about, without addresses and data.
 * Repetitions with a period of one or two count once, or REP would make as many shapes as there are
 * counts.
 */
static void note(struct session *session, uint64_t token)
{
    if (token == session->token[0] || token == session->token[1]) {
        session->token[1] = session->token[0];
        session->token[0] = token;
        return;
    }
    session->token[1] = session->token[0];
    session->token[0] = token;
    session->shape = whvc_mix(session->shape, token);
}

static uint64_t token(enum whvc_kind kind, uint64_t detail, uint64_t more)
{
    return whvc_mix(whvc_mix(kind, detail), more) | 1;
}

static void *add(struct session *session, enum whvc_kind kind, size_t size)
{
    session->record = NULL;
    if (!session->is_recorded)
        return NULL;
    session->record = whvc_ring_add(session->ring, kind, size);
    return session->record;
}

static void answer(struct session *session, HRESULT hr)
{
    if (session->record) {
        session->record->hr = hr;
        session->record->is_answered = true;
    }
    if (hr != S_OK)
        note(session, token(WHVC_END, (uint32_t)hr, 0));
}

static bool is_poisoning(void)
{
    return (recorder.options.flags & WHVCAPTURE_POISON) != 0;
}

static void note_code(struct session *session, const WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    for (unsigned i = 0; i < info->AccessSize && session->code_size < CODE_MAX; i++)
        session->code[session->code_size++] = info->Data[i];
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    struct session *session = context;
    struct whvc_memory *record = add(session, WHVC_MEMORY, sizeof(*record));
    bool is_read = info->Direction == 0;
    if (record) {
        record->info = *info;
        whvc_ring_publish(session->ring);
    }
    note(session, token(WHVC_MEMORY, info->Direction, info->AccessSize));
    HRESULT hr = session->callbacks.WHvEmulatorMemoryCallback(session->context, info);
    if (is_read && record)
        memcpy(record->info.Data, info->Data, sizeof(info->Data));
    if (is_read && session->is_fetching)
        note_code(session, info);
    if (is_read && is_poisoning() && info->AccessSize < sizeof(info->Data))
        memset(info->Data + info->AccessSize, POISON, sizeof(info->Data) - info->AccessSize);
    session->record = (struct whvc_record *)record;
    answer(session, hr);
    return hr;
}

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *info)
{
    struct session *session = context;
    struct whvc_port *record = add(session, WHVC_PORT, sizeof(*record));
    if (record) {
        record->info = *info;
        whvc_ring_publish(session->ring);
    }
    session->is_fetching = false;
    note(session, token(WHVC_PORT, info->Direction, info->AccessSize));
    HRESULT hr = session->callbacks.WHvEmulatorIoPortCallback(session->context, info);
    if (record)
        record->info.Data = info->Data;
    session->record = (struct whvc_record *)record;
    answer(session, hr);
    return hr;
}

static uint64_t token_of_names(enum whvc_kind kind, const WHV_REGISTER_NAME *names, UINT32 count)
{
    uint64_t all = kind;
    for (UINT32 i = 0; i < count; i++)
        all = whvc_mix(all, (uint32_t)names[i]);
    return all | 1;
}

static struct whvc_registers *add_registers(struct session *session, enum whvc_kind kind,
                                            const WHV_REGISTER_NAME *names, UINT32 count)
{
    struct whvc_registers *record =
        add(session, kind, sizeof(*record) + count * sizeof(record->reg[0]));
    if (!record)
        return NULL;
    record->count = count;
    for (UINT32 i = 0; i < count; i++)
        record->reg[i] = (struct whvc_register){.name = (uint32_t)names[i]};
    return record;
}

static void set_values(struct whvc_registers *record, const WHV_REGISTER_VALUE *values)
{
    for (uint64_t i = 0; i < record->count; i++) {
        record->reg[i].low = values[i].Reg128.Low64;
        record->reg[i].high = values[i].Reg128.High64;
    }
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct session *session = context;
    struct whvc_registers *record = add_registers(session, WHVC_GET, names, count);
    if (record)
        whvc_ring_publish(session->ring);
    note(session, token_of_names(WHVC_GET, names, count));
    HRESULT hr = session->callbacks.WHvEmulatorGetVirtualProcessorRegisters(session->context, names,
                                                                            count, values);
    if (record && hr == S_OK)
        set_values(record, values);
    session->record = (struct whvc_record *)record;
    answer(session, hr);
    return hr;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct session *session = context;
    struct whvc_registers *record = add_registers(session, WHVC_SET, names, count);
    if (record) {
        set_values(record, values);
        whvc_ring_publish(session->ring);
    }
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] == WHvX64RegisterRip)
            session->new_rip = values[i].Reg64;
    }
    note(session, token_of_names(WHVC_SET, names, count));
    HRESULT hr = session->callbacks.WHvEmulatorSetVirtualProcessorRegisters(session->context, names,
                                                                            count, values);
    session->record = (struct whvc_record *)record;
    answer(session, hr);
    return hr;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct session *session = context;
    struct whvc_translate *record = add(session, WHVC_TRANSLATE, sizeof(*record));
    if (record) {
        record->gva = gva;
        record->flags = (uint32_t)flags;
        whvc_ring_publish(session->ring);
    }
    session->is_fetching = ((uint32_t)flags & FLAG_EXECUTE) != 0;
    HRESULT hr =
        session->callbacks.WHvEmulatorTranslateGvaPage(session->context, gva, flags, result, gpa);
    bool is_success = hr == S_OK;
    if (record && is_success) {
        record->result = (int32_t)*result;
        record->gpa = *gpa;
    }
    note(session, token(WHVC_TRANSLATE, (uint32_t)flags, is_success ? (uint32_t)*result : 0));
    session->record = (struct whvc_record *)record;
    answer(session, hr);
    return hr;
}

/* What a decoder looks at, in six bits. */
static uint64_t mode_of(const WHV_VP_EXIT_CONTEXT *context)
{
    return (uint64_t)context->ExecutionState.Cr0Pe |
           (uint64_t)context->ExecutionState.EferLma << 1 | (uint64_t)context->Cs.Long << 2 |
           (uint64_t)context->Cs.Default << 3 | (context->Rflags >> 17 & 1) << 4;
}

static uint64_t hash_bytes(uint64_t key, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        key = whvc_mix(key, bytes[i] | 0x100u);
    return key;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The registers that nothing else would tell, the first time that an instruction is met. */
static void take_snapshot(struct session *session, uint64_t mode)
{
    WHV_REGISTER_NAME names[WHVC_SNAPSHOT_MAX];
    _Alignas(16) WHV_REGISTER_VALUE values[WHVC_SNAPSHOT_MAX];
    uint64_t key = hash_bytes(whvc_mix(SALT_CODE, mode), session->code, session->code_size);
    if (recorder.options.snapshot == WHVCAPTURE_NONE || whvc_seen(key) >= recorder.options.keep)
        return;
    UINT32 count = whvc_snapshot(&session->callbacks, session->context,
                                 recorder.options.snapshot == WHVCAPTURE_ALL, names, values);
    struct whvc_registers *record = add_registers(session, WHVC_SNAPSHOT, names, count);
    if (record) {
        set_values(record, values);
        whvc_ring_publish(session->ring);
    }
}

static void begin(struct session *session, void *context, const WHV_VP_EXIT_CONTEXT *vp_context,
                  const uint8_t *bytes, size_t count, struct whvc_begin *record)
{
    atomic_fetch_add_explicit(&recorder.calls, 1, memory_order_relaxed);
    session->context = context;
    session->is_fetching = false;
    session->rip = vp_context->Rip;
    session->new_rip = vp_context->Rip;
    session->shape = mode_of(vp_context);
    session->token[0] = session->token[1] = 0;
    session->code_size = (uint8_t)smaller(count, CODE_MAX);
    memcpy(session->code, bytes, session->code_size);
    if (!record)
        return;
    record->n = atomic_fetch_add_explicit(&recorder.n, 1, memory_order_relaxed);
    record->vp = session->vp;
    record->context = *vp_context;
    whvc_ring_publish(session->ring);
    take_snapshot(session, mode_of(vp_context));
}

/* The call's own bytes: what follows the instruction makes no other case. */
static uint64_t case_key(const struct session *session, HRESULT hr, uint32_t status)
{
    size_t size = session->code_size;
    uint64_t advance = session->new_rip - session->rip;
    if (advance > 0 && advance < size)
        size = (size_t)advance;
    uint64_t key = hash_bytes(whvc_mix(SALT_CASE, session->shape), session->code, size);
    return whvc_mix(whvc_mix(key, (uint32_t)hr), hr == S_OK ? status : 0);
}

static void end(struct session *session, HRESULT hr, const WHV_EMULATOR_STATUS *status)
{
    uint32_t bits = hr == S_OK && status ? status->AsUINT32 : 0;
    bool is_success = hr == S_OK && bits == 1;
    bool is_wanted = !is_success || !(recorder.options.flags & WHVCAPTURE_ONLY_FAILURES);
    if (is_wanted && whvc_seen(case_key(session, hr, bits)) < recorder.options.keep) {
        struct whvc_end *record = add(session, WHVC_END, sizeof(*record));
        if (record) {
            record->record.hr = hr;
            record->record.is_answered = true;
            record->status = bits;
            whvc_ring_publish(session->ring);
        }
        whvc_output_call(session->ring);
    } else {
        atomic_fetch_add_explicit(&recorder.repeated, 1, memory_order_relaxed);
    }
    session->is_recorded = false;
    whvc_ring_clear(session->ring);
}

static struct session *session_to_record(WHV_EMULATOR_HANDLE handle, const void *vp_context,
                                         const void *access, const void *status)
{
    return vp_context && access && status ? find(handle) : NULL;
}

static struct whvc_begin *start(struct session *session)
{
    session->is_recorded =
        atomic_load_explicit(&recorder.is_recording, memory_order_relaxed) && session->ring;
    return add(session, WHVC_BEGIN, sizeof(struct whvc_begin));
}

HRESULT WINAPI whvcapture_try_io(WHV_EMULATOR_HANDLE handle, VOID *context,
                                 const WHV_VP_EXIT_CONTEXT *vp_context,
                                 const WHV_X64_IO_PORT_ACCESS_CONTEXT *access,
                                 WHV_EMULATOR_STATUS *status)
{
    if (!atomic_load(&recorder.is_wrapped))
        return E_FAIL;
    struct session *session = session_to_record(handle, vp_context, access, status);
    if (!session)
        return recorder.original.try_io(handle, context, vp_context, access, status);
    struct whvc_begin *record = start(session);
    if (record) {
        record->is_io = true;
        record->io = *access;
    }
    begin(session, context, vp_context, access->InstructionBytes,
          smaller(access->InstructionByteCount, sizeof(access->InstructionBytes)), record);
    if (is_poisoning())
        status->AsUINT32 = POISON * 0x01010101u;
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
    struct session *session = session_to_record(handle, vp_context, access, status);
    if (!session)
        return recorder.original.try_mmio(handle, context, vp_context, access, status);
    struct whvc_begin *record = start(session);
    if (record) {
        record->is_io = false;
        record->memory = *access;
    }
    begin(session, context, vp_context, access->InstructionBytes,
          smaller(access->InstructionByteCount, sizeof(access->InstructionBytes)), record);
    if (is_poisoning())
        status->AsUINT32 = POISON * 0x01010101u;
    HRESULT hr = recorder.original.try_mmio(handle, session, vp_context, access, status);
    if (session->is_recorded)
        end(session, hr, status);
    return hr;
}

static void release(struct session *session)
{
    if (session->ring)
        whvc_unmap(&session->mapping, session->path);
    free(session);
}

/* @return a session that stands in no bucket yet; NULL to forward without recording. */
static struct session *new_session(const WHV_EMULATOR_CALLBACKS *callbacks)
{
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return NULL;
    session->callbacks = *callbacks;
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
    struct session *session = NULL;
    if (is_complete && atomic_load(&recorder.is_recording))
        session = new_session(callbacks);
    /* What is malformed is the emulator's to judge. */
    if (!session)
        return recorder.original.create(callbacks, handle);

    WHV_EMULATOR_CALLBACKS wrapped = *callbacks;
    wrapped.WHvEmulatorIoPortCallback = on_port;
    wrapped.WHvEmulatorMemoryCallback = on_memory;
    wrapped.WHvEmulatorGetVirtualProcessorRegisters = on_get;
    wrapped.WHvEmulatorSetVirtualProcessorRegisters = on_set;
    wrapped.WHvEmulatorTranslateGvaPage = on_translate;
    HRESULT hr = recorder.original.create(&wrapped, handle);
    if (hr != S_OK) {
        release(session);
        return hr;
    }
    session->handle = *handle;
    whvc_lock(WHVC_LOCK_SESSIONS);
    struct session **bucket = bucket_of(session->handle);
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
    struct session **link = bucket_of(handle);
    while (*link && (*link)->handle != handle)
        link = &(*link)->next;
    struct session *session = *link;
    if (session)
        *link = session->next;
    whvc_unlock(WHVC_LOCK_SESSIONS);
    HRESULT hr = recorder.original.destroy(handle);
    if (session)
        release(session);
    return hr;
}

static void for_each_session(void (*function)(struct session *))
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct session *session = recorder.bucket[i]; session; session = session->next)
            function(session);
    }
}

/* The ring is the parent's. */
static void abandon(struct session *session)
{
    session->is_recorded = false;
}

static void stop_in_child(void)
{
    atomic_store(&recorder.is_recording, false);
    for_each_session(abandon);
}

/* A call that is still running when the process ends is kept as one that did not end. */
static void finish(struct session *session)
{
    if (session->is_recorded)
        whvc_output_call(session->ring);
    session->is_recorded = false;
    if (session->ring)
        whvc_unmap(&session->mapping, session->path);
    session->ring = NULL;
}

void whvcapture_stop(void)
{
    if (!atomic_exchange(&recorder.is_recording, false))
        return;
    for_each_session(finish);
    whvc_output_stop();
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
    *functions = (struct whvcapture_functions){whvcapture_create, whvcapture_destroy,
                                               whvcapture_try_io, whvcapture_try_mmio};
}

void whvcapture_count(struct whvcapture_counts *counts)
{
    *counts = (struct whvcapture_counts){.calls = atomic_load(&recorder.calls),
                                         .repeated = atomic_load(&recorder.repeated)};
    whvc_output_count(counts);
}
