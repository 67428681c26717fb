/* SPDX-License-Identifier: MIT */
#include "redact_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "explain/cause.h"
#include "format/case_code.h"
#include "format/print.h"
#include "members.h"
#include "redact_case.h"
#include "session/recorder.h"
#include "session/replayer.h"

struct wht_redactor {
    struct wht_redaction_options options;
    struct wht_replayer *replayer;
    struct wht_recorder *recorder;
    struct wht_text cause;
    struct wht_text before;
    struct wht_text after;
};

struct wht_redactor *wht_redactor_open(const struct wht_backend *backend,
                                       const struct wht_redaction_options *options, char *error)
{
    struct wht_redactor *r = calloc(1, sizeof(*r));
    if (!r) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "out of memory");
        return NULL;
    }
    r->options = *options;
    r->replayer = wht_replayer_open(backend, error);
    r->recorder = r->replayer ? wht_recorder_open(backend, error) : NULL;
    if (r->recorder)
        return r;
    wht_redactor_close(r);
    return NULL;
}

void wht_redactor_keep_handle(struct wht_redactor *r)
{
    wht_replayer_keep_handle(r->replayer);
    wht_recorder_keep_handle(r->recorder);
}

void wht_redactor_close(struct wht_redactor *r)
{
    if (!r)
        return;
    wht_replayer_close(r->replayer);
    wht_recorder_close(r->recorder);
    wht_text_free(&r->cause);
    wht_text_free(&r->before);
    wht_text_free(&r->after);
    free(r);
}

/* What a replay shows, without values: passed, or why not. */
static void show(struct wht_redactor *r, const struct wht_case *c, struct wht_text *key)
{
    struct wht_case_result result;
    wht_text_clear(key);
    wht_text_clear(&r->cause);
    wht_replay(r->replayer, c, WHT_MATCH_STRICT, &result);
    wht_text_addf(key, "%d %u %d ", (int)result.kind, result.passed, (int)result.repetition);
    if (result.kind == WHT_CASE_FAILED)
        wht_report_cause(&r->cause, key, c, &result);
}

static bool shows_the_same(struct wht_redactor *r, const struct wht_case *c)
{
    show(r, c, &r->after);
    return strcmp(wht_text_get(&r->before), wht_text_get(&r->after)) == 0;
}

static void keep_addresses(struct wht_redact_plan *plan, const struct wht_case *c)
{
    WHV_REGISTER_NAME names[WHT_READS_MAX];
    size_t count = wht_disasm_addresses(wht_code_of(c), c->code, c->code_size, names);
    for (size_t i = 0; i < count; i++)
        wht_redact_keep(plan, names[i]);
}

/* What the emulator asked for or wrote. */
static void keep_touched(struct wht_redact_plan *plan, const struct wht_case *made)
{
    plan->redaction = WHT_REDACT_UNTOUCHED;
    plan->touched = made->expect.calls;
    plan->touched_count = made->expect.call_count;
    for (size_t i = 0; i < made->expect.call_count; i++)
        for (size_t j = 0; j < made->expect.calls[i].reg_count; j++)
            wht_redact_keep(plan, made->expect.calls[i].regs[j].name);
}

/* What the case itself says of registers is compared. */
static void keep_expected(struct wht_redact_plan *plan, const struct wht_case *c)
{
    WHV_REGISTER_NAME names[WHT_READS_MAX];
    size_t count = wht_case_reads(c, names);
    for (size_t i = 0; i < count; i++)
        wht_redact_keep(plan, names[i]);
    for (size_t i = 0; i < c->expect.reg_count; i++)
        wht_redact_keep(plan, c->expect.regs[i].name);
    for (size_t i = 0; i < c->expect.call_count; i++)
        for (size_t j = 0; j < c->expect.calls[i].reg_count; j++)
            wht_redact_keep(plan, c->expect.calls[i].regs[j].name);
}

/* Notes and free keys may quote what was replaced. */
static void add_line(struct wht_case *c, const char *kept, struct wht_text *line)
{
    struct wht_arena *arena = wht_arena_new();
    c->note = NULL;
    c->free.count = 0;
    c->source.is_given = true;
    c->source.has_redacted = true;
    c->source.redacted = true;
    if (kept)
        wht_case_add_free(c, &c->free, "x-not-redacted", wht_build_string(arena, kept));
    wht_members_write(line, wht_print_case(arena, c, WHT_PRINT_ALL));
    wht_arena_free(arena);
}

/* Leaves the data that the emulator looks at. @return why the case must be dropped, or NULL. */
static const char *redact_partly(struct wht_redactor *r, struct wht_case *spare)
{
    struct wht_recording recording;
    struct wht_redact_plan plan = {.kept_count = 0};
    if (r->options.only_whole)
        return "the data it works on decides what it shows";
    wht_redact_table(r->options.seed, spare->id, plan.table);
    wht_record(r->recorder, spare, &recording);
    if (!recording.made)
        return recording.problem ? recording.problem : recording.skip_reason;
    keep_touched(&plan, recording.made);
    keep_expected(&plan, spare);
    wht_redact_case(&plan, spare);
    return shows_the_same(r, spare) ? NULL : "it shows something else afterwards";
}

/* @return whether the case is redacted as a whole and shows the same. */
static bool redact_wholly(struct wht_redactor *r, struct wht_case *c)
{
    struct wht_redact_plan plan = {.redaction = WHT_REDACT_ALL};
    wht_redact_table(r->options.seed, c->id, plan.table);
    keep_addresses(&plan, c);
    wht_redact_case(&plan, c);
    return shows_the_same(r, c);
}

const char *wht_redact_line(struct wht_redactor *r, const struct wht_case *c, struct wht_text *line,
                            const char **kept)
{
    struct wht_case *redacted = wht_case_clone(c);
    const char *dropped = NULL;
    *kept = NULL;
    show(r, c, &r->before);
    if (!redact_wholly(r, redacted)) {
        wht_case_free(redacted);
        redacted = wht_case_clone(c);
        *kept = "data that the instruction reads or writes";
        dropped = redact_partly(r, redacted);
    }
    if (!dropped)
        add_line(redacted, *kept, line);
    else
        *kept = NULL;
    wht_case_free(redacted);
    return dropped;
}
