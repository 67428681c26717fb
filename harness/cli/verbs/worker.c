/* SPDX-License-Identifier: MIT */
/*
 * The other side of pool.c: takes jobs from its parent, runs their cases, reports. It is told
 * everything by its command line and its pipe, and prints nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/platform.h"
#include "base/str.h"
#include "capture/platform.h"
#include "cli/verb.h"
#include "explain/cause.h"
#include "explain/describe.h"
#include "explain/detail.h"
#include "explain/failure.h"
#include "run/frame.h"
#include "run/known.h"
#include "run/process.h"
#include "run/record_line.h"
#include "run/redact_line.h"
#include "run/select.h"
#include "session/progress.h"
#include "session/recorder.h"
#include "session/replayer.h"

#define FLUSH_BYTES 32768u
#define FLUSH_MS    100u

struct worker {
    struct wht_report_options report;
    enum wht_match level;
    struct wht_words patterns;
    struct wht_words expectation_files;
    uint64_t shard;
    uint64_t shard_count;
    uint64_t elsewhere; /* cases of the job that are other shards' */
    bool wants_detail;
    bool keeps_handle;
    const char *not_run; /* why no case is run any more, or NULL */
    struct wht_known known;
    struct wht_backend backend;
    struct wht_replayer *replayer;
    bool records;
    struct wht_recorder *recorder;
    bool redacts;
    struct wht_redaction_options redaction;
    struct wht_redactor *redactor;
    char version[64]; /* of the emulator's file */

    char *path; /**< the file that is open */
    struct wht_reader *reader;
    struct wht_case *ahead; /**< read, but of a later job */
    uint64_t position;      /**< ordinals before it have been handed out */

    struct wht_text out;
    uint64_t flushed_ms;
    struct wht_text cause;
    struct wht_text key;
    struct wht_text block;
    struct wht_text detail;
    char mnemonic[64];
};

static void flush(struct worker *w)
{
    if (w->out.size > 0)
        wht_worker_send(w->out.text, w->out.size);
    wht_text_clear(&w->out);
    w->flushed_ms = wht_now_ms();
}

/* Silence is how the parent notices that a case hangs. */
static void flush_sometimes(struct worker *w)
{
    if (w->out.size < FLUSH_BYTES && wht_now_ms() - w->flushed_ms < FLUSH_MS)
        return;
    if (w->out.size == 0)
        wht_frame_end(&w->out, wht_frame_begin(&w->out, WHT_FRAME_ALIVE));
    flush(w);
}

static void report_error(void *user, const struct wht_error *error)
{
    struct worker *w = user;
    size_t start = wht_frame_begin(&w->out, WHT_FRAME_ERROR);
    wht_frame_number(&w->out, error->pos.line);
    wht_frame_number(&w->out, error->pos.column);
    wht_frame_string(&w->out, error->file);
    wht_frame_string(&w->out, error->pointer);
    wht_frame_string(&w->out, error->text);
    wht_frame_number(&w->out, error->more);
    wht_frame_end(&w->out, start);
}

static void close_file(struct worker *w)
{
    wht_case_free(w->ahead);
    wht_reader_close(w->reader);
    free(w->path);
    w->ahead = NULL;
    w->reader = NULL;
    w->path = NULL;
}

/* Makes the reader stand at or before an ordinal. */
static bool open_file(struct worker *w, const char *path, uint64_t from)
{
    if (w->reader && strcmp(w->path, path) == 0 && w->position <= from)
        return true;
    struct wht_load_options load = {.on_error = report_error, .user = w};
    close_file(w);
    w->path = wht_copy_text(path);
    w->position = 0;
    w->reader = wht_reader_open(path, &load);
    return w->reader != NULL;
}

static struct wht_case *next_case(struct worker *w)
{
    struct wht_case *c = w->ahead;
    w->ahead = NULL;
    return c ? c : wht_reader_next(w->reader);
}

static enum wht_match judged_level(const struct worker *w, const struct wht_case *c)
{
    return w->level < c->match ? w->level : c->match;
}

/* What is known of a case before it runs. Strings point into the case and the worker's texts. */
static struct wht_case_frame frame_of(struct worker *w, const struct wht_case *c)
{
    wht_text_clear(&w->cause);
    wht_text_clear(&w->key);
    wht_text_clear(&w->block);
    wht_text_clear(&w->detail);
    return (struct wht_case_frame){.ordinal = c->ordinal,
                                   .is_may = c->verdict == WHT_VERDICT_MAY && c->todo.count == 0,
                                   .is_explained = c->note != NULL || c->flags.count > 0,
                                   .name = c->name,
                                   .file = c->file,
                                   .line = c->pos.line,
                                   .mnemonic = "",
                                   .cause = "",
                                   .key = "",
                                   .block = "",
                                   .detail = ""};
}

