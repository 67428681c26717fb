/* SPDX-License-Identifier: MIT */
/* The one line that names why a case failed, and the key by which failures are grouped. */
#include <inttypes.h>
#include <stdio.h>

#include "describe.h"
#include "failure.h"
#include "trace/names.h"

static const struct {
    unsigned field;
    const char *name;
} fields[] = {
    {WHT_FIELD_ADDRESS, "address"},    {WHT_FIELD_SIZE, "size"},
    {WHT_FIELD_DATA, "data"},          {WHT_FIELD_FLAGS, "flags"},
    {WHT_FIELD_NAMES, "register set"}, {WHT_FIELD_VALUES, "register values"},
};

/* "a", "a and b", "a, b and c" */
static void join(struct wht_text *text, const char *word, unsigned index, unsigned count)
{
    if (index > 0)
        wht_text_add(text, index + 1 == count ? " and " : ", ");
    wht_text_add(text, word);
}

static void add_fields(struct wht_text *text, unsigned differing)
{
    unsigned count = 0;
    unsigned index = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        count += (differing & fields[i].field) != 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (differing & fields[i].field)
            join(text, fields[i].name, index++, count);
    wht_text_add(text, count == 1 ? " differs" : " differ");
}

static void add_number(struct wht_text *text, const struct wht_divergence *d)
{
    if (d->number == 0)
        return;
    wht_text_addf(text, "call %u", d->number);
    if (d->total >= d->number)
        wht_text_addf(text, " of %" PRIu64, d->total);
    wht_text_add(text, ": ");
}

static void add_rule(struct wht_text *text, const struct wht_divergence *d)
{
    char name[WHT_NAME_MAX];
    if (d->number > 0)
        wht_text_addf(text, "callback %u: ", d->number);
    wht_text_add(text, wht_rule_text(d->rule));
    if (d->rule == WHT_RULE_NAMED_TWICE)
        wht_text_addf(text, ": %s", wht_reg_name(d->reg, name));
}

static void add_divergence(struct wht_text *text, const struct wht_divergence *d)
{
    char name[WHT_NAME_MAX];
    if (d->kind == WHT_DIVERGES_RULE) {
        add_rule(text, d);
        return;
    }
    if (d->kind == WHT_DIVERGES_EXTRA) {
        wht_text_addf(text, "call %u: ", d->number);
        wht_describe_event(text, &d->actual);
        wht_text_add(text, ", but no further call is expected");
        return;
    }
    add_number(text, d);
    switch (d->kind) {
    case WHT_DIVERGES_CALL:
        if (d->differing & WHT_FIELD_KIND)
            wht_text_addf(text, "%s instead of %s", wht_call_kind_name(d->actual.kind),
                          wht_call_kind_name(d->expected.call->kind));
        else
            add_fields(text, d->differing);
        break;
    case WHT_DIVERGES_MISSING:
        wht_text_addf(text, "%s is missing", wht_call_kind_name(d->expected.call->kind));
        break;
    case WHT_DIVERGES_UNANSWERED:
        wht_text_add(text, "nothing in the case answers ");
        wht_describe_event(text, &d->actual);
        break;
    default:
        wht_text_addf(text, "%s was not captured", wht_reg_name(d->reg, name));
        break;
    }
}

static void add_register_names(struct wht_text *text, const struct wht_result *r)
{
    char name[WHT_NAME_MAX];
    wht_text_add(text, r->reg_count == 1 ? "register " : "registers ");
    for (size_t i = 0; i < r->reg_count && i < 6; i++)
        wht_text_addf(text, "%s%s", i > 0 ? ", " : "", wht_reg_name(r->regs[i].name, name));
    wht_text_add(text, r->reg_count > 6 ? ", ..." : "");
    wht_text_add(text, r->reg_count == 1 ? " differs" : " differ");
}

static void add_final(struct wht_text *text, const struct wht_case *c, const struct wht_result *r)
{
    char want[WHT_NAME_MAX];
    char got[WHT_NAME_MAX];
    if (r->differing & WHT_FINAL_HR) {
        wht_text_addf(text, "result is %s instead of %s", wht_hresult_format(r->hr, got),
                      wht_hresult_format(c->expect.hr, want));
    } else if (r->differing & WHT_FINAL_STATUS) {
        wht_text_addf(text, "status is %s instead of %s", wht_status_format(r->status, got),
                      wht_status_format(c->expect.status, want));
    } else if (r->differing & WHT_FINAL_FAULT) {
        wht_text_add(text, "fault is ");
        wht_describe_event_register(text, &r->pending_event);
        wht_text_add(text, " instead of ");
        wht_describe_fault(text, &c->expect.fault);
    } else if (r->differing & WHT_FINAL_TRAP) {
        wht_text_add(text, "no single-step trap is pending");
    } else if (r->reg_count > 0) {
        add_register_names(text, r);
    } else if (r->memory_count > 0) {
        wht_text_addf(text, "memory differs at 0x%" PRIx64, r->memory[0].gpa);
    }
}

static const char *repetition_text(enum wht_repetition repetition)
{
    switch (repetition) {
    case WHT_ONLY_COLD_FAILS:
        return "only the first of two calls on one handle fails: ";
    case WHT_ONLY_WARM_FAILS:
        return "only the second of two calls on one handle fails: ";
    case WHT_BOTH_DIFFER:
        return "two calls on one handle fail differently: ";
    case WHT_BOTH_PASS_DIFFERENTLY:
        return "two calls on one handle give different results";
    case WHT_SAME:
        break;
    }
    return "";
}

void wht_report_cause(struct wht_text *text, const struct wht_case *c,
                      const struct wht_case_result *result)
{
    if (!result->result) {
        wht_text_add(text, result->reason ? result->reason : "not run");
        return;
    }
    wht_text_add(text, repetition_text(result->repetition));
    if (result->result->divergence.kind != WHT_DIVERGES_NOT)
        add_divergence(text, &result->result->divergence);
    else
        add_final(text, c, result->result);
}

void wht_report_key(struct wht_text *text, const struct wht_case *c,
                    const struct wht_case_result *result)
{
    char mnemonic[64];
    wht_mnemonic(c, mnemonic, sizeof(mnemonic));
    wht_text_addf(text, "%s/%d/%d", mnemonic, (int)result->level, (int)result->repetition);
    const struct wht_result *r = result->result;
    if (!r)
        return;
    const struct wht_divergence *d = &r->divergence;
    wht_text_addf(text, "/%d/%d/%u/%x", (int)d->kind, (int)d->rule, d->number, d->differing);
    if (d->has_actual)
        wht_text_addf(text, "/a%d", (int)d->actual.kind);
    if (d->expected.call)
        wht_text_addf(text, "/e%d", (int)d->expected.call->kind);
    if (d->kind != WHT_DIVERGES_NOT)
        return;
    wht_text_addf(text, "/%x/%x/%x", r->differing, (unsigned)r->hr, (unsigned)r->status);
    for (size_t i = 0; i < r->reg_count && (r->differing & 3) == 0; i++)
        wht_text_addf(text, "/%x", (unsigned)r->regs[i].name);
}
