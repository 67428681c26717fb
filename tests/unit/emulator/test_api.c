/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <whvemu/preview.h>

#include "run.h"
#include "status.h"

static HRESULT CALLBACK io_stub(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    (void)context;
    (void)access;
    return S_OK;
}

static HRESULT CALLBACK memory_stub(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    (void)context;
    memset(access->Data, 0x5a, 8);
    return S_OK;
}

static HRESULT CALLBACK get_stub(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                                 WHV_REGISTER_VALUE *values)
{
    (void)context;
    (void)names;
    memset(values, 0, count * sizeof(*values));
    return S_OK;
}

static HRESULT CALLBACK set_stub(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                                 const WHV_REGISTER_VALUE *values)
{
    (void)context;
    (void)names;
    (void)count;
    (void)values;
    return S_OK;
}

static HRESULT CALLBACK translate_stub(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                       WHV_TRANSLATE_GVA_FLAGS flags,
                                       WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                       WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)context;
    (void)flags;
    *result = WHvTranslateGvaResultSuccess;
    *gpa = gva;
    return S_OK;
}

static WHV_EMULATOR_CALLBACKS good_callbacks(void)
{
    return (WHV_EMULATOR_CALLBACKS){.Size = sizeof(WHV_EMULATOR_CALLBACKS),
                                    .WHvEmulatorIoPortCallback = io_stub,
                                    .WHvEmulatorMemoryCallback = memory_stub,
                                    .WHvEmulatorGetVirtualProcessorRegisters = get_stub,
                                    .WHvEmulatorSetVirtualProcessorRegisters = set_stub,
                                    .WHvEmulatorTranslateGvaPage = translate_stub};
}

static WHV_EMULATOR_HANDLE new_emulator(void)
{
    WHV_EMULATOR_CALLBACKS callbacks = good_callbacks();
    WHV_EMULATOR_HANDLE handle;
    cr_assert_eq(WHvEmulatorCreateEmulator(&callbacks, &handle), S_OK);
    memset(&callbacks, 0, sizeof(callbacks)); /* the table was copied */
    return handle;
}

Test(api, create_refuses_a_bad_table_and_writes_no_handle)
{
    WHV_EMULATOR_HANDLE handle = &guest;
    WHV_EMULATOR_CALLBACKS bad = good_callbacks();
    cr_expect_eq(WHvEmulatorCreateEmulator(NULL, &handle), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorCreateEmulator(&bad, NULL), E_INVALIDARG);
    bad.Size = 40;
    cr_expect_eq(WHvEmulatorCreateEmulator(&bad, &handle), E_INVALIDARG);
    for (int missing = 0; missing < 5; missing++) {
        bad = good_callbacks();
        memset((uint8_t *)&bad + 8 + 8 * missing, 0, 8);
        cr_expect_eq(WHvEmulatorCreateEmulator(&bad, &handle), E_INVALIDARG, "callback %d",
                     missing);
    }
    cr_expect_eq(handle, &guest);
}

Test(api, create_ignores_the_reserved_member)
{
    WHV_EMULATOR_CALLBACKS callbacks = good_callbacks();
    WHV_EMULATOR_HANDLE handle;
    callbacks.Reserved = 0xffffffff;
    cr_assert_eq(WHvEmulatorCreateEmulator(&callbacks, &handle), S_OK);
    cr_expect_eq(WHvEmulatorDestroyEmulator(handle), S_OK);
}

Test(api, destroy_refuses_what_is_no_handle)
{
    _Alignas(16) uint64_t zeros[64] = {0};
    cr_expect_eq(WHvEmulatorDestroyEmulator(NULL), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorDestroyEmulator(zeros), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorDestroyEmulator((uint8_t *)zeros + 1), E_INVALIDARG);
}

