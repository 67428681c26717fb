/* SPDX-License-Identifier: MIT */
/*
 * Two runs over the same cases. What the first emulator came to waits in a file without a name and
 * is read back in step with the second one, so that memory does not grow with the cases.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/outfile.h"
#include "base/platform.h"
#include "base/text.h"
#include "cli/verb.h"
#include "explain/columns.h"
#include "report/groups.h"
#include "run/exit_facts.h"
#include "run/pool.h"
#include "run/select.h"
#include "words/names.h"

/* What became of a case with one emulator. */
enum fate { PASSES, FAILS, CRASHES, HANGS, SKIPPED, FATES };

static const char *const fate_names[] = {"passes", "fails", "crashes", "hangs", "skipped"};

struct compare {
    struct wht_pool_options pool;
    struct wht_selection selection;
    struct wht_words operands;
    struct wht_words paths;
    const char *emulators[2];
    const char *format; /* text or json */
    struct wht_file_list files;
    FILE *kept; /* results of the first emulator, frame by frame */
    bool has_lost_kept;
    bool is_out_of_step;
    struct wht_text bytes; /* the frame that is written or read */
    struct wht_text line;
    struct wht_groups groups;
    uint64_t counts[FATES][FATES];
    uint64_t same;
    uint64_t differing;
    struct wht_exit_facts facts;
};

static const struct wht_option options[] = {
    WHT_SELECTION(struct compare, selection),
    {"match", 0, "LEVEL", "strict, device or effects: judge no case more strictly",
     WHT_MATCH(struct compare, pool.level)},
    {"jobs", 'j', "N", "worker processes (default: processors)", WHT_JOBS(struct compare, pool)},
    {"timeout", 0, "SECONDS", "for each case, and for loading (default: 10)",
     WHT_TIMEOUT(struct compare, pool)},
    {"format", 0, "text|json", "how to print", WHT_CHOICE(struct compare, format)},
    {.name = NULL},
};

static enum fate fate_of(const struct wht_case_frame *result)
{
    if (result->kind == WHT_CASE_PASSED)
        return PASSES;
    if (result->kind == WHT_CASE_SKIPPED)
        return SKIPPED;
    return result->ending == WHT_CRASHED     ? CRASHES
           : result->ending == WHT_TIMED_OUT ? HANGS
                                             : FAILS;
}

/* Where a library crashed says nothing about another one. */
static bool is_same(const struct wht_case_frame *a, const struct wht_case_frame *b)
{
    enum fate fate = fate_of(a);
    if (fate != fate_of(b))
        return false;
    return fate != FAILS || (strcmp(a->cause, b->cause) == 0 && a->passed == b->passed);
}

/* The first emulator: what is compared of a result is kept. */
static bool keep_case(void *user, const struct wht_case_frame *result)
{
    struct compare *c = user;
    struct wht_case_frame kept = *result;
    kept.block = "";
    kept.json = "";
    wht_text_clear(&c->bytes);
    wht_put_case_frame(&c->bytes, &kept);
    c->has_lost_kept = fwrite(c->bytes.text, 1, c->bytes.size, c->kept) != c->bytes.size;
    return !c->has_lost_kept;
}

static void on_error(void *user, const struct wht_error *error)
{
    struct compare *c = user;
    c->facts.invalid++;
    wht_error_print(stderr, error);
}

/* The same files are read a second time. */
static void ignore_error(void *user, const struct wht_error *error)
{
    (void)user;
    (void)error;
}

/* Reads the next result that was kept; it points into c->bytes. */
static bool read_kept(struct compare *c, struct wht_case_frame *result)
{
    char buffer[4096];
    size_t at = 0;
    struct wht_frame frame;
    wht_text_clear(&c->bytes);
    for (size_t missing; (missing = wht_frame_missing(c->bytes.text, c->bytes.size)) > 0;) {
        size_t size = missing < sizeof(buffer) ? missing : sizeof(buffer);
        if (fread(buffer, 1, size, c->kept) != size)
            return false;
        wht_text_add_bytes(&c->bytes, buffer, size);
    }
    return wht_frame_next(c->bytes.text, c->bytes.size, &at, &frame) == WHT_FRAME_WHOLE &&
           wht_get_case_frame(frame.bytes, frame.size, result);
}

