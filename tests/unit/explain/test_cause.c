/* SPDX-License-Identifier: MIT */
/* The first line of a failure: from it, what is wrong must be guessable. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "explain/cause.h"
#include "fake.h"

#define GPA 0xfee000b0u

#define NO_FAULT "'expect': { 'fault': { 'vector': 'pf' }, 'others': 'any' }"

/* A fake plays a script: letters for callbacks, each with what it needs from here. */
static const char *script;
static WHV_REGISTER_NAME reg;
static uint64_t value;

static void set_segment(struct fake_call *c)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[2];
        _Alignas(16) WHV_REGISTER_VALUE value[2];
    } batch = {.name = {WHvX64RegisterRip, WHvX64RegisterDs},
               .value = {{.Reg64 = c->vp->Rip + 2},
                         {.Segment = {.Base = value, .Limit = 0xffff, .Selector = 0x10}}}};
    c->callbacks->WHvEmulatorSetVirtualProcessorRegisters(c->context, batch.name, 2, batch.value);
}

static HRESULT play(struct fake_call *c)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint64_t data;
    for (const char *letter = script; *letter; letter++) {
        switch (*letter) {
        case 'g': /* get one register */
            fake_get(c, reg, &data);
            break;
        case 'r':
            fake_read(c, GPA, 4, &data);
            break;
        case 'w': /* write value */
            fake_write(c, GPA, 4, value);
            break;
        case 'h': /* half of it */
            fake_write(c, GPA, 2, value & 0xffff);
            break;
        case 'e': /* elsewhere */
            fake_write(c, GPA + 4, 4, value);
            break;
        case 't':
            fake_translate(c, GPA & ~0xfffu, WHvTranslateGvaFlagValidateWrite, &result, &data);
            break;
        case 'm': /* RAM */
            fake_write(c, 0x2000, 1, value);
            break;
        case 's': /* RIP and a register */
            fake_set_two(c, WHvX64RegisterRip, c->vp->Rip + 2, reg, value);
            break;
        case 'i': /* RIP alone, by so many bytes */
            fake_set(c, WHvX64RegisterRip, c->vp->Rip + value);
            break;
        case 'd':
            set_segment(c);
            break;
        case 'p': /* an event alone */
            fake_set(c, WHvRegisterPendingEvent, value);
            break;
        case 'x':
            c->status = 2;
            break;
        default:
            break;
        }
    }
    return S_OK;
}

#define EXPECT(regs, calls)                                                                        \
    "'memory': [{ 'gpa': '0x2000', 'size': 4 }], 'expect': { 'regs': { 'rip': '+2'" regs           \
    " }, 'calls': [" calls "] }"
#define STRICT(calls)                                                                              \
    "'match': 'strict', 'expect': { 'regs': { 'rip': '+2' }, 'calls': [" calls "] }"
#define INIT     "'init': { 'rcx': '0x1122334455667788' }, "
#define FLAGS    ", 'rflags': { 'value': '0x803', 'undef': ['af'] }"
#define READ     "{ 'mem': 'read', 'gpa': '0xfee000b0', 'data': '01 02 03 04' }"
#define WRITE    "{ 'mem': 'write', 'gpa': '0xfee000b0', 'data': '78 56 34 12' }"
#define GET      "{ 'get': ['rax'] }"
#define SET      "{ 'set': { 'rip': '+2', 'rcx': '0x5' } }"
#define PF(code) (1u | 1u << 8 | 14u << 16 | (uint64_t)(code) << 32)