/* Tells the parent all that it would need if this case took the worker with it; the end of the
 * block stands in the place of the detail. */
static void announce(struct worker *w, const struct wht_case *c, bool is_known)
{
    enum wht_match level = judged_level(w, c);
    struct wht_case_frame frame = frame_of(w, c);
    wht_report_head(&w->block, c, level, 0);
    wht_report_inputs(&w->block, c);
    wht_report_foot(&w->detail, c, level, false, &w->report);
    frame.block = wht_text_get(&w->block);
    frame.detail = wht_text_get(&w->detail);
    frame.is_known = is_known;
    frame.judged = (uint8_t)((2u << level) - 1);
    wht_mnemonic(c, w->mnemonic, sizeof(w->mnemonic));
    frame.mnemonic = w->mnemonic;
    wht_worker_forget_said();
    wht_frame_case(&w->out, WHT_FRAME_BEGIN, &frame);
    flush(w);
}

static void report_failure(struct worker *w, const struct wht_case *c,
                           const struct wht_case_result *result)
{
    wht_report_cause(&w->cause, &w->key, c, result);
    wht_report_head(&w->block, c, result->level, result->passed);
    wht_report_inputs(&w->block, c);
    wht_report_body(&w->block, c, result, &w->report);
    wht_report_foot(&w->block, c, result->level, result->repetition == WHT_FRESH_PASSES,
                    &w->report);
    if (w->wants_detail)
        wht_report_detail(&w->detail, c, result);
}

/* A failure that is expected is only counted: it needs no report. */
static void send_result(struct worker *w, const struct wht_case *c,
                        const struct wht_case_result *result, bool is_expected, uint64_t micros)
{
    struct wht_case_frame frame = frame_of(w, c);
    if (result->kind == WHT_CASE_FAILED && !is_expected) {
        report_failure(w, c, result);
        wht_mnemonic(c, w->mnemonic, sizeof(w->mnemonic));
        frame.mnemonic = w->mnemonic;
    }
    if (result->kind == WHT_CASE_SKIPPED && result->reason)
        wht_text_add(&w->cause, result->reason);
    frame.kind = (uint8_t)result->kind;
    frame.judged = (uint8_t)result->judged;
    frame.passed = (uint8_t)result->passed;
    frame.micros = micros;
    frame.unaligned = (uint8_t)result->unaligned;
    frame.cause = wht_text_get(&w->cause);
    frame.key = wht_text_get(&w->key);
    frame.block = wht_text_get(&w->block);
    frame.detail = wht_text_get(&w->detail);
    wht_frame_case(&w->out, WHT_FRAME_CASE, &frame);
}

static void record_case(struct worker *w, const struct wht_case *c)
{
    struct wht_recording recording;
    struct wht_case_frame frame = frame_of(w, c);
    wht_record(w->recorder, c, &recording);
    const char *cause = recording.skip_reason ? recording.skip_reason : recording.problem;
    frame.kind = recording.skip_reason ? WHT_CASE_SKIPPED
                 : recording.problem   ? WHT_CASE_FAILED
                                       : WHT_CASE_PASSED;
    if (recording.made)
        wht_record_line(&w->detail, c, &recording);
    wht_record_remarks(&w->block, &recording);
    frame.cause = cause ? cause : "";
    frame.key = w->version;
    frame.block = wht_text_get(&w->block);
    frame.detail = wht_text_get(&w->detail);
    wht_frame_case(&w->out, WHT_FRAME_CASE, &frame);
}

static void redact_case(struct worker *w, const struct wht_case *c)
{
    struct wht_case_frame frame = frame_of(w, c);
    const char *kept = NULL;
    const char *dropped = wht_redact_line(w->redactor, c, &w->detail, &kept);
    frame.kind = dropped ? WHT_CASE_FAILED : WHT_CASE_PASSED;
    frame.cause = dropped ? dropped : "";
    frame.block = kept ? kept : "";
    frame.detail = wht_text_get(&w->detail);
    wht_frame_case(&w->out, WHT_FRAME_CASE, &frame);
}

