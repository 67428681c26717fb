/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <string.h>

static struct wht_progress nowhere;
static struct wht_progress *progress = &nowhere;
static wht_progress_fn *watch;
static void *watcher;

void wht_progress_attach(struct wht_progress *where)
{
    progress = where ? where : &nowhere;
}

struct wht_progress *wht_progress_get(void)
{
    return progress;
}

void wht_progress_watch(wht_progress_fn *told, void *user)
{
    watch = told;
    watcher = user;
}

struct wht_event wht_progress_event(const struct wht_progress *p)
{
    struct wht_event event = {.kind = (enum wht_call_kind)p->kind,
                              .address = p->address,
                              .size = p->size,
                              .direction = p->direction,
                              .flags = p->flags,
                              .names = p->names,
                              .count =
                                  p->count < WHT_PROGRESS_NAMES ? p->count : WHT_PROGRESS_NAMES};
    memcpy(event.data, p->data, sizeof(event.data));
    return event;
}

void wht_progress_case(void)
{
    progress->calls = 0;
    progress->callbacks = 0;
}

void wht_progress_enter(enum wht_doing doing, const char *function)
{
    if (doing == WHT_DOING_CALL) {
        progress->calls++;
        progress->callbacks = 0;
    }
    snprintf(progress->function, sizeof(progress->function), "%s", function);
    progress->doing = (uint32_t)doing;
    if (watch && doing == WHT_DOING_CALL)
        watch(watcher, progress);
}

void wht_progress_callback(const struct wht_event *event)
{
    uint32_t names = event->count < WHT_PROGRESS_NAMES ? event->count : WHT_PROGRESS_NAMES;
    progress->callbacks++;
    progress->kind = (uint32_t)event->kind;
    progress->size = event->size;
    progress->address = event->address;
    progress->flags = event->flags;
    progress->direction = event->direction;
    progress->count = event->names ? event->count : 0;
    memcpy(progress->data, event->data, sizeof(progress->data));
    if (event->names && names > 0)
        memcpy(progress->names, (const void *)event->names, names * sizeof(*progress->names));
    if (watch)
        watch(watcher, progress);
}

void wht_progress_destroyed(HRESULT hr)
{
    if (hr != S_OK && progress->destroy_result == 0)
        progress->destroy_result = (uint32_t)hr;
}
