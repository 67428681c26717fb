/* SPDX-License-Identifier: MIT */
/*
 * A worker first gets a chunk without ado and reports in bulk. If it dies or falls silent, nothing
 * is lost: the rest of the chunk is run again by a new worker that announces each case, and then it
 * is known which case it was.
 */
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/platform.h"
#include "base/str.h"
#include "format/find.h"
#include "lost.h"
#include "lost_frames.h"
#include "pool_arguments.h"
#include "process.h"
#include "schedule.h"
#include "session/result.h"

#define WORKERS_MAX 256u
#define TICK_MS     50
/* Silence of a worker that reports in bulk, before its cases are tried one by one. */
#define BULK_SILENCE_MS 1000u
/* A worker that reads a long way into a file. */
#define READING_MS 60000u
/* What starting a process may add to the time that loading an emulator may take. */
#define STARTING_MS 2000u

struct worker {
    struct wht_process *process;
    struct wht_chunk *chunk;
    struct wht_text in; /* bytes that are no whole frame yet */
    uint64_t heard_ms;
    size_t last_file;
    bool has_greeted; /* it is the same program */
    bool is_ready;
    bool has_begun; /* a careful case is running */
    bool is_timed_out;
    struct wht_text begun; /* the fields of its announcement */
};

/* When to give up: so many crashes, or a quarter of them in timeouts, before any case has passed.
 */
#define LOSSES_MAX     20u
#define TIMEOUT_WEIGHT 4u

struct pool {
    const struct wht_pool_options *options;
    const struct wht_pool_handler *handler;
    struct wht_schedule schedule;
    struct worker *workers;
    size_t worker_count;
    struct wht_pool_arguments arguments;
    char not_run[96];      /* why cases are not run any more */
    struct wht_map errors; /* told: a file that several workers read reports once */
    size_t files_done;
    uint64_t other_shards; /* cases that belong to them */
    bool has_passed;       /* some case */
    unsigned losses;       /* until then, weighed */
    unsigned crashes;
    unsigned timeouts;
    bool has_given_up;
    bool is_not_running; /* what is left is only told */
    bool keeps_handle;   /* Destroy, or a second Create, cannot be called */
    bool is_stopped;
    bool has_emulator_failed;
    bool has_no_process;
    char *message; /* of the outcome */
};

static void fill_arguments(struct pool *pool)
{
    wht_pool_fill_arguments(&pool->arguments, pool->options, pool->keeps_handle,
                            pool->has_given_up ? pool->not_run : NULL);
}

static void send_job(struct pool *pool, struct worker *w, bool is_first)
{
    struct wht_text text = {.text = NULL};
    struct wht_job_frame job = {.from = w->chunk->resume,
                                .to = w->chunk->to,
                                .is_careful = w->chunk->is_careful,
                                .path = pool->schedule.files->paths[w->chunk->file]};
    if (is_first)
        wht_frame_hello(&text);
    wht_put_job_frame(&text, &job);
    /* If it cannot be sent the process has ended, which shows at the other pipe. */
    wht_process_send(w->process, text.text, text.size);
    wht_text_free(&text);
    w->heard_ms = wht_now_ms();
    w->last_file = w->chunk->file;
    w->has_begun = false;
}

static void give_work(struct pool *pool, struct worker *w)
{
    bool is_first = !w->process;
    w->chunk = wht_schedule_take(&pool->schedule, is_first ? WHT_NO_FILE : w->last_file);
    if (!w->chunk)
        return;
    if (is_first) {
        w->process = wht_process_start(pool->arguments.items);
        w->has_greeted = false;
        w->is_ready = false;
        w->is_timed_out = false;
        wht_text_clear(&w->in);
    }
    if (!w->process) {
        pool->has_no_process = true;
        return;
    }
    send_job(pool, w, is_first);
}

