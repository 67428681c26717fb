/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/outfile.h"
#include "base/str.h"
#include "cli/one_case.h"
#include "cli/verb.h"
#include "corpus/minimize.h"
#include "format/print.h"
#include "session/backend.h"

#define STEPS_DEFAULT 1000u

struct minimize {
    struct wht_minimize work;
    struct wht_words paths;
    const char *output;
    bool is_quiet;
};

static const struct wht_option options[] = {
    {"emulator", 0, "builtin|PATH", "the emulator that fails the case",
     WHT_TEXT(struct minimize, work.pool.emulator)},
    {"reference", 0, "builtin|PATH|none", "the one that knows what to expect (default: builtin)",
     WHT_TEXT(struct minimize, work.reference)},
    {"output", 'o', "FILE", "the case to write, *.trace.json (default: standard output)",
     WHT_TEXT(struct minimize, output)},
    {"steps", 0, "N", "try at most N changes (default: 1000)",
     WHT_NUMBER(struct minimize, work.steps_max, 1, 1000000)},
    {"timeout", 0, "SECONDS", "for each run of a case (default: 2)",
     WHT_TIMEOUT(struct minimize, work.pool)},
    {"quiet", 'q', NULL, "do not name the changes that are kept",
     WHT_FLAG(struct minimize, is_quiet)},
    {.name = NULL},
};

static void on_kept(void *user, const char *what, uint64_t steps)
{
    (void)user;
    fprintf(stderr, "%5" PRIu64 "  %s\n", steps, what);
}

static void write_part(void *user, const char *bytes, size_t size)
{
    wht_outfile_write(user, bytes, size);
}

static void print_part(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

static bool write_case(struct minimize *m, struct wht_outfile *out, const struct wht_case *c)
{
    struct wht_arena *arena = wht_arena_new();
    const struct wht_node *node = wht_print_case(arena, c, WHT_PRINT_FILE);
    const struct wht_writer to_file = {.write = write_part, .user = out};
    const struct wht_writer to_stdout = {.write = print_part, .user = stdout};
    wht_write_document(m->output ? &to_file : &to_stdout, node);
    wht_arena_free(arena);
    if (!m->output || wht_outfile_commit(out))
        return true;
    fprintf(stderr, "whvtrace minimize: %s: %s\n", m->output, out->error);
    return false;
}

static void tell(const struct minimize *m)
{
    const struct wht_minimize *w = &m->work;
    fprintf(stderr, "%" PRIu64 " of %" PRIu64 " changes kept", w->kept, w->steps);
    if (!w->has_reference)
        fprintf(stderr, "; no reference passes the case, so what may change the result stayed");
    else if (w->is_recorded)
        fprintf(stderr, "; what is expected was recorded anew of %s", w->reference);
    struct wht_text cause = {.text = NULL};
    wht_text_add_clean(&cause, wht_text_get(&w->cause));
    fprintf(stderr, "\nstill fails: %s\n", wht_text_get(&cause));
    wht_text_free(&cause);
}

static int minimize(struct minimize *m)
{
    int code;
    struct wht_outfile out = {.file = NULL};
    struct wht_case *c = wht_read_one_case("minimize", &m->paths, &code);
    if (!c)
        return code;
    wht_outfile_protect(m->work.pool.emulator);
    if (m->output && !wht_outfile_open(&out, m->output, WHT_OUTFILE_NEW)) {
        fprintf(stderr, "whvtrace minimize: %s: %s\n", m->output,
                errno == EEXIST ? "exists already and is not overwritten; name another file"
                                : out.error);
        wht_case_free(c);
        return WHT_EXIT_OUTPUT;
    }
    struct wht_case *made = wht_minimize(&m->work, c);
    if (made) {
        m->work.facts.is_unwritten = !write_case(m, &out, made);
        m->work.facts.done++;
        tell(m);
    }
    wht_outfile_discard(&out);
    wht_case_free(made);
    wht_case_free(c);
    return wht_exit_code(&m->work.facts);
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct minimize m = {.work = {.verb = verb->name,
                                  .pool = wht_pool_defaults(),
                                  .reference = WHT_BACKEND_BUILTIN,
                                  .steps_max = STEPS_DEFAULT}};
    m.work.pool.timeout_ms = 2000;
    int code = wht_verb_take(verb, args, &m.paths, &m);
    if (code < 0 && m.paths.count != 1)
        code = wht_usage_error(verb->name, "name one case, as FILE#ID");
    if (code < 0 && m.output && !wht_ends_with(m.output, ".trace.json"))
        code = wht_usage_error(verb->name, "'%s' does not end in .trace.json", m.output);
    if (strcmp(m.work.reference, "none") == 0)
        m.work.reference = NULL;
    m.work.on_kept = m.is_quiet ? NULL : on_kept;
    if (code < 0)
        code = minimize(&m);
    wht_words_free(&m.paths);
    wht_text_free(&m.work.cause);
    return code;
}

const struct wht_verb wht_verb_minimize = {
    .name = "minimize",
    .operands = "FILE#ID",
    .summary = "shrink a case that fails, so that it fails the same way",
    .details =
        "Takes away or makes smaller, one thing at a time: the match level and calls, memory and "
        "its\n"
        "bytes, pages, registers, bits of the exit, prefixes (a REP among them) as long as the\n"
        "mnemonic stays, what devices answer; note, tags, flags and free keys go. After each "
        "change\n"
        "the case is run in a worker process: the change is kept if the case fails in the same "
        "way,\n"
        "which means that 'run' would put the two failures into one group. Crashes and hangs are\n"
        "ways of failing. The case is run once more as it is written.\n\n"
        "What a case expects must stay right when its inputs change, which the failing emulator\n"
        "cannot tell. So the reference must pass the case after each change. Where it does not,\n"
        "because other inputs give other results, what it does is recorded and expected from then "
        "on,\n"
        "if the reference passes that; bits that the case left open stay open, cases with several\n"
        "right outcomes are not recorded, and 'source' names the emulator. Where the reference "
        "does\n"
        "not pass the case to begin with, or is 'none', only that is taken away which has no part\n"
        "in the result: general registers that the instruction neither reads nor writes and of\n"
        "which nothing is expected, memory and pages that nothing asks for, and what a weaker "
        "match\n"
        "level does not compare.\n",
    .options = options,
    .run = run,
};
