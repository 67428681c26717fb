/* SPDX-License-Identifier: MIT */
/* The three match levels: what is compared, groups, injected failures, answers. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fake.h"

/* A fake plays a script: one letter per callback. */
static const char *script;
static unsigned answered; /* bits of reads: data was as the test expects */

#define DEVICE 0xfee000b0u
#define RAM    0x2000u

static void play_access(struct fake_call *c, char letter)
{
    uint64_t data = 0;
    uint32_t value = 0;
    switch (letter) {
    case 'w': /* write DEVICE */
        fake_write(c, DEVICE, 4, 0x12345678);
        break;
    case 'W': /* write DEVICE + 4 */
        fake_write(c, DEVICE + 4, 4, 0x12345678);
        break;
    case 'h': /* half of w */
        fake_write(c, DEVICE, 2, 0x5678);
        break;
    case 'r': /* read DEVICE */
        fake_read(c, DEVICE, 4, &data);
        break;
    case 'b': /* read the second byte of DEVICE */
        fake_read(c, DEVICE + 1, 1, &data);
        break;
    case 'm': /* read RAM */
        fake_read(c, RAM, 4, &data);
        break;
    case 'M': /* write RAM */
        fake_write(c, RAM, 4, 0x04030201);
        break;
    case 'i': /* in */
        fake_in(c, 0x60, 1, &value);
        data = value & 0xff;
        break;
    case 'o': /* out */
        fake_out(c, 0x80, 1, 0xaabbcc42);
        break;
    default:
        break;
    }
    if (data == 0x44332211 || data == 0x22 || data == 0x5a)
        answered++;
}

static HRESULT play(struct fake_call *c)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint64_t gpa;
    uint64_t value;
    answered = 0;
    for (const char *letter = script; *letter; letter++) {
        switch (*letter) {
        case 'a':
            fake_get(c, WHvX64RegisterRax, &value);
            break;
        case 'B':
            fake_get_two(c, WHvX64RegisterRbx, WHvX64RegisterRax);
            break;
        case 't':
            fake_translate(c, 0x3000, WHvTranslateGvaFlagValidateWrite, &result, &gpa);
            break;
        case 's':
            fake_retire(c);
            break;
        case 'f': /* no further callback, the call fails */
            c->status = 8;
            break;
        default:
            play_access(c, *letter);
            break;
        }
    }
    return S_OK;
}

#define CASE(match, calls)                                                                         \
    "'match': '" match "', 'memory': [{ 'gpa': '0x2000', 'data': '01 02 03 04' }, "                \
    "{ 'gpa': '0xfed00000', 'size': 16, 'kind': 'hole' }], 'init': { 'rax': '0x1' }, "             \
    "'expect': { 'regs': { 'rip': '+2' }, 'calls': [" calls "] }"

#define W  "{ 'mem': 'write', 'gpa': '0xfee000b0', 'data': '78 56 34 12' }"
#define W4 "{ 'mem': 'write', 'gpa': '0xfee000b4', 'data': '78 56 34 12' }"
#define R  "{ 'mem': 'read', 'gpa': '0xfee000b0', 'data': '11 22 33 44' }"
#define M  "{ 'mem': 'read', 'gpa': '0x2000', 'data': '01 02 03 04' }"
#define A  "{ 'get': ['rax'] }"
#define AB "{ 'get': ['rax', 'rbx'] }"
#define S  "{ 'set': { 'rip': '+2' } }"

struct row {
    const char *json;
    const char *script;
    /** Of the divergence at the case's own level. */
    enum wht_divergence_kind kind;
    unsigned number;
    unsigned differing;
};

static void check(const struct row *row)
{
    script = row->script;
    struct fake_run run = fake_run(play, WHT_MATCH_STRICT, row->json);
    const struct wht_divergence *d = &run.result.result->divergence;
    cr_assert_eq(d->kind, row->kind, "%s against %s: divergence %d", row->script, row->json,
                 d->kind);
    if (row->kind != WHT_DIVERGES_NOT) {
        cr_assert_eq(d->number, row->number, "%s against %s: call %u", row->script, row->json,
                     d->number);
        cr_assert_eq(d->differing, row->differing, "%s against %s: fields %x", row->script,
                     row->json, d->differing);
    } else {
        cr_assert_eq(run.result.kind, WHT_CASE_PASSED, "%s against %s", row->script, row->json);
    }
    fake_close(&run);
}

