/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <whvcapture/capture.h>

#include "base/args.h"
#include "base/str.h"
#include "cli/import_report.h"
#include "cli/verb.h"
#include "corpus/corpus_out.h"
#include "format/accept.h"
#include "import/import.h"
#include "import/import_moo.h"
#include "run/exit_facts.h"
#include "run/select.h"

struct import_run {
    struct wht_import_options options;
    const char *output;
    const char *prefix;
    bool force;
    struct wht_corpus_out out;
    struct wht_import_report report;
    uint64_t incomplete;
    uint64_t left_out;
    size_t errors;
    uint64_t moo_left[WHT_MOO_LEFT_COUNT];  /* tests of MOO files that became no case */
    uint64_t moo_named[WHT_MOO_LEFT_COUNT]; /* those of one file that were named or might be */
    struct wht_arena *arena;                /* of one case */
};

/* Of many tests that are left out for one reason, so many of a file are named. */
#define MOO_NAMED_MAX 3

static bool take_range(const struct wht_args *args, const struct wht_option *option,
                       const char *text, struct wht_range *ranges, size_t *count)
{
    char *end;
    struct wht_range range;
    range.first = strtoull(text, &end, 16);
    bool is_good = end != text && *end == '-' && *count < WHT_IMPORT_RANGES;
    const char *second = end + 1;
    if (is_good) {
        range.last = strtoull(second, &end, 16);
        is_good = end != second && *end == 0 && range.first <= range.last;
    }
    if (is_good)
        ranges[(*count)++] = range;
    else
        wht_usage_error(args->verb, "option '--%s' got '%s', expected FIRST-LAST in hex",
                        option->name, text);
    return is_good;
}

static bool take_device(const struct wht_args *args, const struct wht_option *option,
                        const char *value, void *target)
{
    struct wht_import_options *o = target;
    return take_range(args, option, value, o->device, &o->device_count);
}

static bool take_ram(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    struct wht_import_options *o = target;
    return take_range(args, option, value, o->ram, &o->ram_count);
}

static bool is_moo(const char *path)
{
    return wht_ends_with(path, ".MOO") || wht_ends_with(path, ".moo") ||
           wht_ends_with(path, ".MOO.gz") || wht_ends_with(path, ".moo.gz");
}

/* The file's name up to its first dot, in the letters of an id. */
static void make_prefix(const char *path, char *prefix, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t used = 0;
    /* The dots of "80.4.MOO" tell the instruction. */
    size_t length = is_moo(path) ? (size_t)(strstr(name, ".MOO") ? strstr(name, ".MOO") - name
                                                                 : strstr(name, ".moo") - name)
                                 : strcspn(name, ".");
    for (const char *end = name + length; name < end && used + 1 < size; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_letter || (used > 0 && (c == '-' || c == '_' || c == '.')))
            prefix[used++] = c;
    }
    prefix[used] = 0;
    if (used == 0)
        snprintf(prefix, size, "capture");
}

static void take_call(struct import_run *run, const struct wht_capture_call *call,
                      const char *prefix)
{
    struct wht_imported result;
    if (wht_import_call(run->arena, call, &run->options, prefix, run->out.cases + 1, &result)) {
        wht_corpus_out_accepted(&run->out, result.made);
        run->incomplete += call->end == NULL;
        if (*result.status)
            wht_import_unsuccessful(&run->report, result.mnemonic, result.status, result.id);
    } else {
        wht_import_say(&run->report, "%s:%u: left out: call %" PRIu64 ": %s", call->file,
                       (unsigned)call->line, call->n, result.error);
        run->left_out++;
    }
    wht_arena_reset(run->arena);
}

/* The test's name is a disassembly; anything may stand there. */
static void say_left(struct import_run *run, const struct wht_moo_test *test, const char *path,
                     const char *why)
{
    char name[80];
    size_t size = test->name.size < sizeof(name) - 1 ? test->name.size : sizeof(name) - 1;
    for (size_t i = 0; i < size; i++)
        name[i] =
            test->name.data[i] >= ' ' && test->name.data[i] <= '~' ? (char)test->name.data[i] : '?';
    name[size] = 0;
    wht_import_say(&run->report, "%s: left out: test %u '%s': %s", path, (unsigned)test->index,
                   name, why);
}

