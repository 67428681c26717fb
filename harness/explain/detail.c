/* SPDX-License-Identifier: MIT */
#include "detail.h"

#include <inttypes.h>

#include "base/escape.h"
#include "describe.h"
#include "words/names.h"

/* An object or list that is being written: its members are separated by commas. */
struct writer {
    struct wht_text *text;
    struct wht_text word; /* a value that is being put together */
    bool needs_comma;
};

static void add_name(struct writer *w, const char *name)
{
    wht_text_addf(w->text, "%s\"%s\": ", w->needs_comma ? ", " : "", name);
    w->needs_comma = true;
}

static void add_string(struct writer *w, const char *name, const char *value)
{
    add_name(w, name);
    wht_escape_json(w->text, value);
}

static void add_number(struct writer *w, const char *name, uint64_t value)
{
    add_name(w, name);
    wht_text_addf(w->text, "%" PRIu64, value);
}

/* Adds the word that was put together, and empties it. */
static void add_word(struct writer *w, const char *name)
{
    add_string(w, name, wht_text_get(&w->word));
    wht_text_clear(&w->word);
}

static void open(struct writer *w, const char *name, char bracket)
{
    if (name)
        add_name(w, name);
    else if (w->needs_comma)
        wht_text_add(w->text, ", ");
    wht_text_addf(w->text, "%c ", bracket);
    w->needs_comma = false;
}

static void close(struct writer *w, char bracket)
{
    wht_text_addf(w->text, " %c", bracket);
    w->needs_comma = true;
}

static void add_pair(struct writer *w, const char *name, const char *expected, const char *actual)
{
    open(w, name, '{');
    add_string(w, "expected", expected);
    add_string(w, "actual", actual);
    close(w, '}');
}

static void add_fields(struct writer *w, unsigned differing)
{
    static const struct {
        unsigned field;
        const char *name;
    } fields[] = {
        {WHT_FIELD_KIND, "kind"},     {WHT_FIELD_ADDRESS, "address"}, {WHT_FIELD_SIZE, "size"},
        {WHT_FIELD_DATA, "data"},     {WHT_FIELD_FLAGS, "flags"},     {WHT_FIELD_NAMES, "names"},
        {WHT_FIELD_VALUES, "values"},
    };
    open(w, "differing", '[');
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!(differing & fields[i].field))
            continue;
        wht_text_addf(w->text, "%s\"%s\"", w->needs_comma ? ", " : "", fields[i].name);
        w->needs_comma = true;
    }
    close(w, ']');
}

static void add_divergence(struct writer *w, const struct wht_divergence *d)
{
    static const char *const kinds[] = {[WHT_DIVERGES_RULE] = "rule",
                                        [WHT_DIVERGES_CALL] = "call",
                                        [WHT_DIVERGES_EXTRA] = "extra",
                                        [WHT_DIVERGES_MISSING] = "missing",
                                        [WHT_DIVERGES_UNANSWERED] = "unanswered",
                                        [WHT_DIVERGES_NOT_CAPTURED] = "not-captured"};
    if (d->kind == WHT_DIVERGES_NOT)
        return;
    open(w, "divergence", '{');
    add_string(w, "kind", kinds[d->kind]);
    if (d->kind == WHT_DIVERGES_RULE)
        add_string(w, "rule", wht_rule_text(d->rule));
    if (d->number > 0)
        add_number(w, "call", d->number);
    if (d->total >= d->number && d->total > 0)
        add_number(w, "of", d->total);
    if (d->expected.call) {
        wht_describe_expected(&w->word, &d->expected);
        add_word(w, "expected");
        add_number(w, "expected_line", d->expected.call->pos.line);
    }
    if (d->has_actual) {
        wht_describe_event(&w->word, &d->actual);
        add_word(w, "actual");
    }
    if (d->nearest.call) {
        wht_describe_expected(&w->word, &d->nearest);
        add_word(w, "nearest");
        add_number(w, "nearest_call", d->nearest_number);
    }
    if (d->kind == WHT_DIVERGES_CALL)
        add_fields(w, d->differing);
    close(w, '}');
}