static const struct row strict_rows[] = {
    {CASE("strict", A "," W "," S), "aws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", AB "," W "," S), "Bws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", AB "," W "," S), "aws", WHT_DIVERGES_CALL, 1, WHT_FIELD_NAMES},
    {CASE("strict", A "," W "," S), "was", WHT_DIVERGES_CALL, 1, WHT_FIELD_KIND},
    {CASE("strict", A "," W "," S), "aWs", WHT_DIVERGES_CALL, 2, WHT_FIELD_ADDRESS},
    {CASE("strict", A "," W "," S), "ahs", WHT_DIVERGES_CALL, 2, WHT_FIELD_SIZE},
    {CASE("strict", A "," W "," S), "awws", WHT_DIVERGES_CALL, 3, WHT_FIELD_KIND},
    {CASE("strict", A "," W), "aws", WHT_DIVERGES_EXTRA, 3, 0},
    {CASE("strict", A "," M "," W "," S), "amws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", A "," M "," W "," S), "aws", WHT_DIVERGES_CALL, 2, WHT_FIELD_KIND},
    {CASE("strict", A "," W "," S "," A), "aws", WHT_DIVERGES_MISSING, 4, 0},
    {CASE("strict", "{ 'get': [] }," W "," S), "Bws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", "{ 'translate': '0x3000' }," W "," S), "tws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", "{ 'translate': '0x3000', 'flags': ['read'] }," W "," S), "tws",
     WHT_DIVERGES_CALL, 1, WHT_FIELD_FLAGS},
    {CASE("strict", W ", { 'set': { 'rip': '+3' } }"), "ws", WHT_DIVERGES_CALL, 2,
     WHT_FIELD_VALUES},
};

Test(match, strict_compares_every_callback)
{
    for (size_t i = 0; i < sizeof(strict_rows) / sizeof(strict_rows[0]); i++)
        check(&strict_rows[i]);
}

static const struct row device_rows[] = {
    {CASE("device", A "," W "," S), "Bmtws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", M "," W), "ws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", W "," W4), "Wws", WHT_DIVERGES_CALL, 1, WHT_FIELD_ADDRESS},
    {CASE("device", W "," W4), "ws", WHT_DIVERGES_MISSING, 2, 0},
    {CASE("device", ""), "ws", WHT_DIVERGES_EXTRA, 1, 0},
    {CASE("device", ""), "mas", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", R), "rs", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", R), "bs", WHT_DIVERGES_CALL, 1, WHT_FIELD_ADDRESS | WHT_FIELD_SIZE},
    {CASE("device", "{ 'io': 'out', 'port': '0x80', 'size': 1, 'data': '0x42' }"), "os",
     WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", "{ 'io': 'in', 'port': '0x60', 'size': 1, 'data': '0x5a' }"), "os",
     WHT_DIVERGES_CALL, 1, WHT_FIELD_KIND},
};

Test(match, device_compares_accesses_to_devices_and_ports)
{
    for (size_t i = 0; i < sizeof(device_rows) / sizeof(device_rows[0]); i++)
        check(&device_rows[i]);
}

#define ANY(list)      "{ 'any_order': [" list "] }"
#define OPTIONAL(list) "{ 'optional': [" list "] }"
#define TWICE(list)    "{ 'repeat': 2, 'step': 4, 'calls': [" list "] }"

