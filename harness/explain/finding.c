/* SPDX-License-Identifier: MIT */
/*
 * Two texts grow side by side: the clause, with values, which a person reads, and the key, without
 * them, by which failures are grouped. Whatever distinguishes one fault from another belongs into
 * the key, and nothing that differs from case to case of one fault.
 *
 * A clause says what happened rather than what is there: RIP in terms of how far it went, RFLAGS in
 * flags that are there or lack, a register that kept its upper half or was never written. These are
 * tried from the most telling to the plain "is X instead of Y", which always fits. The value before
 * the call decides between them; where it was not captured the plain one is left.
 */
#include "finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "session/match.h"
#include "words/names.h"

/* As long as an instruction can be. */
#define LENGTH_MAX 15u

void wht_finding_free(struct wht_finding *finding)
{
    wht_text_free(&finding->text);
    wht_text_free(&finding->key);
}

static const char *bytes_word(uint64_t count)
{
    return count == 1 ? "byte" : "bytes";
}

/* RIP: how far it went says more than where it is. */
static bool add_rip(struct wht_finding *f, uint64_t initial, uint64_t expected, uint64_t actual)
{
    uint64_t should = expected - initial;
    uint64_t does = actual - initial;
    if (does == 0) {
        wht_text_addf(&f->text, "rip is not advanced: 0x%" PRIx64 " instead of 0x%" PRIx64, actual,
                      expected);
        wht_text_add(&f->key, "/rip-stays");
        return true;
    }
    if (should == 0) {
        wht_text_addf(&f->text, "rip is advanced by %" PRIu64 ", it should stay", does);
        wht_text_add(&f->key, "/rip-goes");
        return does <= LENGTH_MAX;
    }
    if (should > LENGTH_MAX || does > LENGTH_MAX)
        return false;
    wht_text_addf(&f->text, "rip is advanced by %" PRIu64 " %s instead of %" PRIu64, does,
                  bytes_word(does), should);
    wht_text_add(&f->key, "/rip-length");
    return true;
}

static void add_flag_names(struct wht_text *text, const char *verb, uint64_t bits)
{
    char buf[WHT_NAME_MAX];
    const char *flags = strchr(wht_rflags_format(bits, buf), '[');
    if (bits == 0)
        return;
    if (flags[1] == ']')
        wht_text_addf(text, "%s 0x%" PRIx64, verb, bits);
    else
        wht_text_addf(text, "%s %.*s", verb, (int)strlen(flags) - 2, flags + 1);
}

static void add_rflags(struct wht_finding *f, uint64_t expected, uint64_t actual, uint64_t compared)
{
    uint64_t has = actual & ~expected & compared;
    uint64_t lacks = expected & ~actual & compared;
    wht_text_add(&f->text, "rflags ");
    add_flag_names(&f->text, "has", has);
    wht_text_add(&f->text, has && lacks ? " and " : "");
    add_flag_names(&f->text, "lacks", lacks);
    wht_text_addf(&f->key, "/rflags/%" PRIx64, has | lacks);
    f->is_of_the_instruction = true;
}

/* A narrow result in a wide register goes wrong in ways of its own. Returns what to say. */
static const char *width_fault(uint64_t initial, uint64_t expected, uint64_t actual)
{
    static const uint64_t masks[] = {0xff, 0xffff, UINT32_MAX};
    bool fits = expected <= UINT32_MAX && initial > UINT32_MAX;
    if (fits && (uint32_t)actual == expected && actual >> 32 == initial >> 32)
        return "keeps its upper half";
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
        if (actual == (expected & masks[i]) && actual != expected &&
            (expected & ~masks[i]) == (initial & ~masks[i]))
            return "loses its upper bits";
    return NULL;
}

static void add_plain(struct wht_finding *f, const struct wht_reg_diff *diff, const char *name)
{
    wht_text_addf(&f->text, "%s is ", name);
    wht_describe_value(&f->text, diff->name, &diff->actual);
    wht_text_add(&f->text, " instead of ");
    wht_describe_want(&f->text, diff->want);
    f->is_of_the_instruction = true;
}

