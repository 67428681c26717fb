/* SPDX-License-Identifier: MIT */
/* Each rule of the contract is broken once, and must be what the case diverges with, at every
 * level. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "fake.h"

#define STORE                                                                                      \
    "'init': { 'rax': '0x12345678', 'rbx': '0xfee000b0' }, 'expect': { 'regs': { 'rip': '+2' }, "  \
    "'calls': [{ 'mem': 'write', 'gpa': '0xfee000b0', 'data': '78 56 34 12' }] }"

static HRESULT store(struct fake_call *c)
{
    uint64_t rax;
    fake_get(c, WHvX64RegisterRax, &rax);
    return fake_write(c, 0xfee000b0, 4, (uint32_t)rax);
}

static HRESULT two_sets(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    fake_retire(c);
    return S_OK;
}

static HRESULT write_after_set(struct fake_call *c)
{
    uint64_t rax;
    store(c);
    fake_retire(c);
    fake_get(c, WHvX64RegisterRax, &rax);
    return S_OK;
}

static HRESULT nine_bytes(struct fake_call *c)
{
    uint64_t data;
    fake_read(c, 0x1000, 9, &data);
    return S_OK;
}

static HRESULT no_bytes(struct fake_call *c)
{
    fake_write(c, 0xfee000b0, 0, 0);
    return S_OK;
}

static HRESULT across_page(struct fake_call *c)
{
    fake_write(c, 0xfee00ffe, 4, 0);
    return S_OK;
}

static HRESULT direction(struct fake_call *c)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.Direction = 2, .AccessSize = 4};
    c->callbacks->WHvEmulatorMemoryCallback(c->context, &access);
    return S_OK;
}

static HRESULT port_direction(struct fake_call *c)
{
    WHV_EMULATOR_IO_ACCESS_INFO access = {.Direction = 255, .AccessSize = 4};
    c->callbacks->WHvEmulatorIoPortCallback(c->context, &access);
    return S_OK;
}

static HRESULT three_byte_port(struct fake_call *c)
{
    fake_out(c, 0x80, 3, 0);
    return S_OK;
}

/* RAM does not end a call by itself. */
static HRESULT no_end(struct fake_call *c)
{
    uint64_t rax;
    while (fake_get(c, WHvX64RegisterRax, &rax) == S_OK)
        continue;
    return S_OK;
}

static HRESULT named_twice(struct fake_call *c)
{
    fake_get_two(c, WHvX64RegisterRbx, WHvX64RegisterRbx);
    return S_OK;
}

static HRESULT null_values(struct fake_call *c)
{
    _Alignas(16) WHV_REGISTER_NAME name[4] = {WHvX64RegisterRax};
    c->callbacks->WHvEmulatorGetVirtualProcessorRegisters(c->context, name, 1, NULL);
    return S_OK;
}

static HRESULT too_many(struct fake_call *c)
{
    static _Alignas(16) WHV_REGISTER_NAME names[200];
    static WHV_REGISTER_VALUE values[200];
    c->callbacks->WHvEmulatorGetVirtualProcessorRegisters(c->context, names, 200, values);
    return S_OK;
}

static HRESULT unaligned_page(struct fake_call *c)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint64_t gpa;
    fake_translate(c, 0xfee000b0, 2, &result, &gpa);
    return S_OK;
}

static HRESULT null_gpa(struct fake_call *c)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    fake_translate(c, 0xfee00000, 2, &result, NULL);
    return S_OK;
}

static HRESULT other_context(struct fake_call *c)
{
    c->context = NULL;
    store(c);
    fake_retire(c);
    return S_OK;
}

static HRESULT no_set(struct fake_call *c)
{
    store(c);
    return S_OK;
}

static HRESULT set_then_failure(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    c->status = 2;
    return S_OK;
}

static HRESULT set_then_invalid(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    return E_INVALIDARG;
}

static HRESULT status_untouched(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    c->keeps_status = true;
    return S_OK;
}

static HRESULT context_written(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    ((WHV_VP_EXIT_CONTEXT *)c->vp)->Rip++;
    return S_OK;
}

static HRESULT access_written(struct fake_call *c)
{
    ((WHV_MEMORY_ACCESS_CONTEXT *)c->memory)->Gpa++;
    store(c);
    fake_retire(c);
    return S_OK;
}

static HRESULT reserved_status(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    c->status = 1u | 1u << 10;
    return S_OK;
}