/* "passes", or what is wrong. */
static void add_result(struct wht_text *text, const struct wht_case_frame *result)
{
    enum fate fate = fate_of(result);
    if (fate == PASSES || !*result->cause)
        wht_text_add(text, fate_names[fate]);
    else if (fate == SKIPPED)
        wht_text_addf(text, "skipped: %s", result->cause);
    else
        wht_text_add(text, result->cause);
    for (int level = WHT_MATCH_STRICT; fate == FAILS && level >= WHT_MATCH_EFFECTS; level--)
        if (result->passed >> level & 1) {
            wht_text_addf(text, " (passes at %s)", wht_match_name((enum wht_match)level));
            break;
        }
}

static void add_member(struct wht_text *text, const char *name, const char *value)
{
    wht_text_addf(text, ", \"%s\": ", name);
    wht_escape_json(text, value);
}

static void add_side(struct wht_text *text, const char *side, const struct wht_case_frame *result)
{
    wht_text_addf(text, ", \"%s\": { \"result\": \"%s\"", side, fate_names[fate_of(result)]);
    if (*result->cause)
        add_member(text, "cause", result->cause);
    if (*result->group)
        add_member(text, "group", result->group);
    wht_text_add(text, " }");
}

static void print_case(struct compare *c, const struct wht_case_frame *a,
                       const struct wht_case_frame *b)
{
    wht_text_clear(&c->line);
    wht_text_addf(&c->line, "%s\n{ \"name\": ", c->differing > 1 ? "," : "");
    wht_escape_json(&c->line, b->name);
    add_member(&c->line, "file", b->file);
    wht_text_addf(&c->line, ", \"line\": %" PRIu64, b->line);
    if (*a->mnemonic || *b->mnemonic)
        add_member(&c->line, "mnemonic", *a->mnemonic ? a->mnemonic : b->mnemonic);
    add_side(&c->line, "a", a);
    add_side(&c->line, "b", b);
    fputs(wht_text_get(&c->line), stdout);
    fputs(" }", stdout);
}

/* Cases are alike if each emulator does alike with them. */
static void group_case(struct compare *c, const struct wht_case_frame *a,
                       const struct wht_case_frame *b)
{
    struct wht_text key = {.text = NULL}, words = {.text = NULL};
    wht_text_addf(&key, "%d/%s", (int)fate_of(a), a->group);
    wht_text_addf(&key, " %d/%s", (int)fate_of(b), b->group);
    wht_text_clear(&c->line);
    add_result(&c->line, a);
    wht_columns_words(&words, "A", wht_text_get(&c->line));
    wht_text_clear(&c->line);
    add_result(&c->line, b);
    wht_columns_words(&words, "B", wht_text_get(&c->line));
    const struct wht_report_case failure = {.name = b->name,
                                            .file = b->file,
                                            .line = b->line,
                                            .mnemonic = *a->mnemonic ? a->mnemonic : b->mnemonic,
                                            .cause = wht_text_get(&words),
                                            .key = wht_text_get(&key),
                                            .block = ""};
    wht_groups_add(&c->groups, &failure);
    wht_text_free(&key);
    wht_text_free(&words);
}

/* The second emulator: each of its results beside that of the first. */
static bool compare_case(void *user, const struct wht_case_frame *b)
{
    struct compare *c = user;
    struct wht_case_frame a;
    if (!read_kept(c, &a) || a.ordinal != b->ordinal || strcmp(a.name, b->name) != 0) {
        c->is_out_of_step = true;
        return false;
    }
    c->counts[fate_of(&a)][fate_of(b)]++;
    if (is_same(&a, b)) {
        c->same++;
        return true;
    }
    c->differing++;
    if (strcmp(c->format, "json") == 0)
        print_case(c, &a, b);
    else
        group_case(c, &a, b);
    return true;
}