static void run_case(struct worker *w, struct wht_case *c, bool careful)
{
    struct wht_case_result result = {.kind = WHT_CASE_SKIPPED};
    uint64_t started;
    if (!wht_selects(&w->patterns, c->name))
        return;
    if (!wht_is_in_shard(c->name, w->shard, w->shard_count)) {
        w->elsewhere++;
        return;
    }
    const struct wht_expectation *entry = wht_known_find(&w->known, c->name);
    char revoked[256];
    if (w->not_run)
        result.reason = w->not_run;
    else if (c->revoked && !w->redacts) {
        snprintf(revoked, sizeof(revoked), "revoked: %s", c->revoked);
        result.reason = revoked;
    } else if (entry && entry->expect == WHT_EXPECT_SKIP) {
        result.reason = entry->reason;
    }
    if (result.reason) {
        send_result(w, c, &result, false, 0);
        return;
    }
    if (careful)
        announce(w, c, entry && entry->expect != WHT_EXPECT_FAIL);
    wht_progress_case();
    if (w->records || w->redacts) {
        if (w->records)
            record_case(w, c);
        else
            redact_case(w, c);
        return;
    }
    started = wht_now_us();
    wht_replay(w->replayer, c, w->level, &result);
    send_result(w, c, &result, entry && entry->expect == WHT_EXPECT_FAIL, wht_now_us() - started);
}

/* Runs the cases of a job. Returns whether the file has ended. */
static bool run_job(struct worker *w, const char *path, uint64_t from, uint64_t to, bool careful)
{
    if (!open_file(w, path, from))
        return true;
    for (;;) {
        struct wht_case *c = next_case(w);
        if (!c)
            return true;
        if (c->ordinal >= to) {
            w->ahead = c;
            w->position = to;
            return false;
        }
        if (c->ordinal >= from)
            run_case(w, c, careful);
        w->position = c->ordinal + 1;
        wht_case_free(c);
        flush_sometimes(w);
    }
}

static bool receive_job(struct worker *w)
{
    struct wht_frame_head head;
    if (!wht_worker_receive(&head, sizeof(head)) || head.size > WHT_FRAME_MAX)
        return false;
    char *payload = malloc(head.size + 1);
    if (!payload)
        abort();
    bool is_job = wht_worker_receive(payload, head.size) && head.type == WHT_FRAME_JOB;
    if (is_job) {
        struct wht_frame_fields fields = {payload, payload + head.size};
        uint64_t from = wht_frame_take_number(&fields);
        uint64_t to = wht_frame_take_number(&fields);
        bool careful = wht_frame_take_number(&fields) != 0;
        w->elsewhere = 0;
        bool ended = run_job(w, wht_frame_take_string(&fields), from, to, careful);
        size_t start = wht_frame_begin(&w->out, WHT_FRAME_DONE);
        wht_frame_number(&w->out, ended);
        wht_frame_number(&w->out, w->elsewhere);
        wht_frame_end(&w->out, start);
        flush(w);
    }
    free(payload);
    return is_job;
}

static int refuse(struct worker *w, const char *reason)
{
    size_t start = wht_frame_begin(&w->out, WHT_FRAME_NO_EMULATOR);
    wht_frame_string(&w->out, reason);
    wht_frame_end(&w->out, start);
    flush(w);
    wht_text_free(&w->out);
    return WHT_EXIT_EMULATOR;
}

static struct wht_recorder *open_recorder(struct worker *w, char *error)
{
    char file[WHVC_PATH_MAX];
    whvc_describe_library((void (*)(void))w->backend.create, file, sizeof(file), w->version,
                          sizeof(w->version));
    return wht_recorder_open(&w->backend, error);
}

/* @return false after writing why into error. */
static bool open_emulator(struct worker *w, char *error)
{
    bool is_builtin = strcmp(w->report.emulator, WHT_BACKEND_BUILTIN) == 0;
    if (w->not_run)
        return true;
    wht_progress_attach(wht_worker_shared());
    wht_worker_watch_crashes(wht_progress_get(), is_builtin ? NULL : w->report.emulator);
    if (!wht_backend_open(w->report.emulator, &w->backend, error))
        return false;
    if (w->records)
        w->recorder = open_recorder(w, error);
    else if (w->redacts)
        w->redactor = wht_redactor_open(&w->backend, &w->redaction, error);
    else
        w->replayer = wht_replayer_open(&w->backend, error);
    if (w->keeps_handle && w->recorder)
        wht_recorder_keep_handle(w->recorder);
    if (w->keeps_handle && w->redactor)
        wht_redactor_keep_handle(w->redactor);
    if (w->keeps_handle && w->replayer)
        wht_replayer_keep_handle(w->replayer);
    return w->replayer || w->recorder || w->redactor;
}

