/* SPDX-License-Identifier: MIT */
#include "minimize.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "expect_anew.h"
#include "format/print.h"
#include "shrink.h"
#include "trial.h"

/* A change makes room for others. */
#define ROUNDS_MAX 4u

struct work {
    struct wht_minimize *m;
    struct wht_pool_options reference;
    struct wht_case *best;
    struct wht_text group; /* of the failure that must stay */
    struct wht_trial trial;
    size_t warnings; /* that best gives */
};

static bool goes_on(const struct work *w)
{
    const struct wht_exit_facts *facts = &w->m->facts;
    return w->m->steps < w->m->steps_max && !facts->is_interrupted && !facts->has_no_emulator &&
           !facts->is_unwritten;
}

static bool reference_passes(struct work *w, const struct wht_case *c)
{
    w->reference.work = WHT_WORK_JUDGE;
    wht_trial_run(&w->trial, &w->reference, c, &w->m->facts);
    return w->trial.is_run && w->trial.kind == WHT_CASE_PASSED;
}

/* No exit that the code cannot cause comes in, no state that no processor has, nothing unused. */
static bool makes_sense(const struct work *w, const struct wht_case *c)
{
    return wht_trial_warnings(c) <= w->warnings;
}

/* @return the case with what the reference does as its expectation, which the reference passes;
 * NULL if there is none. */
static struct wht_case *record(struct work *w, const struct wht_case *c)
{
    w->reference.work = WHT_WORK_RECORD;
    wht_trial_run(&w->trial, &w->reference, c, &w->m->facts);
    struct wht_case *recorded = wht_trial_recorded(&w->trial);
    /* What was remarked on, as answers that nobody gave, is no expectation. */
    bool is_plain = recorded && recorded->free.count == 0;
    struct wht_case *made = is_plain ? wht_expect_anew(c, recorded) : NULL;
    wht_case_free(recorded);
    if (!made || (makes_sense(w, made) && reference_passes(w, made)))
        return made;
    wht_case_free(made);
    return NULL;
}

/* Whether what a changed case expects is right. @param c may be replaced. */
static bool is_right(struct work *w, enum wht_shrunk shrunk, struct wht_case **c, bool *is_recorded)
{
    *is_recorded = false;
    if (!makes_sense(w, *c))
        return false;
    if (!w->m->has_reference)
        return shrunk == WHT_SHRUNK_SAFELY;
    if (reference_passes(w, *c))
        return true;
    struct wht_case *made = shrunk == WHT_SHRUNK_UNPROVED && w->trial.is_run ? record(w, *c) : NULL;
    if (!made)
        return false;
    wht_case_free(*c);
    *c = made;
    *is_recorded = true;
    return true;
}

static bool fails_alike(struct work *w, const struct wht_case *c)
{
    wht_trial_run(&w->trial, &w->m->pool, c, &w->m->facts);
    return w->trial.is_run && w->trial.kind == WHT_CASE_FAILED &&
           strcmp(wht_text_get(&w->trial.group), wht_text_get(&w->group)) == 0;
}

static void add_part(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

static void print(struct wht_text *line, const struct wht_case *c)
{
    const struct wht_writer writer = {.write = add_part, .user = line};
    struct wht_arena *arena = wht_arena_new();
    wht_write_line(&writer, wht_print_case(arena, c, WHT_PRINT_SHORT));
    wht_arena_free(arena);
}

/* Shorter, or of smaller digits: so there is an end to it, whatever is recorded anew. A level comes
 * but once. */
static bool is_smaller(const struct wht_case *c, const struct wht_case *before)
{
    struct wht_text line = {.text = NULL}, line_before = {.text = NULL};
    print(&line, c);
    print(&line_before, before);
    bool is_smaller = line.size != line_before.size
                          ? line.size < line_before.size
                          : strcmp(wht_text_get(&line), wht_text_get(&line_before)) < 0;
    wht_text_free(&line);
    wht_text_free(&line_before);
    return is_smaller || c->match < before->match;
}

/* Tries a change. @return whether there was one. */
static bool try_change(struct work *w, enum wht_shrink kind, size_t *n)
{
    struct wht_text what = {.text = NULL};
    struct wht_case *c = wht_case_clone(w->best);
    bool is_recorded = false;
    enum wht_shrunk shrunk = wht_shrink(c, kind, *n, &what);
    bool is_change = shrunk == WHT_SHRUNK_SAFELY || shrunk == WHT_SHRUNK_UNPROVED;
    w->m->steps += is_change;
    if (is_change && is_right(w, shrunk, &c, &is_recorded) && is_smaller(c, w->best) &&
        fails_alike(w, c)) {
        struct wht_case *before = w->best;
        w->best = c;
        c = before;
        w->warnings = wht_trial_warnings(w->best);
        w->m->kept++;
        w->m->is_recorded |= is_recorded;
        if (w->m->on_kept)
            w->m->on_kept(w->m->user, wht_text_get(&what), w->m->steps);
    } else {
        ++*n;
    }
    wht_case_free(c);
    wht_text_free(&what);
    return shrunk != WHT_SHRUNK_END;
}

static void go_through(struct work *w)
{
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        uint64_t kept = w->m->kept;
        for (int kind = WHT_SHRINK_WORDS + 1; kind < WHT_SHRINK_KINDS; kind++)
            for (size_t n = 0; goes_on(w) && try_change(w, (enum wht_shrink)kind, &n);)
                continue;
        if (w->m->kept == kept)
            return;
    }
}