static const struct {
    const char *name;
    fake_body *body;
    enum wht_rule rule;
} broken[] = {
    {"two sets", two_sets, WHT_RULE_SECOND_SET},
    {"a callback after Set", write_after_set, WHT_RULE_AFTER_SET},
    {"nine bytes", nine_bytes, WHT_RULE_MEMORY_SIZE},
    {"no bytes", no_bytes, WHT_RULE_MEMORY_SIZE},
    {"across a page", across_page, WHT_RULE_PAGE_CROSSED},
    {"direction of memory", direction, WHT_RULE_DIRECTION},
    {"direction of a port", port_direction, WHT_RULE_DIRECTION},
    {"three bytes to a port", three_byte_port, WHT_RULE_PORT_SIZE},
    {"no end", no_end, WHT_RULE_TOO_MANY},
    {"a register named twice", named_twice, WHT_RULE_NAMED_TWICE},
    {"no values", null_values, WHT_RULE_NULL_ARGUMENT},
    {"too many registers", too_many, WHT_RULE_REGISTER_COUNT},
    {"unaligned page", unaligned_page, WHT_RULE_UNALIGNED_PAGE},
    {"no gpa", null_gpa, WHT_RULE_NULL_ARGUMENT},
    {"another Context", other_context, WHT_RULE_CONTEXT},
    {"no Set", no_set, WHT_RULE_NO_SET},
    {"Set, then failure", set_then_failure, WHT_RULE_SET_IN_FAILED_CALL},
    {"Set, then E_INVALIDARG", set_then_invalid, WHT_RULE_SET_IN_FAILED_CALL},
    {"status untouched", status_untouched, WHT_RULE_STATUS_NOT_WRITTEN},
    {"the VP context written", context_written, WHT_RULE_EXIT_CONTEXT_WRITTEN},
    {"the access context written", access_written, WHT_RULE_EXIT_CONTEXT_WRITTEN},
    {"reserved status bits", reserved_status, WHT_RULE_STATUS_RESERVED},
};

Test(rules, a_broken_rule_is_the_divergence_at_every_level)
{
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_DEVICE; level++) {
            struct fake_run run = fake_run(broken[i].body, (enum wht_match)level, STORE);
            cr_assert_eq(run.result.kind, WHT_CASE_FAILED, "%s, level %d", broken[i].name, level);
            const struct wht_divergence *d = &run.result.result->divergence;
            cr_assert_eq(d->kind, WHT_DIVERGES_RULE, "%s, level %d: divergence %d", broken[i].name,
                         level, d->kind);
            cr_assert_eq(d->rule, broken[i].rule, "%s, level %d: %s", broken[i].name, level,
                         wht_rule_text(d->rule));
            fake_close(&run);
        }
}

static HRESULT on_after_failure(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    c->status = 8;
    return S_OK;
}

Test(rules, a_callback_after_a_failed_one_is_the_divergence_at_every_level)
{
    static const char fails[] =
        "'match': 'strict', 'init': { 'rax': '0x1' }, 'expect': { 'status': ['mem-failed'], "
        "'calls': [{ 'get': ['rax'] }, { 'mem': 'write', 'gpa': '0xfee000b0', 'size': 4, "
        "'fail': 'S_FALSE' }] }";
    for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_STRICT; level++) {
        struct fake_run run = fake_run(on_after_failure, (enum wht_match)level, fails);
        const struct wht_divergence *d = &run.result.result->divergence;
        cr_assert_eq(d->kind, WHT_DIVERGES_RULE, "level %d", level);
        cr_assert_eq(d->rule, WHT_RULE_AFTER_FAILURE, "level %d", level);
        fake_close(&run);
    }
}

static HRESULT good(struct fake_call *c)
{
    store(c);
    fake_retire(c);
    return S_OK;
}

Test(rules, an_emulator_that_keeps_them_passes)
{
    struct fake_run run = fake_run(good, WHT_MATCH_STRICT, STORE);
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    cr_assert_eq(run.result.judged, 1u << WHT_MATCH_EFFECTS | 1u << WHT_MATCH_DEVICE);
    cr_assert_eq(run.result.passed, run.result.judged);
    fake_close(&run);
}

static HRESULT only_warm(struct fake_call *c)
{
    fake_write(c, 0xfee000b0, 4, c->number == 1 ? 0x12345678 : 0);
    fake_retire(c);
    return S_OK;
}

static HRESULT only_cold(struct fake_call *c)
{
    fake_write(c, 0xfee000b0, 4, c->number == 1 ? 0 : 0x12345678);
    fake_retire(c);
    return S_OK;
}

Test(rules, a_difference_between_two_calls_is_named)
{
    struct fake_run run = fake_run(only_warm, WHT_MATCH_STRICT, STORE);
    cr_assert_eq(run.result.kind, WHT_CASE_FAILED);
    cr_assert_eq(run.result.repetition, WHT_ONLY_WARM_FAILS);
    fake_close(&run);
    run = fake_run(only_cold, WHT_MATCH_STRICT, STORE);
    cr_assert_eq(run.result.kind, WHT_CASE_FAILED);
    cr_assert_eq(run.result.repetition, WHT_ONLY_COLD_FAILS);
    fake_close(&run);
}

static HRESULT undecided(struct fake_call *c)
{
    fake_write(c, 0xfee000b0, 4, 0x12345678);
    fake_set_two(c, WHvX64RegisterRip, c->vp->Rip + 2, WHvX64RegisterRflags,
                 c->number == 1 ? 2 : 0x12);
    return S_OK;
}

Test(rules, two_acceptable_results_that_differ_fail)
{
    struct fake_run run = fake_run(
        undecided, WHT_MATCH_STRICT,
        "'expect': { 'regs': { 'rip': '+2', 'rflags': { 'value': '0x2', 'undef': ['af'] } } }");
    cr_assert_eq(run.result.kind, WHT_CASE_FAILED);
    cr_assert_eq(run.result.repetition, WHT_BOTH_PASS_DIFFERENTLY);
    fake_close(&run);
}

