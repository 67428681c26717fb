/* SPDX-License-Identifier: MIT */
#include "cause.h"

#include <inttypes.h>
#include <string.h>

#include "describe.h"
#include "finding.h"
#include "unasked.h"
#include "words/names.h"

/* Longer causes are cut: batches can name more than a hundred registers. */
#define CAUSE_MAX 240u

#define STATUS_SUCCESSFUL 1u

static void add_number(struct wht_finding *f, const struct wht_divergence *d)
{
    if (d->number == 0)
        return;
    wht_text_addf(&f->text, "call %u", d->number);
    if (d->total >= d->number)
        wht_text_addf(&f->text, " of %" PRIu64, d->total);
    wht_text_add(&f->text, ": ");
}

static void find_rule(struct wht_finding *f, const struct wht_divergence *d)
{
    char name[WHT_NAME_MAX];
    if (d->number > 0)
        wht_text_addf(&f->text, "callback %u: ", d->number);
    wht_text_add(&f->text, wht_rule_text(d->rule));
    if (d->rule == WHT_RULE_NAMED_TWICE)
        wht_text_addf(&f->text, ": %s", wht_reg_name(d->reg, name));
    wht_text_addf(&f->key, "/rule-%d", (int)d->rule);
}

/* Another kind of callback than the expected one: is that left out, late, or replaced? */
static void find_other_kind(struct wht_finding *f, const struct wht_divergence *d)
{
    bool is_repeated = d->nearest_is_equal && d->nearest_number < d->number;
    bool is_early = d->nearest_is_equal && d->nearest_number > d->number;
    if (d->comes_later && !is_early)
        wht_text_add(&f->text, is_repeated ? "repeated " : "unexpected ");
    wht_describe_event(&f->text, &d->actual);
    wht_text_add(&f->text, d->comes_later ? " before " : " instead of ");
    wht_describe_expected(&f->text, &d->expected);
    wht_text_addf(&f->key, "/other-%d-%d-%d", (int)d->actual.kind, (int)d->expected.call->kind,
                  d->comes_later);
}

static void find_extra(struct wht_finding *f, const struct wht_divergence *d)
{
    wht_text_add(&f->text, d->nearest_is_equal ? "repeated " : "unexpected ");
    wht_describe_event(&f->text, &d->actual);
    wht_text_add(&f->text, ", after the last expected call");
    wht_text_addf(&f->key, "/extra-%d", (int)d->actual.kind);
}

static void find_divergence(struct wht_finding *f, const struct wht_case *c,
                            const struct wht_result *r)
{
    const struct wht_divergence *d = &r->divergence;
    char name[WHT_NAME_MAX];
    if (d->kind == WHT_DIVERGES_RULE) {
        find_rule(f, d);
        return;
    }
    add_number(f, d);
    switch (d->kind) {
    case WHT_DIVERGES_CALL:
        if (d->differing & WHT_FIELD_KIND)
            find_other_kind(f, d);
        else
            wht_finding_call(f, c, r);
        break;
    case WHT_DIVERGES_EXTRA:
        find_extra(f, d);
        break;
    case WHT_DIVERGES_MISSING:
        wht_text_add(&f->text, "missing ");
        wht_describe_expected(&f->text, &d->expected);
        wht_text_addf(&f->key, "/missing-%d", (int)d->expected.call->kind);
        break;
    case WHT_DIVERGES_UNANSWERED:
        wht_text_add(&f->text, "nothing in the case answers ");
        wht_describe_event(&f->text, &d->actual);
        wht_text_add(&f->key, "/unanswered");
        break;
    default:
        wht_text_addf(&f->text, "get registers: %s was not captured", wht_reg_name(d->reg, name));
        wht_text_addf(&f->key, "/not-captured-%s", name);
        break;
    }
}