static void print_group(const struct wht_group *group)
{
    struct wht_text text = {.text = NULL};
    wht_text_addf(&text, "%" PRIu64 " case%s\n%s", group->count, group->count == 1 ? "" : "s",
                  group->cause);
    wht_columns_words(&text, "such as", group->name);
    for (size_t i = 0; i < group->name_count; i++)
        wht_columns_words(&text, "", group->names[i]);
    uint64_t others = group->count - 1 - group->name_count;
    if (others > 0)
        wht_text_addf(&text, "              and %" PRIu64 " more\n", others);
    printf("%s\n", wht_text_get(&text));
    wht_text_free(&text);
}

static bool has_fate(const struct compare *c, enum fate fate)
{
    uint64_t sum = 0;
    for (int other = 0; other < FATES; other++)
        sum += c->counts[fate][other] + c->counts[other][fate];
    return fate <= FAILS || sum > 0;
}

/* Rows are the first emulator's, columns the second's; what neither did is left out. */
static void print_table(const struct compare *c)
{
    char heading[16];
    printf("%-12s", "");
    for (int b = 0; b < FATES; b++) {
        snprintf(heading, sizeof(heading), "B %s", fate_names[b]);
        if (has_fate(c, (enum fate)b))
            printf("  %10s", heading);
    }
    printf("\n");
    for (int a = 0; a < FATES; a++) {
        if (!has_fate(c, (enum fate)a))
            continue;
        printf("  A %-8s", fate_names[a]);
        for (int b = 0; b < FATES; b++)
            if (has_fate(c, (enum fate)b))
                printf("  %10" PRIu64, c->counts[a][b]);
        printf("\n");
    }
}

static void print_head(struct compare *c)
{
    bool is_json = strcmp(c->format, "json") == 0;
    if (is_json)
        printf("{ \"format\": \"whv-compare/1.0\", \"version\": \"%s\"", WHVTRACE_VERSION);
    for (int i = 0; i < 2; i++) {
        wht_text_clear(&c->line);
        if (is_json) {
            add_member(&c->line, i == 0 ? "a" : "b", c->emulators[i]);
        } else {
            wht_text_addf(&c->line, "%c  ", "AB"[i]);
            wht_text_add_clean(&c->line, c->emulators[i]);
            wht_text_add(&c->line, "\n");
        }
        fputs(wht_text_get(&c->line), stdout);
    }
    printf(is_json ? ", \"cases\": [" : "\n");
}

static void print_text(struct compare *c)
{
    print_head(c);
    wht_groups_sort(&c->groups);
    for (size_t i = 0; i < c->groups.count; i++)
        print_group(&c->groups.items[i]);
    if (c->groups.left_out > 0)
        printf("%" PRIu64 " cases of further kinds; --format json names all\n\n",
               c->groups.left_out);
    print_table(c);
    printf("\n%" PRIu64 " the same, %" PRIu64 " differ\n", c->same, c->differing);
}

static void print_totals(const struct compare *c)
{
    printf("\n], \"totals\": { \"same\": %" PRIu64 ", \"differing\": %" PRIu64, c->same,
           c->differing);
    for (int a = 0; a < FATES; a++) {
        printf(", \"a-%s\": {", fate_names[a]);
        for (int b = 0; b < FATES; b++)
            printf("%s \"b-%s\": %" PRIu64, b > 0 ? "," : "", fate_names[b], c->counts[a][b]);
        printf(" }");
    }
    printf(" } }\n");
}

/* Runs all cases with one emulator. @return whether it came to the end of them. */
static bool run_side(struct compare *c, int side, const struct wht_pool_handler *handler)
{
    struct wht_pool_outcome outcome;
    c->pool.emulator = c->emulators[side];
    c->pool.selection = &c->selection;
    c->pool.tells_not_run = true;
    wht_run_cases(&c->pool, &c->files, handler, &outcome);
    if (*outcome.message)
        fprintf(stderr, "whvtrace compare: %c: %s\n", "AB"[side], outcome.message);
    wht_exit_facts_add(&c->facts, &outcome);
    return outcome.end == WHT_POOL_DONE || outcome.end == WHT_POOL_GAVE_UP;
}

