/* SPDX-License-Identifier: MIT */
#include "divergence.h"

#include <inttypes.h>
#include <stdio.h>

#include "columns.h"
#include "describe.h"
#include "session/match.h"
#include "words/names.h"

static bool is_batch(enum wht_call_kind kind)
{
    return kind == WHT_CALL_GET || kind == WHT_CALL_SET;
}

static const char *address_label(enum wht_call_kind kind)
{
    return wht_call_is_io(kind) ? "port" : kind == WHT_CALL_TRANSLATE ? "gva" : "gpa";
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
    else if (wht_call_is_io(call->kind))
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
    else if (wht_call_is_io(event->kind))
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
    struct wht_cells cells = {.expected = {.text = NULL}};
    if (d->expected.call && has_field(d->expected.call->kind, field))
        fill_expected(&cells.expected, &d->expected, field);
    if (d->has_actual && has_field(d->actual.kind, field))
        fill_actual(&cells.actual, &d->actual, field);
    if (cells.expected.size > 0 || cells.actual.size > 0)
        wht_columns_cells(text, colours, (d->differing & field) != 0, label, &cells);
    wht_cells_free(&cells);
}

/* One row per register of a batch: those that were named, then those that are missing. */
static void add_batch(struct wht_text *text, bool colours, const struct wht_divergence *d)
{
    const struct wht_call *call =
        d->expected.call && is_batch(d->expected.call->kind) ? d->expected.call : NULL;
    const struct wht_event *event = d->has_actual && is_batch(d->actual.kind) ? &d->actual : NULL;
    struct wht_cells cells = {.expected = {.text = NULL}};
    char name[WHT_NAME_MAX];
    for (uint32_t i = 0; event && i < event->count; i++) {
        const struct wht_want_reg *want =
            wht_want_reg_of(call ? call->regs : NULL, call ? call->reg_count : 0, event->names[i]);
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
        wht_columns_cells(text, colours, refused || (call && call->reg_count > 0 && !want),
                          wht_reg_name(event->names[i], name), &cells);
    }
    for (size_t i = 0; call && i < call->reg_count; i++) {
        uint32_t j = 0;
        while (event && j < event->count && event->names[j] != call->regs[i].name)
            j++;
        if (event && j < event->count)
            continue;
        if (call->regs[i].count > 0 && call->kind == WHT_CALL_SET)
            wht_describe_want(&cells.expected, &call->regs[i]);
        else
            wht_text_add(&cells.expected, "named");
        wht_text_add(&cells.actual, "-");
        wht_columns_cells(text, colours, event != NULL, wht_reg_name(call->regs[i].name, name),
                          &cells);
    }
    wht_cells_free(&cells);
}

/* Callbacks of one kind, field by field. */
static void add_fields(struct wht_text *text, bool colours, const struct wht_divergence *d)
{
    wht_columns_row(text, colours, false, "callback", wht_call_kind_name(d->expected.call->kind),
                    wht_call_kind_name(d->actual.kind));
    add_field(text, colours, d, WHT_FIELD_ADDRESS, address_label(d->actual.kind));
    add_field(text, colours, d, WHT_FIELD_SIZE, "size");
    add_field(text, colours, d, WHT_FIELD_DATA, "data");
    add_field(text, colours, d, WHT_FIELD_FLAGS, "flags");
    add_batch(text, colours, d);
}

/* The registers of a Set, where no table shows them. */
static void add_values(struct wht_text *text, const struct wht_event *event)
{
    struct wht_text words = {.text = NULL};
    char name[WHT_NAME_MAX];
    for (uint32_t i = 0; event->values && i < event->count; i++) {
        wht_text_addf(&words, "%s%s ", i > 0 ? ", " : "", wht_reg_name(event->names[i], name));
        wht_describe_value(&words, event->names[i], &event->values[i]);
    }
    if (words.size > 0)
        wht_columns_words(text, "", wht_text_get(&words));
    wht_text_free(&words);
}

