/* SPDX-License-Identifier: MIT */
#include "work.h"

#include <string.h>

#include "base/platform.h"
#include "capture/platform.h"
#include "explain/cause.h"
#include "explain/describe.h"
#include "explain/detail.h"
#include "process.h"
#include "record_line.h"
#include "redact_line.h"
#include "session/progress.h"

static void clear_texts(struct wht_workbench *b)
{
    wht_text_clear(&b->cause);
    wht_text_clear(&b->group);
    wht_text_clear(&b->block);
    wht_text_clear(&b->detail);
}

static void take_labels(struct wht_workbench *b, const struct wht_case *c)
{
    if (b->options->wants_labels)
        wht_labels_take(&b->labels, c);
}

static bool is_may(const struct wht_case *c)
{
    return c->verdict == WHT_VERDICT_MAY && c->todo.count == 0;
}

static bool is_explained(const struct wht_case *c)
{
    return c->note != NULL || c->flags.count > 0;
}

void wht_work_announce(struct wht_workbench *b, const struct wht_case *c, bool is_expected_loss)
{
    const struct wht_worker_options *o = b->options;
    enum wht_match level = o->level < c->match ? o->level : c->match;
    clear_texts(b);
    wht_report_head(&b->block, c, level, 0);
    wht_report_inputs(&b->block, c);
    wht_report_foot(&b->detail, c, level, false, &o->report);
    wht_mnemonic(c, b->mnemonic, sizeof(b->mnemonic));
    take_labels(b, c);
    const struct wht_begin_frame frame = {.ordinal = c->ordinal,
                                          .is_may = is_may(c),
                                          .judged = (uint8_t)((2u << level) - 1),
                                          .is_explained = is_explained(c),
                                          .is_expected_loss = is_expected_loss,
                                          .line = c->pos.line,
                                          .name = c->name,
                                          .file = c->file,
                                          .mnemonic = b->mnemonic,
                                          .family = wht_text_get(&b->labels.family),
                                          .mode = wht_text_get(&b->labels.mode),
                                          .flags = wht_text_get(&b->labels.flags),
                                          .status = wht_text_get(&b->labels.status),
                                          .block_head = wht_text_get(&b->block),
                                          .block_foot = wht_text_get(&b->detail)};
    wht_put_begin_frame(b->out, &frame);
}

static void put_result(struct wht_workbench *b, const struct wht_case *c,
                       const struct wht_case_result *result, uint64_t micros)
{
    bool has_mnemonic = b->group.size > 0 || b->options->wants_labels;
    take_labels(b, c);
    if (has_mnemonic)
        wht_mnemonic(c, b->mnemonic, sizeof(b->mnemonic));
    const struct wht_case_frame frame = {.ordinal = c->ordinal,
                                         .kind = result->kind,
                                         .is_may = is_may(c),
                                         .judged = (uint8_t)result->judged,
                                         .passed = (uint8_t)result->passed,
                                         .is_explained = is_explained(c),
                                         .unaligned = (uint8_t)result->unaligned,
                                         .micros = micros,
                                         .line = c->pos.line,
                                         .name = c->name,
                                         .file = c->file,
                                         .mnemonic = has_mnemonic ? b->mnemonic : "",
                                         .family = wht_text_get(&b->labels.family),
                                         .mode = wht_text_get(&b->labels.mode),
                                         .flags = wht_text_get(&b->labels.flags),
                                         .status = wht_text_get(&b->labels.status),
                                         .cause = wht_text_get(&b->cause),
                                         .group = wht_text_get(&b->group),
                                         .block = wht_text_get(&b->block),
                                         .json = wht_text_get(&b->detail)};
    wht_put_case_frame(b->out, &frame);
}

static void skip_judging(struct wht_workbench *b, const struct wht_case *c, const char *why)
{
    const struct wht_case_result result = {.kind = WHT_CASE_SKIPPED};
    clear_texts(b);
    wht_text_add(&b->cause, why);
    put_result(b, c, &result, 0);
}

static void describe_failure(struct wht_workbench *b, const struct wht_case *c,
                             const struct wht_case_result *result)
{
    const struct wht_report_options *report = &b->options->report;
    wht_report_cause(&b->cause, &b->group, c, result);
    wht_report_head(&b->block, c, result->level, result->passed);
    wht_report_inputs(&b->block, c);
    wht_report_body(&b->block, c, result, report);
    wht_report_foot(&b->block, c, result->level, result->repetition == WHT_FRESH_PASSES, report);
    if (b->options->wants_detail)
        wht_report_detail(&b->detail, c, result);
}

static void judge(struct wht_workbench *b, struct wht_case *c, bool is_expected)
{
    struct wht_case_result result;
    uint64_t started = wht_now_us();
    wht_replay(b->replayer, c, b->options->level, &result);
    clear_texts(b);
    if (result.kind == WHT_CASE_FAILED && !is_expected)
        describe_failure(b, c, &result);
    if (result.kind == WHT_CASE_SKIPPED && result.reason)
        wht_text_add(&b->cause, result.reason);
    put_result(b, c, &result, wht_now_us() - started);
}

