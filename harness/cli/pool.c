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

#include "platform.h"
#include "process.h"
#include "replay/result.h"
#include "schedule.h"

#define WORKERS_MAX   256u
#define ARGUMENTS_MAX 200u
#define TICK_MS       50
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

struct pool {
    const struct wht_pool_options *options;
    const struct wht_pool_handler *handler;
    struct wht_schedule schedule;
    struct worker *workers;
    size_t worker_count;
    const char *arguments[ARGUMENTS_MAX + 1];
    char shard[48];
    uint64_t *seen_errors; /* hashes: a file that several workers read reports once */
    size_t seen_count;
    size_t seen_capacity;
    size_t files_done;
    uint64_t elsewhere; /* cases of other shards */
    bool is_stopped;
    bool has_emulator_failed;
    bool has_no_process;
    char *error;
};

static void add_argument(struct pool *pool, size_t *count, const char *name, const char *value)
{
    if (*count + 2 > ARGUMENTS_MAX)
        return;
    pool->arguments[(*count)++] = name;
    if (value)
        pool->arguments[(*count)++] = value;
}

static void fill_arguments(struct pool *pool)
{
    const struct wht_pool_options *o = pool->options;
    static const char *const levels[] = {"effects", "device", "strict"};
    size_t count = 0;
    snprintf(pool->shard, sizeof(pool->shard), "%" PRIu64 "/%" PRIu64, o->shard, o->shard_count);
    add_argument(pool, &count, "worker", NULL);
    add_argument(pool, &count, "--emulator", o->emulator);
    add_argument(pool, &count, "--match", levels[o->level]);
    if (o->colours)
        add_argument(pool, &count, "--colours", NULL);
    if (o->wants_detail)
        add_argument(pool, &count, "--detail", NULL);
    if (o->records)
        add_argument(pool, &count, "--record", NULL);
    if (o->shard_count > 1)
        add_argument(pool, &count, "--shard", pool->shard);
    for (size_t i = 0; i < o->patterns->count; i++)
        add_argument(pool, &count, "-k", o->patterns->items[i]);
    for (size_t i = 0; i < o->expectations->count; i++)
        add_argument(pool, &count, "--expectations", o->expectations->items[i]);
    pool->arguments[count] = NULL;
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
        w->process = wht_process_start(pool->arguments);
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

/* A result that the parent writes in the place of a worker that is gone. */
static void add_lost_case(struct worker *w, const char *how)
{
    struct wht_frame_fields fields = {w->begun.text, w->begun.text + w->begun.size};
    struct wht_case_frame result = wht_frame_take_case(&fields);
    struct wht_text key = {.text = NULL};
    wht_text_addf(&key, "%s/%s", result.mnemonic, how);
    result.kind = WHT_CASE_FAILED;
    result.ending = w->is_timed_out ? WHT_TIMED_OUT : WHT_CRASHED;
    result.cause = how;
    result.key = wht_text_get(&key);
    result.micros = (wht_now_ms() - w->heard_ms) * 1000;
    wht_frame_case(&w->chunk->frames, WHT_FRAME_CASE, &result);
    w->chunk->resume = result.ordinal + 1;
    wht_text_free(&key);
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
    wht_frame_end(&w->chunk->frames, start);
}

static void lose_chunk(struct pool *pool, struct worker *w, const char *how)
{
    struct wht_chunk *chunk = w->chunk;
    if (chunk->is_careful && w->has_begun)
        add_lost_case(w, how);
    if (chunk->is_careful && !w->has_begun) {
        add_lost_file(pool, w, how);
        wht_schedule_done(&pool->schedule, chunk, true);
    } else if (chunk->resume >= chunk->to) {
        wht_schedule_done(&pool->schedule, chunk, false);
    } else {
        chunk->is_careful = true;
        wht_schedule_retry(chunk);
    }
    w->chunk = NULL;
}

static void bury(struct pool *pool, struct worker *w)
{
    char how[WHT_PROCESS_END_MAX];
    wht_process_end(w->process, how);
    w->process = NULL;
    if (w->is_timed_out)
        snprintf(how, sizeof(how), "timed out after %g s",
                 (double)pool->options->timeout_ms / 1000.0);
    if (wht_is_interrupted() || pool->has_emulator_failed)
        return;
    if (!w->is_ready) {
        pool->has_emulator_failed = true;
        snprintf(pool->error, WHT_POOL_ERROR_MAX, "%s: %s while it was loaded",
                 pool->options->emulator, w->is_timed_out ? "did not come to an end" : how);
        return;
    }
    if (w->chunk)
        lose_chunk(pool, w, how);
}

/* A CASE must belong to the chunk: what an emulator did to the worker's memory must not confuse the
 * parent. */
static bool accept_case(struct worker *w, const char *payload, size_t size)
{
    struct wht_frame_fields fields = {payload, payload + size};
    uint64_t ordinal = wht_frame_take_number(&fields);
    if (!w->chunk || ordinal < w->chunk->resume || ordinal >= w->chunk->to)
        return false;
    w->chunk->resume = ordinal + 1;
    w->has_begun = false;
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
        if (!accept_case(w, payload, head->size))
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
    if (!w->is_ready)
        limit += STARTING_MS;
    else if (w->chunk->is_careful && !w->has_begun)
        limit += READING_MS;
    else if (!w->chunk->is_careful && limit > BULK_SILENCE_MS)
        limit = BULK_SILENCE_MS;
    if (wht_now_ms() - w->heard_ms <= limit)
        return;
    w->is_timed_out = true;
    wht_process_kill(w->process);
    bury(pool, w);
}

static bool is_new_error(struct pool *pool, const char *payload, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)payload[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < pool->seen_count; i++)
        if (pool->seen_errors[i] == hash)
            return false;
    if (pool->seen_count == pool->seen_capacity) {
        pool->seen_capacity = pool->seen_capacity ? 2 * pool->seen_capacity : 64;
        pool->seen_errors =
            realloc(pool->seen_errors, pool->seen_capacity * sizeof(*pool->seen_errors));
        if (!pool->seen_errors)
            abort();
    }
    pool->seen_errors[pool->seen_count++] = hash;
    return true;
}

