/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "describe.h"
#include "replay/match.h"
#include "trace/flags.h"
#include "trace/names.h"

/* The two cells of a row that is being put together. */
struct cells {
    struct wht_text expected;
    struct wht_text actual;
};

static void add_row(struct wht_text *text, bool colours, bool differs, const char *label,
                    struct cells *cells)
{
    wht_columns_row(text, colours, differs, label, wht_text_get(&cells->expected),
                    wht_text_get(&cells->actual));
    wht_text_clear(&cells->expected);
    wht_text_clear(&cells->actual);
}

static void free_cells(struct cells *cells)
{
    wht_text_free(&cells->expected);
    wht_text_free(&cells->actual);
}

static bool is_io(enum wht_call_kind kind)
{
    return kind == WHT_CALL_IO_IN || kind == WHT_CALL_IO_OUT;
}

static bool is_batch(enum wht_call_kind kind)
{
    return kind == WHT_CALL_GET || kind == WHT_CALL_SET;
}

static const char *address_label(enum wht_call_kind kind)
{
    return is_io(kind) ? "port" : kind == WHT_CALL_TRANSLATE ? "gva" : "gpa";
}

static void fill_expected(struct wht_text *text, const struct wht_expected_call *expected,
                          unsigned field)
{
    const struct wht_call *call = expected->call;
    char name[WHT_NAME_MAX];
    if (field == WHT_FIELD_ADDRESS)
        wht_text_addf(text, "0x%" PRIx64, wht_expected_address(expected));
    else if (field == WHT_FIELD_SIZE)
        wht_text_addf(text, "%" PRIu32, call->size);
    else if (field == WHT_FIELD_FLAGS)
        wht_text_add(text, call->has_flags ? wht_translate_flags_format(call->flags, name) : "any");
    else if (!call->has_data)
        wht_text_add(text, "any");
    else if (is_io(call->kind))
        wht_describe_port_value(text, call->data.data, call->data.size);
    else
        wht_describe_bytes(text, call->data.data, call->data.mask, call->data.size);
}

static void fill_actual(struct wht_text *text, const struct wht_event *event, unsigned field)
{
    char name[WHT_NAME_MAX];
    bool sends = event->kind == WHT_CALL_MEM_WRITE || event->kind == WHT_CALL_IO_OUT;
    if (field == WHT_FIELD_ADDRESS)
        wht_text_addf(text, "0x%" PRIx64, event->address);
    else if (field == WHT_FIELD_SIZE)
        wht_text_addf(text, "%" PRIu32, event->size);
    else if (field == WHT_FIELD_FLAGS)
        wht_text_add(text, wht_translate_flags_format(event->flags, name));
    else if (!sends)
        wht_text_add(text, "-");
    else if (is_io(event->kind))
        wht_describe_port_value(text, event->data, event->size < 4 ? event->size : 4);
    else
        wht_describe_bytes(text, event->data, NULL, event->size < 8 ? event->size : 8);
}

static bool has_field(enum wht_call_kind kind, unsigned field)
{
    if (is_batch(kind))
        return false;
    if (kind == WHT_CALL_TRANSLATE)
        return field == WHT_FIELD_ADDRESS || field == WHT_FIELD_FLAGS;
    return field != WHT_FIELD_FLAGS;
}

static void add_field(struct wht_text *text, bool colours, const struct wht_divergence *d,
                      unsigned field, const char *label)
{
    struct cells cells = {.expected = {.text = NULL}};
    if (d->expected.call && has_field(d->expected.call->kind, field))
        fill_expected(&cells.expected, &d->expected, field);
    if (d->has_actual && has_field(d->actual.kind, field))
        fill_actual(&cells.actual, &d->actual, field);
    if (cells.expected.size > 0 || cells.actual.size > 0)
        add_row(text, colours, (d->differing & field) != 0, label, &cells);
    free_cells(&cells);
}

static const struct wht_want_reg *find_want(const struct wht_call *call, WHV_REGISTER_NAME name)
{
    for (size_t i = 0; call && i < call->reg_count; i++)
        if (call->regs[i].name == name)
            return &call->regs[i];
    return NULL;
}

