/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "base/platform.h"
#include "cli/verb.h"
#include "corpus/visit.h"
#include "session/result.h"

struct redact {
    struct wht_visit visit;
    uint64_t partly;
};

static const struct wht_option options[] = {
    WHT_VISIT_OUTPUT(struct redact),
    {"seed", 0, "N", "decides the replacements; default: another one each time",
     WHT_NUMBER(struct redact, visit.pool.redaction.seed, 0, UINT64_MAX)},
    WHT_VISIT_EMULATOR(struct redact, "with which each case is tried before and after"),
    {"only-whole", 0, NULL, "drop cases of which data must stay",
     WHT_FLAG(struct redact, visit.pool.redaction.only_whole)},
    WHT_VISIT_JOBS(struct redact),
    WHT_VISIT_TIMEOUT(struct redact),
    WHT_VISIT_FORCE(struct redact),
    {.name = NULL},
};

static enum wht_fate visit(void *user, struct wht_visited *visited)
{
    struct redact *r = user;
    const struct wht_made_frame *made = visited->made;
    if (made->kind != WHT_CASE_PASSED) {
        fprintf(stderr, "%s: dropped: %s\n", visited->name, made->problem);
        return WHT_FAIL;
    }
    if (*made->remark) {
        r->partly++;
        fprintf(stderr, "%s: not redacted: %s\n", visited->name, made->remark);
    }
    visited->members = made->members;
    return WHT_REPLACE;
}

static void report(void *user)
{
    const struct redact *r = user;
    const struct wht_exit_facts *facts = &r->visit.facts;
    uint64_t cases = r->visit.out.cases;
    if (!facts->is_interrupted && !facts->is_unwritten && !facts->has_no_emulator)
        printf("%" PRIu64 " case%s redacted, %" PRIu64 " of them in part; %" PRIu64 " dropped\n",
               cases, cases == 1 ? "" : "s", r->partly, r->visit.failed);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    static const struct wht_visitor visitor = {
        .asks = true, .needs_paths = true, .visit = visit, .report = report};
    struct redact r = {.visit = wht_visit_new(verb->name)};
    r.visit.pool.work = WHT_WORK_REDACT;
    r.visit.pool.redaction.seed = wht_now_us() ^ (uint64_t)(uintptr_t)verb << 20;
    int code = wht_verb_take(verb, args, &r.visit.paths, &r);
    if (code < 0)
        code = wht_visit_run(&r.visit, &visitor, &r);
    wht_visit_free(&r.visit);
    return code;
}

const struct wht_verb wht_verb_redact = {
    .name = "redact",
    .operands = "PATH...",
    .summary = "replace the data of a guest in cases",
    .details =
        "Each byte of memory, device data and registers that hold data is replaced by another "
        "one,\n"
        "the same one throughout a case, so that what is copied still matches. Code, addresses,\n"
        "counters, flags, segments and system registers stay; notes go. Each case is run before\n"
        "and after: it must pass, or fail for the same reason. Where the data decides, as in an\n"
        "addition, what the instruction reads and writes stays, and the case is named; what shows\n"
        "something else even then is dropped, and named; so is one in which the emulator crashes\n"
        "or hangs.\n\n"
        "This hides contents from a reader and is no encryption: 00, ff, lengths and repetitions\n"
        "stay visible.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