static void find_status(struct wht_finding *f, const struct wht_case *c, const struct wht_result *r)
{
    char want[WHT_NAME_MAX];
    char got[WHT_NAME_MAX];
    if (r->differing & WHT_FINAL_HR) {
        wht_text_addf(&f->text, "result is %s instead of %s", wht_hresult_format(r->hr, got),
                      wht_hresult_format(c->expect.hr, want));
        wht_text_addf(&f->key, "/hr-%x-%x", (unsigned)r->hr, (unsigned)c->expect.hr);
        return;
    }
    wht_text_addf(&f->text, "status is %s instead of %s", wht_status_format(r->status, got),
                  wht_status_format(c->expect.status, want));
    if (r->reason[0])
        wht_text_addf(&f->text, ": %s", r->reason);
    wht_text_addf(&f->key, "/status-%x-%x/%s", r->status, c->expect.status, r->reason);
}

static void find_fault(struct wht_finding *f, const struct wht_case *c, const struct wht_result *r)
{
    const WHV_X64_PENDING_EXCEPTION_EVENT *event = &r->pending_event.ExceptionEvent;
    if (event->EventPending) {
        wht_text_add(&f->text, "fault is ");
        wht_describe_event_register(&f->text, &r->pending_event);
        wht_text_add(&f->text, " instead of ");
    } else {
        wht_text_add(&f->text, "no fault instead of ");
    }
    wht_describe_fault(&f->text, &c->expect.fault);
    wht_text_addf(&f->key, "/fault-%u-%u-%u", (unsigned)event->EventPending,
                  (unsigned)event->Vector, c->expect.fault.vector);
}

static const struct wht_reg_diff *unexpected_fault(const struct wht_result *r)
{
    for (size_t i = 0; i < r->reg_count; i++)
        if (r->regs[i].name == WHvRegisterPendingEvent && r->regs[i].has_actual &&
            r->regs[i].actual.ExceptionEvent.EventPending)
            return &r->regs[i];
    return NULL;
}

/* The n-th register that differs; RIP comes last: often it is only where the others lead. */
static const struct wht_reg_diff *register_at(const struct wht_result *r, size_t n)
{
    const struct wht_reg_diff *rip = NULL;
    for (size_t i = 0; i < r->reg_count; i++) {
        if (r->regs[i].name == WHvX64RegisterRip)
            rip = &r->regs[i];
        else if (n-- == 0)
            return &r->regs[i];
    }
    return n == 0 ? rip : NULL;
}

/* What is wrong at the end of the call, without the callbacks: the n-th thing. */
static void find_end(struct wht_finding *f, const struct wht_result *r, size_t n)
{
    const struct wht_reg_diff *reg = register_at(r, n);
    bool is_last = reg && reg->name == WHvX64RegisterRip;
    if (reg && !is_last) {
        wht_finding_register(f, reg);
    } else if (n == 0 && (r->differing & WHT_FINAL_TRAP)) {
        wht_text_add(&f->text, "no single-step trap is pending");
        wht_text_add(&f->key, "/trap");
    } else if (r->memory_count > 0) {
        wht_finding_memory(f, &r->memory[0]);
    } else if (reg) {
        wht_finding_register(f, reg);
    }
}

/* A call that gave up, or faulted, made other callbacks for that reason. */
static bool find_outcome(struct wht_finding *f, const struct wht_case *c,
                         const struct wht_result *r)
{
    const struct wht_reg_diff *fault = unexpected_fault(r);
    if (r->differing & (WHT_FINAL_HR | WHT_FINAL_STATUS))
        find_status(f, c, r);
    else if (r->differing & WHT_FINAL_FAULT)
        find_fault(f, c, r);
    else if (fault)
        wht_finding_register(f, fault);
    else
        return false;
    return true;
}

/* Of a call that was ended, what it should have come to. */
static void find_expectation(struct wht_finding *f, const struct wht_case *c)
{
    char name[WHT_NAME_MAX];
    if (c->expect.has_fault) {
        wht_describe_fault(&f->text, &c->expect.fault);
        wht_text_add(&f->text, " is expected");
    } else if (c->expect.hr != S_OK) {
        wht_text_addf(&f->text, "%s is expected", wht_hresult_format(c->expect.hr, name));
    } else if (c->expect.status != STATUS_SUCCESSFUL) {
        wht_text_addf(&f->text, "status %s is expected", wht_status_format(c->expect.status, name));
    }
}