/* One row per register of a batch: those that were named, then those that are missing. */
static void add_batch(struct wht_text *text, bool colours, const struct wht_divergence *d)
{
    const struct wht_call *call =
        d->expected.call && is_batch(d->expected.call->kind) ? d->expected.call : NULL;
    const struct wht_event *event = d->has_actual && is_batch(d->actual.kind) ? &d->actual : NULL;
    struct cells cells = {.expected = {.text = NULL}};
    char name[WHT_NAME_MAX];
    for (uint32_t i = 0; event && i < event->count; i++) {
        const struct wht_want_reg *want = find_want(call, event->names[i]);
        wht_text_add(&cells.expected, want ? "" : "-");
        if (want && want->count > 0)
            wht_describe_want(&cells.expected, want);
        else if (want)
            wht_text_add(&cells.expected, "named");
        if (event->values)
            wht_describe_value(&cells.actual, event->names[i], &event->values[i]);
        else
            wht_text_add(&cells.actual, "named");
        bool refused = want && event->values && !wht_want_accepts(want, &event->values[i]);
        add_row(text, colours, refused || (call && call->reg_count > 0 && !want),
                wht_reg_name(event->names[i], name), &cells);
    }
    for (size_t i = 0; call && i < call->reg_count; i++) {
        uint32_t j = 0;
        while (event && j < event->count && event->names[j] != call->regs[i].name)
            j++;
        if (event && j < event->count)
            continue;
        wht_text_add(&cells.expected, "named");
        wht_text_add(&cells.actual, "-");
        add_row(text, colours, event != NULL, wht_reg_name(call->regs[i].name, name), &cells);
    }
    free_cells(&cells);
}

static void add_divergence(struct wht_text *text, bool colours, const struct wht_divergence *d)
{
    char title[48] = "callback";
    if (d->number > 0)
        snprintf(title, sizeof(title), d->kind == WHT_DIVERGES_RULE ? "callback %u" : "call %u",
                 d->number);
    if (d->kind == WHT_DIVERGES_NOT || (!d->has_actual && !d->expected.call))
        return;
    wht_columns_heading(text, title);
    wht_columns_row(text, colours,
                    d->differing & WHT_FIELD_KIND || !d->has_actual || !d->expected.call,
                    "callback", d->expected.call ? wht_call_kind_name(d->expected.call->kind) : "-",
                    d->has_actual ? wht_call_kind_name(d->actual.kind) : "-");
    enum wht_call_kind kind = d->has_actual ? d->actual.kind : d->expected.call->kind;
    add_field(text, colours, d, WHT_FIELD_ADDRESS, address_label(kind));
    add_field(text, colours, d, WHT_FIELD_SIZE, "size");
    add_field(text, colours, d, WHT_FIELD_DATA, "data");
    add_field(text, colours, d, WHT_FIELD_FLAGS, "flags");
    add_batch(text, colours, d);
    struct wht_text line = {.text = NULL};
    if (d->expected.call) {
        wht_text_addf(&line, "in line %u", (unsigned)d->expected.call->pos.line);
        wht_text_addf(&line, "%s%s", d->expected.call->note ? ": " : "",
                      d->expected.call->note ? d->expected.call->note : "");
        wht_columns_words(text, "expected", wht_text_get(&line));
        wht_text_clear(&line);
    }
    if (d->nearest.call) {
        wht_text_addf(&line, "in line %u: ", (unsigned)d->nearest.call->pos.line);
        wht_describe_expected(&line, &d->nearest);
        wht_columns_words(text, "nearest", wht_text_get(&line));
    }
    wht_text_free(&line);
}

static void describe_flag_changes(struct wht_text *text, uint64_t differing)
{
    /* The formatter knows the letters: "0x5 [PF CF]". */
    char buf[WHT_NAME_MAX];
    const char *flags = strchr(wht_rflags_format(differing, buf), '[');
    if (flags)
        wht_text_addf(text, " differs in %s", flags);
}

static void add_registers(struct wht_text *text, bool colours, const struct wht_result *r)
{
    struct cells cells = {.expected = {.text = NULL}};
    char name[WHT_NAME_MAX];
    if (r->reg_count > 0)
        wht_columns_heading(text, "registers");
    for (size_t i = 0; i < r->reg_count; i++) {
        const struct wht_reg_diff *diff = &r->regs[i];
        const WHV_REGISTER_VALUE *single = NULL;
        if (diff->want) {
            wht_describe_want(&cells.expected, diff->want);
            single = diff->want->count == 1 ? &diff->want->values[0] : NULL;
        } else if (diff->initial) {
            wht_describe_value(&cells.expected, diff->name, diff->initial);
            wht_text_add(&cells.expected, " (as before)");
            single = diff->initial;
        } else {
            wht_text_add(&cells.expected, "(as before; not captured)");
        }
        if (diff->has_actual)
            wht_describe_value(&cells.actual, diff->name, &diff->actual);
        else
            wht_text_add(&cells.actual, "(not captured, not written)");
        if (diff->name == WHvX64RegisterRflags && single && diff->has_actual)
            describe_flag_changes(&cells.actual,
                                  (single->Reg64 ^ diff->actual.Reg64) &
                                      (diff->want ? diff->want->mask.Low64 : UINT64_MAX));
        add_row(text, colours, true, wht_reg_name(diff->name, name), &cells);
    }
    free_cells(&cells);
}

