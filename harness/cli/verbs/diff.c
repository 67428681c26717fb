/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/map.h"
#include "base/str.h"
#include "cli/verb.h"
#include "report/report_in.h"
#include "run/select.h"

/* What became of a case from one report to the other, in the order in which it is told. */
enum change { NEW_FAILURE, FIXED, OTHER_CAUSE, APPEARED, VANISHED, CHANGES };

static const struct {
    const char *name;
    const char *title;
    /** In the last line. */
    const char *count;
} changes[] = {
    [NEW_FAILURE] = {"new-failure", "new failures", "new failures"},
    [FIXED] = {"fixed", "fixed", "fixed"},
    [OTHER_CAUSE] = {"other-cause", "failed and are something else now", "something else"},
    [APPEARED] = {"appeared", "new cases", "new"},
    [VANISHED] = {"vanished", "vanished cases", "vanished"},
};

/** A case of the old report. */
struct before {
    char *name;
    char *cause;
    char *group;
    enum wht_case_outcome outcome;
    bool is_seen;
};

struct diff {
    const char *format;
    struct before *before;
    size_t count;
    size_t capacity;
    /** Places in `before`, from 1, by names. */
    struct wht_map places;
    /** What is told of each change, already in the format that is wanted. */
    struct wht_text told[CHANGES];
    uint64_t counts[CHANGES];
    uint64_t unchanged;
};

static const struct wht_option options[] = {
    {"format", 0, "text|json", "how to print it", WHT_CHOICE(struct diff, format)},
    {.name = NULL},
};

static bool is_json(const struct diff *d)
{
    return d->format && strcmp(d->format, "json") == 0;
}

static void add_text(struct wht_text *text, const char *name, const struct before *old,
                     const struct wht_report_case *now)
{
    wht_text_add(text, "  ");
    wht_text_add_clean(text, name);
    if (old && now && old->outcome != now->outcome)
        wht_text_addf(text, " (%s, %s before)", wht_outcome_name(now->outcome),
                      wht_outcome_name(old->outcome));
    else
        wht_text_addf(text, " (%s)", wht_outcome_name(now ? now->outcome : old->outcome));
    wht_text_add(text, "\n");
    if (now && *now->cause) {
        wht_text_add(text, "      ");
        wht_text_wrap(text, now->cause, 6, 6);
        wht_text_add(text, "\n");
    }
    if (old && *old->cause) {
        wht_text_add(text, "      before: ");
        wht_text_wrap(text, old->cause, 14, 14);
        wht_text_add(text, "\n");
    }
}

static void add_side(struct wht_text *text, const char *side, enum wht_case_outcome outcome,
                     const char *cause)
{
    wht_text_addf(text, ", \"%s\": { \"outcome\": \"%s\"", side, wht_outcome_name(outcome));
    if (*cause) {
        wht_text_add(text, ", \"cause\": ");
        wht_escape_json(text, cause);
    }
    wht_text_add(text, " }");
}

static void add_json(struct wht_text *text, enum change change, const char *name,
                     const struct before *old, const struct wht_report_case *now)
{
    wht_text_addf(text, "%s{ \"change\": \"%s\", \"name\": ", text->size > 0 ? ",\n" : "",
                  changes[change].name);
    wht_escape_json(text, name);
    if (old)
        add_side(text, "old", old->outcome, old->cause);
    if (now)
        add_side(text, "new", now->outcome, now->cause);
    wht_text_add(text, " }");
}

static void tell(struct diff *d, enum change change, const struct before *old,
                 const struct wht_report_case *now)
{
    const char *name = now ? now->name : old->name;
    d->counts[change]++;
    if (is_json(d))
        add_json(&d->told[change], change, name, old, now);
    else
        add_text(&d->told[change], name, old, now);
}

static void keep(struct diff *d, const struct wht_report_case *result)
{
    uint64_t *place = wht_map_at(&d->places, result->name, strlen(result->name));
    if (*place > 0)
        return; /* told twice: the first one counts */
    d->before = wht_grow(d->before, d->count, &d->capacity, sizeof(*d->before));
    d->before[d->count++] = (struct before){.name = wht_copy_text(result->name),
                                            .cause = wht_copy_text(result->cause),
                                            .group = wht_copy_text(result->key),
                                            .outcome = result->outcome};
    *place = d->count;
}