Test(api, mmio_refuses_malformed_arguments)
{
    WHV_EMULATOR_HANDLE handle = new_emulator();
    _Alignas(16) uint64_t no_handle[64] = {0};
    WHV_VP_EXIT_CONTEXT vp = {.Rip = 0x1000};
    WHV_MEMORY_ACCESS_CONTEXT access = {.InstructionByteCount = 2,
                                        .InstructionBytes = {0x89, 0x07}};
    WHV_EMULATOR_STATUS status;
    cr_expect_eq(WHvEmulatorTryMmioEmulation(NULL, NULL, &vp, &access, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulation(no_handle, NULL, &vp, &access, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulation(handle, NULL, NULL, &access, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulation(handle, NULL, &vp, NULL, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulation(handle, NULL, &vp, &access, NULL), E_INVALIDARG);
    access.InstructionByteCount = 17;
    cr_expect_eq(WHvEmulatorTryMmioEmulation(handle, NULL, &vp, &access, &status), E_INVALIDARG);
    access.InstructionByteCount = 16;
    access.AccessInfo.AccessType = 3;
    cr_expect_eq(WHvEmulatorTryMmioEmulation(handle, NULL, &vp, &access, &status), E_INVALIDARG);
    access.AccessInfo.AccessType = 1;
    cr_expect_eq(WHvEmulatorTryMmioEmulation(handle, NULL, &vp, &access, &status), S_OK);
    WHvEmulatorDestroyEmulator(handle);
}

Test(api, io_refuses_malformed_arguments)
{
    WHV_EMULATOR_HANDLE handle = new_emulator();
    WHV_VP_EXIT_CONTEXT vp = {.Rip = 0x1000};
    WHV_X64_IO_PORT_ACCESS_CONTEXT access = {.PortNumber = 0x60};
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0xffffffff};
    cr_expect_eq(WHvEmulatorTryIoEmulation(handle, NULL, &vp, &access, &status), E_INVALIDARG,
                 "all zero");
    vp.InstructionLength = 1;
    for (unsigned size = 0; size < 8; size++) {
        access.AccessInfo.AccessSize = size & 7;
        bool is_good = size == 1 || size == 2 || size == 4;
        cr_expect_eq(WHvEmulatorTryIoEmulation(handle, NULL, &vp, &access, &status), S_OK);
        cr_expect_eq(status.AsUINT32, is_good ? 1u : 2u, "size %u", size);
    }
    access.AccessInfo.AccessSize = 1;
    access.InstructionByteCount = 17;
    cr_expect_eq(WHvEmulatorTryIoEmulation(handle, NULL, &vp, &access, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulation(handle, NULL, NULL, &access, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulation(handle, NULL, &vp, NULL, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulation(handle, NULL, &vp, &access, NULL), E_INVALIDARG);
    WHvEmulatorDestroyEmulator(handle);
}

static WHV_PREVIEW_EMULATOR_CALLBACKS preview_callbacks(void)
{
    return (WHV_PREVIEW_EMULATOR_CALLBACKS){.WHvEmulatorIoPortCallback = io_stub,
                                            .WHvEmulatorMemoryCallback = memory_stub,
                                            .WHvEmulatorGetVirtualProcessorRegisters = get_stub,
                                            .WHvEmulatorSetVirtualProcessorRegisters = set_stub,
                                            .WHvEmulatorTranslateGvaPage = translate_stub};
}

Test(api, the_preview_form_refuses_lengths_above_15)
{
    WHV_EMULATOR_HANDLE handle;
    WHV_PREVIEW_EMULATOR_STATUS status = {.AsUINT32 = 0xffffffff};
    WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT io = {.PortNumber = 0x60};
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT memory = {.InstructionByteCount = 2,
                                                .InstructionBytes = {0x89, 0x07}};
    cr_assert_eq(WHvEmulatorCreateEmulatorPreview(preview_callbacks(), &handle), S_OK);
    io.AccessInfo.AccessSize = 1;
    io.VpContext.InstructionLength = 16;
    memory.VpContext.InstructionLength = 16;
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(handle, NULL, &io, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(handle, NULL, &memory, &status), E_INVALIDARG);
    io.VpContext.InstructionLength = 15;
    memory.VpContext.InstructionLength = 15;
    memory.AccessInfo.AccessType = 1;
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(handle, NULL, &io, &status), S_OK);
    cr_expect_eq(status.AsUINT32, 1);
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(handle, NULL, &memory, &status), S_OK);
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(handle, NULL, NULL, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(NULL, NULL, &memory, &status), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorDestroyEmulatorPreview(handle), S_OK);
}

/* Every entry point with one argument at a time that cannot be. */
Test(api, every_try_function_refuses_each_malformed_argument)
{
    WHV_EMULATOR_HANDLE good = new_emulator();
    _Alignas(16) uint64_t no_handle[64] = {0};
    WHV_EMULATOR_HANDLE bad[] = {NULL, no_handle, (uint8_t *)good + 1, (uint8_t *)good + 8};
    WHV_VP_EXIT_CONTEXT vp = {.InstructionLength = 1};
    WHV_MEMORY_ACCESS_CONTEXT memory = {.InstructionByteCount = 2,
                                        .InstructionBytes = {0x89, 0x07}};
    WHV_X64_IO_PORT_ACCESS_CONTEXT io = {.PortNumber = 0x60};
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT memory_preview = {.InstructionByteCount = 2,
                                                        .InstructionBytes = {0x89, 0x07}};
    WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT io_preview = {.VpContext = {.InstructionLength = 1}};
    WHV_EMULATOR_STATUS s;
    WHV_PREVIEW_EMULATOR_STATUS p;
    io.AccessInfo.AccessSize = 1;
    io_preview.AccessInfo.AccessSize = 1;
    memory.AccessInfo.AccessType = 1;
    memory_preview.AccessInfo.AccessType = 1;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        WHV_EMULATOR_HANDLE h = bad[i];
        cr_expect_eq(WHvEmulatorTryMmioEmulation(h, NULL, &vp, &memory, &s), E_INVALIDARG);
        cr_expect_eq(WHvEmulatorTryIoEmulation(h, NULL, &vp, &io, &s), E_INVALIDARG);
        cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(h, NULL, &memory_preview, &p),
                     E_INVALIDARG);
        cr_expect_eq(WHvEmulatorTryIoEmulationPreview(h, NULL, &io_preview, &p), E_INVALIDARG);
    }
    WHV_EMULATOR_HANDLE h = good;
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(h, NULL, NULL, &p), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(h, NULL, &memory_preview, NULL), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(h, NULL, NULL, &p), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(h, NULL, &io_preview, NULL), E_INVALIDARG);
    memory_preview.InstructionByteCount = 17;
    io_preview.InstructionByteCount = 17;
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(h, NULL, &memory_preview, &p), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(h, NULL, &io_preview, &p), E_INVALIDARG);
    memory_preview.InstructionByteCount = 16;
    io_preview.InstructionByteCount = 16;
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(h, NULL, &memory_preview, &p), S_OK);
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(h, NULL, &io_preview, &p), S_OK);
    memory_preview.AccessInfo.AccessType = 3;
    io_preview.VpContext.InstructionLength = 0;
    cr_expect_eq(WHvEmulatorTryMmioEmulationPreview(h, NULL, &memory_preview, &p), E_INVALIDARG);
    cr_expect_eq(WHvEmulatorTryIoEmulationPreview(h, NULL, &io_preview, &p), E_INVALIDARG);
    /* The good ones are good. */
    cr_expect_eq(WHvEmulatorTryMmioEmulation(h, NULL, &vp, &memory, &s), S_OK);
    cr_expect_eq(WHvEmulatorTryIoEmulation(h, NULL, &vp, &io, &s), S_OK);
    WHvEmulatorDestroyEmulator(good);
}