static void find(struct wht_finding *first, struct wht_finding *second, const struct wht_case *c,
                 const struct wht_result *r)
{
    bool diverges = r->divergence.kind != WHT_DIVERGES_NOT;
    /* What a failing callback leads to says nothing. */
    bool has_end = !r->was_ended;
    if (diverges && (r->divergence.kind == WHT_DIVERGES_RULE || !has_end)) {
        find_divergence(first, c, r);
        if (has_end)
            find_outcome(second, c, r);
        else if (r->divergence.kind != WHT_DIVERGES_RULE)
            find_expectation(second, c);
    } else if (find_outcome(first, c, r)) {
        if (diverges)
            find_divergence(second, c, r);
    } else if (diverges) {
        find_divergence(first, c, r);
        find_end(second, r, 0);
    } else {
        find_end(first, r, 0);
        find_end(second, r, 1);
    }
}

/* What is left to say matters more than what the emulator did with the rest. */
static void find_todo(struct wht_text *cause, struct wht_text *key, const struct wht_case *c)
{
    wht_text_addf(cause, "is unfinished and cannot pass: %s", c->todo.items[0]);
    if (c->todo.count > 1)
        wht_text_addf(cause, " (and %zu more in \"todo\")", c->todo.count - 1);
    wht_text_add(key, "unfinished"); /* told once where the same is left to say */
    for (size_t i = 0; i < c->todo.count; i++)
        wht_text_addf(key, "/%s", c->todo.items[i]);
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
        return "two equal calls do different things: something undefined is used, or kept";
    case WHT_FRESH_PASSES:
        return "fails after other cases, passes on a fresh handle: ";
    case WHT_SAME:
        break;
    }
    return "";
}

static void cut(struct wht_text *cause)
{
    if (cause->size <= CAUSE_MAX)
        return;
    cause->size = CAUSE_MAX;
    wht_text_add(cause, "...");
}

void wht_report_cause(struct wht_text *cause, struct wht_text *key, const struct wht_case *c,
                      const struct wht_case_result *result)
{
    struct wht_finding first = {.is_of_the_instruction = false};
    struct wht_finding second = {.is_of_the_instruction = false};
    char mnemonic[64];
    if (!result->result) {
        wht_text_add(cause, result->reason ? result->reason : "not run");
        wht_text_add(key, wht_text_get(cause));
        return;
    }
    if (c->todo.count > 0) {
        find_todo(cause, key, c);
        cut(cause);
        return;
    }
    wht_text_add(cause, repetition_text(result->repetition));
    if (result->repetition != WHT_BOTH_PASS_DIFFERENTLY)
        find(&first, &second, c, result->result);
    if (wht_unasked_hide_fault(c, result->result)) {
        wht_text_clear(&second.text); /* what came instead of the fault says less */
        wht_describe_unasked(&second.text, c, &result->result->unasked[0]);
    }
    wht_text_add(cause, wht_text_get(&first.text));
    /* A Set and the registers after it say the same. */
    if (second.text.size > 0 && !strstr(wht_text_get(&first.text), wht_text_get(&second.text)))
        wht_text_addf(cause, "; %s", wht_text_get(&second.text));
    cut(cause);
    wht_mnemonic(c, mnemonic, sizeof(mnemonic));
    /* What lingers of other cases shows in any way, whatever the instruction is. */
    bool is_fresh = result->repetition == WHT_FRESH_PASSES;
    wht_text_addf(key, "%d%s", (int)result->repetition, is_fresh ? "" : wht_text_get(&first.key));
    if (first.is_of_the_instruction && !is_fresh)
        wht_text_addf(key, "/%s", mnemonic);
    wht_finding_free(&first);
    wht_finding_free(&second);
}
