/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "judge.h"

/* More than any case needs whose entries one would look through by eye. */
#define CALLBACKS_MAX 16384u
#define SECONDS_MAX   0.1
/* After so many cases that take long the rest is passed over: the files are made for that. */
#define SLOW_MAX     64u
#define SLOW_SECONDS 0.01

#define STATUS_INTERNAL_FAILURE 2u

struct wht_usage {
    struct wht_backend backend;
    struct wht_handles handles;
    struct wht_judge judge;
    struct wht_result result;
    unsigned slow; /* cases that took long */
};

struct wht_usage *wht_usage_open(void)
{
    char error[WHT_BACKEND_ERROR_MAX];
    struct wht_usage *usage = calloc(1, sizeof(*usage));
    if (!usage)
        return NULL;
    usage->judge.session.callbacks_max = CALLBACKS_MAX;
    if (!wht_backend_open(WHT_BACKEND_BUILTIN, &usage->backend, error) ||
        !wht_handles_open(&usage->handles, &usage->backend, &wht_session_callbacks, error)) {
        free(usage);
        return NULL;
    }
    return usage;
}

void wht_usage_close(struct wht_usage *usage)
{
    if (!usage)
        return;
    wht_handles_close(&usage->handles);
    wht_backend_close(&usage->backend);
    wht_judge_free(&usage->judge);
    free(usage);
}

/* @return whether the emulator gave up where the case expects that it goes on. */
static bool is_unknown(const struct wht_case *c, const struct wht_result *r)
{
    return r->hr == S_OK && (r->status & STATUS_INTERNAL_FAILURE) &&
           !(c->expect.status & STATUS_INTERNAL_FAILURE);
}

static clock_t ticks(double seconds)
{
    return (clock_t)(seconds * CLOCKS_PER_SEC);
}

/* @return whether the call came to an end that says something. */
static bool call(struct wht_usage *usage, const struct wht_case *c)
{
    struct wht_judge *judge = &usage->judge;
    judge->session.clock_end = clock() + ticks(SECONDS_MAX);
    return wht_judge_load(judge, c) &&
           wht_judge_call(judge, &usage->handles, c->match, 0, &usage->result) &&
           !usage->result.was_ended && !is_unknown(c, &usage->result);
}

bool wht_usage_find(void *user, const struct wht_case *c, bool *memory, bool *pages)
{
    struct wht_usage *usage = user;
    const clock_t start = clock();
    if ((c->api == WHT_API_PREVIEW && !usage->handles.preview) || usage->slow > SLOW_MAX)
        return false;
    bool is_told = call(usage, c);
    usage->slow += clock() - start > ticks(SLOW_SECONDS);
    if (!is_told)
        return false;
    memcpy(memory, usage->judge.session.guest.asked_memory, c->memory_count * sizeof(*memory));
    memcpy(pages, usage->judge.session.guest.asked_pages, c->page_count * sizeof(*pages));
    return true;
}