Test(api, preview_create_refuses_a_missing_callback)
{
    WHV_EMULATOR_HANDLE handle;
    WHV_PREVIEW_EMULATOR_CALLBACKS callbacks = preview_callbacks();
    cr_expect_eq(WHvEmulatorCreateEmulatorPreview(callbacks, NULL), E_INVALIDARG);
    callbacks.WHvEmulatorMemoryCallback = NULL;
    cr_expect_eq(WHvEmulatorCreateEmulatorPreview(callbacks, &handle), E_INVALIDARG);
}

Test(api, each_result_has_exactly_its_bit)
{
    static const struct {
        enum whe_result result;
        uint32_t status;
    } rows[] = {{WHE_OK, 0x1},
                {WHE_FAULT, 0x1},
                {WHE_NO_ROW, 0x2},
                {WHE_NO_FEATURE, 0x2},
                {WHE_NO_INSTRUCTION, 0x2},
                {WHE_NO_PORT_SIZE, 0x2},
                {WHE_WALK_STOPPED, 0x2},
                {WHE_FERR, 0x2},
                {WHE_SHADOW_STACK, 0x2},
                {WHE_OTHER_LEVEL, 0x2},
                {WHE_TO_VM86, 0x2},
                {WHE_CALL_GATE, 0x2},
                {WHE_TASK_SWITCH, 0x2},
                {WHE_SOFTWARE_INTERRUPT, 0x2},
                {WHE_BAD_ANSWER, 0x2},
                {WHE_IO_FAILED, 0x4},
                {WHE_MEMORY_FAILED, 0x8},
                {WHE_TRANSLATE_FAILED, 0x10},
                {WHE_TRANSLATE_UNALIGNED, 0x20},
                {WHE_GET_FAILED, 0x40},
                {WHE_SET_FAILED, 0x80},
                {WHE_INTERRUPT_PENDING, 0x100},
                {WHE_CANNOT_FAULT, 0x200}};
    cr_assert_eq(sizeof(rows) / sizeof(rows[0]), WHE_RESULT_COUNT);
    for (size_t i = 0; i < WHE_RESULT_COUNT; i++)
        cr_expect_eq(whe_status_from_result(rows[i].result).AsUINT32, rows[i].status, "row %zu", i);
}

