/* SPDX-License-Identifier: MIT */
/* One call through either form of the API. */
#include <string.h>

#include <whvemu/preview.h>

#include "emulator_guest.h"

WHV_EMULATOR_HANDLE fuzz_guest_create(bool is_preview)
{
    WHV_EMULATOR_HANDLE emulator = NULL;
    WHV_EMULATOR_CALLBACKS table = fuzz_callbacks;
    WHV_PREVIEW_EMULATOR_CALLBACKS preview = {
        .WHvEmulatorIoPortCallback = table.WHvEmulatorIoPortCallback,
        .WHvEmulatorMemoryCallback = table.WHvEmulatorMemoryCallback,
        .WHvEmulatorGetVirtualProcessorRegisters = table.WHvEmulatorGetVirtualProcessorRegisters,
        .WHvEmulatorSetVirtualProcessorRegisters = table.WHvEmulatorSetVirtualProcessorRegisters,
        .WHvEmulatorTranslateGvaPage = table.WHvEmulatorTranslateGvaPage};
    HRESULT hr = is_preview ? WHvEmulatorCreateEmulatorPreview(preview, &emulator)
                            : WHvEmulatorCreateEmulator(&table, &emulator);
    memset(&table, 0, sizeof(table)); /* it was copied */
    return hr == S_OK ? emulator : NULL;
}

static WHV_PREVIEW_VP_EXIT_CONTEXT preview_vp(const struct rules_exit *exit)
{
    return (WHV_PREVIEW_VP_EXIT_CONTEXT){.ExecutionState = exit->vp.ExecutionState,
                                         .InstructionLength = exit->instruction_length,
                                         .Cs = exit->vp.Cs,
                                         .Rip = exit->vp.Rip,
                                         .Rflags = exit->vp.Rflags};
}

static HRESULT run_preview_memory(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                                  const struct rules_exit *exit,
                                  WHV_PREVIEW_EMULATOR_STATUS *status)
{
    const WHV_MEMORY_ACCESS_CONTEXT *from = &exit->memory;
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT context;
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT before;
    memset(&context, 0, sizeof(context));
    context.VpContext = preview_vp(exit);
    context.InstructionByteCount = from->InstructionByteCount;
    memcpy(context.InstructionBytes, from->InstructionBytes, sizeof(context.InstructionBytes));
    context.AccessInfo = from->AccessInfo;
    context.Gpa = from->Gpa;
    context.Gva = from->Gva;
    memcpy(&before, &context, sizeof(before));
    HRESULT hr = WHvEmulatorTryMmioEmulationPreview(emulator, guest->context, &context, status);
    guest->has_touched_input = memcmp(&before, &context, sizeof(before)) != 0;
    return hr;
}

static HRESULT run_preview_io(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                              const struct rules_exit *exit, WHV_PREVIEW_EMULATOR_STATUS *status)
{
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *from = &exit->io;
    WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT context;
    WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT before;
    memset(&context, 0, sizeof(context));
    context.VpContext = preview_vp(exit);
    context.InstructionByteCount = from->InstructionByteCount;
    memcpy(context.InstructionBytes, from->InstructionBytes, sizeof(context.InstructionBytes));
    context.AccessInfo = from->AccessInfo;
    context.PortNumber = from->PortNumber;
    context.Rax = from->Rax;
    context.Rcx = from->Rcx;
    context.Rsi = from->Rsi;
    context.Rdi = from->Rdi;
    context.Ds = from->Ds;
    context.Es = from->Es;
    memcpy(&before, &context, sizeof(before));
    HRESULT hr = WHvEmulatorTryIoEmulationPreview(emulator, guest->context, &context, status);
    guest->has_touched_input = memcmp(&before, &context, sizeof(before)) != 0;
    return hr;
}

static HRESULT run_shipping(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                            const struct rules_exit *exit, WHV_EMULATOR_STATUS *status)
{
    struct rules_exit given;
    memcpy(&given, exit, sizeof(given));
    HRESULT hr = exit->is_io ? WHvEmulatorTryIoEmulation(emulator, guest->context, &given.vp,
                                                         &given.io, status)
                             : WHvEmulatorTryMmioEmulation(emulator, guest->context, &given.vp,
                                                           &given.memory, status);
    guest->has_touched_input = memcmp(&given, exit, sizeof(given)) != 0;
    return hr;
}

void fuzz_guest_run(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                    const struct fuzz_input *input, bool is_preview, uint8_t poison)
{
    WHV_EMULATOR_STATUS status = {.AsUINT32 = poison * 0x01010101u};
    WHV_PREVIEW_EMULATOR_STATUS preview = {.AsUINT32 = status.AsUINT32};
    guest->input = input;
    guest->stream = (struct fuzz_stream){input->answers, input->answers_size, 0};
    guest->poison = poison;
    guest->context = input->has_context ? guest : NULL;
    guest->register_count = 0;
    guest->call = (struct rules_call){.events = guest->events};
    fuzz_guest_activate(guest);
    if (!is_preview)
        guest->call.hr = run_shipping(guest, emulator, &input->exit, &status);
    else if (input->exit.is_io)
        guest->call.hr = run_preview_io(guest, emulator, &input->exit, &preview);
    else
        guest->call.hr = run_preview_memory(guest, emulator, &input->exit, &preview);
    guest->call.status = is_preview ? preview.AsUINT32 : status.AsUINT32;
    fuzz_guest_activate(NULL);
}

static bool is_same_batch(const struct rules_event *a, const struct rules_event *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct rules_register *x = &a->registers[i];
        const struct rules_register *y = &b->registers[i];
        if (x->name != y->name || memcmp(&x->value, &y->value, sizeof(x->value)) != 0)
            return false;
    }
    return true;
}

static bool is_same_event(const struct rules_event *a, const struct rules_event *b)
{
    return a->kind == b->kind && a->hr == b->hr && a->address == b->address && a->size == b->size &&
           a->direction == b->direction && a->data == b->data && a->flags == b->flags &&
           a->result == b->result && a->gpa == b->gpa && a->count == b->count &&
           is_same_batch(a, b);
}

bool fuzz_is_same(const struct rules_call *a, const struct rules_call *b, size_t *at)
{
    size_t shared = a->count < b->count ? a->count : b->count;
    for (*at = 0; *at < shared; ++*at) {
        if (!is_same_event(&a->events[*at], &b->events[*at]))
            return false;
    }
    if (a->count != b->count || a->hr != b->hr)
        return false;
    return a->hr != S_OK || a->status == b->status;
}
