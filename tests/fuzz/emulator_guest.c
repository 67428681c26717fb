/* SPDX-License-Identifier: MIT */
#include "emulator_guest.h"

#include <string.h>

#include "rules_parts.h"

#define FAILS 0xf0u

/* The guest of the call in progress: Context may be NULL, and must not be trusted. */
static struct fuzz_guest *active;

static const HRESULT failures[16] = {
    E_FAIL,       S_FALSE,   E_ABORT, E_ACCESSDENIED, E_INVALIDARG, E_OUTOFMEMORY, E_NOTIMPL,
    E_UNEXPECTED, E_POINTER, 2,       INT32_MAX,      -1,           INT32_MIN,     0x100,
    0x10000,      0x1000000};

void fuzz_guest_activate(struct fuzz_guest *guest)
{
    active = guest;
}

/* Starts a callback. @return its event, or the last one again where the log is full. */
static struct rules_event *begin(enum rules_kind kind, const void *context, uint8_t *choice)
{
    struct fuzz_guest *guest = active;
    struct rules_event *event = &guest->events[guest->call.count];
    if (guest->call.count + 1 < FUZZ_EVENTS)
        guest->call.count++;
    else
        guest->call.is_unbounded = true;
    *choice = fuzz_is_empty(&guest->stream) ? FAILS : fuzz_byte(&guest->stream);
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    event->is_foreign = context != guest->context;
    event->hr = *choice < FAILS ? S_OK : failures[*choice - FAILS];
    return event;
}

static uint8_t byte_by_address(uint64_t address)
{
    const struct rules_exit *exit = &active->input->exit;
    uint64_t base = exit->vp.Cs.Long && exit->vp.ExecutionState.EferLma ? 0 : exit->vp.Cs.Base;
    uint64_t index = address - (base + exit->vp.Rip);
    if (index < FUZZ_CODE_SIZE)
        return active->input->code[index];
    return (uint8_t)(address * 37 + (address >> 8) * 11 + 0x5a);
}

static uint64_t draw_memory(uint64_t address, uint8_t choice)
{
    struct fuzz_stream *stream = &active->stream;
    uint64_t value = 0;
    switch (choice & 7) {
    case 1:
        return 0;
    case 2:
        return UINT64_MAX;
    case 3:
        return fuzz_number(stream, 8);
    case 4:
        return UINT64_C(0x00cf92000000ffff);
    case 5:
        return UINT64_C(0x00cf9a000000ffff) ^ (uint64_t)fuzz_byte(stream) << 40;
    case 6:
        return fuzz_byte(stream);
    case 7:
        memcpy(&value, active->input->code, sizeof(value));
        return value;
    default:
        for (unsigned i = 0; i < 8; i++)
            value |= (uint64_t)byte_by_address(address + i) << 8 * i;
        return value;
    }
}

static uint64_t mask(uint32_t size)
{
    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    uint8_t choice;
    struct rules_event *event = begin(RULES_MEMORY, context, &choice);
    event->address = access->GpaAddress;
    event->size = access->AccessSize;
    event->direction = access->Direction;
    if (access->Direction != 0) {
        memcpy(&event->data, access->Data, sizeof(event->data));
        return event->hr;
    }
    memset(access->Data, active->poison, sizeof(access->Data));
    if (event->hr == S_OK) {
        event->data = draw_memory(event->address, choice) & mask(event->size);
        memcpy(access->Data, &event->data, event->size <= 8 ? event->size : 8);
    }
    return event->hr;
}

static uint32_t draw_port(uint64_t port, uint8_t choice)
{
    switch (choice & 3) {
    case 1:
        return 0;
    case 2:
        return UINT32_MAX;
    case 3:
        return (uint32_t)fuzz_number(&active->stream, 4);
    default:
        return (uint32_t)port * 0x01030307u + 0x89abcdefu;
    }
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    uint8_t choice;
    struct rules_event *event = begin(RULES_IO, context, &choice);
    event->address = access->Port;
    event->size = access->AccessSize;
    event->direction = access->Direction;
    if (access->Direction != 0) {
        event->data = access->Data;
        return event->hr;
    }
    access->Data = active->poison * 0x01010101u;
    if (event->hr == S_OK) {
        uint32_t used = (uint32_t)mask(event->size);
        event->data = draw_port(event->address, choice) & used;
        access->Data = (access->Data & ~used) | (uint32_t)event->data;
    }
    return event->hr;
}

