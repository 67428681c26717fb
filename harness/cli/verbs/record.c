/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "base/platform.h"
#include "capture/platform.h"
#include "cli/verb.h"
#include "corpus/visit.h"
#include "format/find.h"
#include "format/print.h"
#include "run/emulator_source.h"
#include "session/result.h"

struct record {
    struct wht_visit visit;
    uint64_t left_out;
    uint64_t lost;      /* crashes and timeouts */
    uint64_t differing; /* do not pass when replayed */
};

static const struct wht_option options[] = {
    WHT_VISIT_OUTPUT(struct record),
    WHT_VISIT_EMULATOR(struct record, "the emulator: built in, or a shared library"),
    WHT_VISIT_SELECTION(struct record),
    WHT_VISIT_JOBS(struct record),
    WHT_VISIT_TIMEOUT(struct record),
    WHT_VISIT_FORCE(struct record),
    {.name = NULL},
};

/* @return a copy, or NULL if there is nothing to say. */
static char *text_of(struct wht_arena *arena, const char *text)
{
    return *text ? wht_arena_copy(arena, text) : NULL;
}

/* Where the recording comes from stands once, under every case. */
static void write_header(struct record *r, const char *version)
{
    struct wht_arena *arena = wht_arena_new();
    char os[256], cpu[256], date[WHVC_DATE];
    whvc_describe_system(os, sizeof(os));
    whvc_describe_cpu(cpu, sizeof(cpu));
    whvc_date(date);
    const struct wht_source source = {
        .is_given = true,
        .kind = text_of(arena, "captured"),
        .tool = text_of(arena, "whvtrace record " WHVTRACE_VERSION),
        .os = text_of(arena, os),
        .cpu = text_of(arena, cpu),
        .emulator = wht_emulator_source(arena, r->visit.pool.emulator, version),
        .date = text_of(arena, date),
    };
    struct wht_build header = wht_build_more(arena, wht_print_header(arena, &source));
    wht_corpus_out_header(&r->visit.out, &header);
    wht_arena_free(arena);
}

static enum wht_fate visit(void *user, struct wht_visited *visited)
{
    struct record *r = user;
    const struct wht_made_frame *made = visited->made;
    if (made->kind == WHT_CASE_SKIPPED) {
        fprintf(stderr, "%s: skipped: %s\n", visited->name, made->problem);
        return WHT_SKIP;
    }
    if (made->ending != WHT_ENDED_NORMALLY) {
        r->lost++;
        fprintf(stderr, "%s: %s\n", visited->name, made->problem);
        return WHT_FAIL;
    }
    if (*made->remark)
        fprintf(stderr, "%s: %s\n", visited->name, made->remark);
    if (made->kind == WHT_CASE_FAILED) {
        r->left_out++;
        fprintf(stderr, "%s: left out: %s\n", visited->name, made->problem);
        return WHT_FAIL;
    }
    if (!r->visit.out.judge)
        write_header(r, made->emulator_version);
    visited->id = visited->name;
    visited->members = made->members;
    return WHT_REPLACE;
}

static bool on_replayed(void *user, const struct wht_case_frame *result)
{
    struct record *r = user;
    if (result->kind == WHT_CASE_PASSED)
        return true;
    r->differing++;
    fprintf(stderr, "%s: does not replay: %s\n", result->name, result->cause);
    return true;
}

static void on_error(void *user, const struct wht_error *error)
{
    struct record *r = user;
    r->visit.errors++;
    wht_error_print(stderr, error);
}

/* The proof that a recording says what the emulator does: it passes, strictly. */
static void replay_output(struct record *r)
{
    const struct wht_pool_handler handler = {
        .user = r, .on_case = on_replayed, .on_error = on_error};
    struct wht_pool_options pool = wht_pool_defaults();
    char *path = (char *)r->visit.output;
    const struct wht_file_list files = {.paths = &path, .count = 1};
    struct wht_pool_outcome outcome;
    pool.emulator = r->visit.pool.emulator;
    pool.jobs = r->visit.pool.jobs;
    pool.timeout_ms = r->visit.pool.timeout_ms;
    wht_run_cases(&pool, &files, &handler, &outcome);
    wht_pool_tell(r->visit.verb, &outcome);
    wht_exit_facts_add(&r->visit.facts, &outcome);
}

static void print_count(uint64_t count, const char *what)
{
    if (count > 0)
        printf(", %" PRIu64 " %s", count, what);
}

static void print_counts(const struct record *r)
{
    const struct wht_corpus_out *out = &r->visit.out;
    printf("%" PRIu64 " case%s recorded", out->cases, out->cases == 1 ? "" : "s");
    if (out->is_published)
        printf(" in %s", r->visit.output);
    print_count(out->rejected, "not valid");
    print_count(r->left_out, "left out");
    print_count(r->lost, "crashed or timed out");
    print_count(r->visit.skipped, "skipped");
    print_count(r->differing, "not replayed");
    printf("\n");
}

static void report(void *user)
{
    struct record *r = user;
    const struct wht_exit_facts *facts = &r->visit.facts;
    if (r->visit.out.is_published && !facts->is_interrupted && facts->failed == 0)
        replay_output(r);
    r->visit.failed += r->differing;
    if (!facts->has_no_emulator)
        print_counts(r);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    static const struct wht_visitor visitor = {.asks = true, .visit = visit, .report = report};
    struct record r = {.visit = wht_visit_new(verb->name)};
    r.visit.pool.work = WHT_WORK_RECORD;
    int code = wht_verb_take(verb, args, &r.visit.paths, &r);
    if (code < 0)
        code = wht_visit_run(&r.visit, &visitor, &r);
    wht_visit_free(&r.visit);
    return code;
}

const struct wht_verb wht_verb_record = {
    .name = "record",
    .operands = "[PATH...]",
    .summary = "run cases against an emulator and write what it does",
    .details =
        "Registers, memory and the exit come from the cases, and so do the answers of devices; "
        "what\n"
        "they expect does not matter. A byte that no case answers is 0xc0 + (A ^ A >> 8), cut to\n"
        "8 bits, where A is its address or port; a register that was not captured is 0. What is\n"
        "left undefined is poisoned in two ways: 'x-recorded' of a case names what the emulator\n"
        "looked at, which rules of the contract it broke, and how many reads got the pattern.\n"
        "A recording holds 150,000 callbacks and registers in batches.\n\n"
        "The cases written are strict, and are replayed against the same emulator at once. A case\n"
        "in which it crashes or hangs is lost; what no case can express is left out; both are\n"
        "named, and make exit code 1.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