/* Callbacks of different kinds have no fields in common: each stands on a line of its own. */
static void add_whole(struct wht_text *text, bool colours, const struct wht_divergence *d)
{
    struct wht_text line = {.text = NULL};
    if (d->expected.call)
        wht_describe_expected(&line, &d->expected);
    else if (d->kind == WHT_DIVERGES_EXTRA)
        wht_text_add(&line, "no further call");
    if (line.size > 0)
        wht_columns_marked(text, colours, "expected", wht_text_get(&line));
    wht_text_clear(&line);
    if (d->has_actual)
        wht_describe_event(&line, &d->actual);
    else
        wht_text_add(&line, "the call ended");
    wht_columns_marked(text, colours, "actual", wht_text_get(&line));
    if (d->has_actual)
        add_values(text, &d->actual);
    wht_text_free(&line);
}

static void add_place(struct wht_text *text, const struct wht_case *c, const char *label,
                      const struct wht_call *call)
{
    struct wht_text line = {.text = NULL};
    /* In a corpus a case is one line. */
    if (call->pos.line != c->pos.line)
        wht_text_addf(&line, "in line %u", (unsigned)call->pos.line);
    if (call->note)
        wht_text_addf(&line, "%s%s", line.size > 0 ? ": " : "", call->note);
    if (line.size > 0)
        wht_columns_words(text, label, wht_text_get(&line));
    wht_text_free(&line);
}

/* The nearest element: the callback itself at another place, or one that is nearly it. */
static void add_nearest(struct wht_text *text, const struct wht_case *c,
                        const struct wht_divergence *d)
{
    struct wht_text line = {.text = NULL};
    if (!d->nearest.call)
        return;
    if (d->nearest_is_equal)
        wht_text_addf(&line, "it is call %" PRIu64 " of the case", d->nearest_number);
    else
        wht_text_addf(&line, "call %" PRIu64 ": ", d->nearest_number);
    if (!d->nearest_is_equal)
        wht_describe_expected(&line, &d->nearest);
    if (d->nearest.call->pos.line != c->pos.line)
        wht_text_addf(&line, ", in line %u", (unsigned)d->nearest.call->pos.line);
    wht_columns_words(text, "nearest", wht_text_get(&line));
    wht_text_free(&line);
}

static void add_matched(struct wht_text *text, const struct wht_result *r)
{
    struct wht_text line = {.text = NULL};
    char label[24];
    unsigned count = r->matched_count;
    unsigned first = count > WHT_MATCHED_MAX ? count - WHT_MATCHED_MAX + 1 : 1;
    for (unsigned number = first; number <= count; number++) {
        wht_text_clear(&line);
        wht_describe_expected(&line, &r->matched[number % WHT_MATCHED_MAX]);
        wht_text_add(&line, ", as expected");
        snprintf(label, sizeof(label), "call %u", number);
        wht_columns_words(text, label, wht_text_get(&line));
    }
    wht_text_free(&line);
}

void wht_report_divergence(struct wht_text *text, bool colours, const struct wht_case *c,
                           const struct wht_result *r)
{
    const struct wht_divergence *d = &r->divergence;
    char title[32] = "callback";
    if (d->kind == WHT_DIVERGES_NOT && r->matched_count > 0) {
        wht_text_add(text, "\n");
        add_matched(text, r);
    }
    if (d->kind == WHT_DIVERGES_NOT || (!d->has_actual && !d->expected.call))
        return;
    bool has_both = d->expected.call && d->has_actual && !(d->differing & WHT_FIELD_KIND);
    if (d->number > 0)
        snprintf(title, sizeof(title), d->kind == WHT_DIVERGES_RULE ? "callback %u" : "call %u",
                 d->number);
    wht_text_add(text, "\n");
    if (d->kind != WHT_DIVERGES_RULE)
        add_matched(text, r);
    if (has_both)
        wht_columns_heading(text, title);
    else
        wht_text_addf(text, "  %s\n", title);
    if (has_both)
        add_fields(text, colours, d);
    else
        add_whole(text, colours, d);
    if (d->expected.call)
        add_place(text, c, "expected", d->expected.call);
    add_nearest(text, c, d);
}