/* Gives up if the emulator is lost in case after case and passes none. */
static void count_loss(struct pool *pool, const struct worker *w, bool is_known)
{
    if (is_known || pool->has_passed || pool->has_given_up)
        return;
    pool->losses += w->is_timed_out ? TIMEOUT_WEIGHT : 1;
    pool->crashes += !w->is_timed_out;
    pool->timeouts += w->is_timed_out;
    if (!pool->options->gives_up || pool->losses < LOSSES_MAX)
        return;
    pool->has_given_up = true;
    snprintf(pool->not_run, sizeof(pool->not_run), "the emulator %s in %u cases and passed none",
             pool->timeouts == 0  ? "crashed"
             : pool->crashes == 0 ? "timed out"
                                  : "crashed or timed out",
             pool->crashes + pool->timeouts);
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX, "%s: %s; the others were not run",
             pool->options->emulator, pool->not_run);
}

/* @return false if what the worker announced is no case of its chunk. */
static bool add_lost_case(struct pool *pool, struct worker *w, const struct wht_lost *lost)
{
    struct wht_begin_frame begin;
    struct wht_text *out = &w->chunk->frames;
    if (!wht_get_begin_frame(w->begun.text, w->begun.size, &begin) ||
        begin.ordinal < w->chunk->resume || begin.ordinal >= w->chunk->to)
        return false;
    if (pool->options->work == WHT_WORK_JUDGE)
        wht_lost_case_frame(out, &begin, lost, (wht_now_ms() - w->heard_ms) * 1000,
                            pool->options->wants_detail);
    else
        wht_lost_made_frame(out, &begin, lost);
    w->chunk->resume = begin.ordinal + 1;
    count_loss(pool, w, begin.is_expected_loss);
    return true;
}

static void lose_chunk(struct pool *pool, struct worker *w, const struct wht_lost *lost)
{
    struct wht_chunk *chunk = w->chunk;
    bool was_case = chunk->is_careful && w->has_begun && add_lost_case(pool, w, lost);
    if (chunk->is_careful && !was_case) {
        wht_lost_error_frame(&chunk->frames, pool->schedule.files->paths[chunk->file], lost);
        wht_schedule_done(&pool->schedule, chunk, true);
    } else if (chunk->resume >= chunk->to) {
        wht_schedule_done(&pool->schedule, chunk, false);
    } else {
        chunk->is_careful = true;
        wht_schedule_retry(chunk);
    }
    w->chunk = NULL;
}

/* Says, for the run as a whole and once, what is wrong with the emulator. */
static void blame_emulator(struct pool *pool, const char *function, const char *when,
                           const struct wht_lost *lost)
{
    struct wht_text text = {.text = NULL};
    if (*pool->message)
        return;
    wht_text_addf(&text, "%s: ", pool->options->emulator);
    wht_text_add_clean(&text, function);
    wht_text_add(&text, *function ? " " : "");
    wht_lost_end(&text, lost);
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX, "%s%s", wht_text_get(&text), when);
    wht_text_free(&text);
}

/* Destroy, or Create of a second handle, is no case's doing: its case is run again by a worker that
 * calls neither. */
static bool is_about_handles(struct pool *pool, struct worker *w, const struct wht_lost *lost)
{
    uint32_t doing = lost->progress.doing;
    if ((doing != WHT_DOING_CREATE && doing != WHT_DOING_DESTROY) || pool->keeps_handle)
        return false;
    blame_emulator(pool, lost->progress.function,
                   doing == WHT_DOING_CREATE ? "; it was to create a second handle" : "", lost);
    pool->keeps_handle = true;
    fill_arguments(pool);
    if (w->chunk)
        wht_schedule_retry(w->chunk);
    w->chunk = NULL;
    return true;
}

static void check_destroyed(struct pool *pool, const struct wht_lost *lost)
{
    if (*pool->message || lost->progress.destroy_result == 0)
        return;
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX,
             "%s: WHvEmulatorDestroyEmulator returned 0x%08" PRIx32 ": %s", pool->options->emulator,
             lost->progress.destroy_result, wht_rule_text(WHT_RULE_DESTROY));
}

