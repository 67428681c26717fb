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
    uint64_t elsewhere; /* cases of other shards */
    bool has_passed;    /* some case */
    unsigned losses;    /* until then, weighed */
    unsigned crashes;
    unsigned timeouts;
    bool has_given_up;
    bool is_not_running; /* what is left is only told */
    bool keeps_handle;   /* Destroy, or a second Create, cannot be called */
    bool is_stopped;
    bool has_emulator_failed;
    bool has_no_process;
    char *error;
};

static void fill_arguments(struct pool *pool)
{
    wht_pool_fill_arguments(&pool->arguments, pool->options, pool->keeps_handle,
                            pool->has_given_up ? pool->not_run : NULL);
}

static void send_job(struct pool *pool, struct worker *w)
{
    struct wht_text job = {.text = NULL};
    size_t start = wht_frame_begin(&job, WHT_FRAME_JOB);
    wht_frame_number(&job, w->chunk->resume);
    wht_frame_number(&job, w->chunk->to);
    wht_frame_number(&job, w->chunk->is_careful);
    wht_frame_string(&job, pool->schedule.files->paths[w->chunk->file]);
    wht_frame_end(&job, start);
    /* If it cannot be sent the process has ended, which shows at the other pipe. */
    wht_process_send(w->process, job.text, job.size);
    wht_text_free(&job);
    w->heard_ms = wht_now_ms();
    w->last_file = w->chunk->file;
    w->has_begun = false;
}

static void employ(struct pool *pool, struct worker *w)
{
    w->chunk = wht_schedule_take(&pool->schedule, w->process ? w->last_file : WHT_NO_FILE);
    if (!w->chunk)
        return;
    if (!w->process) {
        w->process = wht_process_start(pool->arguments.items);
        w->is_ready = false;
        w->is_timed_out = false;
        wht_text_clear(&w->in);
    }
    if (!w->process) {
        pool->has_no_process = true;
        return;
    }
    send_job(pool, w);
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
    snprintf(pool->error, WHT_POOL_ERROR_MAX, "%s: %s; the others were not run",
             pool->options->emulator, pool->not_run);
}

/* A result that the parent writes in the place of a worker that is gone. */
static void add_lost_case(struct pool *pool, struct worker *w, const struct wht_lost *lost)
{
    struct wht_frame_fields fields = {w->begun.text, w->begun.text + w->begun.size};
    struct wht_case_frame result = wht_frame_take_case(&fields);
    struct wht_text key = {.text = NULL}, cause = {.text = NULL};
    struct wht_text block = {.text = NULL}, detail = {.text = NULL};
    wht_text_addf(&key, "%s/", result.mnemonic);
    wht_lost_end(&key, lost);
    wht_lost_cause(&cause, lost);
    /* The announcement has the end of the block in the place of the detail. */
    wht_text_add(&block, result.block);
    wht_lost_block(&block, lost);
    wht_text_add(&block, result.detail);
    if (pool->options->wants_detail)
        wht_lost_json(&detail, lost);
    result.kind = WHT_CASE_FAILED;
    result.ending = w->is_timed_out ? WHT_TIMED_OUT : WHT_CRASHED;
    result.cause = wht_text_get(&cause);
    result.key = wht_text_get(&key);
    result.block = wht_text_get(&block);
    result.detail = wht_text_get(&detail);
    result.micros = (wht_now_ms() - w->heard_ms) * 1000;
    wht_frame_case(&w->chunk->frames, WHT_FRAME_CASE, &result);
    w->chunk->resume = result.ordinal + 1;
    count_loss(pool, w, result.is_known);
    wht_text_free(&key);
    wht_text_free(&cause);
    wht_text_free(&block);
    wht_text_free(&detail);
}

static void add_lost_file(struct pool *pool, struct worker *w, const char *how)
{
    char text[128];
    snprintf(text, sizeof(text), "the program itself %s while it read the file", how);
    size_t start = wht_frame_begin(&w->chunk->frames, WHT_FRAME_ERROR);
    wht_frame_number(&w->chunk->frames, 0);
    wht_frame_number(&w->chunk->frames, 0);
    wht_frame_string(&w->chunk->frames, pool->schedule.files->paths[w->chunk->file]);
    wht_frame_string(&w->chunk->frames, "");
    wht_frame_string(&w->chunk->frames, text);
    wht_frame_number(&w->chunk->frames, 0);
    wht_frame_end(&w->chunk->frames, start);
}

