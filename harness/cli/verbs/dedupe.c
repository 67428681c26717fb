/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "cli/verb.h"
#include "corpus/alike.h"
#include "corpus/visit.h"
#include "session/result.h"

#define KEEP_MAX 1000000u

struct dedupe {
    struct wht_visit visit;
    uint64_t keep;
    struct wht_map kinds; /* how many of each were kept */
    uint64_t *kept;       /* like the case that is visited; NULL: it stays, whatever it is like */
    uint64_t incomplete;
    uint64_t failing;
};

static const struct wht_option options[] = {
    WHT_VISIT_OUTPUT(struct dedupe),
    {"keep", 0, "N", "how many cases that are alike stay (default: 1)",
     WHT_NUMBER(struct dedupe, keep, 1, KEEP_MAX)},
    WHT_VISIT_EMULATOR(struct dedupe, "cases that it fails stay, however many"),
    WHT_VISIT_JOBS(struct dedupe),
    WHT_VISIT_TIMEOUT(struct dedupe),
    WHT_VISIT_FORCE(struct dedupe),
    {.name = NULL},
};

/* @return how many that are alike were kept; valid until the next call. */
static uint64_t *kept_like(struct dedupe *d, const struct wht_case *c)
{
    uint8_t key[WHT_SHA256_SIZE];
    wht_alike_key(c, key);
    return wht_map_at(&d->kinds, key, sizeof(key));
}

static bool has_tag(const struct wht_case *c, const char *tag)
{
    for (size_t i = 0; i < c->tags.count; i++)
        if (strcmp(c->tags.items[i], tag) == 0)
            return true;
    return false;
}

static enum wht_fate visit(void *user, struct wht_visited *visited)
{
    struct dedupe *d = user;
    bool is_incomplete = has_tag(visited->c, "incomplete");
    bool is_failing = visited->answer && visited->answer->kind == WHT_CASE_FAILED;
    d->kept = is_incomplete || is_failing ? NULL : kept_like(d, visited->c);
    d->incomplete += is_incomplete;
    d->failing += is_failing;
    return d->kept && *d->kept >= d->keep ? WHT_DROP : WHT_KEEP;
}

/* A case that is not valid does not stand for the others. */
static void on_written(void *user)
{
    struct dedupe *d = user;
    if (d->kept)
        ++*d->kept;
}

static void report(void *user)
{
    const struct dedupe *d = user;
    const struct wht_exit_facts *facts = &d->visit.facts;
    const struct wht_corpus_out *out = &d->visit.out;
    if (facts->is_interrupted || facts->is_unwritten || facts->has_no_emulator || facts->failed > 0)
        return;
    printf("%" PRIu64 " of %" PRIu64 " cases kept, %zu kinds; %" PRIu64 " failing, %" PRIu64
           " incomplete\n",
           out->cases, out->cases + out->rejected + d->visit.dropped, d->kinds.count, d->failing,
           d->incomplete);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    static const struct wht_visitor visitor = {.reads = true,
                                               .asks = true,
                                               .needs_paths = true,
                                               .visit = visit,
                                               .on_written = on_written,
                                               .report = report};
    struct dedupe d = {.visit = wht_visit_new(verb->name), .keep = 1};
    int code = wht_verb_take(verb, args, &d.visit.paths, &d);
    if (code < 0)
        code = wht_visit_run(&d.visit, &visitor, &d);
    wht_visit_free(&d.visit);
    wht_map_free(&d.kinds);
    return code;
}

const struct wht_verb wht_verb_dedupe = {
    .name = "dedupe",
    .operands = "PATH...",
    .summary = "keep few of the cases that are alike",
    .details =
        "Cases are alike if instruction, mode, privilege level, exit and match level are, the "
        "shape\n"
        "of their calls (kinds, sizes, registers, flags, failures; a repetition counts once), the\n"
        "kinds of memory, and what is expected, whatever the addresses and data. The first ones\n"
        "stay, in the order of the files, as they were written. A case with the tag 'incomplete',\n"
        "and one that the emulator fails, always stays and does not count among those "
        "alike.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