static void conclude_loss(struct pool *pool, struct worker *w)
{
    struct wht_lost lost;
    wht_lost_take(&lost, w->process, w->is_timed_out, pool->options->timeout_ms);
    w->process = NULL;
    if (wht_is_interrupted() || pool->has_emulator_failed)
        return;
    if (!w->is_ready) {
        pool->has_emulator_failed = true;
        *pool->message = 0;
        if (w->is_timed_out)
            snprintf(lost.left.how, sizeof(lost.left.how), "did not come to an end");
        lost.is_timed_out = false;
        if (w->is_timed_out)
            lost.progress.has_crashed = 0;
        blame_emulator(pool, lost.progress.doing == WHT_DOING_CREATE ? lost.progress.function : "",
                       lost.progress.doing == WHT_DOING_CREATE ? "" : " while it was loaded",
                       &lost);
        return;
    }
    check_destroyed(pool, &lost);
    if (!is_about_handles(pool, w, &lost) && w->chunk)
        lose_chunk(pool, w, &lost);
}

/* Results must belong to the chunk: what an emulator did to the worker's memory must not confuse
 * the parent. */
static bool accept_result(struct pool *pool, struct worker *w, uint64_t ordinal,
                          enum wht_outcome_kind kind)
{
    if (!w->chunk || ordinal < w->chunk->resume || ordinal >= w->chunk->to)
        return false;
    w->chunk->resume = ordinal + 1;
    w->has_begun = false;
    pool->has_passed |= kind == WHT_CASE_PASSED;
    return true;
}

/* The frames that are delivered when their chunk is due. */
static bool accept_for_delivery(struct pool *pool, struct worker *w, const struct wht_frame *frame)
{
    bool judges = pool->options->work == WHT_WORK_JUDGE;
    struct wht_case_frame result;
    struct wht_made_frame made;
    struct wht_error_frame error;
    switch (frame->type) {
    case WHT_FRAME_CASE:
        return judges && wht_get_case_frame(frame->bytes, frame->size, &result) &&
               accept_result(pool, w, result.ordinal, result.kind);
    case WHT_FRAME_MADE:
        return !judges && wht_get_made_frame(frame->bytes, frame->size, &made) &&
               accept_result(pool, w, made.ordinal, made.kind);
    default:
        return frame->type == WHT_FRAME_ERROR && w->chunk &&
               wht_get_error_frame(frame->bytes, frame->size, &error);
    }
}

static bool begin_case(struct worker *w, const struct wht_frame *frame)
{
    struct wht_begin_frame begin;
    if (!w->chunk || !wht_get_begin_frame(frame->bytes, frame->size, &begin))
        return false;
    wht_text_clear(&w->begun);
    wht_text_add_bytes(&w->begun, frame->bytes, frame->size);
    w->has_begun = true;
    return true;
}

static bool end_job(struct pool *pool, struct worker *w, const struct wht_frame *frame)
{
    struct wht_done_frame done;
    if (!w->chunk || !wht_get_done_frame(frame->bytes, frame->size, &done))
        return false;
    wht_schedule_done(&pool->schedule, w->chunk, done.is_file_at_end);
    pool->other_shards += done.other_shards;
    w->chunk = NULL;
    return true;
}

static void refuse_emulator(struct pool *pool, const char *why)
{
    pool->has_emulator_failed = true;
    snprintf(pool->message, WHT_POOL_MESSAGE_MAX, "%s", why);
}

static bool greet(struct pool *pool, struct worker *w, const struct wht_frame *frame)
{
    char why[WHT_POOL_MESSAGE_MAX];
    w->has_greeted = wht_frame_greets(frame, why, sizeof(why));
    if (!w->has_greeted)
        refuse_emulator(pool, why);
    return w->has_greeted;
}

static bool handle_frame(struct pool *pool, struct worker *w, const struct wht_frame *frame)
{
    struct wht_refused_frame refused;
    if (!w->has_greeted)
        return greet(pool, w, frame);
    switch (frame->type) {
    case WHT_FRAME_ALIVE:
        w->is_ready = true;
        return true;
    case WHT_FRAME_REFUSED:
        if (!wht_get_refused_frame(frame->bytes, frame->size, &refused))
            return false;
        refuse_emulator(pool, refused.why);
        return true;
    case WHT_FRAME_BEGIN:
        return begin_case(w, frame);
    case WHT_FRAME_DONE:
        return end_job(pool, w, frame);
    default:
        if (!accept_for_delivery(pool, w, frame))
            return false;
        wht_text_add_bytes(&w->chunk->frames, frame->bytes - WHT_FRAME_HEAD,
                           frame->size + WHT_FRAME_HEAD);
        return true;
    }
}