static void compare_sides(struct compare *c)
{
    const struct wht_pool_handler first = {.user = c, .on_case = keep_case, .on_error = on_error};
    const struct wht_pool_handler second = {
        .user = c, .on_case = compare_case, .on_error = ignore_error};
    if (!run_side(c, 0, &first))
        return;
    if (fflush(c->kept) != 0 || fseek(c->kept, 0, SEEK_SET) != 0) {
        c->has_lost_kept = true;
        return;
    }
    bool is_json = strcmp(c->format, "json") == 0;
    if (is_json)
        print_head(c);
    run_side(c, 1, &second);
    if (is_json)
        print_totals(c);
    else if (c->same + c->differing > 0)
        print_text(c);
}

static int compare(struct compare *c)
{
    char *root = NULL;
    int code = wht_select_files("compare", &c->paths, &c->selection, &c->files, &root);
    free(root);
    if (code != WHT_EXIT_OK)
        return code;
    c->kept = wht_temporary_file();
    c->has_lost_kept = !c->kept;
    if (c->kept)
        compare_sides(c);
    if (c->has_lost_kept)
        fprintf(stderr, "whvtrace compare: a temporary file could not be written\n");
    if (c->is_out_of_step)
        fprintf(stderr, "whvtrace compare: the traces changed while they were compared\n");
    c->facts.is_unwritten = c->has_lost_kept;
    c->facts.invalid += c->is_out_of_step;
    c->facts.failed += c->differing;
    c->facts.skipped = c->counts[SKIPPED][SKIPPED];
    c->facts.done = c->same + c->differing - c->facts.skipped;
    code = wht_exit_code(&c->facts);
    if (code == WHT_EXIT_NOTHING)
        fprintf(stderr, "whvtrace compare: no case was selected\n");
    return code;
}

static int take_operands(struct compare *c)
{
    for (size_t i = 0; i < c->operands.count; i++) {
        if (i < 2)
            c->emulators[i] = c->operands.items[i];
        else
            wht_words_add(&c->paths, c->operands.items[i]);
        if (i < 2 && !*c->operands.items[i])
            return wht_usage_error("compare", "an emulator got '', expected builtin or a path");
    }
    if (c->operands.count < 2)
        return wht_usage_error("compare", "two emulators are needed, builtin or the path of a "
                                          "shared library");
    return -1;
}

static int run(const struct wht_verb *verb, struct wht_args *args)
{
    struct compare c = {.pool = wht_pool_defaults(), .format = "text"};
    int code = wht_verb_take(verb, args, &c.operands, &c);
    if (code < 0)
        code = take_operands(&c);
    if (code < 0)
        code = compare(&c);
    if (c.kept)
        fclose(c.kept);
    wht_words_free(&c.operands);
    wht_words_free(&c.paths);
    wht_selection_free(&c.selection);
    wht_file_list_free(&c.files);
    wht_groups_free(&c.groups);
    wht_text_free(&c.bytes);
    wht_text_free(&c.line);
    return code;
}

const struct wht_verb wht_verb_compare = {
    .name = "compare",
    .operands = "A B [PATH...]",
    .summary = "show where two emulators part",
    .details =
        "A and B are emulators: 'builtin', or the path of a shared library. Both run the same\n"
        "cases; results differ if one passes, fails, crashes, hangs or skips a case and the other\n"
        "does not, and if both fail with different causes or at different levels. Where a library\n"
        "crashes is not compared, and expectations files are not obeyed. Cases in which each of "
        "the\n"
        "two does alike are told as one kind, the most frequent first; then a table counts what A\n"
        "(rows) and B (columns) did. '--format json' names every case that differs, one on a "
        "line.\n\n"
        "The exit code is 0 if no result differs, and 1 if one does.\n",
    .options = options,
    .run = run,
};