static void take_moo_test(struct import_run *run, const struct wht_moo *moo,
                          const struct wht_moo_test *test, const char *path, const char *prefix)
{
    const char *slash = strrchr(path, '/');
    char error[WHT_ACCEPT_ERROR_MAX];
    struct wht_node *made;
    enum wht_moo_left left = wht_import_moo(run->arena, moo, test, prefix, run->out.cases + 1,
                                            slash ? slash + 1 : path, &made);
    if (left == WHT_MOO_LEFT_NONE) {
        made = wht_accept_case(run->arena, made, error);
        if (made)
            wht_corpus_out_accepted(&run->out, made);
        else
            say_left(run, test, path, error);
        run->left_out += made == NULL;
    } else if (run->moo_named[left]++ < MOO_NAMED_MAX) {
        say_left(run, test, path, wht_moo_left_text(left));
    }
    run->moo_left[left]++;
    wht_arena_reset(run->arena);
}

static void take_moo(struct import_run *run, const char *path, const char *prefix)
{
    char error[WHT_MOO_ERROR_MAX];
    struct wht_moo_test test;
    struct wht_moo *moo = wht_moo_open(path, error);
    if (!moo) {
        wht_import_say(&run->report, "%s: %s", path, error);
        run->errors++;
        return;
    }
    enum wht_moo_next next;
    memset(run->moo_named, 0, sizeof(run->moo_named));
    while ((next = wht_moo_next(moo, &test, error)) != WHT_MOO_END) {
        if (next == WHT_MOO_TEST) {
            take_moo_test(run, moo, &test, path, prefix);
        } else {
            wht_import_say(&run->report, "%s: %s", path, error);
            run->errors++;
        }
    }
    wht_moo_close(moo);
}

static void take_capture(struct import_run *run, const char *path)
{
    const struct wht_load_options load = {.on_error = wht_import_error, .user = &run->report};
    char prefix[64];
    make_prefix(path, prefix, sizeof(prefix));
    if (is_moo(path)) {
        take_moo(run, path, run->prefix ? run->prefix : prefix);
        return;
    }
    /* What a dead process left beside the capture belongs to it. */
    unsigned recovered = wht_ends_with(path, ".cap.jsonl") ? whvcapture_recover(path) : 0;
    if (recovered > 0)
        fprintf(stderr, "%s: %u running call%s of a process that died appended\n", path, recovered,
                recovered == 1 ? "" : "s");
    struct wht_capture *capture = wht_capture_open(path, &load);
    if (!capture) {
        run->errors++;
        return;
    }
    for (struct wht_capture_call *call; (call = wht_capture_next(capture)) != NULL;) {
        take_call(run, call, run->prefix ? run->prefix : prefix);
        wht_capture_call_free(call);
    }
    run->errors += wht_capture_error_count(capture);
    wht_capture_close(capture);
}

/* "x.cap.jsonl" becomes "x.trace.jsonl". */
static char *output_beside(const char *capture)
{
    size_t length = strlen(capture);
    if (wht_ends_with(capture, ".gz"))
        length -= strlen(".gz");
    if (length >= 10 && strncmp(capture + length - 10, ".cap.jsonl", 10) == 0)
        length -= 10;
    else if (is_moo(capture))
        length -= strlen(".MOO");
    char *path = wht_reallocate(NULL, length + sizeof(".trace.jsonl"));
    memcpy(path, capture, length);
    memcpy(path + length, ".trace.jsonl", sizeof(".trace.jsonl"));
    return path;
}

static void print_counts(const struct import_run *run, const char *path)
{
    printf("%" PRIu64 " case%s", run->out.cases, run->out.cases == 1 ? "" : "s");
    if (run->out.is_published)
        printf(" in %s", path);
    if (run->incomplete > 0)
        printf(", %" PRIu64 " incomplete", run->incomplete);
    if (run->left_out > 0)
        printf(", %" PRIu64 " left out", run->left_out);
    if (run->errors > 0)
        printf(", %zu error%s", run->errors, run->errors == 1 ? "" : "s");
    printf("\n");
    for (int i = WHT_MOO_LEFT_NONE + 1; i < WHT_MOO_LEFT_COUNT; i++)
        if (run->moo_left[i] > 0)
            printf("%" PRIu64 " left out: %s\n", run->moo_left[i],
                   wht_moo_left_text((enum wht_moo_left)i));
}