/* Tries everything on the handle that is at work. */
static WHV_EMULATOR_HANDLE busy;
static HRESULT inner[3];

static HRESULT CALLBACK reenter(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    const WHV_VP_EXIT_CONTEXT vp = {.InstructionLength = 1};
    const WHV_MEMORY_ACCESS_CONTEXT memory = {.InstructionByteCount = 0};
    const WHV_X64_IO_PORT_ACCESS_CONTEXT io = {.AccessInfo = {.AccessSize = 1}};
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    inner[0] = WHvEmulatorTryMmioEmulation(busy, context, &vp, &memory, &status);
    inner[1] = WHvEmulatorTryIoEmulation(busy, context, &vp, &io, &status);
    inner[2] = WHvEmulatorDestroyEmulator(busy);
    memset(access->Data, 0x5a, sizeof(access->Data));
    return S_OK;
}

Test(api, a_handle_that_is_at_work_takes_no_further_call)
{
    WHV_EMULATOR_CALLBACKS callbacks = guest_callbacks();
    callbacks.WHvEmulatorMemoryCallback = reenter;
    cr_assert_eq(WHvEmulatorCreateEmulator(&callbacks, &busy), S_OK);
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRbx, 0xb8000);
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessRead, 0xb8000, BYTES(0x8a, 0x03));
    for (unsigned turn = 0; turn < 2; turn++) {
        cr_expect_eq(guest_run(&guest, busy, &exit).status, 1, "the outer call is not disturbed");
        for (unsigned i = 0; i < 3; i++)
            cr_expect_eq(inner[i], E_INVALIDARG, "%u", i);
        cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax) & 0xff, 0x5a);
    }
    cr_expect_eq(WHvEmulatorDestroyEmulator(busy), S_OK);
}
