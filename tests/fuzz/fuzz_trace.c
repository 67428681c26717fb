/* SPDX-License-Identifier: MIT */
/*
 * Any file: the loader does not crash, says of every error where it is and what is wrong, and hands
 * out only cases that keep what model.h promises. Those are replayed: the built-in emulator keeps
 * the contract, and does the same the second time. A good file has a canonical form that means the
 * same, and a failure can be told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/expectations.h"
#include "format/flags.h"
#include "format/load.h"
#include "session/replayer.h"
#include "session/usage.h"
#include "trace_backend.h"
#include "trace_checks.h"
#include "trace_files.h"
#include "trace_model.h"
#include "trace_mutate.h"

#define CASES_MAX  64u /* that are replayed of a file */
#define KEPT_MAX   8u  /* that a file may have to be written again */
#define PACKED_MAX (2 * TRACE_INPUT_MAX + 4096u)

static struct {
    unsigned long files[TRACE_KINDS], errors, cases, passed, ended, formatted, expectations;
} tally;

/* What was said and handed out of a file. */
struct reading {
    size_t errors;
    size_t cases;
    uint64_t digest; /* over both */
};

static uint64_t mix(uint64_t digest, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    return digest;
}

static void on_error(void *user, const struct wht_error *error)
{
    struct reading *reading = user;
    const char *wrong = trace_check_text(error->text);
    if (!wrong)
        wrong = trace_check_text(error->pointer);
    if (!wrong && !error->text[0])
        wrong = "no text";
    if (!wrong && error->pointer[0] && error->pointer[0] != '/')
        wrong = "a pointer that is none";
    if (!wrong && (error->pos.line > 0) != (error->pos.column > 0))
        wrong = "half a place";
    if (wrong)
        fuzz_fail("an error with %s: %u:%u: %s: %s", wrong, error->pos.line, error->pos.column,
                  error->pointer, error->text);
    if (error->is_warning) /* how long a replay takes decides about some: they are not compared */
        return;
    reading->errors += error->more > 0 ? (size_t)error->more : 1;
    reading->digest = mix(reading->digest, error->text, strlen(error->text) + 1);
    reading->digest = mix(reading->digest, error->pointer, strlen(error->pointer) + 1);
    reading->digest = mix(reading->digest, &error->pos.line, sizeof(error->pos.line));
    reading->digest = mix(reading->digest, &error->pos.column, sizeof(error->pos.column));
}

static struct wht_replayer *replayer(void)
{
    static struct wht_backend backend;
    static struct wht_replayer *made;
    char error[WHT_BACKEND_ERROR_MAX];
    if (!made) {
        backend = trace_backend();
        made = wht_replayer_open(&backend, error);
    }
    if (!made)
        fuzz_fail("%s", error);
    return made;
}

static void replay(const struct wht_case *c)
{
    struct wht_case_result outcome;
    wht_replay(replayer(), c, c->match, &outcome);
    tally.passed += outcome.kind == WHT_CASE_PASSED;
    tally.ended += trace_backend_was_ended();
    if (!outcome.result)
        fuzz_fail("%s: no result: %s", c->name, outcome.reason ? outcome.reason : "");
    const struct wht_divergence *divergence = &outcome.result->divergence;
    if (divergence->kind == WHT_DIVERGES_RULE)
        fuzz_fail("%s: the emulator broke a rule: %s", c->name, wht_rule_text(divergence->rule));
    if (outcome.repetition != WHT_SAME)
        fuzz_fail("%s: the second call is another", c->name);
    if (outcome.kind == WHT_CASE_FAILED)
        trace_check_report(c, &outcome);
}

static void take_case(const struct wht_case *c, bool is_replayed, struct reading *reading)
{
    const char *wrong = trace_check_case(c);
    if (wrong)
        fuzz_fail("%s was accepted with %s", c->name, wrong);
    reading->cases++;
    reading->digest = mix(reading->digest, c->id, strlen(c->id) + 1);
    reading->digest = mix(reading->digest, &c->pos.line, sizeof(c->pos.line));
    if (is_replayed && reading->cases <= CASES_MAX)
        replay(c);
}