static const struct {
    const char *json;
    const char *script;
    WHV_REGISTER_NAME reg;
    uint64_t value;
    const char *cause;
} rows[] = {
    /* registers */
    {INIT EXPECT(", 'rcx': '0x5'", ""), "s", WHvX64RegisterRcx, 6, "rcx is 0x6 instead of 0x5"},
    {INIT EXPECT(", 'rcx': '0x5'", ""), "s", WHvX64RegisterRcx, 0x1122334400000005,
     "rcx keeps its upper half: 0x1122334400000005 instead of 0x5"},
    {INIT EXPECT(", 'rcx': '0x1122334455667705'", ""), "s", WHvX64RegisterRcx, 5,
     "rcx loses its upper bits: 0x5 instead of 0x1122334455667705"},
    {INIT EXPECT(", 'rcx': '0x105'", ""), "s", WHvX64RegisterRcx, 5, "rcx is 0x5 instead of 0x105"},
    {INIT EXPECT(", 'rcx': '0x5'", ""), "s", WHvX64RegisterRcx, 0x1122334455667788,
     "rcx stays 0x1122334455667788 instead of 0x5"},
    {EXPECT("", ""), "s", WHvX64RegisterRdx, 7, "rdx changes from 0x0 to 0x7, it should stay"},
    {EXPECT(", 'rcx': { 'either': ['0x5', '0x6'] }", ""), "s", WHvX64RegisterRcx, 7,
     "rcx is 0x7 instead of 0x5 or 0x6"},
    {EXPECT(", 'rcx': '0x5'", ""), "s", WHvX64RegisterRdx, 5,
     "rcx stays 0x0 instead of 0x5; rdx changes from 0x0 to 0x5, it should stay"},
    {EXPECT(", 'ds': { 'sel': '0x10', 'base': '0x100', 'limit': '0xffff', 'attr': '0x0' }", ""),
     "d", WHvX64RegisterRcx, 0x200, "ds.base is 0x200 instead of 0x100"},
    /* flags */
    {EXPECT(FLAGS, ""), "s", WHvX64RegisterRflags, 0x3, "rflags lacks OF"},
    {EXPECT(FLAGS, ""), "s", WHvX64RegisterRflags, 0x843, "rflags has ZF"},
    {EXPECT(FLAGS, ""), "s", WHvX64RegisterRflags, 0x93, "rflags has SF and lacks OF"},
    {EXPECT("", ""), "s", WHvX64RegisterRflags, 0x3, "rflags has CF, it should stay as it was"},
    {EXPECT(", 'rflags': '0x2'", ""), "s", WHvX64RegisterRflags, 0, "rflags lacks 0x2"},
    /* rip */
    {EXPECT("", ""), "i", WHvX64RegisterRcx, 0, "rip is not advanced: 0x1000 instead of 0x1002"},
    {EXPECT("", ""), "i", WHvX64RegisterRcx, 3, "rip is advanced by 3 bytes instead of 2"},
    {EXPECT("", ""), "i", WHvX64RegisterRcx, 1, "rip is advanced by 1 byte instead of 2"},
    {EXPECT("", ""), "i", WHvX64RegisterRcx, 0x1000, "rip is 0x2000 instead of 0x1002"},
    {"'expect': { 'status': ['success'] }", "i", WHvX64RegisterRcx, 2,
     "rip is advanced by 2, it should stay"},
    /* memory */
    {EXPECT("", ""), "ms", WHvX64RegisterRcx, 0, NULL},
    {EXPECT("", ""), "msi", WHvX64RegisterRcx, 0, "callback 3: a second Set in one call"},
    {"'memory': [{ 'gpa': '0x2000', 'data': '01' }], 'expect': { 'regs': { 'rip': '+2', "
     "'rcx': '0x9' } }",
     "ms", WHvX64RegisterRcx, 9, "memory 0x2000 changes to 09 from 01"},
    {"'memory': [{ 'gpa': '0x2000', 'data': '01' }], 'expect': { 'regs': { 'rip': '+2', "
     "'rcx': 'any' }, 'memory': [{ 'gpa': '0x2000', 'data': '07' }] }",
     "ms", WHvX64RegisterRcx, 9, "memory 0x2000 is 09 instead of 07"},
    /* callbacks of the expected kind */
    {EXPECT(", 'rcx': 'any'", WRITE), "ws", WHvX64RegisterRcx, 0x12345679,
     "call 1 of 1: memory write 0xfee000b0: data 79 56 34 12 instead of 78 56 34 12"},
    {EXPECT(", 'rcx': 'any'", WRITE), "ws", WHvX64RegisterRcx, 0x78563412,
     "call 1 of 1: memory write 0xfee000b0: data 12 34 56 78 instead of 78 56 34 12 (in reverse "
     "order)"},
    {EXPECT(", 'rcx': 'any'", READ "," WRITE), "rws", WHvX64RegisterRcx, 0x04030201,
     "call 2 of 2: memory write 0xfee000b0: data 01 02 03 04 instead of 78 56 34 12 (what was "
     "read is written back)"},
    {EXPECT(", 'rcx': 'any'", WRITE), "hs", WHvX64RegisterRcx, 0x12345678,
     "call 1 of 1: memory write 0xfee000b0: size 2 instead of 4"},
    {EXPECT(", 'rcx': 'any'", WRITE), "es", WHvX64RegisterRcx, 0x12345678,
     "call 1 of 1: memory write: address 0xfee000b4 instead of 0xfee000b0"},
    {STRICT(GET "," SET), "gs", WHvX64RegisterRcx, 5,
     "call 1 of 2: get registers: rcx is not expected, rax is missing; rcx changes from 0x0 to "
     "0x5, it should stay"},
    {"'match': 'strict', 'expect': { 'regs': { 'rip': '+2', 'rcx': '0x5' }, 'calls': [" SET "] }",
     "s", WHvX64RegisterRcx, 6, "call 1 of 1: set registers: rcx is 0x6 instead of 0x5"},
    /* callbacks of another kind */
    {EXPECT(", 'rcx': 'any'", WRITE), "rws", WHvX64RegisterRcx, 0x12345678,
     "call 1 of 1: unexpected memory read 0xfee000b0, 4 bytes before memory write 0xfee000b0, 4 "
     "bytes: 78 56 34 12"},
    {STRICT(WRITE "," SET), "tws", WHvX64RegisterRcx, 0x12345678,
     "call 1 of 2: unexpected translate 0xfee00000 for write before memory write 0xfee000b0, 4 "
     "bytes: 78 56 34 12; rcx changes from 0x0 to 0x12345678, it should stay"},
    {EXPECT(", 'rcx': 'any'", READ "," WRITE), "wrs", WHvX64RegisterRcx, 0x12345678,
     "call 1 of 2: memory write 0xfee000b0, 4 bytes: 78 56 34 12 before memory read 0xfee000b0, "
     "4 bytes: 01 02 03 04"},
    {EXPECT(", 'rcx': 'any'", READ "," WRITE), "rrws", WHvX64RegisterRcx, 0x12345678,
     "call 2 of 2: repeated memory read 0xfee000b0, 4 bytes before memory write 0xfee000b0, 4 "
     "bytes: 78 56 34 12"},
    {EXPECT(", 'rcx': 'any'", READ "," WRITE), "ws", WHvX64RegisterRcx, 0x12345678,
     "call 1 of 2: memory write 0xfee000b0, 4 bytes: 78 56 34 12 instead of memory read "
     "0xfee000b0, 4 bytes: 01 02 03 04"},
    {EXPECT(", 'rcx': 'any'", WRITE), "s", WHvX64RegisterRcx, 0,
     "call 1 of 1: missing memory write 0xfee000b0, 4 bytes: 78 56 34 12"},
    {EXPECT(", 'rcx': 'any'", WRITE), "wws", WHvX64RegisterRcx, 0x12345678,
     "call 2: repeated memory write 0xfee000b0, 4 bytes: 78 56 34 12, after the last expected "
     "call"},
    {EXPECT(", 'rcx': 'any'", ""), "ws", WHvX64RegisterRcx, 0x12345678,
     "call 1: unexpected memory write 0xfee000b0, 4 bytes: 78 56 34 12, after the last expected "
     "call"},
    {"'expect': { 'regs': { 'rip': '+2' } }", "rs", WHvX64RegisterRcx, 0,
     "nothing in the case answers memory read 0xfee000b0, 4 bytes"},
    {"'expect': { 'fault': { 'vector': 'pf', 'code': '0x15' } }", "r", WHvX64RegisterRcx, 0,
     "nothing in the case answers memory read 0xfee000b0, 4 bytes; #PF code 0x15 [I U P] is "
     "expected"},
    /* outcomes explain what was or was not called */
    {EXPECT("", WRITE), "x", WHvX64RegisterRcx, 0,
     "status is internal-failure instead of success; call 1 of 1: missing memory write "
     "0xfee000b0, 4 bytes: 78 56 34 12"},
    {EXPECT("", WRITE), "p", WHvX64RegisterRcx, PF(2),
     "#PF code 0x2 [W] address 0x0 is injected, no fault is expected; call 1 of 1: missing memory "
     "write 0xfee000b0, 4 bytes: 78 56 34 12"},
    {"'expect': { 'fault': { 'vector': 'pf', 'code': '0x6' } }", "p", WHvX64RegisterRcx, PF(2),
     "fault is #PF code 0x2 [W] address 0x0 instead of #PF code 0x6 [U W]"},
    {"'expect': { 'fault': { 'vector': 'gp', 'code': '0x0' }, 'others': 'any' }", "p",
     WHvX64RegisterRcx, 0, "no fault instead of #GP code 0x0"},
    {"'expect': { 'regs': { 'rip': '+2' }, 'trap': true }", "i", WHvX64RegisterRcx, 2,
     "no single-step trap is pending"},
    /* entries that served for nothing */
    {"'pages': [{ 'gva': '0xfee00000', 'result': 'page-not-present' }], " NO_FAULT, "ws",
     WHvX64RegisterRcx, 0,
     "no fault instead of #PF; pages[0] was never asked for: the exit's own translation served"},
    {"'pages': [{ 'gva': '0x7000', 'result': 'page-not-present' }], " NO_FAULT, "s",
     WHvX64RegisterRcx, 0,
     "no fault instead of #PF; pages[0] was never asked for: no address from 0x7000 to 0x7fff was "
     "translated"},
    {"'pages': [{ 'gva': '0xfee00000', 'result': 'page-not-present' }], " NO_FAULT, "ts",
     WHvX64RegisterRcx, 0, "no fault instead of #PF"},
    {"'pages': [{ 'gva': '0xfee00000' }], " NO_FAULT, "s", WHvX64RegisterRcx, 0,
     "no fault instead of #PF"},
    {"'deliberate': 'So.', 'pages': [{ 'gva': '0x7000', 'result': 'intercept' }], " NO_FAULT, "s",
     WHvX64RegisterRcx, 0, "no fault instead of #PF"},
    /* a case that is not finished, whatever the emulator does */
    {"'todo': ['Say what is written.'], " EXPECT(", 'rcx': 'any'", ""), "s", WHvX64RegisterRcx, 0,
     "is unfinished and cannot pass: Say what is written."},
    {"'todo': ['Say that.', 'And this.', 'So.'], " EXPECT("", ""), "ws", WHvX64RegisterRcx, 5,
     "is unfinished and cannot pass: Say that. (and 2 more in \"todo\")"},
    {"'todo': [], " EXPECT(", 'rcx': 'any'", ""), "s", WHvX64RegisterRcx, 0, NULL},
};

