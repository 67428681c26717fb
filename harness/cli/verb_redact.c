/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus_out.h"
#include "platform.h"
#include "redact_case.h"
#include "replay/recorder.h"
#include "replay/replayer.h"
#include "report/cause.h"
#include "select.h"
#include "trace/build.h"
#include "trace/disasm.h"
#include "trace/expand.h"
#include "trace/raw.h"
#include "verb.h"

enum { OUTPUT = 1, SEED, EMULATOR, ONLY_WHOLE, FORCE };

static const struct wht_option options[] = {
    {OUTPUT, "output", 'o', "FILE", "the corpus to write, *.trace.jsonl; required"},
    {SEED, "seed", 0, "N", "decides the replacements; default: another one each time"},
    {EMULATOR, "emulator", 0, "builtin|PATH", "with which each case is tried before and after"},
    {ONLY_WHOLE, "only-whole", 0, NULL, "drop cases of which data must stay"},
    WHT_CORPUS_OUT_FORCE(FORCE),
    {.name = NULL},
};

struct redact {
    struct wht_words paths;
    struct wht_file_list files;
    const char *output;
    const char *emulator;
    uint64_t seed;
    bool only_whole;
    bool force;
    struct wht_corpus_out out;
    struct wht_backend backend;
    struct wht_replayer *replayer;
    struct wht_recorder *recorder;
    struct wht_text cause;
    struct wht_text before;
    struct wht_text after;
    uint64_t partly;
    uint64_t dropped;
    size_t errors;
};

/* What a replay shows, without values: passed, or why not. */
static void show(struct redact *r, const struct wht_case *c, struct wht_text *key)
{
    struct wht_case_result result;
    wht_text_clear(key);
    wht_text_clear(&r->cause);
    wht_replay(r->replayer, c, WHT_MATCH_STRICT, &result);
    wht_text_addf(key, "%d %u %d ", (int)result.kind, result.passed, (int)result.repetition);
    if (result.kind == WHT_CASE_FAILED)
        wht_report_cause(&r->cause, key, c, &result);
}

static bool shows_the_same(struct redact *r, const struct wht_case *c)
{
    show(r, c, &r->after);
    return strcmp(wht_text_get(&r->before), wht_text_get(&r->after)) == 0;
}

static void keep_addresses(struct wht_redact_plan *plan, const struct wht_case *c)
{
    WHV_REGISTER_NAME names[WHT_READS_MAX];
    size_t count = wht_disasm_addresses(c, names);
    for (size_t i = 0; i < count; i++)
        wht_redact_keep(plan, names[i]);
}

/* What the emulator asked for or wrote. */
static void keep_touched(struct wht_redact_plan *plan, const struct wht_case *made)
{
    plan->redaction = WHT_REDACT_UNTOUCHED;
    plan->touched = made->expect.calls;
    plan->touched_count = made->expect.call_count;
    for (size_t i = 0; i < made->expect.call_count; i++)
        for (size_t j = 0; j < made->expect.calls[i].reg_count; j++)
            wht_redact_keep(plan, made->expect.calls[i].regs[j].name);
}

/* What the case itself says of registers is compared. */
static void keep_expected(struct wht_redact_plan *plan, const struct wht_case *c)
{
    WHV_REGISTER_NAME names[WHT_READS_MAX];
    size_t count = wht_disasm_reads(c, names);
    for (size_t i = 0; i < count; i++)
        wht_redact_keep(plan, names[i]);
    for (size_t i = 0; i < c->expect.reg_count; i++)
        wht_redact_keep(plan, c->expect.regs[i].name);
    for (size_t i = 0; i < c->expect.call_count; i++)
        for (size_t j = 0; j < c->expect.calls[i].reg_count; j++)
            wht_redact_keep(plan, c->expect.calls[i].regs[j].name);
}

static struct wht_node *redacted_source(struct wht_arena *arena, const struct wht_node *node)
{
    const struct wht_node *source = wht_node_member(node, "source");
    struct wht_build made = wht_build_new(arena, WHT_NODE_OBJECT);
    for (const struct wht_node *own = source ? source->first : NULL; own; own = own->next) {
        if (strcmp(own->key, "redacted") == 0)
            continue;
        struct wht_node *copy = wht_arena_take(arena, sizeof(*copy));
        *copy = *own;
        wht_build_add(&made, own->key, copy);
    }
    wht_build_add(&made, "redacted", wht_build_bool(arena, true));
    return made.node;
}

/* Notes and free keys may quote what was replaced. */
static void write_case(struct redact *r, const struct wht_case *c, const struct wht_node *node,
                       const char *kept)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_node *expanded = wht_expand_case(arena, c, WHT_EXPAND_ALL);
    struct wht_build made = wht_build_new(arena, WHT_NODE_OBJECT);
    char id[WHT_ID_MAX];
    for (struct wht_node *member = expanded->first, *next; member; member = next) {
        next = member->next;
        if (strcmp(member->key, "note") != 0)
            wht_build_add(&made, member->key, member);
    }
    wht_build_add(&made, "source", redacted_source(arena, node));
    if (kept)
        wht_build_add(&made, "x-not-redacted", wht_build_string(arena, kept));
    wht_corpus_out_id(&r->out, c->id, id);
    wht_corpus_out_node(&r->out, c->name, id, made.node);
    wht_arena_free(arena);
}