static void compare(struct diff *d, const struct wht_report_case *now)
{
    const bool fails = now->outcome == WHT_OUTCOME_FAILED;
    const size_t size = strlen(now->name);
    const uint64_t place =
        wht_map_has(&d->places, now->name, size) ? *wht_map_at(&d->places, now->name, size) : 0;
    struct before *old = place > 0 ? &d->before[place - 1] : NULL;
    const bool failed = old && old->outcome == WHT_OUTCOME_FAILED;
    if (old && old->is_seen)
        return;
    if (old)
        old->is_seen = true;
    if (fails && !failed)
        tell(d, NEW_FAILURE, old, now);
    else if (!old)
        tell(d, APPEARED, NULL, now);
    else if (failed && now->outcome == WHT_OUTCOME_PASSED)
        tell(d, FIXED, old, now);
    else if (failed && (!fails || strcmp(old->group, now->key) != 0))
        tell(d, OTHER_CAUSE, old, now);
    else
        d->unchanged++;
}

/* Hands a report's cases on. @return an exit code, after saying what is wrong. */
static int read_report(struct diff *d, const char *path,
                       void (*take)(struct diff *, const struct wht_report_case *))
{
    struct wht_report_in in;
    enum wht_report_item item = wht_report_in_open(&in, path) ? WHT_ITEM_CASE : WHT_ITEM_BROKEN;
    while (item == WHT_ITEM_CASE || item == WHT_ITEM_PROBLEM) {
        item = wht_report_in_next(&in);
        if (item == WHT_ITEM_CASE)
            take(d, &in.result);
    }
    if (item == WHT_ITEM_BROKEN)
        fprintf(stderr, "whvtrace diff: %s\n", wht_text_get(&in.error));
    wht_report_in_close(&in);
    return item == WHT_ITEM_END ? WHT_EXIT_OK : WHT_EXIT_INVALID;
}

static void print_text(struct diff *d)
{
    for (int i = 0; i < CHANGES; i++)
        if (d->counts[i] > 0)
            printf("%s: %" PRIu64 "\n%s\n", changes[i].title, d->counts[i],
                   wht_text_get(&d->told[i]));
    for (int i = 0; i < CHANGES; i++)
        printf("%" PRIu64 " %s, ", d->counts[i], changes[i].count);
    printf("%" PRIu64 " as before\n", d->unchanged);
}

static void print_json(struct diff *d)
{
    const char *separator = "";
    printf("{ \"format\": \"whv-report-diff/1.0\", \"changes\": [");
    for (int i = 0; i < CHANGES; i++) {
        if (d->counts[i] > 0)
            printf("%s\n%s", separator, wht_text_get(&d->told[i]));
        separator = d->counts[i] > 0 ? "," : separator;
    }
    printf("\n], \"summary\": { ");
    for (int i = 0; i < CHANGES; i++)
        printf("\"%s\": %" PRIu64 ", ", changes[i].name, d->counts[i]);
    printf("\"unchanged\": %" PRIu64 " } }\n", d->unchanged);
}

static int diff(struct diff *d, const struct wht_words *reports)
{
    int code = read_report(d, reports->items[0], keep);
    if (code == WHT_EXIT_OK)
        code = read_report(d, reports->items[1], compare);
    if (code != WHT_EXIT_OK)
        return code;
    for (size_t i = 0; i < d->count; i++)
        if (!d->before[i].is_seen)
            tell(d, VANISHED, &d->before[i], NULL);
    if (is_json(d))
        print_json(d);
    else
        print_text(d);
    return d->counts[NEW_FAILURE] > 0 ? WHT_EXIT_FAILED : WHT_EXIT_OK;
}

static void release(struct diff *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->before[i].name);
        free(d->before[i].cause);
        free(d->before[i].group);
    }
    for (int i = 0; i < CHANGES; i++)
        wht_text_free(&d->told[i]);
    free(d->before);
    wht_map_free(&d->places);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct wht_words reports = {.count = 0};
    struct diff d = {.format = NULL};
    int code = wht_verb_take(verb, args, &reports, &d);
    if (code < 0 && reports.count != 2)
        code = wht_usage_error(verb->name, "expected two reports, OLD and NEW");
    if (code < 0)
        code = diff(&d, &reports);
    release(&d);
    wht_words_free(&reports);
    return code;
}

const struct wht_verb wht_verb_diff = {
    .name = "diff",
    .operands = "OLD NEW",
    .summary = "compare two JSON reports: what fails now, what is fixed",
    .details =
        "OLD and NEW were written by 'run --report json=FILE'. Cases are found by their names.\n"
        "Told are, in this order: failures that were none before, what passes again, failures "
        "that\n"
        "are of another kind or known now, new cases, vanished cases. The exit code is 1 if there\n"
        "are new failures.\n",
    .options = options,
    .run = run,
};