static bool open_replayer(struct wht_workbench *b, char *error)
{
    b->replayer = wht_replayer_open(&b->backend, error);
    if (b->replayer && b->options->keeps_handle)
        wht_replayer_keep_handle(b->replayer);
    return b->replayer != NULL;
}

static void put_made(struct wht_workbench *b, const struct wht_case *c, enum wht_outcome_kind kind,
                     const char *problem)
{
    const struct wht_made_frame frame = {.ordinal = c->ordinal,
                                         .kind = kind,
                                         .name = c->name,
                                         .file = c->file,
                                         .problem = problem ? problem : "",
                                         .remark = wht_text_get(&b->block),
                                         .emulator_version = b->emulator_version,
                                         .members = wht_text_get(&b->detail)};
    wht_put_made_frame(b->out, &frame);
}

static void skip_making(struct wht_workbench *b, const struct wht_case *c, const char *why)
{
    clear_texts(b);
    put_made(b, c, WHT_CASE_SKIPPED, why);
}

static void record(struct wht_workbench *b, struct wht_case *c, bool is_expected)
{
    struct wht_recording recording;
    (void)is_expected;
    clear_texts(b);
    wht_record(b->recorder, c, &recording);
    if (recording.made)
        wht_record_line(&b->detail, c, &recording);
    wht_record_remarks(&b->block, &recording);
    if (recording.skip_reason)
        put_made(b, c, WHT_CASE_SKIPPED, recording.skip_reason);
    else
        put_made(b, c, recording.problem ? WHT_CASE_FAILED : WHT_CASE_PASSED, recording.problem);
}

static void find_version(struct wht_workbench *b)
{
    char file[WHVC_PATH_MAX];
    whvc_describe_library((void (*)(void))b->backend.create, file, sizeof(file),
                          b->emulator_version, sizeof(b->emulator_version));
}

static bool open_recorder(struct wht_workbench *b, char *error)
{
    find_version(b);
    b->recorder = wht_recorder_open(&b->backend, error);
    if (b->recorder && b->options->keeps_handle)
        wht_recorder_keep_handle(b->recorder);
    return b->recorder != NULL;
}

static void redact(struct wht_workbench *b, struct wht_case *c, bool is_expected)
{
    const char *kept = NULL;
    (void)is_expected;
    clear_texts(b);
    const char *dropped = wht_redact_line(b->redactor, c, &b->detail, &kept);
    wht_text_add(&b->block, kept ? kept : "");
    put_made(b, c, dropped ? WHT_CASE_FAILED : WHT_CASE_PASSED, dropped);
}

static bool open_redactor(struct wht_workbench *b, char *error)
{
    b->redactor = wht_redactor_open(&b->backend, &b->options->redaction, error);
    if (b->redactor && b->options->keeps_handle)
        wht_redactor_keep_handle(b->redactor);
    return b->redactor != NULL;
}

static void update(struct wht_workbench *b, struct wht_case *c, bool is_expected)
{
    clear_texts(b);
    if (is_expected) {
        put_made(b, c, WHT_CASE_SKIPPED, "a known gap");
        return;
    }
    const char *problem = wht_update_line(b->updater, c, &b->detail, &b->block);
    put_made(b, c, problem ? WHT_CASE_FAILED : WHT_CASE_PASSED, problem);
}

static bool open_updater(struct wht_workbench *b, char *error)
{
    find_version(b);
    b->updater = wht_updater_open(&b->backend, error);
    if (b->updater && b->options->keeps_handle)
        wht_updater_keep_handle(b->updater);
    return b->updater != NULL;
}

const struct wht_work_kind *wht_work_kind(enum wht_work work)
{
    static const struct wht_work_kind kinds[] = {
        [WHT_WORK_JUDGE] = {"judge", true, open_replayer, judge, skip_judging},
        [WHT_WORK_RECORD] = {"record", true, open_recorder, record, skip_making},
        [WHT_WORK_REDACT] = {"redact", false, open_redactor, redact, skip_making},
        [WHT_WORK_UPDATE] = {"update", true, open_updater, update, skip_making},
    };
    return &kinds[work];
}

bool wht_work_from_name(const char *name, enum wht_work *work)
{
    for (int i = WHT_WORK_JUDGE; i <= WHT_WORK_UPDATE; i++)
        if (strcmp(name, wht_work_kind((enum wht_work)i)->name) == 0) {
            *work = (enum wht_work)i;
            return true;
        }
    return false;
}

bool wht_workbench_open(struct wht_workbench *b, char *error)
{
    const char *emulator = b->options->report.emulator;
    bool is_builtin = strcmp(emulator, WHT_BACKEND_BUILTIN) == 0;
    wht_progress_attach(wht_worker_shared());
    wht_worker_watch_crashes(wht_progress_get(), is_builtin ? NULL : emulator);
    return wht_backend_open(emulator, &b->backend, error) && b->kind->open(b, error);
}

void wht_workbench_close(struct wht_workbench *b)
{
    wht_replayer_close(b->replayer);
    wht_recorder_close(b->recorder);
    wht_redactor_close(b->redactor);
    wht_updater_close(b->updater);
    wht_backend_close(&b->backend);
    wht_text_free(&b->cause);
    wht_text_free(&b->group);
    wht_text_free(&b->block);
    wht_text_free(&b->detail);
    wht_labels_free(&b->labels);
}
