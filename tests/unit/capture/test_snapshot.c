/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "capture/snapshot.h"

#define CONTROL  (WHVC_GENERAL | WHVC_CONTROL)
#define EXTENDED (CONTROL | WHVC_EXTENDED)

Test(snapshot, the_first_bytes_tell_which_registers_an_instruction_may_depend_on)
{
    static const struct {
        const char *what;
        unsigned groups;
        uint8_t size;
        uint8_t code[8];
    } rows[] = {
        {"no bytes", EXTENDED, 0, {0}},
        {"prefixes alone", EXTENDED, 3, {0x66, 0xf3, 0x4d}},
        {"mov [rbx], eax", WHVC_GENERAL, 2, {0x89, 0x03}},
        {"rep movsb", WHVC_GENERAL, 2, {0xf3, 0xa4}},
        {"lock or [r8], rax", WHVC_GENERAL, 4, {0xf0, 0x49, 0x09, 0x00}},
        {"an immediate of 0f", WHVC_GENERAL, 3, {0xc6, 0x03, 0x0f}},
        {"movups [rbx], xmm0", CONTROL, 3, {0x0f, 0x11, 0x03}},
        {"movdqa gs:[r8d], xmm9", CONTROL, 7, {0x65, 0x67, 0x66, 0x45, 0x0f, 0x7f, 0x08}},
        {"movq [rbx], mm0", CONTROL, 3, {0x0f, 0x7f, 0x03}},
        {"str [rbx]", CONTROL, 3, {0x0f, 0x00, 0x0b}},
        {"fadd dword [rbx]", CONTROL, 2, {0xd8, 0x03}},
        {"fistp word [rbx]", CONTROL, 2, {0xdf, 0x1b}},
        {"fwait", CONTROL, 1, {0x9b}},
        {"pushf", CONTROL, 1, {0x9c}},
        {"popf", CONTROL, 2, {0x66, 0x9d}},
        {"cli", CONTROL, 1, {0xfa}},
        {"vmovups [rbx], xmm0", EXTENDED, 4, {0xc5, 0xf8, 0x11, 0x03}},
        {"vmovups [r11], xmm0", EXTENDED, 5, {0xc4, 0xc1, 0x78, 0x11, 0x03}},
        {"vmovups [rbx], zmm0", EXTENDED, 6, {0x62, 0xf1, 0x7c, 0x48, 0x11, 0x03}},
        {"xlat, beside the x87", WHVC_GENERAL, 1, {0xd7}},
        {"loopne, beside the x87", WHVC_GENERAL, 2, {0xe0, 0x00}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect_eq(whvc_groups_of_code(rows[i].code, rows[i].size), rows[i].groups, "%s",
                     rows[i].what);
}

/* A VMM that rejects a batch with a name that it does not know. */
struct vmm {
    WHV_REGISTER_NAME unknown;
    unsigned calls;
};

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct vmm *vmm = context;
    vmm->calls++;
    cr_expect_eq((uintptr_t)names % 16, 0);
    cr_expect_eq((uintptr_t)values % 16, 0);
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] == vmm->unknown)
            return E_INVALIDARG;
        values[i].Reg64 = (UINT64)names[i] + 1;
    }
    return S_OK;
}

/* Takes a snapshot, each of whose values is its own register's. @return whether it has a register.
 */
static bool has(struct vmm *vmm, unsigned groups, WHV_REGISTER_NAME name, UINT32 *count)
{
    const WHV_EMULATOR_CALLBACKS callbacks = {.WHvEmulatorGetVirtualProcessorRegisters = on_get};
    _Alignas(16) WHV_REGISTER_NAME names[WHVC_SNAPSHOT_MAX];
    _Alignas(16) WHV_REGISTER_VALUE values[WHVC_SNAPSHOT_MAX];
    bool is_there = false;
    *count = whvc_snapshot(&callbacks, vmm, groups, names, values);
    for (UINT32 i = 0; i < *count; i++) {
        cr_expect_eq(values[i].Reg64, (UINT64)names[i] + 1);
        is_there |= names[i] == name;
    }
    return is_there;
}

Test(snapshot, a_group_is_taken_where_it_is_wanted)
{
    struct vmm vmm = {.unknown = -1};
    UINT32 count;
    cr_expect(!has(&vmm, WHVC_GENERAL, WHvX64RegisterCr0, &count));
    cr_expect_eq(count, 24);
    cr_expect_eq(vmm.calls, 1);
    cr_expect(has(&vmm, CONTROL, WHvX64RegisterCr0, &count));
    cr_expect(has(&vmm, CONTROL, WHvX64RegisterCr4, &count));
    cr_expect(!has(&vmm, CONTROL, WHvX64RegisterXCr0, &count));
    cr_expect_eq(count, 26);
    cr_expect(has(&vmm, EXTENDED, WHvX64RegisterXCr0, &count));
    cr_expect_eq(count, 27);
    cr_expect(has(&vmm, whvc_groups_all(), WHvX64RegisterXmm15, &count));
    cr_expect(has(&vmm, whvc_groups_all(), WHvX64RegisterGdtr, &count));
}

Test(snapshot, a_name_that_the_vmm_rejects_costs_itself_alone)
{
    static const WHV_REGISTER_NAME unknown[] = {WHvX64RegisterCr0, WHvX64RegisterCr4,
                                                WHvX64RegisterXCr0, WHvX64RegisterGs,
                                                WHvX64RegisterRax};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct vmm vmm = {.unknown = unknown[i]};
        UINT32 count;
        cr_expect(!has(&vmm, EXTENDED, unknown[i], &count));
        cr_expect_eq(count, 26);
    }
}
