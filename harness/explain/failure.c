/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "describe.h"
#include "divergence.h"
#include "format/flags.h"
#include "session/match.h"
#include "unasked.h"
#include "words/names.h"

/* Rows of one table; a run away emulator can change every register. */
#define ROWS_MAX 16u

static void add_changed_flags(struct wht_text *text, uint64_t differing)
{
    char buf[WHT_NAME_MAX];
    const char *flags = strchr(wht_rflags_format(differing, buf), '[');
    if (flags[1] != ']')
        wht_text_addf(text, ", differs in %.*s", (int)strlen(flags) - 2, flags + 1);
}

/* What a register was before the call, where neither of the cells says so. */
static bool was_other(const struct wht_reg_diff *diff)
{
    const struct wht_want_reg *want = diff->want;
    if (!want || !diff->initial)
        return false;
    if (want->count == 1 && wht_reg_equal(diff->name, &want->values[0], diff->initial))
        return false;
    return !diff->has_actual || !wht_reg_equal(diff->name, &diff->actual, diff->initial);
}

static void fill_expected(struct wht_text *cell, const struct wht_reg_diff *diff)
{
    const struct wht_want_reg *want = diff->want;
    if (!want && !diff->initial) {
        wht_text_add(cell, "as before; not captured");
        return;
    }
    if (want)
        wht_describe_want(cell, want);
    else
        wht_describe_value(cell, diff->name, diff->initial);
    if (!want || (want->count == 1 && diff->initial &&
                  wht_reg_equal(diff->name, &want->values[0], diff->initial)))
        wht_text_add(cell, " (as before)");
}

static void fill_actual(struct wht_text *cell, const struct wht_reg_diff *diff)
{
    const struct wht_want_reg *want = diff->want;
    const WHV_REGISTER_VALUE *single = diff->initial;
    uint64_t compared = UINT64_MAX;
    if (!diff->has_actual) {
        wht_text_add(cell, "not captured, not written");
        return;
    }
    wht_describe_value(cell, diff->name, &diff->actual);
    if (diff->initial && wht_reg_equal(diff->name, &diff->actual, diff->initial))
        wht_text_add(cell, " (as before)");
    if (want) {
        single = want->count == 1 ? &want->values[0] : NULL;
        compared = wht_compared_bits(want);
    }
    if (diff->name == WHvX64RegisterRflags && single)
        add_changed_flags(cell, (single->Reg64 ^ diff->actual.Reg64) & compared);
}

static void add_registers(struct wht_text *text, bool colours, const struct wht_result *r)
{
    struct wht_cells cells = {.expected = {.text = NULL}};
    char name[WHT_NAME_MAX];
    if (r->reg_count == 0)
        return;
    wht_text_add(text, "\n");
    wht_columns_heading(text, "registers");
    for (size_t i = 0; i < r->reg_count && i < ROWS_MAX; i++) {
        const struct wht_reg_diff *diff = &r->regs[i];
        fill_expected(&cells.expected, diff);
        fill_actual(&cells.actual, diff);
        wht_columns_cells(text, colours, true, wht_reg_name(diff->name, name), &cells);
        if (!was_other(diff))
            continue;
        wht_describe_value(&cells.expected, diff->name, diff->initial);
        wht_columns_below(text, "before", wht_text_get(&cells.expected));
        wht_text_clear(&cells.expected);
    }
    if (r->reg_count > ROWS_MAX)
        wht_text_addf(text, "    and %zu more registers\n", r->reg_count - ROWS_MAX);
    wht_cells_free(&cells);
}

static void add_memory(struct wht_text *text, bool colours, const struct wht_result *r)
{
    struct wht_cells cells = {.expected = {.text = NULL}};
    char label[32];
    if (r->memory_count == 0)
        return;
    wht_text_add(text, "\n");
    wht_columns_heading(text, "memory");
    for (size_t i = 0; i < r->memory_count && i < WHT_MEMORY_DIFFS_MAX; i++) {
        const struct wht_memory_diff *diff = &r->memory[i];
        wht_describe_bytes(&cells.expected, diff->expected, NULL, diff->size);
        if (!diff->listed)
            wht_text_add(&cells.expected, " (as before)");
        if (diff->is_ram)
            wht_describe_bytes(&cells.actual, diff->actual, NULL, diff->size);
        else
            wht_text_add(&cells.actual, "no RAM is here");
        snprintf(label, sizeof(label), "0x%" PRIx64, diff->gpa);
        wht_columns_cells(text, colours, true, label, &cells);
    }
    if (r->memory_count > WHT_MEMORY_DIFFS_MAX)
        wht_text_addf(text, "    and %zu more places\n", r->memory_count - WHT_MEMORY_DIFFS_MAX);
    wht_cells_free(&cells);
}

static void add_end(struct wht_text *text, bool colours, const struct wht_case *c,
                    const struct wht_result *r)
{
    char want[WHT_NAME_MAX];
    char got[WHT_NAME_MAX];
    struct wht_cells cells = {.expected = {.text = NULL}};
    if (!r->differing)
        return;
    wht_text_add(text, "\n");
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
        wht_columns_cells(text, colours, true, "fault", &cells);
    }
    if (r->differing & WHT_FINAL_TRAP)
        wht_columns_row(text, colours, true, "trap", "single-step", "none");
    if (r->reason[0])
        wht_columns_words(text, "reason", r->reason);
    wht_cells_free(&cells);
}

