/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include "control.h"
#include "event.h"
#include "x87.h"

#define ANY        false
#define PROTECTED  true
#define USER       0
#define SUPERVISOR 1
#define UMIP       2
#define SHADOWED   3

const struct whe_check whe_checks[WHE_CHECKS_COUNT] = {
#define WHE_CHECK(class, mode, level, set4, set_x, ud, nm, waiting)                                \
    [WHE_CHECKS_##class] = {.is_protected = (mode),                                                \
                            .is_privileged = (level) == SUPERVISOR,                                \
                            .is_umip = (level) == UMIP,                                            \
                            .is_shadowed = (level) == SHADOWED,                                    \
                            .cr4 = (set4),                                                         \
                            .xcr0 = (set_x),                                                       \
                            .cr0_ud = (ud),                                                        \
                            .cr0_nm = (nm),                                                        \
                            .waits = (waiting)},
#include "checks.def"
};

void whe_checks_registers(const struct whe_mode *mode, enum whe_checks class, struct whe_set *set)
{
    const struct whe_check *check = &whe_checks[class];
    if ((check->cr0_ud | check->cr0_nm) != 0)
        whe_set_add(set, WHE_REG_CR0);
    if (check->cr4 != 0 || check->is_umip || (check->is_shadowed && mode->protected_mode))
        whe_set_add(set, WHE_REG_CR4);
    if (check->xcr0 != 0)
        whe_set_add(set, WHE_REG_XCR0);
    if (check->waits)
        whe_set_add(set, WHE_REG_FPCS);
}

/* @return whether bits of a register are set; it is known if there are any. */
static bool has_all(const struct whe_call *call, enum whe_reg reg, uint64_t bits)
{
    return bits == 0 || (~whe_reg_get(&call->regs, reg) & bits) == 0;
}

static bool has_any(const struct whe_call *call, enum whe_reg reg, uint64_t bits)
{
    return bits != 0 && (whe_reg_get(&call->regs, reg) & bits) != 0;
}

static bool has_pending(const struct whe_call *call)
{
    return whe_x87_pending(&call->regs.value[WHE_REG_FPCS].FpControlStatus) != 0;
}

/* CR0.MP says whether FWAIT cares for TS. */
static bool is_unavailable(const struct whe_call *call, uint64_t bits)
{
    return bits & WHE_CR0_MP ? has_all(call, WHE_REG_CR0, bits) : has_any(call, WHE_REG_CR0, bits);
}

enum whe_result whe_checks_run(struct whe_call *call, enum whe_checks class)
{
    const struct whe_check *check = &whe_checks[class];
    if ((check->is_protected && !call->mode.protected_mode) ||
        !has_all(call, WHE_REG_CR4, check->cr4) || !has_all(call, WHE_REG_XCR0, check->xcr0) ||
        has_any(call, WHE_REG_CR0, check->cr0_ud))
        return whe_fault(call, WHE_VECTOR_UD);
    const bool is_privileged =
        check->is_privileged || (check->is_umip && has_any(call, WHE_REG_CR4, WHE_CR4_UMIP));
    if (is_privileged && call->mode.cpl != 0)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    if (check->is_shadowed && call->mode.protected_mode && has_any(call, WHE_REG_CR4, WHE_CR4_CET))
        return WHE_SHADOW_STACK;
    if (is_unavailable(call, check->cr0_nm))
        return whe_fault(call, WHE_VECTOR_NM);
    if (check->waits && has_pending(call) && !has_any(call, WHE_REG_CR0, WHE_CR0_NE))
        return WHE_FERR;
    return WHE_OK;
}

enum whe_result whe_checks_wait(struct whe_call *call, enum whe_checks class)
{
    if (!whe_checks[class].waits || !has_pending(call))
        return WHE_OK;
    return whe_fault(call, WHE_VECTOR_MF);
}
