/* SPDX-License-Identifier: MIT */
#include "pool_arguments.h"

#include <inttypes.h>
#include <stdio.h>

#include "work.h"

static void add(struct wht_pool_arguments *a, const char *name, const char *value)
{
    if (a->count + 2 > WHT_ARGUMENTS_MAX)
        return;
    a->items[a->count++] = name;
    if (value)
        a->items[a->count++] = value;
}

static void add_words(struct wht_pool_arguments *a, const char *option,
                      const struct wht_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        add(a, option, words->items[i]);
}

void wht_pool_fill_arguments(struct wht_pool_arguments *a, const struct wht_pool_options *o,
                             bool keeps_handle, const char *not_run)
{
    static const char *const levels[] = {"effects", "device", "strict"};
    a->count = 0;
    snprintf(a->seed, sizeof(a->seed), "%" PRIu64, o->redaction.seed);
    snprintf(a->shard, sizeof(a->shard), "%" PRIu64 "/%" PRIu64, o->shard, o->shard_count);
    add(a, "worker", NULL);
    add(a, "--emulator", o->emulator);
    add(a, "--match", levels[o->level]);
    if (o->colours)
        add(a, "--colours", NULL);
    if (o->wants_detail)
        add(a, "--detail", NULL);
    if (o->wants_labels)
        add(a, "--labels", NULL);
    add(a, "--work", wht_work_kind(o->work)->name);
    add(a, "--seed", a->seed);
    if (o->redaction.only_whole)
        add(a, "--only-whole", NULL);
    if (keeps_handle)
        add(a, "--keep-handle", NULL);
    if (not_run)
        add(a, "--not-run", not_run);
    if (o->shard_count > 1)
        add(a, "--shard", a->shard);
    add_words(a, "-k", &o->selection->patterns);
    add_words(a, "-E", &o->selection->expressions);
    add_words(a, "--test", &o->selection->tests);
    if (o->selection->list)
        add(a, o->selection->is_unlisted ? "--not-in" : "--in", o->selection->list);
    add_words(a, "--expectations", o->expectations);
    a->items[a->count] = NULL;
}
