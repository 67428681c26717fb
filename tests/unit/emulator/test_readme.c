/* SPDX-License-Identifier: MIT */
/* What emulator/README.md shows of CPUID and HLT compiles, and does them. */
#include "run.h"

#include "readme.c"

void my_cpuid(UINT32 leaf, UINT32 subleaf, UINT32 out[4])
{
    out[0] = leaf + 1;
    out[1] = subleaf + 2;
    out[2] = 3;
    out[3] = 4;
}

static HRESULT run(const uint8_t *code, size_t size, bool *halts)
{
    const WHV_EMULATOR_CALLBACKS callbacks = guest_callbacks();
    struct guest_exit exit =
        guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute, 0x1000, code, size);
    cr_assert_eq(run_exit(&exit).status, 2, "it is refused first");
    return finish(&callbacks, &guest, &exit.vp, code, halts);
}

Test(readme, cpuid_around_the_refusal)
{
    bool halts;
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvX64RegisterRax, UINT64_C(0x100000007));
    guest_set64(&guest, WHvX64RegisterRcx, 5);
    cr_assert_eq(run(BYTES(0x0f, 0xa2), &halts), S_OK);
    cr_expect_not(halts);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRax), 8);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRbx), 7);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRcx), 3);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRdx), 4);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1002);
}

Test(readme, hlt_around_the_refusal)
{
    bool halts;
    guest_init(&guest, GUEST_LONG64);
    guest_set64(&guest, WHvRegisterInterruptState, 1);
    cr_assert_eq(run(BYTES(0xf4, 0), &halts), S_OK);
    cr_expect(halts);
    cr_expect_eq(guest_get64(&guest, WHvX64RegisterRip), 0x1001);
    cr_expect_eq(guest_get64(&guest, WHvRegisterInterruptState), 0, "STI's shadow ends");
    cr_expect_eq(run(BYTES(0x0f, 0x31), &halts), E_FAIL, "rdtsc");
}