static void deliver_error(struct pool *pool, struct wht_frame_fields *fields)
{
    struct wht_error error = {.pos = {.line = (uint32_t)wht_frame_take_number(fields)}};
    error.pos.column = (uint32_t)wht_frame_take_number(fields);
    error.file = wht_frame_take_string(fields);
    error.pointer = wht_frame_take_string(fields);
    error.text = wht_frame_take_string(fields);
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
        } else if (is_new_error(pool, payload, head.size)) {
            deliver_error(pool, &fields);
        }
        at += sizeof(head) + head.size;
    }
    pool->files_done = chunk->file;
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
    for (struct wht_chunk *chunk; !pool->is_stopped;) {
        chunk = wht_schedule_deliver(&pool->schedule);
        if (!chunk)
            break;
        deliver_chunk(pool, chunk);
        wht_chunk_free(chunk);
    }
    pool->handler->on_tick(pool->handler->user, pool->files_done);
}

static bool goes_on(const struct pool *pool)
{
    return !pool->is_stopped && !pool->has_emulator_failed && !pool->has_no_process &&
           !wht_is_interrupted() && !wht_schedule_is_empty(&pool->schedule);
}

/* An idle worker destroys the emulator's handles and leaves when its pipe is closed. */
static void dismiss_worker(struct pool *pool, struct worker *w)
{
    char how[WHT_PROCESS_END_MAX];
    bool is_idle = w->is_ready && !w->chunk;
    if (!is_idle)
        wht_process_kill(w->process);
    bool is_clean = wht_process_end(w->process, how);
    /* An interrupt from the terminal reaches the workers, too. */
    if (is_idle && !is_clean && !*pool->error && !wht_is_interrupted())
        snprintf(pool->error, WHT_POOL_ERROR_MAX, "%s: %s when it was destroyed",
                 pool->options->emulator, how);
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
    free(pool->seen_errors);
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
    pool.workers = calloc(pool.worker_count, sizeof(*pool.workers));
    if (!pool.workers)
        abort();
    wht_schedule_init(&pool.schedule, files);
    fill_arguments(&pool);
    wht_catch_interrupts();
    while (goes_on(&pool))
        turn(&pool);
    enum wht_pool_end end = wht_is_interrupted()       ? WHT_POOL_INTERRUPTED
                            : pool.has_emulator_failed ? WHT_POOL_NO_EMULATOR
                            : pool.has_no_process      ? WHT_POOL_NO_PROCESS
                            : pool.is_stopped          ? WHT_POOL_STOPPED
                                                       : WHT_POOL_DONE;
    /* What the due chunk has found so far is worth telling. */
    if (end == WHT_POOL_INTERRUPTED && pool.schedule.chunks)
        deliver_chunk(&pool, pool.schedule.chunks);
    *elsewhere = pool.elsewhere;
    dismiss(&pool);
    wht_release_interrupts();
    return end;
}