/* @param kind of a file that is to be replayed and written again; TRACE_KINDS: neither. */
static void read_traces(enum trace_kind kind, const char *path, struct reading *reading)
{
    static struct wht_usage *usage;
    if (!usage)
        usage = wht_usage_open();
    const struct wht_load_options options = {.on_error = on_error,
                                             .user = reading,
                                             .check_asm = true,
                                             .check_sense = true,
                                             .find_usage = wht_usage_find,
                                             .usage_user = usage};
    struct wht_case *kept[KEPT_MAX], *c;
    struct wht_reader *reader = wht_reader_open(path, &options);
    size_t count = 0;
    while (reader && (c = wht_reader_next(reader)) != NULL) {
        take_case(c, kind != TRACE_KINDS, reading);
        if (count < KEPT_MAX)
            kept[count++] = c;
        else
            wht_case_free(c);
    }
    if (reader && wht_reader_error_count(reader) != reading->errors)
        fuzz_fail("%zu errors were reported, %zu counted", reading->errors,
                  wht_reader_error_count(reader));
    wht_reader_close(reader);
    if ((kind == TRACE_JSON || kind == TRACE_LINES) && reading->errors == 0 &&
        reading->cases <= KEPT_MAX) {
        trace_check_format(kind, path, kept, count);
        tally.formatted++;
    }
    while (count > 0)
        wht_case_free(kept[--count]);
    tally.errors += reading->errors;
    tally.cases += reading->cases;
}

/* Compressed or not, in one member or two: the same is said. */
static void read_packed(const uint8_t *text, size_t size, size_t cut)
{
    static uint8_t packed[PACKED_MAX];
    struct reading plain = {.digest = 1}, unpacked = {.digest = 1};
    read_traces(TRACE_KINDS, trace_file(TRACE_LINES, text, size), &plain);
    size_t used = trace_pack(text, cut, packed, sizeof(packed));
    size_t rest = trace_pack(text + cut, size - cut, packed + used, sizeof(packed) - used);
    if (used == 0 || rest == 0)
        fuzz_fail("no room to compress");
    read_traces(TRACE_PACKED, trace_file(TRACE_PACKED, packed, used + rest), &unpacked);
    if (plain.errors != unpacked.errors || plain.cases != unpacked.cases ||
        plain.digest != unpacked.digest)
        fuzz_fail("plain: %zu errors, %zu cases; compressed: %zu errors, %zu cases", plain.errors,
                  plain.cases, unpacked.errors, unpacked.cases);
}

static void read_expectations(const char *path)
{
    static const char *const tests[] = {
        "manual/mov/store.trace.json#mov-m32-r32", "#", "",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
    struct reading reading = {.digest = 1};
    const struct wht_load_options options = {.on_error = on_error, .user = &reading};
    struct wht_expectations list = {.items = NULL};
    if (wht_expectations_load(path, &options, &list) != (reading.errors == 0))
        fuzz_fail("expectations are accepted with errors, or rejected without");
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        size_t index = SIZE_MAX;
        const struct wht_expectation *found = wht_expectations_find(&list, tests[i], &index);
        if (found && (index >= list.count || found != &list.items[index]))
            fuzz_fail("an expectation that is not in the list");
    }
    tally.errors += reading.errors;
    tally.expectations += list.count;
    wht_expectations_free(&list);
}

static void read_flags(const char *path)
{
    char trace[1024];
    const char *end = strstr(path, "flags.json");
    snprintf(trace, sizeof(trace), "%.*sa.trace.json", (int)(end - path), path);
    const struct wht_flag *flag = wht_flag_find(trace, "a");
    if (flag && (strcmp(flag->name, "a") != 0 || !flag->bug || !flag->description || !flag->effect))
        fuzz_fail("a flag of another name, or without texts");
    (void)wht_flag_find(trace, "");
    wht_flags_forget();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading reading = {.digest = 1};
    if (size == 0 || size > TRACE_INPUT_MAX)
        return 0;
    enum trace_kind kind = data[0] % TRACE_KINDS;
    const uint8_t *text = data + 1;
    size--;
    tally.files[kind]++;
    switch (kind) {
    case TRACE_PACKED:
        read_packed(text, size, data[0] > 127 ? size / 2 : size);
        break;
    case TRACE_EXPECTATIONS:
        read_expectations(trace_file(kind, text, size));
        break;
    case TRACE_FLAGS:
        read_flags(trace_file(kind, text, size));
        break;
    default:
        read_traces(kind, trace_file(kind, text, size), &reading);
        break;
    }
    return 0;
}

static bool has_reached_all(void)
{
    bool has_all = tally.cases > 0 && tally.errors > 0 && tally.passed > 0 && tally.ended > 0 &&
                   tally.formatted > 0 && tally.expectations > 0;
    printf("files:");
    for (unsigned i = 0; i < TRACE_KINDS; i++) {
        has_all &= tally.files[i] > 0;
        printf(" %lu", tally.files[i]);
    }
    printf(" of each kind, %lu errors, %lu cases, %lu replayed and passed, %lu cut short, %lu "
           "written again, %lu expectations\n",
           tally.errors, tally.cases, tally.passed, tally.ended, tally.formatted,
           tally.expectations);
    return has_all;
}

const struct fuzz_target fuzz_target = {.name = "fuzz_trace",
                                        .input_max = TRACE_INPUT_MAX,
                                        .each_seed = trace_each_seed,
                                        .each_word = trace_each_word,
                                        .has_reached_all = has_reached_all};
