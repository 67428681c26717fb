/* SPDX-License-Identifier: MIT */
/* Floating point runs under the guest's MXCSR, for which nobody else may see it. */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#include "host_float.h"
#include "run.h"

#define SIGNALS_MIN   20u /* that come while the guest's MXCSR is there */
#define SIGNALS_MAX   200000u
#define GUEST_UP      0x5f80u /* upwards, everything masked */
#define GUEST_OPEN    0x4000u /* upwards, nothing masked */
#define GUEST_INEXACT 0x5fa0u
#define ROUNDING      0x6000u
#define MASKS         0x1f80u
#define LINUX_MXCSR   0x1f80u /* with which handlers begin */

static volatile sig_atomic_t signals, in_guest, trouble;

static void on_signal(int number, siginfo_t *info, void *context)
{
    const ucontext_t *interrupted = context;
    const uint32_t mxcsr = interrupted->uc_mcontext.fpregs->mxcsr;
    (void)number;
    (void)info;
    signals++;
    if ((mxcsr & ROUNDING) == (GUEST_UP & ROUNDING))
        in_guest++;
    else if (mxcsr != HOST_FLOAT_ODD && mxcsr != LINUX_MXCSR)
        trouble = 1;
    /* An exception that is open would end the process at the caller's next computation. */
    if ((mxcsr & MASKS) != MASKS || host_float_now().mxcsr != LINUX_MXCSR)
        trouble = 2;
    /* Flags of the handler's own, which must not become the guest's. */
    volatile float zero = 0.0f;
    zero = 1.0f / zero;
}

static void begin_signals(void)
{
    const struct itimerval often = {.it_interval = {.tv_usec = 50}, .it_value = {.tv_usec = 50}};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
    cr_assert_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

static void end_signals(void)
{
    const struct itimerval never = {.it_value = {.tv_usec = 0}};
    cr_assert_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}

static struct guest_exit divide(uint32_t mxcsr)
{
    static const WHV_UINT128 ones = {.Low64 = UINT64_C(0x3f8000003f800000),
                                     .High64 = UINT64_C(0x3f8000003f800000)};
    static const WHV_UINT128 threes = {.Low64 = UINT64_C(0x4040000040400000),
                                       .High64 = UINT64_C(0x4040000040400000)};
    guest_set64(&guest, WHvX64RegisterRip, 0x1000);
    guest_set64(&guest, WHvRegisterPendingEvent, 0);
    guest_reg(&guest, WHvX64RegisterXmm0)->Reg128 = ones;
    guest_reg(&guest, WHvX64RegisterXmm1)->Reg128 = threes;
    guest_reg(&guest, WHvX64RegisterXmmControlStatus)->XmmControlStatus.XmmStatusControl = mxcsr;
    return guest_memory_exit(&guest, GUEST_LONG64, WHvMemoryAccessExecute, 0x1000,
                             BYTES(0x0f, 0x5e, 0xc1)); /* divps xmm0, xmm1 */
}

static uint32_t guest_mxcsr(void)
{
    return guest_reg(&guest, WHvX64RegisterXmmControlStatus)->XmmControlStatus.XmmStatusControl;
}

Test(exec_fp, is_not_disturbed_by_signals_and_does_not_disturb_them)
{
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    guest_init(&guest, GUEST_LONG64);
    begin_signals();
    while (trouble == 0 && in_guest < (int)SIGNALS_MIN && signals < (int)SIGNALS_MAX) {
        struct guest_exit exit = divide(GUEST_UP);
        struct guest_result result = guest_run(&guest, emulator, &exit);
        cr_assert_eq(result.status, 1);
        cr_assert_null(guest.broken, "%s", guest.broken);
        cr_assert_eq(guest_get64(&guest, WHvX64RegisterXmm0), UINT64_C(0x3eaaaaab3eaaaaab));
        cr_assert_eq(guest_mxcsr(), GUEST_INEXACT);
        exit = divide(GUEST_OPEN);
        result = guest_run(&guest, emulator, &exit);
        cr_assert_eq(injected_vector(), 19);
        cr_assert_eq(guest_mxcsr(), GUEST_OPEN | 0x20);
    }
    end_signals();
    cr_expect_eq(trouble, 0, "%d", (int)trouble);
    cr_expect_geq(in_guest, (int)SIGNALS_MIN, "%d of %d signals came in the midst of it",
                  (int)in_guest, (int)signals);
    WHvEmulatorDestroyEmulator(emulator);
}
