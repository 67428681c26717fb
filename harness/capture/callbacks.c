/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <string.h>

#include "base/hash.h"

#define FLAG_EXECUTE 4u /* WHvTranslateGvaFlagValidateExecute */

/*
 * The shape of a call is the sequence of what its callbacks are about, without addresses and data.
 * Repetitions with a period of one or two count once, or REP would make as many shapes as there are
 * counts.
 */
static void note(struct whvc_session *session, uint64_t token)
{
    if (token == session->token[0] || token == session->token[1]) {
        session->token[1] = session->token[0];
        session->token[0] = token;
        return;
    }
    session->token[1] = session->token[0];
    session->token[0] = token;
    session->shape = wht_hash_add(session->shape, token);
}

static uint64_t token(enum whvc_kind kind, uint64_t detail, uint64_t more)
{
    return wht_hash_add(wht_hash_add(wht_hash_add(WHT_HASH, kind), detail), more) | 1;
}

void *whvc_session_add(struct whvc_session *session, enum whvc_kind kind, size_t size)
{
    return session->is_recorded ? whvc_ring_add(session->ring, kind, size) : NULL;
}

static void answer(struct whvc_session *session, struct whvc_record *record, HRESULT hr)
{
    if (record) {
        record->hr = hr;
        record->is_answered = true;
    }
    if (hr != S_OK)
        note(session, token(WHVC_END, (uint32_t)hr, 0));
}

/* Bytes of the instruction are read one after the other, from where the exit's own end. */
static bool is_fetch(struct whvc_session *session, const WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    bool is_next = session->is_fetching && info->Direction == 0 &&
                   info->GpaAddress == session->fetch_gpa && session->code_size < WHVC_CODE_MAX;
    session->is_fetching = is_next;
    session->fetch_gpa += info->AccessSize;
    return is_next;
}

static void note_code(struct whvc_session *session, const WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    for (unsigned i = 0; i < info->AccessSize && session->code_size < WHVC_CODE_MAX; i++)
        session->code[session->code_size++] = info->Data[i];
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    struct whvc_session *session = context;
    struct whvc_memory *record = whvc_session_add(session, WHVC_MEMORY, sizeof(*record));
    bool is_read = info->Direction == 0;
    bool is_code = is_fetch(session, info);
    if (record) {
        record->info = *info;
        record->record.is_code = is_code;
        whvc_ring_publish(session->ring);
    }
    note(session, token(WHVC_MEMORY, info->Direction, info->AccessSize));
    HRESULT hr = session->callbacks.WHvEmulatorMemoryCallback(session->context, info);
    if (is_read && record)
        memcpy(record->info.Data, info->Data, sizeof(info->Data));
    if (is_code)
        note_code(session, info);
    if (is_read && session->is_poisoning && info->AccessSize < sizeof(info->Data))
        memset(info->Data + info->AccessSize, WHVC_POISON, sizeof(info->Data) - info->AccessSize);
    answer(session, (struct whvc_record *)record, hr);
    return hr;
}

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *info)
{
    struct whvc_session *session = context;
    struct whvc_port *record = whvc_session_add(session, WHVC_PORT, sizeof(*record));
    if (record) {
        record->info = *info;
        whvc_ring_publish(session->ring);
    }
    session->is_fetching = false;
    note(session, token(WHVC_PORT, info->Direction, info->AccessSize));
    HRESULT hr = session->callbacks.WHvEmulatorIoPortCallback(session->context, info);
    if (record)
        record->info.Data = info->Data;
    answer(session, (struct whvc_record *)record, hr);
    return hr;
}

static uint64_t token_of_names(enum whvc_kind kind, const WHV_REGISTER_NAME *names, UINT32 count)
{
    uint64_t all = wht_hash_add(WHT_HASH, kind);
    for (UINT32 i = 0; i < count; i++)
        all = wht_hash_add(all, (uint32_t)names[i]);
    return all | 1;
}

struct whvc_registers *whvc_session_add_registers(struct whvc_session *session, enum whvc_kind kind,
                                                  const WHV_REGISTER_NAME *names, UINT32 count)
{
    struct whvc_registers *record = NULL;
    if (count <= WHVC_REGISTERS_MAX)
        record = whvc_session_add(session, kind, sizeof(*record) + count * sizeof(record->reg[0]));
    else if (session->is_recorded)
        session->ring->dropped++;
    if (!record)
        return NULL;
    record->count = count;
    for (UINT32 i = 0; i < count; i++)
        record->reg[i] = (struct whvc_register){.name = (uint32_t)names[i]};
    return record;
}

void whvc_set_values(struct whvc_registers *record, const WHV_REGISTER_VALUE *values)
{
    for (uint64_t i = 0; i < record->count; i++) {
        record->reg[i].low = values[i].Reg128.Low64;
        record->reg[i].high = values[i].Reg128.High64;
    }
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct whvc_session *session = context;
    struct whvc_registers *record = whvc_session_add_registers(session, WHVC_GET, names, count);
    if (record)
        whvc_ring_publish(session->ring);
    note(session, token_of_names(WHVC_GET, names, count));
    HRESULT hr = session->callbacks.WHvEmulatorGetVirtualProcessorRegisters(session->context, names,
                                                                            count, values);
    if (record && hr == S_OK)
        whvc_set_values(record, values);
    answer(session, (struct whvc_record *)record, hr);
    return hr;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct whvc_session *session = context;
    struct whvc_registers *record = whvc_session_add_registers(session, WHVC_SET, names, count);
    if (record) {
        whvc_set_values(record, values);
        whvc_ring_publish(session->ring);
    }
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] == WHvX64RegisterRip)
            session->new_rip = values[i].Reg64;
    }
    note(session, token_of_names(WHVC_SET, names, count));
    HRESULT hr = session->callbacks.WHvEmulatorSetVirtualProcessorRegisters(session->context, names,
                                                                            count, values);
    answer(session, (struct whvc_record *)record, hr);
    return hr;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct whvc_session *session = context;
    struct whvc_translate *record = whvc_session_add(session, WHVC_TRANSLATE, sizeof(*record));
    if (record) {
        record->gva = gva;
        record->flags = (uint32_t)flags;
        whvc_ring_publish(session->ring);
    }
    HRESULT hr =
        session->callbacks.WHvEmulatorTranslateGvaPage(session->context, gva, flags, result, gpa);
    bool is_success = hr == S_OK;
    session->is_fetching = is_success && ((uint32_t)flags & FLAG_EXECUTE);
    if (session->is_fetching)
        session->fetch_gpa = *gpa | ((session->linear + session->code_size) & 0xfff);
    if (record && is_success) {
        record->result = (int32_t)*result;
        record->gpa = *gpa;
    }
    note(session, token(WHVC_TRANSLATE, (uint32_t)flags, is_success ? (uint32_t)*result : 0));
    answer(session, (struct whvc_record *)record, hr);
    return hr;
}

void whvc_session_callbacks(WHV_EMULATOR_CALLBACKS *table)
{
    *table = (WHV_EMULATOR_CALLBACKS){.Size = sizeof(*table),
                                      .WHvEmulatorIoPortCallback = on_port,
                                      .WHvEmulatorMemoryCallback = on_memory,
                                      .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                      .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                      .WHvEmulatorTranslateGvaPage = on_translate};
}
