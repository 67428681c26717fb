/* SPDX-License-Identifier: MIT */
/* What is compared when the emulator has returned. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "fake.h"

static WHV_REGISTER_NAME name;
static uint64_t value;

/* Sets RIP and one more register. */
static HRESULT set_register(struct fake_call *c)
{
    fake_set_two(c, WHvX64RegisterRip, c->vp->Rip + 2, name, value);
    return S_OK;
}

static const struct {
    const char *json;
    WHV_REGISTER_NAME name;
    uint64_t value;
    bool passes;
} registers[] = {
    {"'expect': { 'regs': { 'rip': '+2', 'rcx': '0x5' } }", WHvX64RegisterRcx, 5, true},
    {"'expect': { 'regs': { 'rip': '+2', 'rcx': '0x5' } }", WHvX64RegisterRcx, 6, false},
    {"'expect': { 'regs': { 'rip': '+2' } }", WHvX64RegisterRcx, 0, true},
    {"'expect': { 'regs': { 'rip': '+2' } }", WHvX64RegisterRcx, 6, false},
    {"'expect': { 'regs': { 'rip': '+2' }, 'others': 'any' }", WHvX64RegisterRcx, 6, true},
    {"'expect': { 'regs': { 'rip': '+2', 'rcx': 'any' } }", WHvX64RegisterRcx, 6, true},
    {"'expect': { 'regs': { 'rip': '+2', 'rcx': { 'either': ['0x5', '0x6'] } } }",
     WHvX64RegisterRcx, 6, true},
    {"'expect': { 'regs': { 'rip': '+2', 'rcx': { 'either': ['0x5', '0x6'] } } }",
     WHvX64RegisterRcx, 7, false},
    {"'expect': { 'regs': { 'rip': '+2', 'rcx': { 'value': '0x5', 'mask': '0xff' } } }",
     WHvX64RegisterRcx, 0x705, true},
    {"'expect': { 'regs': { 'rip': '+2', 'rflags': { 'value': '0x2', 'undef': ['of'] } } }",
     WHvX64RegisterRflags, 0x802, true},
    {"'expect': { 'regs': { 'rip': '+2', 'rflags': { 'value': '0x2', 'undef': ['of'] } } }",
     WHvX64RegisterRflags, 0x803, false},
    {"'expect': { 'regs': { 'rip': '+2' }, 'trap': true }", WHvX64RegisterPendingDebugException,
     0x10, true},
    {"'expect': { 'regs': { 'rip': '+2' }, 'trap': true }", WHvRegisterPendingEvent, 0x10001, true},
    {"'expect': { 'regs': { 'rip': '+2' }, 'trap': true }", WHvX64RegisterRcx, 0, false},
    {"'expect': { 'regs': { 'rip': '+2' } }", WHvX64RegisterPendingDebugException, 0x10, false},
    {"'init': { 'others': 'unknown' }, 'expect': { 'regs': { 'rip': '+2' } }", WHvX64RegisterRcx, 0,
     false},
    {"'init': { 'others': 'unknown' }, 'expect': { 'regs': { 'rip': '+2', 'rcx': '0x5' } }",
     WHvX64RegisterRcx, 5, true},
};

Test(diff, registers_are_compared_as_the_case_says)
{
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        name = registers[i].name;
        value = registers[i].value;
        struct fake_run run = fake_run(set_register, WHT_MATCH_STRICT, registers[i].json);
        cr_assert_eq(run.result.kind == WHT_CASE_PASSED, registers[i].passes, "row %zu", i);
        fake_close(&run);
    }
}

/* Leaves something in the upper half of the slot, as a union on the stack does. */
static HRESULT set_rip_with_rest(struct fake_call *c)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[1];
        _Alignas(16) WHV_REGISTER_VALUE value[1];
    } batch = {.name = {WHvX64RegisterRip},
               .value = {{.Reg128 = {.Low64 = c->vp->Rip + 2, .High64 = 0x1234 + c->number}}}};
    c->callbacks->WHvEmulatorSetVirtualProcessorRegisters(c->context, batch.name, 1, batch.value);
    return S_OK;
}

Test(diff, the_upper_half_of_a_64_bit_slot_means_nothing)
{
    struct fake_run run =
        fake_run(set_rip_with_rest, WHT_MATCH_STRICT,
                 "'match': 'strict', 'expect': { 'regs': { 'rip': '+2' }, 'calls': [{ 'set': "
                 "{ 'rip': '+2' } }] }");
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    fake_close(&run);
}

/* PendingEvent: bit 0 pending, bit 8 error code, vector from bit 16, error code from bit 32. */
#define EVENT(vector, code) (1u | 1u << 8 | (uint64_t)(vector) << 16 | (uint64_t)(code) << 32)