static const struct row group_rows[] = {
    {CASE("strict", ANY(A "," M) "," W "," S), "maws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", ANY(A "," M) "," W "," S), "amws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", ANY(A "," M) "," W "," S), "aws", WHT_DIVERGES_CALL, 2, WHT_FIELD_KIND},
    {CASE("strict", ANY(A "," OPTIONAL(M)) "," W "," S), "aws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", ANY(TWICE(W) "," A) "," S), "awWs", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", ANY(TWICE(W) "," A) "," S), "wWas", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", ANY(TWICE(W) "," A) "," S), "waWs", WHT_DIVERGES_CALL, 2, WHT_FIELD_KIND},
    {CASE("strict", OPTIONAL(A) "," W "," S), "ws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", OPTIONAL(A) "," W "," S), "aws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", OPTIONAL(A "," M) "," W "," S), "aws", WHT_DIVERGES_CALL, 2, WHT_FIELD_KIND},
    {CASE("strict", TWICE(W) "," S), "wWs", WHT_DIVERGES_NOT, 0, 0},
    {CASE("strict", TWICE(W) "," S), "wws", WHT_DIVERGES_CALL, 2, WHT_FIELD_ADDRESS},
    {CASE("strict", TWICE(W) "," S), "ws", WHT_DIVERGES_CALL, 2, WHT_FIELD_KIND},
    {CASE("device", TWICE(A "," W)), "wWs", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", TWICE(OPTIONAL(W))), "ws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", OPTIONAL(ANY(W "," W4))), "s", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", OPTIONAL(ANY(W "," W4))), "Wws", WHT_DIVERGES_NOT, 0, 0},
    {CASE("device", OPTIONAL(ANY(W "," W4))), "Ws", WHT_DIVERGES_MISSING, 2, 0},
};

Test(match, groups_are_matched_greedily)
{
    for (size_t i = 0; i < sizeof(group_rows) / sizeof(group_rows[0]); i++)
        check(&group_rows[i]);
}

Test(match, effects_answers_reads_by_address_in_any_order_and_size)
{
    static const char calls[] =
        CASE("effects", R ", { 'io': 'in', 'port': '0x60', 'size': 1, 'data': '0x5a' }");
    static const char *const scripts[] = {"ris", "irs", "rbis", "rrrs", "bs", "rwos"};
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        script = scripts[i];
        struct fake_run run = fake_run(play, WHT_MATCH_STRICT, calls);
        cr_assert_eq(run.result.kind, WHT_CASE_PASSED, "%s", script);
        cr_assert(answered > 0, "%s", script);
        fake_close(&run);
    }
}

Test(match, a_read_that_nothing_answers_diverges_and_fails)
{
    script = "rs";
    for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_DEVICE; level++) {
        struct fake_run run =
            fake_run(play, (enum wht_match)level, "'expect': { 'regs': { 'rip': '+2' } }");
        const struct wht_result *r = run.result.result;
        cr_assert_eq(r->divergence.kind, WHT_DIVERGES_UNANSWERED);
        cr_assert(r->was_ended);
        fake_close(&run);
    }
}

static HRESULT read_hole(struct fake_call *c)
{
    uint64_t data;
    fake_read(c, 0xfed00000, 4, &data);
    fake_set_two(c, WHvX64RegisterRip, c->vp->Rip + 2, WHvX64RegisterRax, data);
    return S_OK;
}

Test(match, holes_read_as_ones_unless_calls_answer)
{
    static const char head[] = "'memory': [{ 'gpa': '0xfed00000', 'size': 16, 'kind': 'hole' }], ";
    static const char answers[] =
        "'expect': { 'regs': { 'rip': '+2', 'rax': '0x44332211' }, 'calls': [{ 'mem': 'read', "
        "'gpa': '0xfed00000', 'data': '11 22 33 44' }] }";
    static const char *const tails[] = {
        "'expect': { 'regs': { 'rip': '+2', 'rax': '0xffffffff' }, 'calls': [] }",
        "'expect': { 'regs': { 'rip': '+2', 'rax': '0xffffffff' } }",
        answers,
    };
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char json[512];
        snprintf(json, sizeof(json), "%s%s", head, tails[i]);
        struct fake_run run = fake_run(read_hole, WHT_MATCH_STRICT, json);
        cr_assert_eq(run.result.kind, WHT_CASE_PASSED, "%s", tails[i]);
        cr_assert_eq(run.result.passed, run.result.judged, "%s", tails[i]);
        fake_close(&run);
    }
}