/* Good for one case on a handle: two calls, and one at the weaker level. */
static HRESULT worn_out(struct fake_call *c)
{
    fake_write(c, 0xfee000b0, 4, c->number <= 3 ? 0x12345678 : 0);
    fake_retire(c);
    return S_OK;
}

Test(rules, what_lingers_of_earlier_cases_is_told_from_what_is_wrong_by_itself)
{
    struct wht_case_result second;
    struct fake_run run = fake_run(worn_out, WHT_MATCH_DEVICE, STORE);
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    wht_replay(run.replayer, run.c, WHT_MATCH_DEVICE, &second);
    cr_assert_eq(second.kind, WHT_CASE_FAILED);
    cr_assert_eq(second.repetition, WHT_FRESH_PASSES);
    fake_close(&run);
    run = fake_run(no_set, WHT_MATCH_DEVICE, STORE);
    wht_replay(run.replayer, run.c, WHT_MATCH_DEVICE, &second);
    cr_assert_eq(second.repetition, WHT_SAME);
    fake_close(&run);
}

/* Both arrays lie four bytes beside where they should. */
static HRESULT unaligned(struct fake_call *c, bool names, bool values)
{
    _Alignas(16) unsigned char name[32];
    _Alignas(16) unsigned char value[64];
    const WHV_REGISTER_NAME rax = WHvX64RegisterRax, rip = WHvX64RegisterRip;
    uint64_t data = 0, next = c->vp->Rip + 2;
    void *name_at = name + (names ? 4 : 0);
    void *value_at = value + (values ? 4 : 0);
    memcpy(name_at, &rax, sizeof(rax));
    if (c->callbacks->WHvEmulatorGetVirtualProcessorRegisters(c->context, name_at, 1, value_at) !=
        S_OK)
        return S_OK;
    memcpy(&data, value_at, sizeof(data));
    fake_write(c, 0xfee000b0, 4, (uint32_t)data);
    memcpy(name_at, &rip, sizeof(rip));
    memset(value, 0, sizeof(value));
    memcpy(value_at, &next, sizeof(next));
    c->callbacks->WHvEmulatorSetVirtualProcessorRegisters(c->context, name_at, 1, value_at);
    return S_OK;
}

static HRESULT unaligned_names(struct fake_call *c)
{
    return unaligned(c, true, false);
}

static HRESULT unaligned_values(struct fake_call *c)
{
    return unaligned(c, false, true);
}

#define STRICT_STORE                                                                               \
    "'match': 'strict', 'init': { 'rax': '0x12345678', 'rbx': '0xfee000b0' }, 'expect': { "        \
    "'regs': { 'rip': '+2' }, 'calls': [{ 'get': ['rax'] }, { 'mem': 'write', "                    \
    "'gpa': '0xfee000b0', 'data': '78 56 34 12' }, { 'set': { 'rip': '+2' } }] }"

Test(rules, an_unaligned_array_is_noted_and_judging_goes_on)
{
    struct fake_run run = fake_run(unaligned_names, WHT_MATCH_STRICT, STRICT_STORE);
    cr_expect_eq(run.result.kind, WHT_CASE_PASSED);
    cr_expect_eq(run.result.unaligned, WHT_UNALIGNED_GET_NAMES | WHT_UNALIGNED_SET_NAMES);
    fake_close(&run);
    run = fake_run(unaligned_values, WHT_MATCH_STRICT, STRICT_STORE);
    cr_expect_eq(run.result.kind, WHT_CASE_PASSED);
    cr_expect_eq(run.result.unaligned, WHT_UNALIGNED_GET_VALUES | WHT_UNALIGNED_SET_VALUES);
    fake_close(&run);
    run = fake_run(good, WHT_MATCH_STRICT, STRICT_STORE);
    cr_expect_eq(run.result.unaligned, 0);
    fake_close(&run);
}

Test(rules, an_unaligned_array_fails_a_strict_case_that_is_about_it_and_at_that_level_alone)
{
    static const char about[] = "'flags': ['unaligned-array'], " STRICT_STORE;
    static const struct {
        fake_body *body;
        enum wht_rule rule;
    } rows[] = {{unaligned_names, WHT_RULE_UNALIGNED_NAMES},
                {unaligned_values, WHT_RULE_UNALIGNED_VALUES}};
    for (size_t i = 0; i < 2; i++) {
        struct fake_run run = fake_run(rows[i].body, WHT_MATCH_STRICT, about);
        cr_expect_eq(run.result.kind, WHT_CASE_FAILED);
        cr_expect_eq(run.result.result->divergence.kind, WHT_DIVERGES_RULE);
        cr_expect_eq(run.result.result->divergence.rule, rows[i].rule);
        cr_expect_eq(run.result.passed, 1u << WHT_MATCH_EFFECTS | 1u << WHT_MATCH_DEVICE);
        fake_close(&run);
    }
}