static void add_u64(struct wht_finding *f, const struct wht_reg_diff *diff, const char *name)
{
    uint64_t compared = wht_compared_bits(diff->want);
    uint64_t expected = diff->want->values[0].Reg64;
    uint64_t actual = diff->actual.Reg64;
    uint64_t initial = diff->initial ? diff->initial->Reg64 : ~actual;
    if (diff->name == WHvX64RegisterRflags) {
        add_rflags(f, expected, actual, compared);
        return;
    }
    if (diff->name == WHvX64RegisterRip && diff->initial && add_rip(f, initial, expected, actual))
        return;
    const char *width = compared == UINT64_MAX ? width_fault(initial, expected, actual) : NULL;
    if (actual == initial) {
        wht_text_addf(&f->text, "%s stays 0x%" PRIx64 " instead of 0x%" PRIx64, name, actual,
                      expected);
        wht_text_addf(&f->key, "/stays");
    } else if (width) {
        wht_text_addf(&f->text, "%s %s: 0x%" PRIx64 " instead of 0x%" PRIx64, name, width, actual,
                      expected);
        wht_text_addf(&f->key, "/%s", width);
    } else {
        add_plain(f, diff, name);
    }
}

static void add_change(struct wht_finding *f, const struct wht_reg_diff *diff, const char *name)
{
    f->is_of_the_instruction = true;
    wht_text_add(&f->key, "/changes");
    if (!diff->initial) {
        wht_text_addf(&f->text, "%s is written, but was not captured", name);
        return;
    }
    if (diff->name == WHvX64RegisterRip &&
        add_rip(f, diff->initial->Reg64, diff->initial->Reg64, diff->actual.Reg64))
        return;
    if (diff->name == WHvX64RegisterRflags) {
        add_rflags(f, diff->initial->Reg64, diff->actual.Reg64, UINT64_MAX);
        wht_text_add(&f->text, ", it should stay as it was");
        return;
    }
    wht_text_addf(&f->text, "%s changes from ", name);
    wht_describe_value(&f->text, diff->name, diff->initial);
    wht_text_add(&f->text, " to ");
    wht_describe_value(&f->text, diff->name, &diff->actual);
    wht_text_add(&f->text, ", it should stay");
}

/* The part of a segment or table register that differs, as far as it is one part. */
static void add_part(struct wht_finding *f, const char *name, const char *part, uint64_t expected,
                     uint64_t actual)
{
    wht_text_addf(&f->text, "%s.%s is 0x%" PRIx64 " instead of 0x%" PRIx64, name, part, actual,
                  expected);
    wht_text_addf(&f->key, "/%s", part);
}

static void add_segment(struct wht_finding *f, const struct wht_reg_diff *diff, const char *name)
{
    const WHV_X64_SEGMENT_REGISTER *e = &diff->want->values[0].Segment;
    const WHV_X64_SEGMENT_REGISTER *a = &diff->actual.Segment;
    if (e->Selector != a->Selector)
        add_part(f, name, "sel", e->Selector, a->Selector);
    else if (e->Base != a->Base)
        add_part(f, name, "base", e->Base, a->Base);
    else if (e->Limit != a->Limit)
        add_part(f, name, "limit", e->Limit, a->Limit);
    else
        add_part(f, name, "attr", e->Attributes, a->Attributes);
}

static void add_table(struct wht_finding *f, const struct wht_reg_diff *diff, const char *name)
{
    const WHV_X64_TABLE_REGISTER *e = &diff->want->values[0].Table;
    const WHV_X64_TABLE_REGISTER *a = &diff->actual.Table;
    if (e->Base != a->Base)
        add_part(f, name, "base", e->Base, a->Base);
    else
        add_part(f, name, "limit", e->Limit, a->Limit);
}

static bool is_general(WHV_REGISTER_NAME name)
{
    return name >= WHvX64RegisterRax && name <= WHvX64RegisterR15;
}