static void add_end(struct writer *w, const struct wht_case *c, const struct wht_result *r)
{
    struct wht_text fault = {.text = NULL};
    char want[WHT_NAME_MAX];
    char got[WHT_NAME_MAX];
    if (r->differing & WHT_FINAL_HR)
        add_pair(w, "hr", wht_hresult_format(c->expect.hr, want), wht_hresult_format(r->hr, got));
    if (r->differing & WHT_FINAL_STATUS)
        add_pair(w, "status", wht_status_format(c->expect.status, want),
                 wht_status_format(r->status, got));
    if (r->reason[0])
        add_string(w, "reason", r->reason);
    if (r->differing & WHT_FINAL_FAULT) {
        wht_describe_fault(&fault, &c->expect.fault);
        wht_describe_event_register(&w->word, &r->pending_event);
        add_pair(w, "fault", wht_text_get(&fault), wht_text_get(&w->word));
        wht_text_clear(&w->word);
    }
    if (r->differing & WHT_FINAL_TRAP)
        add_pair(w, "trap", "single-step", "none");
    wht_text_free(&fault);
}

static void add_registers(struct writer *w, const struct wht_result *r)
{
    char name[WHT_NAME_MAX];
    open(w, "registers", '[');
    for (size_t i = 0; i < r->reg_count; i++) {
        const struct wht_reg_diff *diff = &r->regs[i];
        open(w, NULL, '{');
        add_string(w, "name", wht_reg_name(diff->name, name));
        if (diff->want)
            wht_describe_want(&w->word, diff->want);
        else if (diff->initial)
            wht_describe_value(&w->word, diff->name, diff->initial);
        else
            wht_text_add(&w->word, "unchanged");
        add_word(w, "expected");
        if (diff->has_actual) {
            wht_describe_value(&w->word, diff->name, &diff->actual);
            add_word(w, "actual");
        }
        if (diff->initial) {
            wht_describe_value(&w->word, diff->name, diff->initial);
            add_word(w, "before");
        }
        close(w, '}');
    }
    close(w, ']');
}

static void add_memory(struct writer *w, const struct wht_result *r)
{
    open(w, "memory", '[');
    for (size_t i = 0; i < r->memory_count && i < WHT_MEMORY_DIFFS_MAX; i++) {
        const struct wht_memory_diff *diff = &r->memory[i];
        open(w, NULL, '{');
        wht_text_addf(&w->word, "0x%" PRIx64, diff->gpa);
        add_word(w, "gpa");
        wht_describe_bytes(&w->word, diff->expected, NULL, diff->size);
        add_word(w, "expected");
        if (diff->is_ram) {
            wht_describe_bytes(&w->word, diff->actual, NULL, diff->size);
            add_word(w, "actual");
        }
        close(w, '}');
    }
    close(w, ']');
}

void wht_report_detail(struct wht_text *text, const struct wht_case *c,
                       const struct wht_case_result *result)
{
    static const char *const repetitions[] = {[WHT_SAME] = "same",
                                              [WHT_ONLY_COLD_FAILS] = "only-first",
                                              [WHT_ONLY_WARM_FAILS] = "only-second",
                                              [WHT_BOTH_DIFFER] = "differently",
                                              [WHT_BOTH_PASS_DIFFERENTLY] = "pass-differently",
                                              [WHT_FRESH_PASSES] = "fresh-passes"};
    struct writer w = {.text = text};
    if (!result->result)
        return;
    open(&w, NULL, '{');
    add_string(&w, "level", wht_match_name(result->level));
    add_string(&w, "calls_on_one_handle", repetitions[result->repetition]);
    wht_describe_code(&w.word, c);
    add_word(&w, "code");
    wht_describe_inputs(&w.word, c);
    add_word(&w, "before");
    add_divergence(&w, &result->result->divergence);
    if (!result->result->was_ended) {
        add_end(&w, c, result->result);
        add_registers(&w, result->result);
        add_memory(&w, result->result);
    }
    close(&w, '}');
    wht_text_free(&w.word);
}