static HRESULT inject(struct fake_call *c)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[1];
        _Alignas(16) WHV_REGISTER_VALUE value[1];
    } batch = {.name = {WHvRegisterPendingEvent},
               .value = {{.Reg128 = {.Low64 = value, .High64 = 0x3000}}}};
    c->callbacks->WHvEmulatorSetVirtualProcessorRegisters(c->context, batch.name, 1, batch.value);
    return S_OK;
}

static const struct {
    const char *json;
    uint64_t event;
    bool passes;
} faults[] = {
    {"'expect': { 'fault': { 'vector': 'pf', 'code': '0x2', 'address': '0x3000' } }", EVENT(14, 2),
     true},
    {"'expect': { 'fault': { 'vector': 'pf', 'code': '0x2', 'address': '0x3004' } }", EVENT(14, 2),
     false},
    {"'expect': { 'fault': { 'vector': 'pf', 'code': '0x3' } }", EVENT(14, 2), false},
    {"'expect': { 'fault': { 'vector': 'gp', 'code': '0x0' } }", EVENT(13, 0), true},
    {"'expect': { 'fault': { 'vector': 'gp', 'code': '0x0' } }", EVENT(13, 0) & ~(1ull << 8),
     false},
    {"'expect': { 'fault': { 'vector': 'ud' } }", EVENT(13, 0), false},
    {"'expect': { 'fault': { 'vector': 'gp' } }", EVENT(13, 0) & ~1ull, false},
    {"'expect': {}", EVENT(13, 0), false},
};

Test(diff, a_fault_must_be_the_one_that_was_injected)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        value = faults[i].event;
        struct fake_run run = fake_run(inject, WHT_MATCH_STRICT, faults[i].json);
        cr_assert_eq(run.result.kind == WHT_CASE_PASSED, faults[i].passes, "row %zu", i);
        fake_close(&run);
    }
}

static HRESULT write_ram(struct fake_call *c)
{
    fake_write(c, 0x2002, 2, 0xbbaa);
    fake_retire(c);
    return S_OK;
}

#define RAM "'memory': [{ 'gpa': '0x2000', 'size': 32, 'fill': '01' }], "

static const struct {
    const char *json;
    /** Of differing bytes. */
    size_t runs;
    uint64_t gpa;
    uint32_t size;
    bool listed;
} memory[] = {
    {RAM "'expect': { 'regs': { 'rip': '+2' }, 'memory': [{ 'gpa': '0x2002', 'data': 'aa bb' }] }",
     0, 0, 0, false},
    {RAM "'expect': { 'regs': { 'rip': '+2' }, 'memory': [{ 'gpa': '0x2002', 'data': 'aa ?\?' }] }",
     0, 0, 0, false},
    {RAM "'expect': { 'regs': { 'rip': '+2' } }", 1, 0x2002, 2, false},
    {RAM "'expect': { 'regs': { 'rip': '+2' }, 'memory': [{ 'gpa': '0x2002', 'data': 'aa' }] }", 1,
     0x2003, 1, false},
    {RAM "'expect': { 'regs': { 'rip': '+2' }, "
         "'memory': [{ 'gpa': '0x2000', 'data': '01 01 aa bb 02' }] }",
     1, 0x2004, 1, true},
};

Test(diff, ram_changes_only_where_the_case_says)
{
    for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
        struct fake_run run = fake_run(write_ram, WHT_MATCH_STRICT, memory[i].json);
        const struct wht_result *r = run.result.result;
        cr_assert_eq(r->memory_count, memory[i].runs, "row %zu: %zu", i, r->memory_count);
        if (memory[i].runs > 0) {
            cr_assert_eq(r->memory[0].gpa, memory[i].gpa, "row %zu", i);
            cr_assert_eq(r->memory[0].size, memory[i].size, "row %zu", i);
            cr_assert_eq(r->memory[0].listed, memory[i].listed, "row %zu", i);
        }
        fake_close(&run);
    }
}

static HRESULT invalid(struct fake_call *c)
{
    c->keeps_status = true;
    return E_INVALIDARG;
}

static HRESULT unsupported(struct fake_call *c)
{
    c->status = 2;
    return S_OK;
}

Test(diff, the_status_counts_only_if_the_call_returned_s_ok)
{
    struct fake_run run = fake_run(invalid, WHT_MATCH_STRICT, "'expect': { 'hr': 'E_INVALIDARG' }");
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    fake_close(&run);
    run = fake_run(invalid, WHT_MATCH_STRICT, "'expect': {}");
    cr_assert_eq(run.result.result->differing, (unsigned)WHT_FINAL_HR);
    fake_close(&run);
    run = fake_run(unsupported, WHT_MATCH_STRICT, "'expect': {}");
    cr_assert_eq(run.result.result->differing, (unsigned)WHT_FINAL_STATUS);
    fake_close(&run);
    run = fake_run(unsupported, WHT_MATCH_STRICT, "'expect': { 'status': ['internal-failure'] }");
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    fake_close(&run);
}
