/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <stdlib.h>

#include "base/str.h"

#define CHUNK_CASES 256u

/* Chunks that may wait for their turn. */
#define CHUNKS_MAX 256u

void wht_schedule_init(struct wht_schedule *schedule, const struct wht_file_list *files)
{
    *schedule = (struct wht_schedule){.files = files};
    schedule->states = wht_allocate(files->count, sizeof(*schedule->states));
}

void wht_chunk_free(struct wht_chunk *chunk)
{
    wht_text_free(&chunk->frames);
    free(chunk);
}

void wht_schedule_free(struct wht_schedule *schedule)
{
    while (schedule->chunks) {
        struct wht_chunk *next = schedule->chunks->next;
        wht_chunk_free(schedule->chunks);
        schedule->chunks = next;
    }
    free(schedule->states);
    *schedule = (struct wht_schedule){.files = NULL};
}

static struct wht_chunk *add_chunk(struct wht_schedule *schedule, size_t file)
{
    struct wht_file_state *state = &schedule->states[file];
    struct wht_chunk *chunk = wht_allocate(1, sizeof(*chunk));
    struct wht_chunk **place = &schedule->chunks;
    *chunk = (struct wht_chunk){.file = file,
                                .from = state->next,
                                .to = state->next + CHUNK_CASES,
                                .resume = state->next,
                                .is_running = true};
    while (*place && (*place)->file <= file)
        place = &(*place)->next;
    chunk->next = *place;
    *place = chunk;
    state->next = chunk->to;
    state->is_running = true;
    schedule->chunk_count++;
    return chunk;
}

static bool has_room(const struct wht_schedule *schedule, size_t file)
{
    bool is_due = !schedule->chunks || schedule->chunks->file >= file;
    return is_due || schedule->chunk_count < CHUNKS_MAX;
}

static bool is_idle(const struct wht_schedule *schedule, size_t file)
{
    const struct wht_file_state *state = &schedule->states[file];
    return !state->is_ended && !state->is_running && has_room(schedule, file);
}

static size_t choose_file(const struct wht_schedule *schedule, size_t last_file)
{
    size_t count = schedule->files->count;
    if (last_file != WHT_NO_FILE && is_idle(schedule, last_file))
        return last_file;
    for (size_t i = schedule->first_open; i < count; i++)
        if (is_idle(schedule, i))
            return i;
    return WHT_NO_FILE;
}

struct wht_chunk *wht_schedule_take(struct wht_schedule *schedule, size_t last_file)
{
    for (struct wht_chunk *chunk = schedule->chunks; chunk; chunk = chunk->next)
        if (!chunk->is_running && !chunk->is_done) {
            chunk->is_running = true;
            return chunk;
        }
    size_t file = choose_file(schedule, last_file);
    return file == WHT_NO_FILE ? NULL : add_chunk(schedule, file);
}

void wht_schedule_done(struct wht_schedule *schedule, struct wht_chunk *chunk, bool ended)
{
    struct wht_file_state *state = &schedule->states[chunk->file];
    chunk->is_running = false;
    chunk->is_done = true;
    state->is_running = false;
    state->is_ended |= ended;
    while (schedule->first_open < schedule->files->count &&
           schedule->states[schedule->first_open].is_ended)
        schedule->first_open++;
}

void wht_schedule_retry(struct wht_chunk *chunk)
{
    chunk->is_running = false;
}

struct wht_chunk *wht_schedule_deliver(struct wht_schedule *schedule)
{
    struct wht_chunk *chunk = schedule->chunks;
    if (!chunk || !chunk->is_done)
        return NULL;
    /* The file's own next chunk, not yet taken, comes before those of later files. */
    for (size_t i = schedule->first_open; i < chunk->file; i++)
        if (!schedule->states[i].is_ended)
            return NULL;
    schedule->chunks = chunk->next;
    schedule->chunk_count--;
    return chunk;
}

bool wht_schedule_is_empty(const struct wht_schedule *schedule)
{
    return !schedule->chunks && schedule->first_open == schedule->files->count;
}