void wht_finding_register(struct wht_finding *f, const struct wht_reg_diff *diff)
{
    char name[WHT_NAME_MAX];
    wht_reg_name(diff->name, name);
    wht_text_addf(&f->key, "/reg-%s", is_general(diff->name) ? "general" : name);
    if (!diff->has_actual) {
        wht_text_addf(&f->text, "%s is not written, and was not captured", name);
        wht_text_add(&f->key, "/unknown");
    } else if (diff->name == WHvRegisterPendingEvent && diff->actual.ExceptionEvent.EventPending) {
        wht_describe_event_register(&f->text, &diff->actual);
        wht_text_add(&f->text, " is injected, no fault is expected");
        wht_text_addf(&f->key, "/%u", (unsigned)diff->actual.ExceptionEvent.Vector);
    } else if (!diff->want) {
        add_change(f, diff, name);
    } else if (diff->want->count != 1) {
        add_plain(f, diff, name);
    } else if (wht_reg_kind(diff->name) == WHT_REG_U64) {
        add_u64(f, diff, name);
    } else if (wht_reg_kind(diff->name) == WHT_REG_SEGMENT) {
        add_segment(f, diff, name);
    } else if (wht_reg_kind(diff->name) == WHT_REG_TABLE) {
        add_table(f, diff, name);
    } else {
        add_plain(f, diff, name);
    }
}

void wht_finding_memory(struct wht_finding *f, const struct wht_memory_diff *diff)
{
    wht_text_addf(&f->text, "memory 0x%" PRIx64, diff->gpa);
    f->is_of_the_instruction = true;
    if (!diff->is_ram) {
        wht_text_add(&f->text, " is expected, but no RAM is there");
        wht_text_add(&f->key, "/no-ram");
        return;
    }
    wht_text_add(&f->text, diff->listed ? " is " : " changes to ");
    wht_describe_bytes(&f->text, diff->actual, NULL, diff->size);
    wht_text_add(&f->text, diff->listed ? " instead of " : " from ");
    wht_describe_bytes(&f->text, diff->expected, NULL, diff->size);
    wht_text_add(&f->key, diff->listed ? "/memory" : "/memory-changes");
}

/* Adds "label ACTUAL instead of EXPECTED" after what is there. */
static void add_field(struct wht_finding *f, bool *is_first, const char *label, const char *actual,
                      const char *expected)
{
    wht_text_addf(&f->text, "%s%s %s instead of %s", *is_first ? ": " : ", ", label, actual,
                  expected);
    *is_first = false;
}

static bool is_reversed(const struct wht_bytes *expected, const uint8_t *data)
{
    bool is_palindrome = true;
    for (size_t i = 0; i < expected->size; i++) {
        if (expected->data[expected->size - 1 - i] != data[i])
            return false;
        is_palindrome &= expected->data[i] == data[i];
    }
    return expected->size > 1 && !is_palindrome;
}

/* Whether the callback just before read these very bytes from there: nothing was done to them. */
static bool was_just_read(const struct wht_result *r)
{
    const struct wht_event *event = &r->divergence.actual;
    if (r->matched_count == 0)
        return false;
    const struct wht_expected_call *before = &r->matched[r->matched_count % WHT_MATCHED_MAX];
    return before->call->kind == WHT_CALL_MEM_READ &&
           wht_expected_address(before) == event->address && before->call->size == event->size &&
           before->call->has_data && memcmp(before->call->data.data, event->data, event->size) == 0;
}

static void add_data(struct wht_finding *f, bool *is_first, const struct wht_result *r)
{
    const struct wht_divergence *d = &r->divergence;
    const struct wht_bytes *expected = &d->expected.call->data;
    struct wht_text want = {.text = NULL};
    struct wht_text got = {.text = NULL};
    size_t size = d->actual.size < 8 ? d->actual.size : 8;
    if (wht_call_is_io(d->actual.kind)) {
        wht_describe_port_value(&want, expected->data, expected->size);
        wht_describe_port_value(&got, d->actual.data, size < 4 ? size : 4);
    } else {
        wht_describe_bytes(&want, expected->data, expected->mask, expected->size);
        wht_describe_bytes(&got, d->actual.data, NULL, size);
    }
    add_field(f, is_first, "data", wht_text_get(&got), wht_text_get(&want));
    bool is_alone = d->differing == WHT_FIELD_DATA && !wht_call_is_io(d->actual.kind);
    if (is_alone && is_reversed(expected, d->actual.data))
        wht_text_add(&f->text, " (in reverse order)");
    else if (is_alone && was_just_read(r))
        wht_text_add(&f->text, " (what was read is written back)");
    wht_text_free(&want);
    wht_text_free(&got);
    f->is_of_the_instruction = true;
}

