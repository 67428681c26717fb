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

Test(reason, tells_of_registers_without_a_name)
{
#define NO_UPPER                                                                                   \
    " uses or clears the upper half of a YMM register, for which the platform has no name"
#define NO_AVX512                                                                                  \
    " is of AVX-512: the platform has no names for ZMM registers, for registers 16 to 31 and for " \
    "k0 to k7"
    static const struct {
        uint8_t code[8];
        const char *reason;
    } rows[] = {
        {{0xc5, 0xf8, 0x10, 0x03}, "VMOVUPS" NO_UPPER},          /* vmovups xmm0, [rbx] */
        {{0xc5, 0xfc, 0x10, 0x03}, "VMOVUPS" NO_UPPER},          /* vmovups ymm0, [rbx] */
        {{0xc5, 0xf9, 0xfc, 0x03}, "VPADDB" NO_UPPER},           /* vpaddb xmm0, xmm0, [rbx] */
        {{0xc4, 0xe2, 0x7d, 0x17, 0x03}, "VPTEST" NO_UPPER},     /* vptest ymm0, [rbx] */
        {{0xc4, 0xe2, 0x71, 0x2c, 0x03}, "VMASKMOVPS" NO_UPPER}, /* vmaskmovps xmm0, xmm1, [rbx] */
        {{0xc4, 0xe2, 0x69, 0x92, 0x04, 0x0b}, "VGATHERDPS" NO_UPPER},
        {{0x8f, 0xe9, 0x78, 0x80, 0x03}, "VFRCZPS" NO_UPPER},         /* vfrczps xmm0, [rbx] */
        {{0x62, 0xf1, 0x7c, 0x08, 0x10, 0x03}, "VMOVUPS" NO_AVX512},  /* vmovups xmm0, [rbx] */
        {{0xc5, 0xf8, 0x90, 0x03}, "KMOVW" NO_AVX512},                /* kmovw k0, [rbx] */
        {{0x8f, 0xe9, 0x78, 0x01, 0x0b}, "BLCFILL is not supported"}, /* of XOP, but none of AVX */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin();
        struct guest_exit exit = read_exit(rows[i].code, sizeof(rows[i].code));
        expect(&exit, INTERNAL, rows[i].reason);
    }
}

static struct guest_exit execute_exit(const uint8_t *code, size_t size)
{
    guest_init(&guest, GUEST_LONG64);
    return guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, code, size);
}

Test(reason, says_whose_an_instruction_is)
{
    static const struct {
        uint8_t code[4];
        uint8_t size;
        const char *reason;
    } rows[] = {
        {{0x0f, 0xa2}, 2, "CPUID is the virtual machine monitor's to answer"},
        {{0xf4}, 1, "HLT is the virtual machine monitor's: the processor waits"},
        {{0x0f, 0x05},
         2,
         "SYSCALL is the virtual machine monitor's: it changes the privilege level"},
        {{0x0f, 0x01, 0xee}, 3, "RDPKRU uses state that the interface has no register for"},
        {{0x0f, 0x01, 0xc2}, 3, "VMLAUNCH is about another machine's state"},
        {{0x0f, 0x01, 0xd5}, 3, "XEND is about a transaction, which a processor alone can run"},
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guest_exit exit = execute_exit(rows[i].code, rows[i].size);
        expect(&exit, INTERNAL, rows[i].reason);
        cr_expect_eq(guest.log_count, 0, "%s", rows[i].reason);
    }
}

Test(reason, tells_of_what_a_register_asks_for)
{
    begin();
    struct guest_exit exit = execute_exit(BYTES(0x0f, 0x32)); /* rdmsr */
    guest_set64(&guest, WHvX64RegisterRcx, 0x3a);
    expect(&exit, INTERNAL,
           "the register that RDMSR or WRMSR names has no name here: it is the virtual machine "
           "monitor's to answer");
    exit = execute_exit(BYTES(0x0f, 0x01, 0xd0)); /* xgetbv */
    guest_set64(&guest, WHvX64RegisterRcx, 1);
    guest_set64(&guest, WHvX64RegisterCr4, 0x40000);
    expect(&exit, INTERNAL, "XGETBV of XINUSE is the virtual machine monitor's to answer");
    exit = execute_exit(BYTES(0x0f, 0x21, 0xc0)); /* mov rax, dr0 */
    guest_set64(&guest, WHvX64RegisterDr7, 0x2400);
    expect(&exit, INTERNAL,
           "DR7.GD asks for #DB, and a pending event cannot say what that does to DR6 and DR7");
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