/* Returns false if the worker is to be given up. */
static bool handle_input(struct pool *pool, struct worker *w)
{
    size_t at = 0;
    struct wht_frame frame;
    enum wht_frame_read read;
    while ((read = wht_frame_next(w->in.text, w->in.size, &at, &frame)) == WHT_FRAME_WHOLE)
        if (!handle_frame(pool, w, &frame))
            return false;
    if (at > 0)
        memmove(w->in.text, w->in.text + at, w->in.size - at);
    w->in.size -= at;
    return read == WHT_FRAME_PARTIAL;
}

static void receive_from(struct pool *pool, struct worker *w)
{
    static char buffer[65536];
    size_t size = wht_process_receive(w->process, buffer, sizeof(buffer));
    if (size > 0) {
        wht_text_add_bytes(&w->in, buffer, size);
        w->heard_ms = wht_now_ms();
        if (handle_input(pool, w))
            return;
        wht_process_kill(w->process);
    }
    conclude_loss(pool, w);
}

static void check_silence(struct pool *pool, struct worker *w)
{
    uint64_t limit = pool->options->timeout_ms;
    struct wht_progress progress;
    if (!w->is_ready)
        limit += STARTING_MS;
    else if (w->chunk->is_careful && !w->has_begun)
        limit += READING_MS;
    else if (!w->chunk->is_careful && limit > BULK_SILENCE_MS)
        limit = BULK_SILENCE_MS;
    if (wht_now_ms() - w->heard_ms <= limit)
        return;
    /* Handles are no case's doing; it is tried what the user has granted a case. */
    if (wht_lost_peek(w->process, &progress) && progress.doing == WHT_DOING_DESTROY &&
        wht_now_ms() - w->heard_ms <= pool->options->timeout_ms)
        return;
    w->is_timed_out = true;
    wht_process_kill(w->process);
    conclude_loss(pool, w);
}

static void deliver_error(struct pool *pool, const struct wht_frame *frame)
{
    struct wht_error_frame told;
    if (!wht_get_error_frame(frame->bytes, frame->size, &told) ||
        !wht_map_add(&pool->errors, frame->bytes, frame->size))
        return;
    struct wht_error error = {.file = told.file,
                              .pos = {.line = told.line, .column = told.column},
                              .pointer = told.pointer,
                              .text = told.text,
                              .more = told.more};
    pool->handler->on_error(pool->handler->user, &error);
}

/* @return false to stop the run. */
static bool deliver(struct pool *pool, const struct wht_frame *frame)
{
    const struct wht_pool_handler *handler = pool->handler;
    struct wht_case_frame result;
    struct wht_made_frame made;
    if (frame->type == WHT_FRAME_CASE && wht_get_case_frame(frame->bytes, frame->size, &result))
        return handler->on_case(handler->user, &result);
    if (frame->type == WHT_FRAME_MADE && wht_get_made_frame(frame->bytes, frame->size, &made))
        return handler->on_made(handler->user, &made);
    deliver_error(pool, frame);
    return true;
}

static void deliver_chunk(struct pool *pool, struct wht_chunk *chunk)
{
    size_t at = 0;
    struct wht_frame frame;
    while (!pool->is_stopped &&
           wht_frame_next(chunk->frames.text, chunk->frames.size, &at, &frame) == WHT_FRAME_WHOLE)
        pool->is_stopped = !deliver(pool, &frame);
    pool->files_done = chunk->file;
}

/* The workers that there are know nothing of it; the next ones run no case, and say so of each. */
static void stop_running(struct pool *pool)
{
    fill_arguments(pool);
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *w = &pool->workers[i];
        struct wht_lost lost;
        if (!w->process)
            continue;
        wht_process_kill(w->process);
        wht_lost_take(&lost, w->process, false, 0);
        w->process = NULL;
        if (w->chunk)
            wht_schedule_retry(w->chunk);
        w->chunk = NULL;
    }
    pool->is_not_running = true;
}