static void lose_chunk(struct pool *pool, struct worker *w, const struct wht_lost *lost)
{
    struct wht_chunk *chunk = w->chunk;
    if (chunk->is_careful && w->has_begun)
        add_lost_case(pool, w, lost);
    if (chunk->is_careful && !w->has_begun) {
        struct wht_text how = {.text = NULL};
        wht_lost_end(&how, lost);
        add_lost_file(pool, w, wht_text_get(&how));
        wht_text_free(&how);
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
static void blame(struct pool *pool, const char *function, const char *when,
                  const struct wht_lost *lost)
{
    struct wht_text text = {.text = NULL};
    if (*pool->error)
        return;
    wht_text_addf(&text, "%s: ", pool->options->emulator);
    wht_text_add_clean(&text, function);
    wht_text_add(&text, *function ? " " : "");
    wht_lost_end(&text, lost);
    snprintf(pool->error, WHT_POOL_ERROR_MAX, "%s%s", wht_text_get(&text), when);
    wht_text_free(&text);
}

/* Destroy, or Create of a second handle, is no case's doing: its case is run again by a worker that
 * calls neither. */
static bool is_about_handles(struct pool *pool, struct worker *w, const struct wht_lost *lost)
{
    uint32_t doing = lost->progress.doing;
    if ((doing != WHT_DOING_CREATE && doing != WHT_DOING_DESTROY) || pool->keeps_handle)
        return false;
    blame(pool, lost->progress.function,
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
    if (*pool->error || lost->progress.destroy_result == 0)
        return;
    snprintf(pool->error, WHT_POOL_ERROR_MAX,
             "%s: WHvEmulatorDestroyEmulator returned 0x%08" PRIx32 ": %s", pool->options->emulator,
             lost->progress.destroy_result, wht_rule_text(WHT_RULE_DESTROY));
}

static void bury(struct pool *pool, struct worker *w)
{
    struct wht_lost lost;
    wht_lost_take(&lost, w->process, w->is_timed_out, pool->options->timeout_ms);
    w->process = NULL;
    if (wht_is_interrupted() || pool->has_emulator_failed)
        return;
    if (!w->is_ready) {
        pool->has_emulator_failed = true;
        *pool->error = 0;
        if (w->is_timed_out)
            snprintf(lost.left.how, sizeof(lost.left.how), "did not come to an end");
        lost.is_timed_out = false;
        if (w->is_timed_out)
            lost.progress.has_crashed = 0;
        blame(pool, lost.progress.doing == WHT_DOING_CREATE ? lost.progress.function : "",
              lost.progress.doing == WHT_DOING_CREATE ? "" : " while it was loaded", &lost);
        return;
    }
    check_destroyed(pool, &lost);
    if (!is_about_handles(pool, w, &lost) && w->chunk)
        lose_chunk(pool, w, &lost);
}

/* A CASE must belong to the chunk: what an emulator did to the worker's memory must not confuse the
 * parent. */
static bool accept_case(struct pool *pool, struct worker *w, const char *payload, size_t size)
{
    struct wht_frame_fields fields = {payload, payload + size};
    uint64_t ordinal = wht_frame_take_number(&fields);
    uint8_t kind = (uint8_t)wht_frame_take_number(&fields);
    if (!w->chunk || ordinal < w->chunk->resume || ordinal >= w->chunk->to)
        return false;
    w->chunk->resume = ordinal + 1;
    w->has_begun = false;
    pool->has_passed |= kind == WHT_CASE_PASSED;
    return true;
}

static void keep_frame(struct worker *w, const struct wht_frame_head *head, const char *payload)
{
    wht_text_add_bytes(&w->chunk->frames, (const char *)head, sizeof(*head));
    wht_text_add_bytes(&w->chunk->frames, payload, head->size);
}

static bool handle_frame(struct pool *pool, struct worker *w, const struct wht_frame_head *head,
                         const char *payload)
{
    struct wht_frame_fields fields = {payload, payload + head->size};
    switch (head->type) {
    case WHT_FRAME_READY:
        w->is_ready = true;
        return true;
    case WHT_FRAME_NO_EMULATOR:
        pool->has_emulator_failed = true;
        snprintf(pool->error, WHT_POOL_ERROR_MAX, "%s", wht_frame_take_string(&fields));
        return true;
    case WHT_FRAME_BEGIN:
        wht_text_clear(&w->begun);
        wht_text_add_bytes(&w->begun, payload, head->size);
        w->has_begun = true;
        return w->chunk != NULL;
    case WHT_FRAME_CASE:
        if (!accept_case(pool, w, payload, head->size))
            return false;
        keep_frame(w, head, payload);
        return true;
    case WHT_FRAME_ERROR:
        if (w->chunk)
            keep_frame(w, head, payload);
        return w->chunk != NULL;
    case WHT_FRAME_DONE:
        if (!w->chunk)
            return false;
        wht_schedule_done(&pool->schedule, w->chunk, wht_frame_take_number(&fields) != 0);
        pool->elsewhere += wht_frame_take_number(&fields);
        w->chunk = NULL;
        return true;
    default:
        return head->type == WHT_FRAME_ALIVE;
    }
}

/* Returns false if the worker is to be given up. */
static bool handle_input(struct pool *pool, struct worker *w)
{
    size_t at = 0;
    struct wht_frame_head head;
    while (w->in.size - at >= sizeof(head)) {
        memcpy(&head, w->in.text + at, sizeof(head));
        if (head.size > WHT_FRAME_MAX)
            return false;
        if (w->in.size - at - sizeof(head) < head.size)
            break;
        if (!handle_frame(pool, w, &head, w->in.text + at + sizeof(head)))
            return false;
        at += sizeof(head) + head.size;
    }
    if (at > 0)
        memmove(w->in.text, w->in.text + at, w->in.size - at);
    w->in.size -= at;
    return true;
}

static void hear(struct pool *pool, struct worker *w)
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
    bury(pool, w);
}

static void watch(struct pool *pool, struct worker *w)
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
    bury(pool, w);
}

static void deliver_error(struct pool *pool, struct wht_frame_fields *fields)
{
    struct wht_error error = {.pos = {.line = (uint32_t)wht_frame_take_number(fields)}};
    error.pos.column = (uint32_t)wht_frame_take_number(fields);
    error.file = wht_frame_take_string(fields);
    error.pointer = wht_frame_take_string(fields);
    error.text = wht_frame_take_string(fields);
    error.more = wht_frame_take_number(fields);
    pool->handler->on_error(pool->handler->user, &error);
}

static void deliver_chunk(struct pool *pool, struct wht_chunk *chunk)
{
    size_t at = 0;
    struct wht_frame_head head;
    while (chunk->frames.size - at > sizeof(head) && !pool->is_stopped) {
        memcpy(&head, chunk->frames.text + at, sizeof(head));
        const char *payload = chunk->frames.text + at + sizeof(head);
        struct wht_frame_fields fields = {payload, payload + head.size};
        if (head.type == WHT_FRAME_CASE) {
            struct wht_case_frame result = wht_frame_take_case(&fields);
            pool->is_stopped = !pool->handler->on_case(pool->handler->user, &result);
        } else if (wht_map_add(&pool->errors, payload, head.size)) {
            deliver_error(pool, &fields);
        }
        at += sizeof(head) + head.size;
    }
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

static void turn(struct pool *pool)
{
    struct wht_process *processes[WORKERS_MAX];
    bool ready[WORKERS_MAX];
    for (size_t i = 0; i < pool->worker_count; i++) {
        if (!pool->workers[i].chunk)
            employ(pool, &pool->workers[i]);
        processes[i] = pool->workers[i].process;
    }
    wht_process_wait(processes, pool->worker_count, TICK_MS, ready);
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *w = &pool->workers[i];
        if (w->process && ready[i])
            hear(pool, w);
        else if (w->process && w->chunk)
            watch(pool, w);
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
static void dismiss_worker(struct pool *pool, struct worker *w)
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
        blame(pool, is_destroying ? lost.progress.function : "",
              is_destroying ? "" : " when it was unloaded", &lost);
    check_destroyed(pool, &lost);
}

static void dismiss(struct pool *pool)
{
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *w = &pool->workers[i];
        if (w->process)
            dismiss_worker(pool, w);
        wht_text_free(&w->in);
        wht_text_free(&w->begun);
    }
    free(pool->workers);
    wht_map_free(&pool->errors);
    wht_schedule_free(&pool->schedule);
}

enum wht_pool_end wht_pool_run(const struct wht_pool_options *options,
                               const struct wht_file_list *files,
                               const struct wht_pool_handler *handler, uint64_t *elsewhere,
                               char *error)
{
    struct pool pool = {.options = options, .handler = handler, .error = error};
    *error = 0;
    pool.worker_count = options->jobs < WORKERS_MAX ? options->jobs : WORKERS_MAX;
    pool.workers = wht_allocate(pool.worker_count, sizeof(*pool.workers));
    wht_schedule_init(&pool.schedule, files);
    fill_arguments(&pool);
    wht_catch_interrupts();
    while (goes_on(&pool))
        turn(&pool);
    enum wht_pool_end end = wht_is_interrupted()       ? WHT_POOL_INTERRUPTED
                            : pool.has_emulator_failed ? WHT_POOL_NO_EMULATOR
                            : pool.has_no_process      ? WHT_POOL_NO_PROCESS
                            : pool.is_stopped          ? WHT_POOL_STOPPED
                            : pool.has_given_up        ? WHT_POOL_GAVE_UP
                                                       : WHT_POOL_DONE;
    /* What the due chunk has found so far is worth telling. */
    if ((end == WHT_POOL_INTERRUPTED || end == WHT_POOL_GAVE_UP) && pool.schedule.chunks)
        deliver_chunk(&pool, pool.schedule.chunks);
    *elsewhere = pool.elsewhere;
    dismiss(&pool);
    wht_release_interrupts();
    return end;
}