static int import(struct import_run *run, const struct wht_words *paths)
{
    if (paths->count == 0)
        return wht_usage_error("import", "a file is missing");
    char *beside = run->output ? NULL : output_beside(paths->items[0]);
    const char *path = run->output ? run->output : beside;
    for (size_t i = 0; i < paths->count; i++)
        wht_outfile_protect(paths->items[i]);
    int code = wht_corpus_out_open(&run->out, "import", path, run->force);
    if (code == WHT_EXIT_OK) {
        wht_corpus_out_begin(&run->out);
        run->arena = wht_arena_new();
        for (size_t i = 0; i < paths->count; i++) {
            take_capture(run, paths->items[i]);
            wht_import_end_of_file(&run->report, paths->items[i]);
        }
        wht_arena_free(run->arena);
        wht_import_table(&run->report);
        wht_import_report_free(&run->report);
        const struct wht_exit_facts facts = {
            .is_unwritten = wht_corpus_out_close(&run->out, true) != WHT_EXIT_OK,
            .invalid = run->errors + run->left_out,
            .done = run->out.cases};
        code = wht_exit_code(&facts);
        print_counts(run, path);
    }
    free(beside);
    return code;
}

static bool take_prefix(const struct wht_args *args, const struct wht_option *option,
                        const char *value, void *target)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-";
    bool is_good = *value && !strchr("._/-", *value) && value[strspn(value, letters)] == 0;
    if (!is_good)
        wht_usage_error(args->verb,
                        "option '--prefix' got '%s', expected small letters and digits, then also "
                        "'.', '_', '/' and '-'",
                        value);
    return is_good && wht_take_text(args, option, value, target);
}

static const struct wht_option options[] = {
    {"output", 'o', "FILE", "the corpus to write, *.trace.jsonl; default: beside the first FILE",
     WHT_TEXT(struct import_run, output)},
    {"prefix", 0, "NAME", "what ids begin with; default: the file's name",
     WHT_TAKE(take_prefix, struct import_run, prefix)},
    {"device", 0, "FIRST-LAST", "guest-physical addresses of a device besides the exit's page",
     WHT_TAKE(take_device, struct import_run, options)},
    {"ram", 0, "FIRST-LAST", "guest-physical addresses that are RAM even in the exit's page",
     WHT_TAKE(take_ram, struct import_run, options)},
    {"strict", 0, NULL, "expect every callback as it was, in order",
     WHT_FLAG(struct import_run, options.is_strict)},
    WHT_CORPUS_OUT_FORCE(struct import_run, force),
    {.name = NULL},
};

static int run_verb(const struct wht_verb *verb, struct wht_args *args)
{
    static struct import_run run;
    struct wht_words paths = {.count = 0};
    int code = wht_verb_take(verb, args, &paths, &run);
    if (code < 0)
        code = import(&run, &paths);
    wht_words_free(&paths);
    return code;
}

const struct wht_verb wht_verb_import = {
    .name = "import",
    .operands = "FILE...",
    .summary = "make cases of what a recorder captured, or of SingleStepTests",
    .details =
        "A call during which the process died is kept as a case with the tag 'incomplete'. Lines\n"
        "that belong to no call, and calls that are damaged or of which no case can be made, are\n"
        "named, and make exit code 3; the others are imported all the same. What is written "
        "passes\n"
        "'whvtrace check'. Of a file 100 messages are printed, then how many more there are. A\n"
        "table on stderr tells the calls that did not succeed: instruction, how they ended, how\n"
        "often, names of cases. Such a case expects that failure.\n\n"
        "A FILE may also be one of SingleStepTests for the 8088 to the 386: *.MOO, *.MOO.gz. "
        "Tests\n"
        "with a memory operand or a port become cases in real mode, judged by their effects, with\n"
        "the flags and bits that the file masks left open. How many are left out, and why, is\n"
        "printed, and of each reason the first three by name; they do not change the exit "
        "code.\n\n" WHT_CORPUS_OUT_HELP,
    .options = options,
    .run = run_verb,
};
