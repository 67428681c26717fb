/* SPDX-License-Identifier: MIT */
/* host.c: what callbacks may leave untouched is 0, whatever was in its place before. */
#include <string.h>

#include "host.h"
#include "run.h"

static HRESULT CALLBACK lazy_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    (void)context;
    cr_expect_eq(access->Data, 0);
    return S_OK;
}

static HRESULT CALLBACK lazy_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    (void)context;
    for (unsigned i = 0; i < sizeof(access->Data); i++)
        cr_expect_eq(access->Data[i], 0);
    return S_OK;
}

static HRESULT CALLBACK lazy_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                                 WHV_REGISTER_VALUE *values)
{
    (void)context;
    for (UINT32 i = 0; i < count; i++) {
        cr_expect_eq(values[i].Reg128.Low64, 0, "register %#x", (unsigned)names[i]);
        cr_expect_eq(values[i].Reg128.High64, 0, "register %#x", (unsigned)names[i]);
    }
    return S_OK;
}

static HRESULT CALLBACK lazy_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                       WHV_TRANSLATE_GVA_FLAGS flags,
                                       WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                       WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)context, (void)gva, (void)flags, (void)result, (void)gpa;
    return S_OK;
}

static WHV_EMULATOR_CALLBACKS callbacks;
static struct whe_call call;

static void prepare(void)
{
    callbacks = guest_callbacks();
    callbacks.WHvEmulatorIoPortCallback = lazy_io;
    callbacks.WHvEmulatorMemoryCallback = lazy_memory;
    callbacks.WHvEmulatorGetVirtualProcessorRegisters = lazy_get;
    callbacks.WHvEmulatorTranslateGvaPage = lazy_translate;
    memset(&call, 0xa5, sizeof(call));
    call.callbacks = &callbacks;
    call.context = &guest;
    whe_regs_init(&call.regs, 0);
}

Test(host, registers_that_get_leaves_are_0)
{
    for (unsigned count = 1; count <= 10; count++) {
        struct whe_batch batch;
        const struct whe_set set = {{(UINT64_C(1) << count) - 1}};
        prepare();
        cr_assert_eq(whe_host_get(&call, &set), WHE_OK);
        prepare();
        whe_batch_init(&batch, &set);
        if (batch.count == 0)
            continue;
        cr_assert_eq(whe_host_get_batch(&call, &batch), WHE_OK);
        for (unsigned i = 0; i < count; i++)
            cr_expect_eq(whe_reg_get(&call.regs, (enum whe_reg)i), 0, "%u of %u", i, count);
    }
}

Test(host, a_batch_that_is_worked_out_beforehand_is_the_set)
{
    struct whe_batch batch;
    struct whe_set set = {{0}};
    whe_set_add(&set, WHE_REG_TR);
    whe_set_add(&set, WHE_REG_XMM3);
    whe_set_add(&set, WHE_REG_DS);
    whe_set_add(&set, WHE_REG_RBX);
    whe_batch_init(&batch, &set);
    cr_expect_arr_eq(&batch.set, &set, sizeof(set));
    cr_expect_eq(batch.count, 4);
    cr_expect_eq(batch.name[0], WHvX64RegisterRbx);
    cr_expect_eq(batch.name[1], WHvX64RegisterDs);
    cr_expect_eq(batch.name[2], WHvX64RegisterXmm3);
    cr_expect_eq(batch.name[3], WHvX64RegisterTr);
    whe_set_add(&set, WHE_REG_R15);
    whe_batch_init(&batch, &set);
    cr_expect_eq(batch.count, 0, "too many");
    cr_expect_arr_eq(&batch.set, &set, sizeof(set));
    set = (struct whe_set){{0}};
    whe_batch_init(&batch, &set);
    cr_expect_eq(batch.count, 0);
}

static WHV_REGISTER_NAME name_of(unsigned reg)
{
    return reg == WHE_REG_MSR ? call.msr_name : whe_names[reg];
}

/* Every bank has its own set; of the register that RDMSR names the call knows the name. */
Test(host, registers_of_all_banks_are_got_and_set_with_one_callback_each)
{
    struct whe_set set = {{0}};
    prepare();
    callbacks = guest_callbacks();
    guest_init(&guest, GUEST_LONG64);
    call.msr_name = WHvX64RegisterLstar;
    for (unsigned reg = 0; reg < WHE_REG_COUNT; reg++) {
        if (whe_names[reg] == 0 && reg != WHE_REG_RAX)
            continue; /* a gap between banks */
        whe_set_add(&set, reg);
        guest_reg(&guest, name_of(reg))->Reg128 = (WHV_UINT128){.Low64 = reg + 1};
    }
    whe_set_remove(&set, WHE_REG_RIP); /* known from the beginning */
    cr_assert_eq(whe_host_get(&call, &set), WHE_OK);
    cr_expect_eq(count_of(GUEST_GET), 1);
    for (unsigned reg = 0; reg < WHE_REG_COUNT; reg++) {
        if (!whe_set_has(&set, reg))
            continue;
        cr_expect_eq(whe_reg_get(&call.regs, reg), reg + 1, "register %u", reg);
        whe_reg_set(&call.regs, reg, reg + 100);
    }
    cr_assert_eq(whe_host_set(&call), WHE_OK);
    cr_expect_eq(count_of(GUEST_SET), 1);
    for (unsigned reg = 0; reg < WHE_REG_COUNT; reg++)
        cr_expect(!whe_set_has(&set, reg) || guest_get64(&guest, name_of(reg)) == reg + 100);
}

Test(host, memory_and_ports_that_leave_their_data_read_as_0)
{
    uint64_t value = 1;
    prepare();
    cr_expect_eq(whe_host_read(&call, 0x1000, 8, &value), WHE_OK);
    cr_expect_eq(value, 0);
    value = 1;
    cr_expect_eq(whe_host_in(&call, 0x60, 4, &value), WHE_OK);
    cr_expect_eq(value, 0);
}

Test(host, a_translation_that_answers_nothing_is_no_success)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result = WHvTranslateGvaResultSuccess;
    uint64_t gpa = 0x1000;
    prepare();
    cr_expect_eq(whe_host_translate(&call, 0x5000, 1, &result, &gpa), WHE_OK);
    cr_expect_neq(result, WHvTranslateGvaResultSuccess);
    cr_expect_neq(gpa & 0xfff, 0, "an address that is noticed");
}