static void step(struct pool *pool)
{
    struct wht_process *processes[WORKERS_MAX];
    bool ready[WORKERS_MAX];
    for (size_t i = 0; i < pool->worker_count; i++) {
        if (!pool->workers[i].chunk)
            give_work(pool, &pool->workers[i]);
        processes[i] = pool->workers[i].process;
    }
    wht_process_wait(processes, pool->worker_count, TICK_MS, ready);
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *w = &pool->workers[i];
        if (w->process && ready[i])
            receive_from(pool, w);
        else if (w->process && w->chunk)
            check_silence(pool, w);
    }
    if (pool->has_given_up && !pool->is_not_running)
        stop_running(pool);
    for (struct wht_chunk *chunk; !pool->is_stopped;) {
        chunk = wht_schedule_deliver(&pool->schedule);
        if (!chunk)
            break;
        deliver_chunk(pool, chunk);
        wht_chunk_free(chunk);
    }
    if (pool->handler->on_tick)
        pool->handler->on_tick(pool->handler->user, pool->files_done);
}

static bool goes_on(const struct pool *pool)
{
    if (pool->has_given_up && !pool->options->tells_not_run)
        return false;
    return !pool->is_stopped && !pool->has_emulator_failed && !pool->has_no_process &&
           !wht_is_interrupted() && !wht_schedule_is_empty(&pool->schedule);
}

/* An idle worker destroys the emulator's handles and leaves when its pipe is closed. */
static void release_worker(struct pool *pool, struct worker *w)
{
    struct wht_lost lost;
    bool is_idle = w->is_ready && !w->chunk;
    if (!is_idle)
        wht_process_kill(w->process);
    bool is_clean = wht_lost_take(&lost, w->process, false, 0);
    w->process = NULL;
    /* An interrupt from the terminal reaches the workers, too. */
    if (!is_idle || wht_is_interrupted())
        return;
    bool is_destroying = lost.progress.doing == WHT_DOING_DESTROY;
    if (!is_clean)
        blame_emulator(pool, is_destroying ? lost.progress.function : "",
                       is_destroying ? "" : " when it was unloaded", &lost);
    check_destroyed(pool, &lost);
}

static void release(struct pool *pool)
{
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *w = &pool->workers[i];
        if (w->process)
            release_worker(pool, w);
        wht_text_free(&w->in);
        wht_text_free(&w->begun);
    }
    free(pool->workers);
    wht_map_free(&pool->errors);
    wht_schedule_free(&pool->schedule);
}

static enum wht_pool_end end_of(const struct pool *pool)
{
    return wht_is_interrupted()        ? WHT_POOL_INTERRUPTED
           : pool->has_emulator_failed ? WHT_POOL_NO_EMULATOR
           : pool->has_no_process      ? WHT_POOL_NO_PROCESS
           : pool->is_stopped          ? WHT_POOL_STOPPED
           : pool->has_given_up        ? WHT_POOL_GAVE_UP
                                       : WHT_POOL_DONE;
}

void wht_run_cases(const struct wht_pool_options *options, const struct wht_file_list *files,
                   const struct wht_pool_handler *handler, struct wht_pool_outcome *outcome)
{
    struct pool pool = {.options = options, .handler = handler, .message = outcome->message};
    *outcome->message = 0;
    pool.worker_count = options->jobs < WORKERS_MAX ? options->jobs : WORKERS_MAX;
    pool.workers = wht_allocate(pool.worker_count, sizeof(*pool.workers));
    wht_schedule_init(&pool.schedule, files);
    fill_arguments(&pool);
    wht_catch_interrupts();
    while (goes_on(&pool))
        step(&pool);
    outcome->end = end_of(&pool);
    /* What the due chunk has found so far is worth telling. */
    if ((outcome->end == WHT_POOL_INTERRUPTED || outcome->end == WHT_POOL_GAVE_UP) &&
        pool.schedule.chunks)
        deliver_chunk(&pool, pool.schedule.chunks);
    outcome->other_shards = pool.other_shards;
    release(&pool);
    wht_release_interrupts();
    if (outcome->end == WHT_POOL_NO_PROCESS)
        snprintf(outcome->message, WHT_POOL_MESSAGE_MAX, "a worker process could not be started");
}