/* Leaves the data that the emulator looks at, or drops the case, and says so. */
static void redact_partly(struct redact *r, struct wht_case *spare, const struct wht_node *node)
{
    static const char kept[] = "data that the instruction reads or writes";
    struct wht_recording recording;
    struct wht_redact_plan plan = {.kept_count = 0};
    const char *why = r->only_whole ? "the data it works on decides what it shows" : NULL;
    wht_redact_table(r->seed, spare->id, plan.table);
    wht_record(r->recorder, spare, &recording);
    if (!why && !recording.made)
        why = recording.problem ? recording.problem : recording.skip_reason;
    if (!why) {
        keep_touched(&plan, recording.made);
        keep_expected(&plan, spare);
        wht_redact_case(&plan, spare);
        if (!shows_the_same(r, spare))
            why = "it shows something else afterwards";
    }
    if (why) {
        r->dropped++;
        fprintf(stderr, "%s: dropped: %s\n", spare->name, why);
        return;
    }
    r->partly++;
    fprintf(stderr, "%s: not redacted: %s\n", spare->name, kept);
    write_case(r, spare, node, kept);
}

static void redact_case(struct redact *r, struct wht_case *c, struct wht_case *spare,
                        const struct wht_node *node)
{
    struct wht_redact_plan plan = {.redaction = WHT_REDACT_ALL};
    show(r, c, &r->before);
    wht_redact_table(r->seed, c->id, plan.table);
    keep_addresses(&plan, c);
    wht_redact_case(&plan, c);
    if (shows_the_same(r, c))
        write_case(r, c, node, NULL);
    else
        redact_partly(r, spare, node);
}

static void read_file(struct redact *r, const char *path)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    struct wht_raw *raw = wht_raw_open(path, &load);
    struct wht_reader *second = wht_reader_open(path, NULL);
    const struct wht_node *node;
    for (struct wht_case *c; raw && second && (c = wht_raw_next(raw, &node)) != NULL;) {
        struct wht_case *spare = wht_reader_next(second);
        if (spare && strcmp(spare->id, c->id) == 0) {
            redact_case(r, c, spare, node);
        } else {
            fprintf(stderr, "%s: dropped: its file changes while it is read\n", c->name);
            r->errors++;
        }
        wht_case_free(spare);
        wht_case_free(c);
    }
    r->errors += raw ? wht_raw_error_count(raw) : 1;
    wht_reader_close(second);
    wht_raw_close(raw);
}

static int open_emulator(struct redact *r)
{
    char error[WHT_BACKEND_ERROR_MAX];
    bool is_open = wht_backend_open(r->emulator, &r->backend, error);
    if (is_open) {
        r->replayer = wht_replayer_open(&r->backend, error);
        r->recorder = r->replayer ? wht_recorder_open(&r->backend, error) : NULL;
        if (r->recorder)
            return WHT_EXIT_OK;
    }
    fprintf(stderr, "whvtrace redact: %s\n", error);
    wht_replayer_close(r->replayer);
    if (is_open)
        wht_backend_close(&r->backend);
    return WHT_EXIT_EMULATOR;
}

static int finish(struct redact *r)
{
    int closed = wht_corpus_out_close(&r->out, true);
    if (closed != WHT_EXIT_OK)
        return closed;
    printf("%" PRIu64 " case%s redacted, %" PRIu64 " of them in part; %" PRIu64 " dropped\n",
           r->out.cases, r->out.cases == 1 ? "" : "s", r->partly, r->dropped);
    return r->errors + r->out.rejected > 0 ? WHT_EXIT_INVALID
           : r->dropped > 0                ? WHT_EXIT_FAILED
           : r->out.cases == 0             ? WHT_EXIT_NOTHING
                                           : WHT_EXIT_OK;
}

static int redact(struct redact *r)
{
    char *root = NULL;
    if (r->paths.count == 0)
        return wht_usage_error("redact", "a trace file is missing");
    int code = wht_select_files("redact", &r->paths, &r->files, &root);
    free(root);
    if (code == WHT_EXIT_OK)
        code = open_emulator(r);
    if (code != WHT_EXIT_OK)
        return code;
    wht_outfile_protect(r->emulator);
    code = wht_corpus_out_open(&r->out, "redact", r->output, r->force);
    for (size_t i = 0; code == WHT_EXIT_OK && i < r->files.count; i++)
        read_file(r, r->files.paths[i]);
    if (code == WHT_EXIT_OK)
        code = finish(r);
    wht_recorder_close(r->recorder);
    wht_replayer_close(r->replayer);
    wht_backend_close(&r->backend);
    return code;
}

static bool take_option(void *user, const struct wht_args *args, int id, const char *value)
{
    struct redact *r = user;
    switch (id) {
    case OUTPUT:
        r->output = value;
        return true;
    case EMULATOR:
        r->emulator = value;
        return true;
    case SEED:
        return wht_args_number(args, "--seed", value, 0, UINT64_MAX, &r->seed);
    case ONLY_WHOLE:
        r->only_whole = true;
        return true;
    case FORCE:
        r->force = true;
        return true;
    default:
        return false;
    }
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct redact r = {.emulator = WHT_BACKEND_BUILTIN,
                       .seed = wht_now_us() ^ (uint64_t)(uintptr_t)verb << 20};
    int code = wht_verb_take(verb, args, &r.paths, take_option, &r);
    if (code < 0)
        code = redact(&r);
    wht_words_free(&r.paths);
    wht_file_list_free(&r.files);
    wht_text_free(&r.cause);
    wht_text_free(&r.before);
    wht_text_free(&r.after);
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
        "something else even then is dropped, and named.\n\n"
        "This hides contents from a reader and is no encryption: 00, ff, lengths and repetitions\n"
        "stay visible. The emulator runs in this process: use only one that you "
        "trust.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run,
};
