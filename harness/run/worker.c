/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/platform.h"
#include "base/str.h"
#include "known.h"
#include "process.h"
#include "session/progress.h"
#include "work.h"

#define FLUSH_BYTES 32768u
#define FLUSH_MS    100u

struct worker {
    const struct wht_worker_options *options;
    struct wht_workbench bench;
    struct wht_known known;
    uint64_t other_shards; /* cases of the job that are theirs */

    char *path; /* the file that is open */
    struct wht_reader *reader;
    struct wht_case *ahead; /* read, but of a later job */
    uint64_t position;      /* ordinals before it have been handed out */

    struct wht_text out;
    uint64_t flushed_ms;
};

static void flush(struct worker *w)
{
    if (w->out.size > 0)
        wht_worker_send(w->out.text, w->out.size);
    wht_text_clear(&w->out);
    w->flushed_ms = wht_now_ms();
}

static void put_alive(struct worker *w)
{
    const struct wht_alive_frame alive = {.position = w->position};
    wht_put_alive_frame(&w->out, &alive);
}

/* Silence is how the parent notices that a case hangs. */
static void flush_sometimes(struct worker *w)
{
    if (w->out.size < FLUSH_BYTES && wht_now_ms() - w->flushed_ms < FLUSH_MS)
        return;
    if (w->out.size == 0)
        put_alive(w);
    flush(w);
}

static void report_error(void *user, const struct wht_error *error)
{
    struct worker *w = user;
    const struct wht_error_frame frame = {.line = error->pos.line,
                                          .column = error->pos.column,
                                          .more = error->more,
                                          .file = error->file,
                                          .pointer = error->pointer,
                                          .text = error->text};
    wht_put_error_frame(&w->out, &frame);
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
    w->bench.reader = w->reader;
    return w->reader != NULL;
}

static struct wht_case *next_case(struct worker *w)
{
    struct wht_case *c = w->ahead;
    w->ahead = NULL;
    return c ? c : wht_reader_next(w->reader);
}

/* @return why a case is not run, or NULL. */
static const char *reason_to_skip(const struct worker *w, const struct wht_case *c,
                                  const struct wht_expectation *entry, char *text, size_t n)
{
    if (w->options->not_run)
        return w->options->not_run;
    if (c->revoked && w->bench.kind->skips_revoked) {
        snprintf(text, n, "revoked: %s", c->revoked);
        return text;
    }
    return entry && entry->expect == WHT_EXPECT_SKIP ? entry->reason : NULL;
}

static void run_case(struct worker *w, struct wht_case *c, bool careful)
{
    char text[256];
    if (!wht_selects(&w->options->selection, c))
        return;
    if (!wht_is_in_shard(c->name, w->options->shard, w->options->shard_count)) {
        w->other_shards++;
        return;
    }
    const struct wht_expectation *entry = wht_known_find(&w->known, c->name);
    const char *why = reason_to_skip(w, c, entry, text, sizeof(text));
    if (why) {
        w->bench.kind->skip(&w->bench, c, why);
        return;
    }
    if (careful) {
        wht_worker_forget_said();
        wht_work_announce(&w->bench, c, entry && entry->expect != WHT_EXPECT_FAIL);
        flush(w);
    }
    wht_progress_case();
    w->bench.kind->run(&w->bench, c, entry && entry->expect == WHT_EXPECT_FAIL);
}

/* Runs the cases of a job. Returns whether the file has ended. */
static bool run_job(struct worker *w, const struct wht_job_frame *job)
{
    if (!open_file(w, job->path, job->from))
        return true;
    for (;;) {
        struct wht_case *c = next_case(w);
        if (!c)
            return true;
        if (c->ordinal >= job->to) {
            w->ahead = c;
            w->position = job->to;
            return false;
        }
        if (c->ordinal >= job->from)
            run_case(w, c, job->is_careful);
        w->position = c->ordinal + 1;
        wht_case_free(c);
        flush_sometimes(w);
    }
}

/* Receives a frame into a text. @return false if the parent has gone, or sends none. */
static bool receive(struct wht_text *in, struct wht_frame *frame)
{
    char buffer[4096];
    size_t at = 0;
    wht_text_clear(in);
    for (size_t missing; (missing = wht_frame_missing(in->text, in->size)) > 0;) {
        size_t size = missing < sizeof(buffer) ? missing : sizeof(buffer);
        if (!wht_worker_receive(buffer, size))
            return false;
        wht_text_add_bytes(in, buffer, size);
    }
    return wht_frame_next(in->text, in->size, &at, frame) == WHT_FRAME_WHOLE;
}

static void work(struct worker *w, struct wht_text *in)
{
    struct wht_frame frame;
    struct wht_job_frame job;
    put_alive(w);
    flush(w);
    while (receive(in, &frame) && frame.type == WHT_FRAME_JOB &&
           wht_get_job_frame(frame.bytes, frame.size, &job)) {
        w->other_shards = 0;
        struct wht_done_frame done = {.is_file_at_end = run_job(w, &job)};
        done.other_shards = w->other_shards;
        wht_put_done_frame(&w->out, &done);
        flush(w);
    }
    close_file(w);
}

static int refuse(struct worker *w, const char *why)
{
    const struct wht_refused_frame frame = {.why = why};
    wht_put_refused_frame(&w->out, &frame);
    flush(w);
    return WHT_EXIT_EMULATOR;
}

/* The first frame of each side tells whether both are the same program. */
static bool greet(struct worker *w, struct wht_text *in, char *why, size_t n)
{
    struct wht_frame frame;
    snprintf(why, n, "whvtrace was not asked anything");
    wht_frame_hello(&w->out);
    flush(w);
    return receive(in, &frame) && wht_frame_greets(&frame, why, n);
}

int wht_worker_run(const struct wht_worker_options *options)
{
    char why[WHT_BACKEND_ERROR_MAX];
    int code = WHT_EXIT_OK;
    struct wht_text in = {.text = NULL};
    struct worker w = {.options = options};
    w.bench.options = options;
    w.bench.kind = wht_work_kind(options->work);
    w.bench.out = &w.out;
    wht_worker_prepare();
    if (!greet(&w, &in, why, sizeof(why)) ||
        (!options->not_run && !wht_workbench_open(&w.bench, why))) {
        code = refuse(&w, why);
    } else {
        wht_known_load(&w.known, &options->expectation_files, options->report.emulator);
        work(&w, &in);
        wht_workbench_close(&w.bench);
        wht_known_free(&w.known);
    }
    wht_text_free(&in);
    wht_text_free(&w.out);
    return code;
}