/* Where a weaker level passes, nothing but what it leaves out is wrong. */
static void add_levels(struct wht_text *text, enum wht_match level, unsigned passed)
{
    wht_text_addf(text, ", match %s", wht_match_name(level));
    for (int weaker = (int)level - 1; weaker >= WHT_MATCH_EFFECTS; weaker--)
        if (passed >> weaker & 1) {
            wht_text_addf(text, " (passes at %s)", wht_match_name((enum wht_match)weaker));
            return;
        }
}

void wht_report_head(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                     unsigned passed)
{
    wht_text_add(text, "  at          ");
    wht_text_add_clean(text, c->file);
    wht_text_addf(text, ":%u\n  code        ", (unsigned)c->pos.line);
    wht_describe_code(text, c);
    wht_text_addf(text, "\n  mode        %s, cpl %u%s", wht_mode_name(c->init.mode), c->init.cpl,
                  c->api == WHT_API_PREVIEW ? ", preview form" : "");
    add_levels(text, level, passed);
    wht_text_add(text, "\n  exit        ");
    wht_describe_exit(text, c);
    wht_text_add(text, "\n");
}

void wht_report_inputs(struct wht_text *text, const struct wht_case *c)
{
    struct wht_text words = {.text = NULL};
    wht_describe_inputs(&words, c);
    if (words.size > 0)
        wht_columns_words(text, "before", wht_text_get(&words));
    if (c->note)
        wht_columns_words(text, "note", c->note);
    for (size_t i = 0; i < c->todo.count; i++)
        wht_columns_words(text, i == 0 ? "todo" : "", c->todo.items[i]);
    wht_text_free(&words);
}

/* Entries that served for nothing, where they may be why the case fails. */
static void add_unasked(struct wht_text *text, const struct wht_case *c, const struct wht_result *r)
{
    struct wht_text words = {.text = NULL};
    if (!wht_unasked_explain(c, r))
        return;
    wht_text_add(text, "\n");
    for (size_t i = 0; i < r->unasked_count; i++) {
        wht_text_clear(&words);
        wht_describe_unasked(&words, c, &r->unasked[i]);
        wht_columns_words(text, i == 0 ? "unused" : "", wht_text_get(&words));
    }
    wht_text_free(&words);
}

void wht_report_body(struct wht_text *text, const struct wht_case *c,
                     const struct wht_case_result *result, const struct wht_report_options *options)
{
    const struct wht_result *r = result->result;
    if (!r)
        return;
    wht_report_divergence(text, options->colours, c, r);
    if (r->was_ended) {
        wht_text_add(text, "\n  The harness ");
        if (r->cut_after > 0)
            wht_text_addf(text, "answered %u more callbacks and then made them fail",
                          (unsigned)r->cut_after);
        else
            wht_text_add(text, "made that callback fail");
        wht_text_add(text, "; what came after is not judged.\n");
        return;
    }
    add_end(text, options->colours, c, r);
    add_registers(text, options->colours, r);
    add_memory(text, options->colours, r);
    add_unasked(text, c, r);
}

/* What the case was made to find, which need not be what it has found. */
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
        wht_columns_words(text, i == 0 ? "tests for" : "", wht_text_get(&words));
    }
    wht_text_free(&words);
}

static void add_test(struct wht_text *text, const struct wht_case *c)
{
    struct wht_text test = {.text = NULL};
    wht_text_addf(&test, "%s#%s", c->file, c->id);
    wht_describe_shell_word(text, wht_text_get(&test));
    wht_text_free(&test);
}

static void add_emulator(struct wht_text *text, const struct wht_report_options *options)
{
    if (strcmp(options->emulator, "builtin") == 0)
        return;
    wht_text_add(text, " --emulator ");
    wht_describe_shell_word(text, options->emulator);
}

static void add_commands(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                         bool passes_alone, const struct wht_report_options *options)
{
    wht_text_addf(text, "  again       %s ", options->command);
    if (passes_alone) /* what lingers comes from cases before it */
        wht_describe_shell_word(text, c->file);
    else
        add_test(text, c);
    if (level != c->match)
        wht_text_addf(text, " --match %s", wht_match_name(level));
    add_emulator(text, options);
    wht_text_addf(text, "\n  see         %s ", options->show);
    add_test(text, c);
    wht_text_add(text, "\n");
    if (passes_alone)
        return;
    wht_text_addf(text, "  debug       %s ", options->debug);
    add_test(text, c);
    add_emulator(text, options);
    wht_text_add(text, "\n");
}

void wht_report_foot(struct wht_text *text, const struct wht_case *c, enum wht_match level,
                     bool passes_alone, const struct wht_report_options *options)
{
    struct wht_text words = {.text = NULL};
    wht_text_add(text, "\n");
    add_flags(text, c);
    for (size_t i = 0; i < c->spec.count; i++)
        wht_text_addf(&words, "%s%s", i > 0 ? ", " : "", c->spec.items[i]);
    if (c->spec.count > 0)
        wht_columns_words(text, "spec", wht_text_get(&words));
    wht_text_free(&words);
    add_commands(text, c, level, passes_alone, options);
}
