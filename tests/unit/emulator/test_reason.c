/* SPDX-License-Identifier: MIT */
/* Why an internal failure was one: a sentence for each way to come to it. */
#include <whvemu/reason.h>

#include "run.h"

#define ADDRESS  0xfee000b0u
#define INTERNAL 0x2u
#define UNKNOWN  0xc4, 0xe2, 0x78, 0x49, 0x03 /* ldtilecfg [rbx] */
#define NO_CODE  0x0f, 0x04
#define LOAD     0x8b, 0x03 /* mov eax, [rbx] */

static WHV_EMULATOR_HANDLE emulator; /* of the running test, for as long as it runs */

/* A plain program runs all tests in one process. */
static void begin(void)
{
    if (emulator)
        WHvEmulatorDestroyEmulator(emulator);
    emulator = guest_create_emulator();
}

static struct guest_exit read_exit(const uint8_t *code, size_t size)
{
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, ADDRESS);
    return guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, ADDRESS, code, size);
}

static void expect(const struct guest_exit *exit, uint32_t status, const char *reason)
{
    struct guest_result result = guest_run(&guest, emulator, exit);
    cr_expect_eq(result.status, status, "0x%x", result.status);
    cr_expect_str_eq(whvemu_reason(emulator), reason);
}

Test(reason, is_empty_before_the_first_failure)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(LOAD));
    expect(&exit, 1, "");
}

Test(reason, names_an_instruction_without_a_row)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(UNKNOWN));
    expect(&exit, INTERNAL, "LDTILECFG is not supported");
}

Test(reason, tells_of_a_form_without_a_row)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(0xc5, 0xf9, 0x6e, 0x03)); /* vmovd xmm0, [rbx] */
    expect(&exit, INTERNAL, "VMOVD is not supported in this form");
}

Test(reason, tells_of_bytes_that_are_no_instruction)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(NO_CODE));
    expect(&exit, INTERNAL, "the bytes at CS:RIP are no instruction that is known");
}

Test(reason, tells_of_a_page_walk)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(LOAD));
    exit.memory.Gpa += 8;
    expect(
        &exit, INTERNAL,
        "Gva and Gpa of the exit differ in their low 12 bits: the page walk was stopped, not the "
        "access");
}

Test(reason, tells_of_an_answer_without_meaning)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(LOAD));
    exit.memory.AccessInfo.GvaValid = 0;
    guest.answer.at = 1;
    guest.answer.result = (WHV_TRANSLATE_GVA_RESULT_CODE)9;
    expect(&exit, INTERNAL,
           "a page was translated with a result code that does not exist, or without an address");
}

Test(reason, tells_of_a_port_access_of_no_size)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(LOAD));
    exit = guest_io_exit(&guest, GUEST_LONG64, 0x64, 3, false, false, BYTES(0xec));
    expect(&exit, INTERNAL, "AccessSize of the exit is neither 1, 2 nor 4");
}

Test(reason, stays_until_the_next_failure)
{
    begin();
    struct guest_exit exit = read_exit(BYTES(UNKNOWN));
    expect(&exit, INTERNAL, "LDTILECFG is not supported");
    exit = read_exit(BYTES(LOAD));
    expect(&exit, 1, "LDTILECFG is not supported");
    exit = read_exit(BYTES(NO_CODE));
    expect(&exit, INTERNAL, "the bytes at CS:RIP are no instruction that is known");
}

static const char *asked_in_callback = "never";

static HRESULT CALLBACK ask(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                            const WHV_REGISTER_VALUE *values)
{
    (void)names;
    (void)count;
    (void)values;
    asked_in_callback = whvemu_reason(*(WHV_EMULATOR_HANDLE *)context);
    return S_OK;
}

static HRESULT CALLBACK read_nothing(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    (void)context;
    (void)access;
    return S_OK;
}

Test(reason, is_not_told_without_a_handle_that_is_at_rest)
{
    struct guest_exit exit = read_exit(BYTES(LOAD));
    WHV_EMULATOR_CALLBACKS callbacks = guest_callbacks();
    WHV_EMULATOR_HANDLE handle;
    WHV_EMULATOR_STATUS status;
    cr_expect_null(whvemu_reason(NULL));
    callbacks.WHvEmulatorSetVirtualProcessorRegisters = ask;
    callbacks.WHvEmulatorMemoryCallback = read_nothing;
    cr_assert_eq(WHvEmulatorCreateEmulator(&callbacks, &handle), S_OK);
    cr_assert_eq(WHvEmulatorTryMmioEmulation(handle, &handle, &exit.vp, &exit.memory, &status),
                 S_OK);
    cr_expect_eq(status.AsUINT32, 1);
    cr_expect_null(asked_in_callback);
    WHvEmulatorDestroyEmulator(handle);
}
