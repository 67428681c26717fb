/* SPDX-License-Identifier: MIT */
/* RDMSR, WRMSR and what may be written: SDM 4, chapter 2; EFER: 3A, 2.2.1; IA32_APIC_BASE: 3A,
   11.4.4 and 11.12; IA32_PAT: 3A, 12.12.2; MTRRs: 3A, 12.11.2. XGETBV, XSETBV: SDM 1, 13.3. What
   depends on CPUID is not known here. */
#include "msr.h"

#include "control.h"
#include "kernel.h"
#include "result.h"

#define EFER_RESERVED UINT64_C(0xffffffffffc902fe)

#define APIC_BASE_RESERVED UINT64_C(0xfff00000000002ff)
#define APIC_BASE_EXTENDED (UINT64_C(1) << 10)
#define APIC_BASE_ENABLED  (UINT64_C(1) << 11)
#define APIC_BASE_STATE    (APIC_BASE_EXTENDED | APIC_BASE_ENABLED)

/* UC, WC, WT, WP, WB, and of PAT UC-: masks of the types that there are. */
#define MTRR_TYPES 0x73u
#define PAT_TYPES  0xf3u

#define MTRR_BASE_RESERVED    UINT64_C(0xfff0000000000f00)
#define MTRR_MASK_RESERVED    UINT64_C(0xfff00000000007ff)
#define MTRR_DEFAULT_RESERVED UINT64_C(0xfffffffffffff300)

/* Components that some processor has in XCR0. */
#define XCR0_RESERVED UINT64_C(0xbffffffffff1fd00)
#define XCR0_BOUNDS   (UINT64_C(3) << 3)
#define XCR0_AVX512   (UINT64_C(7) << 5)
#define XCR0_TILES    (UINT64_C(3) << 17)

/* EAX, EDX, ECX. */
enum whe_vector whe_kernel_rdmsr(struct whe_work *work)
{
    work->value[0].u64 = work->msr_value & UINT32_MAX;
    work->value[1].u64 = work->msr_value >> 32;
    return WHE_VECTOR_NONE;
}

/* LMA is the processor's. LME stays while paging is on. */
static bool may_be_efer(const struct whe_work *work, uint64_t *value)
{
    const uint64_t before = work->msr_value;
    const bool is_paged = (work->control.cr0 & WHE_CR0_PG) != 0;
    if ((*value & EFER_RESERVED) || (is_paged && ((before ^ *value) & WHE_EFER_LME)))
        return false;
    *value = (*value & ~WHE_EFER_LMA) | (before & WHE_EFER_LMA);
    return true;
}

/* x2APIC mode is entered from xAPIC mode alone, and left for none. */
static bool may_be_apic_base(uint64_t before, uint64_t value)
{
    const uint64_t from = before & APIC_BASE_STATE, to = value & APIC_BASE_STATE;
    if ((value & APIC_BASE_RESERVED) || to == APIC_BASE_EXTENDED)
        return false;
    return !(from == APIC_BASE_STATE && to == APIC_BASE_ENABLED) &&
           !(from == 0 && to == APIC_BASE_STATE);
}

/* @return whether each byte is one of some types of memory; UC, which is 0, always is. */
static bool has_types(uint64_t value, unsigned types)
{
    for (; value != 0; value >>= 8) {
        const unsigned type = value & 0xff;
        if (type > 7 || !(types >> type & 1))
            return false;
    }
    return true;
}

static bool may_be_mtrr(unsigned rule, uint64_t value)
{
    switch (rule) {
    case WHE_MSR_MTRR_MASK:
        return (value & MTRR_MASK_RESERVED) == 0;
    case WHE_MSR_MTRR_FIXED:
        return has_types(value, MTRR_TYPES);
    case WHE_MSR_MTRR_BASE:
        return (value & MTRR_BASE_RESERVED) == 0 && has_types(value & 0xff, MTRR_TYPES);
    default:
        return (value & MTRR_DEFAULT_RESERVED) == 0 && has_types(value & 0xff, MTRR_TYPES);
    }
}

static bool may_be(const struct whe_work *work, uint64_t *value)
{
    switch (work->msr.rule) {
    case WHE_MSR_CANONICAL:
        return whe_is_canonical(*value, work->control.cr4);
    case WHE_MSR_LOW:
        *value &= UINT32_MAX;
        return true;
    case WHE_MSR_EFER:
        return may_be_efer(work, value);
    case WHE_MSR_PAT:
        return has_types(*value, PAT_TYPES);
    case WHE_MSR_APIC_BASE:
        return may_be_apic_base(work->msr_value, *value);
    case WHE_MSR_ANY:
        return true;
    case WHE_MSR_READ_ONLY:
        return false;
    default:
        return may_be_mtrr(work->msr.rule, *value);
    }
}

/* EAX, EDX, ECX. */
enum whe_vector whe_kernel_wrmsr(struct whe_work *work)
{
    uint64_t value = work->value[1].u64 << 32 | work->value[0].u64;
    if (!may_be(work, &value))
        return WHE_VECTOR_GP;
    work->msr_value = value;
    work->writes_msr = true;
    return WHE_VECTOR_NONE;
}

/* ECX, EDX, EAX, XCR0. What XCR1 tells is in no register. */
enum whe_vector whe_kernel_xgetbv(struct whe_work *work)
{
    const uint64_t xcr0 = work->value[3].u64;
    if (work->value[0].u64 > 1)
        return WHE_VECTOR_GP;
    if (work->value[0].u64 == 1) {
        work->code = WHE_NO_XINUSE;
        return WHE_VECTOR_REFUSED;
    }
    work->value[1].u64 = xcr0 >> 32;
    work->value[2].u64 = xcr0 & UINT32_MAX;
    return WHE_VECTOR_NONE;
}

/* All of them or none. */
static bool is_whole(uint64_t value, uint64_t components)
{
    return (value & components) == 0 || (value & components) == components;
}

static bool may_be_xcr0(uint64_t value)
{
    const uint64_t ymm = WHE_XCR0_SSE | WHE_XCR0_AVX;
    return (value & XCR0_RESERVED) == 0 && (value & WHE_XCR0_X87) &&
           (!(value & WHE_XCR0_AVX) || (value & WHE_XCR0_SSE)) && is_whole(value, XCR0_BOUNDS) &&
           is_whole(value, XCR0_AVX512) && is_whole(value, XCR0_TILES) &&
           (!(value & XCR0_AVX512) || (value & ymm) == ymm);
}

/* ECX, EDX, EAX, XCR0. */
enum whe_vector whe_kernel_xsetbv(struct whe_work *work)
{
    const uint64_t value = work->value[1].u64 << 32 | work->value[2].u64;
    if (work->value[0].u64 != 0 || !may_be_xcr0(value))
        return WHE_VECTOR_GP;
    work->value[3].u64 = value;
    return WHE_VECTOR_NONE;
}

/* The register, the base. */
enum whe_vector whe_kernel_write_base(struct whe_work *work)
{
    if (!whe_is_canonical(work->value[0].u64, work->control.cr4))
        return WHE_VECTOR_GP;
    work->value[1].u64 = work->value[0].u64;
    return WHE_VECTOR_NONE;
}

/* GS's base, KernelGsBase. */
enum whe_vector whe_kernel_swapgs(struct whe_work *work)
{
    const uint64_t base = work->value[0].u64;
    work->value[0].u64 = work->value[1].u64;
    work->value[1].u64 = base;
    return WHE_VECTOR_NONE;
}
