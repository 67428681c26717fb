/* SPDX-License-Identifier: MIT */
/* The model of the guest: code, memory of every kind, translations, registers. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "fake.h"

static uint64_t at;
static unsigned size;

/* Reads `size` bytes at `at` into RAX. */
static HRESULT read_into_rax(struct fake_call *c)
{
    uint64_t data;
    if (fake_read(c, at, size, &data) != S_OK) {
        c->status = 8;
        return S_OK;
    }
    if (size < 8)
        data &= (UINT64_C(1) << 8 * size) - 1;
    fake_set_two(c, WHvX64RegisterRip, c->vp->Rip + 2, WHvX64RegisterRax, data);
    return S_OK;
}

static const struct {
    const char *json;
    uint64_t at;
    unsigned size;
} reads[] = {
    /* Code with NOPs behind it, at RIP. */
    {"'expect': { 'regs': { 'rip': '+2', 'rax': '0x9090909090900389' }, 'calls': [] }", 0x1000, 8},
    {"'expect': { 'regs': { 'rip': '+2', 'rax': '0x90' }, 'calls': [] }", 0x100f, 1},
    /* Through pages, each byte by its own. */
    {"'init': { 'rip': '0x1fff' }, 'pages': [{ 'gva': '0x1000', 'gpa': '0x7000' }, "
     "{ 'gva': '0x2000', 'gpa': '0x5000' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x9003' }, 'calls': [] }",
     0x5000, 2},
    {"'init': { 'rip': '0x1fff' }, 'pages': [{ 'gva': '0x1000', 'gpa': '0x7000' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x89' }, 'calls': [] }",
     0x7fff, 1},
    /* By the base of CS. */
    {"'init': { 'mode': 'real16', 'cs': 'real:0xf000' }, "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x0389' }, 'calls': [] }",
     0xf1000, 2},
    /* Over RAM, but not over ROM. */
    {"'memory': [{ 'gpa': '0x1000', 'size': 4, 'fill': 'ee' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x90900389' }, 'calls': [] }",
     0x1000, 4},
    {"'memory': [{ 'gpa': '0x1000', 'size': 4, 'fill': 'ee', 'kind': 'rom' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0xeeeeeeee' }, 'calls': [] }",
     0x1000, 4},
    /* Neighbouring regions are one access. */
    {"'memory': [{ 'gpa': '0x2000', 'data': '01 02' }, "
     "{ 'gpa': '0x2002', 'data': '03 04', 'kind': 'rom' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x04030201' }, 'calls': [] }",
     0x2000, 4},
};

Test(guest, memory_reads_as_the_case_says)
{
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        at = reads[i].at;
        size = reads[i].size;
        struct fake_run run = fake_run(read_into_rax, WHT_MATCH_STRICT, reads[i].json);
        cr_assert_eq(run.result.kind, WHT_CASE_PASSED, "row %zu", i);
        cr_assert_eq(run.result.passed, run.result.judged, "row %zu", i);
        fake_close(&run);
    }
}

static HRESULT write_rom(struct fake_call *c)
{
    fake_write(c, 0x2000, 1, 5);
    fake_retire(c);
    return S_OK;
}

Test(guest, a_write_to_rom_is_a_device_access_and_changes_nothing)
{
    static const char listed[] =
        "'memory': [{ 'gpa': '0x2000', 'size': 4, 'kind': 'rom' }], 'expect': { 'regs': "
        "{ 'rip': '+2' }, 'calls': [{ 'mem': 'write', 'gpa': '0x2000', 'data': '05' }] }";
    static const char unlisted[] = "'memory': [{ 'gpa': '0x2000', 'size': 4, 'kind': 'rom' }], "
                                   "'expect': { 'regs': { 'rip': '+2' }, 'calls': [] }";
    struct fake_run run = fake_run(write_rom, WHT_MATCH_STRICT, listed);
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    fake_close(&run);
    run = fake_run(write_rom, WHT_MATCH_STRICT, unlisted);
    cr_assert_eq(run.result.result->divergence.kind, WHT_DIVERGES_EXTRA);
    fake_close(&run);
}

static uint32_t flags;

/* Puts the result and, if there is one, the address into RAX. */
static HRESULT translate(struct fake_call *c)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result = WHvTranslateGvaResultIntercept;
    uint64_t gpa = 0;
    if (fake_translate(c, 0x3000, flags, &result, &gpa) != S_OK) {
        c->status = 1u << 4;
        return S_OK;
    }
    if (result != WHvTranslateGvaResultSuccess)
        gpa = 0;
    fake_set_two(c, WHvX64RegisterRax, (uint64_t)result << 32 | gpa, WHvX64RegisterRip,
                 c->vp->Rip + 2);
    return S_OK;
}

static const struct {
    const char *json;
    uint32_t flags;
} translations[] = {
    {"'expect': { 'regs': { 'rip': '+2', 'rax': '0x3000' } }", 2},
    {"'pages': [{ 'gva': '0x3000', 'gpa': '0x8000' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x8000' } }",
     0},
    {"'pages': [{ 'gva': '0x3000', 'result': 'page-not-present', 'for': 'write' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x3000' } }",
     1},
    {"'pages': [{ 'gva': '0x3000', 'result': 'page-not-present', 'for': 'write' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x100000000' } }",
     3},
    {"'pages': [{ 'gva': '0x3000', 'gpa': '0x8123' }], "
     "'expect': { 'regs': { 'rip': '+2', 'rax': '0x8123' } }",
     2},
    {"'expect': { 'regs': { 'rip': '+2', 'rax': '0x800000000' }, "
     "'calls': [{ 'translate': '0x3000', 'result': 'intercept' }] }",
     2},
    {"'expect': { 'regs': { 'rip': '+2', 'rax': '0x3800' }, "
     "'calls': [{ 'translate': '0x3000', 'gpa': '0x3800' }] }",
     2},
    {"'expect': { 'regs': { 'rip': '+2', 'rax': '0x3000' }, 'calls': [{ 'translate': '0x3000', "
     "'flags': ['write'], 'result': 'intercept' }, { 'translate': '0x3000' }] }",
     1},
};

