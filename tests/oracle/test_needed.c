/* SPDX-License-Identifier: MIT */
/*
 * For every encoding that has a row, in every mode: what the emulator asks for of CR0, CR4 and XCR0
 * is in the snapshot that the recorder takes by the instruction's bytes, so that a recording of an
 * emulator that does not ask can be replayed with one that does.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "capture/snapshot.h"
#include "probe.h"

#define FAILURES_MAX 20u

struct run {
    WHV_EMULATOR_HANDLE emulator;
    unsigned tried, asking, failures;
};

static uint64_t taken(unsigned groups)
{
    return (groups & WHVC_CONTROL ? PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_CR4) : 0) |
           (groups & WHVC_EXTENDED ? PROBE_BIT(PROBE_XCR0) : 0);
}

static void visit(const struct opcode *opcode, void *context)
{
    const uint64_t controls = taken(WHVC_CONTROL | WHVC_EXTENDED);
    struct run *run = context;
    const struct opcode_bytes bytes = opcodes_bytes(opcode);
    const struct probe probe = probe_run(run->emulator, opcode, 0);
    /* Whether an address is canonical is a question to CR4 that any row may come to. */
    if (probe.has_event)
        return;
    const uint64_t missing =
        probe.got & controls & ~taken(whvc_groups_of_code(bytes.byte, sizeof(bytes.byte)));
    char names[80];
    run->tried++;
    run->asking += (probe.got & controls) != 0;
    if (missing && ++run->failures <= FAILURES_MAX)
        cr_expect_fail("%s: %02x %02x %02x %02x: the recorder does not take %s", opcode->mode->name,
                       bytes.byte[0], bytes.byte[1], bytes.byte[2], bytes.byte[3],
                       probe_names(missing, names, sizeof(names)));
}

Test(needed, what_the_emulator_asks_for_is_recorded)
{
    struct run run = {.emulator = probe_create()};
    cr_assert_not_null(run.emulator);
    for (unsigned i = 0; i < OPCODES_MODES; i++)
        opcodes_visit(&opcodes_modes[i], visit, &run);
    fprintf(stderr, "%u encodings, %u ask for control registers\n", run.tried, run.asking);
    cr_expect_gt(run.asking, 1000u);
    cr_expect_eq(run.failures, 0u);
    cr_expect_eq(WHvEmulatorDestroyEmulator(run.emulator), S_OK);
}
