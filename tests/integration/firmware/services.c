/* SPDX-License-Identifier: MIT */
#include "services.h"

/* A processor of family 6 with what 64-bit firmware needs; no hypervisor. */
static const struct {
    uint32_t leaf;
    uint32_t value[4];
} leaves[] = {
    {0x00000000, {1, 0x756e6547, 0x6c65746e, 0x49656e69}},
    /* FPU PSE TSC MSR PAE CX8 APIC CMOV PAT FXSR SSE SSE2 */
    {0x00000001, {0x601, 0, 0, 0x07018379}},
    {0x80000000, {0x80000008, 0, 0, 0}},
    {0x80000001, {0, 0, 0, 1u << 20 | 1u << 29}}, /* NX, long mode */
    {0x80000008, {0x3024, 0, 0, 0}},              /* 36 bits of addresses */
};

static const struct {
    uint32_t msr;
    WHV_REGISTER_NAME name;
} msrs[] = {
    {0x1b, WHvX64RegisterApicBase},
    {0x174, WHvX64RegisterSysenterCs},
    {0x175, WHvX64RegisterSysenterEsp},
    {0x176, WHvX64RegisterSysenterEip},
    {0x277, WHvX64RegisterPat},
    {0xc0000080, WHvX64RegisterEfer},
    {0xc0000081, WHvX64RegisterStar},
    {0xc0000082, WHvX64RegisterLstar},
    {0xc0000083, WHvX64RegisterCstar},
    {0xc0000084, WHvX64RegisterSfmask},
    {0xc0000102, WHvX64RegisterKernelGsBase},
};

static void put(struct registers *registers, uint64_t value)
{
    registers_set(registers, WHvX64RegisterRax, (uint32_t)value);
    registers_set(registers, WHvX64RegisterRdx, value >> 32);
}

void services_read_tsc(struct registers *registers, uint64_t tsc)
{
    put(registers, tsc);
}

void services_identify(struct registers *registers)
{
    static const WHV_REGISTER_NAME names[4] = {WHvX64RegisterRax, WHvX64RegisterRbx,
                                               WHvX64RegisterRcx, WHvX64RegisterRdx};
    const uint32_t leaf = (uint32_t)registers_get(registers, WHvX64RegisterRax);
    for (unsigned i = 0; i < 4; i++)
        registers_set(registers, names[i], 0);
    for (unsigned at = 0; at < sizeof(leaves) / sizeof(leaves[0]); at++)
        for (unsigned i = 0; i < 4 && leaves[at].leaf == leaf; i++)
            registers_set(registers, names[i], leaves[at].value[i]);
}

/* One that is not known reads as zero and keeps nothing. */
void services_access_msr(struct registers *registers, bool is_write)
{
    const uint32_t msr = (uint32_t)registers_get(registers, WHvX64RegisterRcx);
    const uint64_t value = (uint32_t)registers_get(registers, WHvX64RegisterRax) |
                           registers_get(registers, WHvX64RegisterRdx) << 32;
    unsigned i = 0;
    while (i < sizeof(msrs) / sizeof(msrs[0]) && msrs[i].msr != msr)
        i++;
    const bool is_known = i < sizeof(msrs) / sizeof(msrs[0]);
    if (!is_write)
        put(registers, is_known ? registers_get(registers, msrs[i].name) : 0);
    else if (is_known && msr == 0xc0000080) /* LMA is the processor's */
        registers_set(registers, msrs[i].name,
                      (value & ~(uint64_t)EFER_LMA) |
                          (registers_get(registers, msrs[i].name) & EFER_LMA));
    else if (is_known)
        registers_set(registers, msrs[i].name, value);
}