static const struct {
    const char *name;
    const char *call;
    const char *script;
} failures[] = {
    {"get", "{ 'get': ['rax'], 'fail': 'E_FAIL' }", "Bf"},
    {"any get", "{ 'get': [], 'fail': 'S_FALSE' }", "af"},
    {"set", "{ 'set': { 'rip': 'any' }, 'fail': 'E_FAIL' }", "sf"},
    {"translate", "{ 'translate': '0x3000', 'fail': 'E_FAIL' }", "tf"},
    {"write", "{ 'mem': 'write', 'gpa': '0xfee000b0', 'size': 4, 'fail': 'E_FAIL' }", "wf"},
    {"RAM read", "{ 'mem': 'read', 'gpa': '0x2000', 'size': 4, 'fail': 'E_FAIL' }", "mf"},
    {"in", "{ 'io': 'in', 'port': '0x60', 'size': 1, 'fail': 'E_FAIL' }", "if"},
};

/* After the failure the fake makes another callback, which must be the divergence: so the failure
 * was injected. */
Test(match, failures_are_injected_at_every_level)
{
    char json[1024];
    char further[16];
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        for (int level = WHT_MATCH_EFFECTS; level <= WHT_MATCH_STRICT; level++) {
            bool names_any = strstr(failures[i].call, "['rax']") != NULL;
            const char *call = names_any && level == WHT_MATCH_STRICT
                                   ? "{ 'get': ['rax', 'rbx'], 'fail': 'E_FAIL' }"
                                   : failures[i].call;
            snprintf(json, sizeof(json),
                     "'match': 'strict', 'memory': [{ 'gpa': '0x2000', 'size': 16 }], "
                     "'expect': { 'status': ['mem-failed'], 'calls': [%s] }",
                     call);
            script = failures[i].script;
            struct fake_run run = fake_run(play, (enum wht_match)level, json);
            cr_assert_eq(run.result.kind, WHT_CASE_PASSED, "%s, level %d", failures[i].name, level);
            fake_close(&run);
            snprintf(further, sizeof(further), "%.1saf", failures[i].script);
            script = further;
            run = fake_run(play, (enum wht_match)level, json);
            const struct wht_divergence *d = &run.result.result->divergence;
            cr_assert_eq(d->kind, WHT_DIVERGES_RULE, "%s, level %d", failures[i].name, level);
            cr_assert_eq(d->rule, WHT_RULE_AFTER_FAILURE, "%s, level %d", failures[i].name, level);
            fake_close(&run);
        }
}

Test(match, the_nearest_element_is_found)
{
    script = "Wws";
    struct fake_run run = fake_run(play, WHT_MATCH_STRICT, CASE("device", W "," W4));
    const struct wht_divergence *d = &run.result.result->divergence;
    cr_assert_eq(d->expected.call->address, 0xfee000b0);
    cr_assert_eq(d->nearest.call->address, 0xfee000b4);
    cr_assert_eq(d->total, 2);
    fake_close(&run);
}

static const struct {
    const char *script;
    uint64_t nearest_number;
    bool nearest_is_equal;
    bool comes_later;
    unsigned matched;
} places[] = {
    {"aWws", 3, true, true, 1},    /* too early: the two are out of order */
    {"aWs", 3, true, false, 1},    /* the one before it was left out */
    {"awaWs", 1, true, true, 2},   /* the first one again */
    {"awtWs", 0, false, true, 2},  /* something of its own in between */
    {"awhWs", 2, false, true, 2},  /* nearly the one before */
    {"awWts", 0, false, true, 3},  /* before the last */
    {"awWrs", 0, false, false, 3}, /* a read that nothing answers ends the call */
};

Test(match, a_divergence_knows_its_place_in_the_sequence)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        script = places[i].script;
        struct fake_run run =
            fake_run(play, WHT_MATCH_STRICT, CASE("strict", A "," W "," W4 "," S));
        const struct wht_result *r = run.result.result;
        cr_expect_eq(r->divergence.nearest_number, places[i].nearest_number, "%s: %d", script,
                     (int)r->divergence.nearest_number);
        cr_expect_eq(r->divergence.nearest_is_equal, places[i].nearest_is_equal, "%s", script);
        cr_expect_eq(r->divergence.comes_later, places[i].comes_later, "%s", script);
        cr_expect_eq(r->matched_count, places[i].matched, "%s: %u", script, r->matched_count);
        fake_close(&run);
    }
}