static void add_memory(struct wht_text *text, bool colours, const struct wht_result *r)
{
    struct cells cells = {.expected = {.text = NULL}};
    char label[32];
    if (r->memory_count > 0)
        wht_columns_heading(text, "memory");
    for (size_t i = 0; i < r->memory_count && i < WHT_MEMORY_DIFFS_MAX; i++) {
        const struct wht_memory_diff *diff = &r->memory[i];
        wht_describe_bytes(&cells.expected, diff->expected, NULL, diff->size);
        if (!diff->listed)
            wht_text_add(&cells.expected, " (as before)");
        if (diff->is_ram)
            wht_describe_bytes(&cells.actual, diff->actual, NULL, diff->size);
        else
            wht_text_add(&cells.actual, "(no RAM here)");
        snprintf(label, sizeof(label), "0x%" PRIx64, diff->gpa);
        add_row(text, colours, true, label, &cells);
    }
    if (r->memory_count > WHT_MEMORY_DIFFS_MAX)
        wht_text_addf(text, "    and %zu more places\n", r->memory_count - WHT_MEMORY_DIFFS_MAX);
    free_cells(&cells);
}

static void add_end(struct wht_text *text, bool colours, const struct wht_case *c,
                    const struct wht_result *r)
{
    char want[WHT_NAME_MAX];
    char got[WHT_NAME_MAX];
    struct cells cells = {.expected = {.text = NULL}};
    if (r->differing)
        wht_columns_heading(text, "result");
    if (r->differing & WHT_FINAL_HR)
        wht_columns_row(text, colours, true, "hr", wht_hresult_format(c->expect.hr, want),
                        wht_hresult_format(r->hr, got));
    if (r->differing & WHT_FINAL_STATUS)
        wht_columns_row(text, colours, true, "status", wht_status_format(c->expect.status, want),
                        wht_status_format(r->status, got));
    if (r->differing & WHT_FINAL_FAULT) {
        wht_describe_fault(&cells.expected, &c->expect.fault);
        wht_describe_event_register(&cells.actual, &r->pending_event);
        add_row(text, colours, true, "fault", &cells);
    }
    if (r->differing & WHT_FINAL_TRAP)
        wht_columns_row(text, colours, true, "trap", "single-step", "none");
    free_cells(&cells);
}

void wht_report_head(struct wht_text *text, const struct wht_case *c, enum wht_match level)
{
    wht_text_addf(text, "  at          %s:%u\n", c->file, (unsigned)c->pos.line);
    wht_text_add(text, "  code        ");
    wht_describe_code(text, c);
    wht_text_addf(text, "\n  mode        %s, cpl %u, ", wht_mode_name(c->init.mode), c->init.cpl);
    wht_text_addf(text, "%smatch %s\n", c->api == WHT_API_PREVIEW ? "preview form, " : "",
                  wht_match_name(level));
    wht_text_add(text, "  exit        ");
    wht_describe_exit(text, c);
    wht_text_add(text, "\n");
}

void wht_report_body(struct wht_text *text, const struct wht_case *c,
                     const struct wht_case_result *result, const struct wht_report_options *options)
{
    const struct wht_result *r = result->result;
    if (!r)
        return;
    add_divergence(text, options->colours, &r->divergence);
    if (r->was_ended) {
        wht_text_add(text, "\n  The callback failed and ended the call there.\n");
        return;
    }
    add_end(text, options->colours, c, r);
    add_registers(text, options->colours, r);
    add_memory(text, options->colours, r);
}

static void add_flags(struct wht_text *text, const struct wht_case *c)
{
    struct wht_text words = {.text = NULL};
    for (size_t i = 0; i < c->flags.count; i++) {
        const struct wht_flag *flag = wht_flag_find(c->file, c->flags.items[i]);
        wht_text_clear(&words);
        wht_text_addf(&words, "%s", c->flags.items[i]);
        if (flag)
            wht_text_addf(&words, ": %s %s", flag->bug ? flag->bug : "",
                          flag->effect ? flag->effect : "");
        wht_columns_words(text, "flag", wht_text_get(&words));
    }
    wht_text_free(&words);
}

void wht_report_foot(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                     const struct wht_report_options *options)
{
    struct wht_text words = {.text = NULL};
    wht_text_add(text, "\n");
    if (c->note)
        wht_columns_words(text, "note", c->note);
    add_flags(text, c);
    for (size_t i = 0; i < c->spec.count; i++)
        wht_text_addf(&words, "%s%s", i > 0 ? ", " : "", c->spec.items[i]);
    if (c->spec.count > 0)
        wht_columns_words(text, "spec", wht_text_get(&words));
    wht_text_free(&words);
    wht_text_add(text, "  again       whvtrace run ");
    wht_describe_shell_word(text, c->file);
    wht_text_add(text, " -k ");
    wht_describe_shell_word(text, c->id);
    wht_text_addf(text, " --match %s", wht_match_name(level));
    if (strcmp(options->emulator, "builtin") != 0) {
        wht_text_add(text, " --emulator ");
        wht_describe_shell_word(text, options->emulator);
    }
    wht_text_add(text, "\n");
}