/* Logs a batch. @return how many registers of it the log holds. */
static uint32_t log_batch(struct rules_event *event, const WHV_REGISTER_NAME *names, UINT32 count,
                          const WHV_REGISTER_VALUE *values)
{
    struct fuzz_guest *guest = active;
    struct rules_register *registers = &guest->registers[guest->register_count];
    size_t room = FUZZ_REGISTERS - guest->register_count;
    if (count > room)
        guest->call.is_unbounded = true;
    event->count = count < room ? count : (uint32_t)room;
    event->registers = registers;
    event->is_unaligned = ((uintptr_t)names & 15) != 0 || ((uintptr_t)values & 15) != 0;
    for (uint32_t i = 0; i < event->count; i++) {
        registers[i].name = names[i];
        memset(&registers[i].value, 0, sizeof(registers[i].value));
    }
    guest->register_count += event->count;
    return event->count;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    uint8_t choice;
    struct rules_event *event = begin(RULES_GET, context, &choice);
    uint32_t logged = log_batch(event, names, count, values);
    struct rules_register *registers = &active->registers[active->register_count - logged];
    memset(values, active->poison, count * sizeof(*values));
    for (uint32_t i = 0; i < logged && event->hr == S_OK; i++) {
        registers[i].value = fuzz_draw(active->input, names[i], &active->stream);
        values[i] = registers[i].value;
        if (rules_is_64bit(names[i]))
            memset(&values[i].Reg128.High64, active->poison, sizeof(values[i].Reg128.High64));
    }
    return event->hr;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    uint8_t choice;
    struct rules_event *event = begin(RULES_SET, context, &choice);
    uint32_t logged = log_batch(event, names, count, values);
    struct rules_register *registers = &active->registers[active->register_count - logged];
    for (uint32_t i = 0; i < logged; i++)
        registers[i].value = values[i];
    return event->hr;
}

static uint64_t draw_page(uint64_t page, unsigned choice)
{
    switch (choice) {
    case 10:
        return page | 1u << fuzz_byte(&active->stream) % 12;
    case 11:
        return fuzz_number(&active->stream, 3) << 12;
    case 12:
        return page ^ (uint64_t)fuzz_byte(&active->stream) << 12;
    case 15:
        return ~UINT64_C(0xfff);
    default:
        return page;
    }
}

/* A page was found, if only one that is a device's or protected. */
static bool is_walked(uint32_t result)
{
    return result == WHvTranslateGvaResultSuccess ||
           (result >= WHvTranslateGvaResultGpaUnmapped &&
            result <= WHvTranslateGvaResultGpaNoWriteAccess);
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    uint8_t byte;
    struct rules_event *event = begin(RULES_TRANSLATE, context, &byte);
    unsigned choice = byte & 15u;
    event->address = gva;
    event->flags = (uint32_t)flags;
    event->result = UINT32_MAX;
    event->gpa = RULES_NO_PAGE;
    if (event->hr != S_OK || choice == 13)
        return event->hr;
    event->result = choice == 9 ? fuzz_byte(&active->stream) : choice <= 8 ? choice : 0;
    *result = (WHV_TRANSLATE_GVA_RESULT_CODE)event->result;
    if (!is_walked(event->result))
        *gpa = active->poison * UINT64_C(0x0101010101010101);
    else if (choice != 14 && !(byte & 0x80))
        *gpa = event->gpa = draw_page(gva, event->result ? byte >> 3 : choice);
    return S_OK;
}

const WHV_EMULATOR_CALLBACKS fuzz_callbacks = {.Size = sizeof(fuzz_callbacks),
                                               .WHvEmulatorIoPortCallback = on_io,
                                               .WHvEmulatorMemoryCallback = on_memory,
                                               .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                               .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                               .WHvEmulatorTranslateGvaPage = on_translate};