/* The guest's memory answers after a divergence, too, so that its end can be shown. */
Test(match, memory_answers_after_a_divergence)
{
    script = "aBms";
    struct fake_run run =
        fake_run(play, WHT_MATCH_STRICT,
                 "'match': 'strict', 'memory': [{ 'gpa': '0x2000', 'data': '11 22 33 44' }], "
                 "'expect': { 'regs': { 'rip': '+2' }, 'calls': [" A ", " S "] }");
    cr_expect_eq(run.result.result->was_ended, false);
    cr_expect_eq(answered, 1);
    fake_close(&run);
}

Test(match, a_weaker_level_never_judges_more_strictly)
{
    script = "Bws";
    struct fake_run run = fake_run(play, WHT_MATCH_STRICT, CASE("strict", A "," W "," S));
    cr_assert_eq(run.result.kind, WHT_CASE_FAILED);
    cr_assert_eq(run.result.judged, 7);
    cr_assert_eq(run.result.passed, 3);
    fake_close(&run);
    run = fake_run(play, WHT_MATCH_DEVICE, CASE("strict", A "," W "," S));
    cr_assert_eq(run.result.kind, WHT_CASE_PASSED);
    cr_assert_eq(run.result.level, WHT_MATCH_DEVICE);
    fake_close(&run);
    run = fake_run(play, WHT_MATCH_STRICT, CASE("device", A "," W "," S));
    cr_assert_eq(run.result.level, WHT_MATCH_DEVICE);
    fake_close(&run);
}

/* How many callbacks were answered before one failed. */
static unsigned granted;

static HRESULT write_for_ever(struct fake_call *c)
{
    granted = 0;
    while (fake_write(c, 0xfee000b0 + 4 * (granted % 100), 4, 0) == S_OK)
        granted++;
    return S_OK;
}

Test(match, after_a_divergence_a_bounded_number_of_callbacks_is_answered)
{
    static const char two[] = CASE("device", W ", " W);
    struct fake_run run = fake_run(write_for_ever, WHT_MATCH_DEVICE, two);
    const struct wht_result *r = run.result.result;
    cr_expect_eq(run.result.kind, WHT_CASE_FAILED);
    cr_expect_eq(r->divergence.kind, WHT_DIVERGES_CALL);
    cr_expect_eq(r->cut_after, 1000 + 4 * 2);
    cr_expect(r->was_ended);
    cr_expect_eq(r->callbacks,
                 1 + 1000 + 4 * 2 + 1); /* the first, those after it, the failed one */
    fake_close(&run);
}

static uint64_t read_back[3];

static HRESULT read_three_times(struct fake_call *c)
{
    for (unsigned i = 0; i < 3; i++)
        fake_read(c, 0xfee000b0, 4, &read_back[i]);
    fake_retire(c);
    return S_OK;
}

Test(match, without_order_each_element_answers_once_and_the_last_one_again)
{
    struct fake_run run =
        fake_run(read_three_times, WHT_MATCH_EFFECTS,
                 "'expect': { 'regs': { 'rip': '+2' }, 'calls': ["
                 "{ 'mem': 'read', 'gpa': '0xfee000b0', 'data': '01 00 00 00' }, "
                 "{ 'mem': 'read', 'gpa': '0xfee000b2', 'data': '22 22' }, "
                 "{ 'mem': 'read', 'gpa': '0xfee000b0', 'data': '03 00 33 33' }] }");
    cr_expect_eq(run.result.kind, WHT_CASE_PASSED);
    cr_expect_eq((uint32_t)read_back[0], 0x00000001);
    cr_expect_eq((uint32_t)read_back[1], 0x22220003);
    cr_expect_eq((uint32_t)read_back[2], 0x33330003);
    fake_close(&run);
}