static int work(struct worker *w)
{
    char error[WHT_BACKEND_ERROR_MAX];
    if (!open_emulator(w, error))
        return refuse(w, error);
    wht_known_load(&w->known, &w->expectation_files, w->report.emulator);
    wht_frame_end(&w->out, wht_frame_begin(&w->out, WHT_FRAME_READY));
    flush(w);
    while (receive_job(w))
        continue;
    close_file(w);
    wht_replayer_close(w->replayer);
    wht_recorder_close(w->recorder);
    wht_redactor_close(w->redactor);
    wht_backend_close(&w->backend);
    wht_known_free(&w->known);
    wht_text_free(&w->out);
    wht_text_free(&w->cause);
    wht_text_free(&w->key);
    wht_text_free(&w->block);
    wht_text_free(&w->detail);
    return WHT_EXIT_OK;
}

static bool take_level(const struct wht_args *args, const struct wht_option *option,
                       const char *value, void *target)
{
    (void)args;
    (void)option;
    *(enum wht_match *)target = strcmp(value, "strict") == 0   ? WHT_MATCH_STRICT
                                : strcmp(value, "device") == 0 ? WHT_MATCH_DEVICE
                                                               : WHT_MATCH_EFFECTS;
    return true;
}

static bool take_shard(const struct wht_args *args, const struct wht_option *option,
                       const char *value, void *target)
{
    struct worker *w = target;
    (void)args;
    (void)option;
    return wht_take_shard(value, &w->shard, &w->shard_count);
}

static bool take_redaction(const struct wht_args *args, const struct wht_option *option,
                           const char *value, void *target)
{
    struct worker *w = target;
    (void)args;
    w->redacts = true;
    w->redaction.seed = strtoull(value, NULL, 10);
    w->redaction.only_whole = strcmp(option->name, "redact-whole") == 0;
    return true;
}

static const struct wht_option options[] = {
    {"emulator", 0, "builtin|PATH", "the emulator", WHT_TEXT(struct worker, report.emulator)},
    {"match", 0, "LEVEL", "the strictest level", WHT_TAKE(take_level, struct worker, level)},
    {"colours", 0, NULL, "colours in failure blocks", WHT_FLAG(struct worker, report.colours)},
    {"detail", 0, NULL, "failures as JSON, too", WHT_FLAG(struct worker, wants_detail)},
    {"select", 'k', "PATTERN", "which cases", WHT_WORDS(struct worker, patterns)},
    {"shard", 0, "K/N", "which of these, by their names", WHT_TAKE_ALL(take_shard)},
    {"expectations", 0, "FILE", "cases to skip", WHT_WORDS(struct worker, expectation_files)},
    {"record", 0, NULL, "write down what the emulator does", WHT_FLAG(struct worker, records)},
    {"redact", 0, "SEED", "replace the data in cases", WHT_TAKE_ALL(take_redaction)},
    {"redact-whole", 0, "SEED", "likewise, and drop those of which data must stay",
     WHT_TAKE_ALL(take_redaction)},
    {"keep-handle", 0, NULL, "never destroy a handle", WHT_FLAG(struct worker, keeps_handle)},
    {"not-run", 0, "REASON", "run no case, and say so of each", WHT_TEXT(struct worker, not_run)},
    {.name = NULL},
};

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    const char *command = getenv("WHVTRACE_COMMAND");
    const char *show = getenv("WHVTRACE_SHOW");
    struct worker w = {.report = {.emulator = WHT_BACKEND_BUILTIN,
                                  .command = command && *command ? command : "whvtrace run",
                                  .show = show && *show ? show : "whvtrace show"},
                       .level = WHT_MATCH_STRICT,
                       .shard = 1,
                       .shard_count = 1};
    const char *value = NULL;
    for (enum wht_arg arg; (arg = wht_args_next(args, &value)) != WHT_ARG_END;)
        if (arg != WHT_ARG_OPTION || !wht_args_take(args, value, &w))
            return wht_usage_error(verb->name, "is started by 'whvtrace run'");
    wht_worker_prepare();
    int code = work(&w);
    wht_words_free(&w.patterns);
    wht_words_free(&w.expectation_files);
    return code;
}

const struct wht_verb wht_verb_worker = {
    .name = "worker",
    .operands = "",
    .summary = "run cases for 'whvtrace run'",
    .options = options,
    .run = run,
    .is_hidden = true,
};
