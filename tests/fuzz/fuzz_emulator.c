/* SPDX-License-Identifier: MIT */
/*
 * Any state, any bytes, any answers: every call obeys rules.def, and what it does follows from the
 * exit and the answers alone. So it is the same again on a handle that has seen the instruction, on
 * one that has seen others at the same address, through the other form of the API, and with other
 * rubbish where an emulator must not look.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <whvemu/preview.h>

#include "emulator_guest.h"
#include "rules_parts.h"
#include "target.h"

#define BITS    10u
#define VECTORS 32u

/* How calls ended. */
static struct {
    unsigned long malformed;
    unsigned long status[BITS];
    unsigned long vector[VECTORS];
    unsigned long callbacks_max;
} tally;

static void count(const struct rules_call *call)
{
    const struct rules_event *last = call->count > 0 ? &call->events[call->count - 1] : NULL;
    if (call->count > tally.callbacks_max)
        tally.callbacks_max = call->count;
    if (call->hr != S_OK) {
        tally.malformed++;
        return;
    }
    for (unsigned i = 0; i < BITS; i++)
        tally.status[i] += call->status == 1u << i;
    const struct rules_register *event =
        last && last->hr == S_OK ? rules_find(last, WHvRegisterPendingEvent) : NULL;
    if (event && last->kind == RULES_SET)
        tally.vector[event->value.ExceptionEvent.Vector % VECTORS]++;
}

bool fuzz_emulator_has_reached_all(void)
{
    static const unsigned vectors[] = {0, 6, 12, 13, 14, 17};
    bool has_all = tally.malformed > 0;
    printf("E_INVALIDARG %lu; status", tally.malformed);
    for (unsigned i = 0; i < BITS; i++) {
        printf(" %#x %lu", 1u << i, tally.status[i]);
        has_all &= tally.status[i] > 0;
    }
    printf("; vector");
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        printf(" %u %lu", vectors[i], tally.vector[vectors[i]]);
        has_all &= tally.vector[vectors[i]] > 0;
    }
    printf("; up to %lu callbacks\n", tally.callbacks_max);
    return has_all;
}

static void print_event(const struct rules_event *event, size_t number)
{
    static const char *const names[] = {"", "", "io", "memory", "translate", "", "get", "set"};
    fprintf(stderr, "  %zu %s", number, names[event->kind]);
    if (event->kind == RULES_IO || event->kind == RULES_MEMORY)
        fprintf(stderr, " %s %#llx, %u bytes, data %#llx", event->direction ? "write" : "read",
                (unsigned long long)event->address, event->size, (unsigned long long)event->data);
    if (event->kind == RULES_TRANSLATE)
        fprintf(stderr, " %#llx flags %#x: result %d, gpa %#llx",
                (unsigned long long)event->address, event->flags, (int)event->result,
                (unsigned long long)event->gpa);
    for (uint32_t i = 0; i < event->count; i++) {
        const WHV_UINT128 *value = &event->registers[i].value.Reg128;
        fprintf(stderr, " %#x=%llx:%016llx", (unsigned)event->registers[i].name,
                (unsigned long long)value->High64, (unsigned long long)value->Low64);
    }
    fprintf(stderr, "; hr %#x\n", (unsigned)event->hr);
}

static void print_call(const struct fuzz_guest *guest)
{
    const struct rules_exit *exit = &guest->input->exit;
    const struct rules_call *call = &guest->call;
    fprintf(stderr, "state %#x, cs %#llx limit %#x attributes %#x, rip %#llx, rflags %#llx\n",
            exit->vp.ExecutionState.AsUINT16, (unsigned long long)exit->vp.Cs.Base,
            exit->vp.Cs.Limit, exit->vp.Cs.Attributes, (unsigned long long)exit->vp.Rip,
            (unsigned long long)exit->vp.Rflags);
    fprintf(stderr, "%s %s exit, info %#x, gva %#llx, gpa %#llx, port %#x, length %u, %u bytes of",
            exit->is_preview ? "preview" : "shipping", exit->is_io ? "port" : "memory",
            exit->is_io ? exit->io.AccessInfo.AsUINT32 : exit->memory.AccessInfo.AsUINT32,
            (unsigned long long)exit->memory.Gva, (unsigned long long)exit->memory.Gpa,
            exit->io.PortNumber, exit->instruction_length, exit->memory.InstructionByteCount);
    for (unsigned i = 0; i < FUZZ_CODE_SIZE; i++)
        fprintf(stderr, " %02x", guest->input->code[i]);
    fputc('\n', stderr);
    for (size_t i = 0; i < call->count; i++)
        print_event(&call->events[i], i);
    fprintf(stderr, "  hr %#x, status %#x\n", (unsigned)call->hr, call->status);
}

/* Runs an input and checks the rules. */
static void run(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                const struct fuzz_input *input, bool is_preview, uint8_t poison)
{
    struct rules_exit exit = input->exit;
    size_t at;
    exit.is_preview = is_preview;
    fuzz_guest_run(guest, emulator, input, is_preview, poison);
    enum rules_rule rule = rules_check(&exit, &guest->call, &at);
    if (rule == RULES_HOLD && !guest->has_touched_input)
        return;
    print_call(guest);
    if (rule == RULES_HOLD)
        fuzz_fail("the exit context was changed");
    fuzz_fail("at callback %zu: %s", at, rules_text(rule));
}

static void expect_same(const struct fuzz_guest *first, const struct fuzz_guest *again,
                        const char *what)
{
    size_t at;
    if (fuzz_is_same(&first->call, &again->call, &at))
        return;
    print_call(first);
    print_call(again);
    fuzz_fail("at callback %zu: %s is another call", at, what);
}

/* The input in another mode, and with another byte in its instruction: both go to the same place in
   a cache that looks at RIP alone. */
static void run_siblings(struct fuzz_guest *guest, WHV_EMULATOR_HANDLE emulator,
                         const struct fuzz_input *input)
{
    struct fuzz_input sibling = *input;
    sibling.exit.vp.Cs.Attributes ^= 0x4000; /* Default */
    run(guest, emulator, &sibling, input->exit.is_preview, 0xff);
    sibling = *input;
    sibling.code[input->sibling_byte] ^= 1;
    sibling.exit.memory.InstructionBytes[input->sibling_byte] ^= 1;
    sibling.exit.io.InstructionBytes[input->sibling_byte] ^= 1;
    run(guest, emulator, &sibling, input->exit.is_preview, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_guest first, again;
    struct fuzz_input input;
    fuzz_input_read(data, size, &input);
    bool is_preview = input.exit.is_preview;
    WHV_EMULATOR_HANDLE fresh = fuzz_guest_create(is_preview);
    WHV_EMULATOR_HANDLE used = fuzz_guest_create(!is_preview);
    if (!fresh || !used)
        fuzz_fail("no emulator");

    run(&first, fresh, &input, is_preview, 0xa5);
    count(&first.call);
    run(&again, fresh, &input, is_preview, 0x5a);
    expect_same(&first, &again, "the second time");
    run_siblings(&again, used, &input);
    run(&again, used, &input, is_preview, 0x3c);
    expect_same(&first, &again, "the same after other instructions at the same address");
    if (input.exit.instruction_length <= 15) {
        run(&again, used, &input, !is_preview, 0xc3);
        expect_same(&first, &again, "the other form of the API");
    }
    if (WHvEmulatorDestroyEmulator(fresh) != S_OK ||
        WHvEmulatorDestroyEmulatorPreview(used) != S_OK)
        fuzz_fail("a handle that cannot be destroyed");
    return 0;
}