Test(guest, pages_translate_as_the_case_says)
{
    for (size_t i = 0; i < sizeof(translations) / sizeof(translations[0]); i++) {
        flags = translations[i].flags;
        struct fake_run run = fake_run(translate, WHT_MATCH_DEVICE, translations[i].json);
        cr_assert_eq(run.result.kind, WHT_CASE_PASSED, "row %zu", i);
        fake_close(&run);
    }
}

/* Takes the address of a page that is not there. */
static HRESULT use_undefined_gpa(struct fake_call *c)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint64_t gpa;
    fake_translate(c, 0x3000, WHvTranslateGvaFlagValidateRead, &result, &gpa);
    fake_set_two(c, WHvX64RegisterRax, gpa, WHvX64RegisterRip, c->vp->Rip + 2);
    return S_OK;
}

#define STATUS_TRANSLATE_FAILED (1u << 4)
#define STATUS_MEMORY_FAILED    (1u << 3)

/* Takes what a failed read leaves. */
static HRESULT use_failed_data(struct fake_call *c)
{
    uint64_t data;
    fake_read(c, 0xfee000b0, 4, &data);
    c->status = data & 1 ? STATUS_MEMORY_FAILED : STATUS_TRANSLATE_FAILED;
    return S_OK;
}

Test(guest, what_a_callback_leaves_undefined_differs_from_call_to_call)
{
    struct fake_run run = fake_run(use_undefined_gpa, WHT_MATCH_DEVICE,
                                   "'pages': [{ 'gva': '0x3000', 'result': 'page-not-present' }], "
                                   "'expect': { 'regs': { 'rip': '+2', 'rax': 'any' } }");
    cr_assert_eq(run.result.repetition, WHT_BOTH_PASS_DIFFERENTLY);
    fake_close(&run);
    run = fake_run(use_failed_data, WHT_MATCH_EFFECTS,
                   "'expect': { 'status': ['mem-failed'], 'calls': "
                   "[{ 'mem': 'read', 'gpa': '0xfee000b0', 'size': 4, 'fail': 'E_FAIL' }] }");
    cr_assert_eq(run.result.repetition, WHT_ONLY_WARM_FAILS);
    fake_close(&run);
}

static HRESULT get_rdx(struct fake_call *c)
{
    uint64_t value;
    if (fake_get(c, WHvX64RegisterRdx, &value) != S_OK) {
        c->status = 1u << 6;
        return S_OK;
    }
    fake_retire(c);
    return S_OK;
}

Test(guest, a_register_that_was_not_captured_is_not_invented)
{
    struct fake_run run = fake_run(get_rdx, WHT_MATCH_STRICT,
                                   "'init': { 'others': 'unknown' }, "
                                   "'expect': { 'regs': { 'rip': '+2' } }");
    const struct wht_divergence *d = &run.result.result->divergence;
    cr_assert_eq(d->kind, WHT_DIVERGES_NOT_CAPTURED);
    cr_assert_eq(d->reg, WHvX64RegisterRdx);
    fake_close(&run);
}

static bool good_context;

static HRESULT look_at_io(struct fake_call *c)
{
    good_context = c->io && c->io->PortNumber == 0x3f8 && c->io->AccessInfo.AccessSize == 1 &&
                   c->io->AccessInfo.IsWrite && !c->io->AccessInfo.StringOp && c->io->Rax == 0x41 &&
                   c->io->Rcx == 3 && c->io->Ds.Selector != 0 && c->io->InstructionByteCount == 1 &&
                   c->io->InstructionBytes[0] == 0xee && c->io->InstructionBytes[1] == 0xcc &&
                   c->vp->InstructionLength == 1 && c->vp->ExecutionState.EferLma &&
                   c->vp->ExecutionState.Cr0Pe && c->vp->ExecutionState.Cpl == 3 &&
                   c->vp->Rip == 0x1000;
    fake_out(c, 0x3f8, 1, 0x41);
    fake_set(c, WHvX64RegisterRip, 0x1001);
    return S_OK;
}

Test(guest, the_exit_context_comes_from_exit_and_init)
{
    struct fake_run run = fake_run_whole(
        look_at_io, WHT_MATCH_STRICT,
        "{ 'format': 'whv-trace/1.0', 'id': 'out', 'code': 'ee', "
        "'init': { 'rax': '0x41', 'rcx': '0x3', 'rdx': '0x3f8', 'cpl': 3 }, "
        "'exit': { 'kind': 'io', 'port': '0x3f8', 'size': 1, 'access': 'write' }, "
        "'expect': { 'regs': { 'rip': '+1' }, "
        "'calls': [{ 'io': 'out', 'port': '0x3f8', 'size': 1, 'data': '0x41' }] } }");
    cr_assert(good_context);
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    fake_close(&run);
}