static void say(const struct work *w, const struct wht_case *c, const char *what)
{
    fprintf(stderr, "whvtrace %s: %s %s\n", w->m->verb, c->name, what);
}

/* How the case fails, without the words that do not matter. */
static bool begin(struct work *w, const struct wht_case *c)
{
    struct wht_text what = {.text = NULL};
    w->best = wht_case_clone(c);
    wht_shrink(w->best, WHT_SHRINK_WORDS, 0, &what);
    wht_text_free(&what);
    w->warnings = wht_trial_warnings(w->best);
    wht_trial_run(&w->trial, &w->m->pool, w->best, &w->m->facts);
    if (!w->trial.is_run) {
        if (w->trial.problem.size > 0)
            fprintf(stderr, "whvtrace %s: %s\n", w->m->verb, wht_text_get(&w->trial.problem));
    } else if (c->todo.count > 0) {
        say(w, c, "is unfinished, and fails whatever the emulator does");
    } else if (w->trial.kind != WHT_CASE_FAILED) {
        say(w, c, "does not fail when it is run alone");
    } else {
        wht_text_add(&w->group, wht_text_get(&w->trial.group));
        w->m->has_reference = w->m->reference && reference_passes(w, w->best);
        return goes_on(w);
    }
    w->m->facts.failed++;
    return false;
}

/* Where it comes from: a processor or a VMM has no part in what was recorded anew. */
static void mark(struct work *w, const struct wht_case *c)
{
    struct wht_source *source = &w->best->source;
    source->is_given = true;
    source->kind = wht_case_text(w->best, "minimized");
    source->tool = wht_case_text(w->best, "whvtrace " WHVTRACE_VERSION);
    source->from = wht_case_text(w->best, c->name);
    if (!w->m->is_recorded)
        return;
    source->vmm = NULL;
    source->os = NULL;
    source->cpu = NULL;
    source->emulator = wht_arena_take(w->best->arena, sizeof(*source->emulator));
    source->emulator->file = wht_case_text(w->best, w->m->reference);
}

/* @return whether it is proved as it will be written. */
static bool finish(struct work *w, const struct wht_case *c)
{
    bool is_run_on = !w->m->facts.is_interrupted && !w->m->facts.has_no_emulator;
    mark(w, c);
    if (is_run_on && fails_alike(w, w->best)) {
        wht_text_add(&w->m->cause, wht_text_get(&w->trial.cause));
        return true;
    }
    if (is_run_on && !w->m->facts.is_interrupted)
        say(w, c, "fails in another way each time it is run");
    w->m->facts.failed++;
    return false;
}

struct wht_case *wht_minimize(struct wht_minimize *m, const struct wht_case *c)
{
    struct work w = {.m = m, .reference = m->pool};
    if (m->reference)
        w.reference.emulator = m->reference;
    w.reference.level = WHT_MATCH_STRICT;
    bool is_good = begin(&w, c);
    if (is_good) {
        go_through(&w);
        is_good = finish(&w, c);
    }
    if (!is_good) {
        wht_case_free(w.best);
        w.best = NULL;
    }
    wht_trial_free(&w.trial);
    wht_text_free(&w.group);
    return w.best;
}