static void add_access(struct wht_finding *f, const struct wht_result *r)
{
    const struct wht_divergence *d = &r->divergence;
    char got[WHT_NAME_MAX];
    char want[WHT_NAME_MAX];
    bool is_first = true;
    if (!(d->differing & WHT_FIELD_ADDRESS))
        wht_text_addf(&f->text, " 0x%" PRIx64, d->actual.address);
    if (d->differing & WHT_FIELD_ADDRESS) {
        snprintf(got, sizeof(got), "0x%" PRIx64, d->actual.address);
        snprintf(want, sizeof(want), "0x%" PRIx64, wht_expected_address(&d->expected));
        add_field(f, &is_first, "address", got, want);
    }
    if (d->differing & WHT_FIELD_SIZE) {
        snprintf(got, sizeof(got), "%" PRIu32, d->actual.size);
        snprintf(want, sizeof(want), "%" PRIu32, d->expected.call->size);
        add_field(f, &is_first, "size", got, want);
    }
    if (d->differing & WHT_FIELD_DATA)
        add_data(f, &is_first, r);
    if (d->differing & WHT_FIELD_FLAGS)
        add_field(f, &is_first, "flags", wht_translate_flags_format(d->actual.flags, got),
                  wht_translate_flags_format(d->expected.call->flags, want));
}

static bool is_named(const struct wht_event *event, WHV_REGISTER_NAME name)
{
    uint32_t i = 0;
    while (i < event->count && event->names[i] != name)
        i++;
    return i < event->count;
}

/* "rbx is not expected, rcx and rdx are missing" */
static void add_names(struct wht_finding *f, const struct wht_divergence *d)
{
    const struct wht_call *call = d->expected.call;
    char name[WHT_NAME_MAX];
    const char *separator = ": ";
    for (uint32_t i = 0; i < d->actual.count; i++) {
        if (wht_want_reg_of(call->regs, call->reg_count, d->actual.names[i]))
            continue;
        wht_text_addf(&f->text, "%s%s is not expected", separator,
                      wht_reg_name(d->actual.names[i], name));
        wht_text_addf(&f->key, "/+%s", is_general(d->actual.names[i]) ? "general" : name);
        separator = ", ";
    }
    for (size_t i = 0; i < call->reg_count; i++) {
        if (is_named(&d->actual, call->regs[i].name))
            continue;
        wht_text_addf(&f->text, "%s%s is missing", separator,
                      wht_reg_name(call->regs[i].name, name));
        wht_text_addf(&f->key, "/-%s", is_general(call->regs[i].name) ? "general" : name);
        separator = ", ";
    }
}

/* The first register whose value is refused. */
static void add_value(struct wht_finding *f, const struct wht_case *c,
                      const struct wht_divergence *d)
{
    for (uint32_t i = 0; i < d->actual.count; i++) {
        const struct wht_want_reg *want = wht_want_reg_of(
            d->expected.call->regs, d->expected.call->reg_count, d->actual.names[i]);
        if (!want || !d->actual.values || wht_want_accepts(want, &d->actual.values[i]))
            continue;
        struct wht_reg_diff diff = {.name = want->name,
                                    .want = want,
                                    .initial = wht_init_reg(&c->init, want->name),
                                    .has_actual = true,
                                    .actual = d->actual.values[i]};
        wht_text_add(&f->text, ": ");
        wht_finding_register(f, &diff);
        return;
    }
}

void wht_finding_call(struct wht_finding *f, const struct wht_case *c, const struct wht_result *r)
{
    const struct wht_divergence *d = &r->divergence;
    wht_text_add(&f->text, wht_call_kind_name(d->actual.kind));
    wht_text_addf(&f->key, "/call-%d-%x", (int)d->actual.kind, d->differing);
    if (d->differing & WHT_FIELD_NAMES)
        add_names(f, d);
    else if (d->differing & WHT_FIELD_VALUES)
        add_value(f, c, d);
    else
        add_access(f, r);
}