static struct fake_run run_row(size_t i)
{
    script = rows[i].script;
    reg = rows[i].reg;
    value = rows[i].value;
    return fake_run(play, WHT_MATCH_STRICT, rows[i].json);
}

Test(cause, the_first_line_says_what_is_wrong)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wht_text cause = {.text = NULL};
        struct wht_text key = {.text = NULL};
        struct fake_run run = run_row(i);
        if (!rows[i].cause) {
            cr_expect_eq(run.result.kind, WHT_CASE_PASSED, "row %zu", i);
        } else {
            wht_report_cause(&cause, &key, run.c, &run.result);
            cr_expect_str_eq(wht_text_get(&cause), rows[i].cause, "row %zu, %s:\n%s\n%s", i, script,
                             wht_text_get(&cause), rows[i].cause);
            cr_expect_gt(key.size, 0, "row %zu", i);
        }
        wht_text_free(&cause);
        wht_text_free(&key);
        fake_close(&run);
    }
}

static void key_of(const char *code, const char *letters, WHV_REGISTER_NAME name, uint64_t to,
                   struct wht_text *key)
{
    char json[640];
    struct wht_text cause = {.text = NULL};
    script = letters;
    reg = name;
    value = to;
    snprintf(json, sizeof(json),
             "{ 'format': 'whv-trace/1.0', 'id': 'a', 'code': '%s', 'init': { 'rcx': "
             "'0x1122334455667788' }, 'match': 'effects', 'exit': { 'kind': 'mmio', 'access': "
             "'read', 'gpa': "
             "'0xfee000b0' }, 'expect': { 'regs': { 'rip': '+2', 'rcx': '0x5', 'rdx': 'any' } } }",
             code);
    struct fake_run run = fake_run_whole(play, WHT_MATCH_STRICT, json);
    wht_text_clear(key);
    wht_report_cause(&cause, key, run.c, &run.result);
    wht_text_free(&cause);
    fake_close(&run);
}

/* Wrong results are the instruction's own; a wrong way to them is not. */
Test(cause, failures_that_look_alike_have_one_key)
{
    struct wht_text a = {.text = NULL};
    struct wht_text b = {.text = NULL};
    key_of("8b 03", "s", WHvX64RegisterRcx, 6, &a);
    key_of("8b 03", "s", WHvX64RegisterRcx, 7, &b);
    cr_expect_str_eq(wht_text_get(&a), wht_text_get(&b), "other values");
    key_of("03 03", "s", WHvX64RegisterRcx, 6, &b);
    cr_expect_str_neq(wht_text_get(&a), wht_text_get(&b), "another instruction");
    key_of("8b 03", "s", WHvX64RegisterRcx, 0x1122334400000005, &a);
    key_of("03 03", "s", WHvX64RegisterRcx, 0x1122334400000005, &b);
    cr_expect_str_eq(wht_text_get(&a), wht_text_get(&b), "how registers are written");
    wht_text_free(&a);
    wht_text_free(&b);
}
