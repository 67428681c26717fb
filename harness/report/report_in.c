/* SPDX-License-Identifier: MIT */
#include "report_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "base/json_node.h"
#include "report.h"
#include "summary.h"
#include "words/name_lists.h"

static bool refuse(struct wht_report_in *in, const char *text)
{
    if (in->error.size == 0) {
        wht_text_add_clean(&in->error, in->path);
        if (in->line > 0)
            wht_text_addf(&in->error, ":%" PRIu64, in->line);
        wht_text_addf(&in->error, ": %s", text);
    }
    return false;
}

/* @return the string of a member, "" if it has none. */
static const char *text_of(const struct wht_node *object, const char *key)
{
    const struct wht_node *node = wht_node_member(object, key);
    return node && node->kind == WHT_NODE_STRING ? node->string : "";
}

static double number_of(const struct wht_node *object, const char *key)
{
    const struct wht_node *node = wht_node_member(object, key);
    const bool is_good = node && node->kind == WHT_NODE_NUMBER && node->number >= 0;
    return !is_good ? 0 : node->number < 9e15 ? node->number : 9e15;
}

static uint64_t count_of(const struct wht_node *object, const char *key)
{
    return (uint64_t)number_of(object, key);
}

static const struct wht_node *object_of(const struct wht_node *object, const char *key)
{
    const struct wht_node *node = wht_node_member(object, key);
    return node && node->kind == WHT_NODE_OBJECT ? node : NULL;
}

/* Parses a text that must be an object. @return it, or NULL. */
static const struct wht_node *parse(struct wht_arena *arena, const char *text, size_t size)
{
    struct wht_document document = {.arena = arena, .text = text, .first_line = 1};
    char error[128];
    size_t offset;
    if (!wht_document_parse(&document, size, error, &offset) ||
        document.root->kind != WHT_NODE_OBJECT)
        return NULL;
    return document.root;
}

/* The same of a text that is put together; it lives as long as the arena. */
static const struct wht_node *parse_framed(struct wht_arena *arena, const char *before,
                                           const char *text, const char *behind)
{
    struct wht_text whole = {.text = NULL};
    wht_text_addf(&whole, "%s%s%s", before, text, behind);
    const struct wht_node *root =
        parse(arena, wht_arena_copy(arena, wht_text_get(&whole)), whole.size);
    wht_text_free(&whole);
    return root;
}

/* The place of a word in a list; `count` if it is none of it. */
static int find_name(const char *word, const char *(*name)(int), int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(word, name(i)) == 0)
            return i;
    return count;
}

static const char *outcome_at(int i)
{
    return wht_outcome_name((enum wht_case_outcome)i);
}

static const char *ending_at(int i)
{
    return wht_ending_name((enum wht_ending)i);
}

static const char *run_ending_at(int i)
{
    return wht_run_ending_name((enum wht_run_ending)i);
}

static const char *match_at(int i)
{
    return wht_match_names[i];
}

static void take_files(struct wht_report_in *in, const struct wht_node *list)
{
    const size_t count = list && list->kind == WHT_NODE_LIST ? wht_node_count(list) : 0;
    const char **paths = wht_arena_take(in->head, (count + 1) * sizeof(*paths));
    for (const struct wht_node *node = count > 0 ? list->first : NULL; node; node = node->next)
        if (node->kind == WHT_NODE_STRING)
            paths[in->run.suite_files++] = node->string;
    in->run.suite_paths = paths;
}

static bool take_head(struct wht_report_in *in, const struct wht_node *root)
{
    const struct wht_node *shard = object_of(root, "shard");
    const int level = find_name(text_of(root, "match"), match_at, WHT_MATCH_NAMES);
    if (strncmp(text_of(root, "format"), "whv-report/1.", strlen("whv-report/1.")) != 0)
        return refuse(in, "no report of 'whvtrace run --report json'");
    in->run = (struct wht_report_run){
        .version = text_of(root, "version"),
        .emulator = text_of(root, "emulator"),
        .emulator_version = text_of(root, "emulator_version"),
        .emulator_digest = text_of(root, "emulator_sha256"),
        .suite_digest = text_of(root, "suite_sha256"),
        .system = text_of(root, "system"),
        .processor = text_of(root, "processor"),
        .date = text_of(root, "date"),
        .level = (enum wht_match)(level < WHT_MATCH_NAMES ? level : WHT_MATCH_STRICT),
        .shard = shard ? count_of(shard, "number") : 1,
        .shard_count = shard ? count_of(shard, "of") : 1};
    take_files(in, wht_node_member(root, "files"));
    const bool is_shard = in->run.shard >= 1 && in->run.shard <= in->run.shard_count &&
                          in->run.shard_count <= 1000000;
    return is_shard || refuse(in, "'shard' is none");
}

bool wht_report_in_open(struct wht_report_in *in, const char *path)
{
    char error[128];
    const char *line;
    size_t size;
    *in = (struct wht_report_in){
        .path = path, .head = wht_arena_new(), .arena = wht_arena_new(), .line = 0};
    in->input = wht_input_open(path, false, error);
    if (!in->input)
        return refuse(in, error);
    in->line = 1;
    if (!wht_input_line(in->input, &line, &size))
        return refuse(in, wht_input_error(in->input) ? wht_input_error(in->input)
                                                     : "the file is empty, expected a report");
    const struct wht_node *root = parse_framed(in->head, "", line, "] }");
    return root ? take_head(in, root)
                : refuse(in, "no report as 'whvtrace run --report json' writes it");
}

/* The text of an object within a line. */
static const char *raw_of(struct wht_report_in *in, const struct wht_node *node, const char *line)
{
    if (!node || node->kind != WHT_NODE_OBJECT || !node->next)
        return "";
    const char *from = line + node->offset;
    size_t size = node->next->key_offset - node->offset;
    char *copy = wht_arena_take(in->arena, size + 1);
    while (size > 0 && from[size - 1] != '}')
        size--;
    memcpy(copy, from, size);
    return copy;
}

static void take_levels(struct wht_report_case *result, const struct wht_node *levels)
{
    for (const struct wht_node *node = levels ? levels->first : NULL; node; node = node->next) {
        const int level = find_name(node->key, match_at, WHT_MATCH_NAMES);
        if (level == WHT_MATCH_NAMES || node->kind != WHT_NODE_BOOL)
            continue;
        result->judged |= 1u << level;
        result->passed |= (unsigned)node->boolean << level;
    }
}

/* The strings of a list, joined by blanks. */
static const char *words_of(struct wht_report_in *in, const struct wht_node *root, const char *key)
{
    const struct wht_node *list = wht_node_member(root, key);
    struct wht_text text = {.text = NULL};
    for (const struct wht_node *node = list ? list->first : NULL; node; node = node->next)
        if (node->kind == WHT_NODE_STRING)
            wht_text_addf(&text, "%s%s", text.size > 0 ? " " : "", node->string);
    const char *words = wht_arena_copy(in->arena, wht_text_get(&text));
    wht_text_free(&text);
    return words;
}

static bool take_case(struct wht_report_in *in, const struct wht_node *root, const char *line)
{
    const int outcome = find_name(text_of(root, "outcome"), outcome_at, WHT_OUTCOME_COUNT);
    const int ending = find_name(text_of(root, "ending"), ending_at, WHT_TIMED_OUT + 1);
    const struct wht_node *explained = wht_node_member(root, "explained");
    const bool is_lost = ending == WHT_CRASHED || ending == WHT_TIMED_OUT;
    if (outcome == WHT_OUTCOME_COUNT || !*text_of(root, "name") || !*text_of(root, "file"))
        return refuse(in, "a case without name, file or outcome");
    in->result = (struct wht_report_case){
        .outcome = (enum wht_case_outcome)outcome,
        .ending = is_lost ? (enum wht_ending)ending : WHT_ENDED_NORMALLY,
        .name = text_of(root, "name"),
        .file = text_of(root, "file"),
        .line = count_of(root, "line"),
        .mnemonic = text_of(root, "mnemonic"),
        .family = text_of(root, "family"),
        .mode = text_of(root, "mode"),
        .flags = words_of(in, root, "flags"),
        .status = words_of(in, root, "status"),
        .cause = text_of(root, "cause"),
        .reason = text_of(root, "reason"),
        .key = text_of(root, "group"),
        .block = text_of(root, "block"),
        .detail = raw_of(in, wht_node_member(root, is_lost ? "lost" : "detail"), line),
        .micros = (uint64_t)(number_of(root, "seconds") * 1e6 + 0.5),
        .is_explained = explained && explained->kind == WHT_NODE_BOOL && explained->boolean};
    take_levels(&in->result, object_of(root, "levels"));
    return true;
}

static bool take_problem(struct wht_report_in *in, const struct wht_node *root)
{
    const bool is_stale = strcmp(text_of(root, "kind"), "stale") == 0;
    if (!is_stale && strcmp(text_of(root, "kind"), "invalid") != 0)
        return refuse(in, "a result of no kind that is known");
    in->problem =
        (struct wht_report_problem){.kind = is_stale ? WHT_PROBLEM_EXPECTATION : WHT_PROBLEM_TRACE,
                                    .file = text_of(root, "file"),
                                    .line = count_of(root, "line"),
                                    .column = count_of(root, "column"),
                                    .pointer = text_of(root, "pointer"),
                                    .text = text_of(root, "text"),
                                    .more = count_of(root, "more")};
    return true;
}

static bool take_end(struct wht_report_in *in, const char *line)
{
    const struct wht_node *root = parse_framed(in->arena, "{", line + strlen("],"), "");
    const struct wht_node *summary = root ? object_of(root, "summary") : NULL;
    if (!summary)
        return refuse(in, "found no summary");
    const int ending = find_name(text_of(summary, "ending"), run_ending_at, WHT_RUN_BROKEN + 1);
    if (ending > WHT_RUN_BROKEN)
        return refuse(in, "a summary without 'ending'");
    in->end = (struct wht_report_end){.ending = (enum wht_run_ending)ending,
                                      .message = text_of(summary, "message"),
                                      .seconds = number_of(summary, "seconds")};
    const struct wht_node *remarks = wht_node_member(summary, "remarks");
    for (const struct wht_node *node = remarks ? remarks->first : NULL; node; node = node->next)
        if (node->kind == WHT_NODE_STRING)
            in->unaligned |= wht_summary_unaligned(node->string);
    return true;
}

static enum wht_report_item take_line(struct wht_report_in *in, const char *line, size_t size)
{
    if (size >= 2 && memcmp(line, "],", 2) == 0)
        return take_end(in, line) ? WHT_ITEM_END : WHT_ITEM_BROKEN;
    if (size > 0 && line[size - 1] == ',')
        size--;
    const struct wht_node *root = parse(in->arena, line, size);
    if (!root)
        refuse(in, "found no result, expected one on a line of its own");
    else if (strcmp(text_of(root, "kind"), "case") == 0)
        return take_case(in, root, line) ? WHT_ITEM_CASE : WHT_ITEM_BROKEN;
    else if (take_problem(in, root))
        return WHT_ITEM_PROBLEM;
    return WHT_ITEM_BROKEN;
}

enum wht_report_item wht_report_in_next(struct wht_report_in *in)
{
    const char *line;
    size_t size;
    if (in->error.size > 0)
        return WHT_ITEM_BROKEN;
    wht_arena_reset(in->arena);
    in->line++;
    if (wht_input_line(in->input, &line, &size))
        return take_line(in, line, size);
    refuse(in, wht_input_error(in->input) ? wht_input_error(in->input)
                                          : "the report ends before its summary");
    return WHT_ITEM_BROKEN;
}

void wht_report_in_close(struct wht_report_in *in)
{
    if (in->input)
        wht_input_close(in->input);
    wht_arena_free(in->head);
    wht_arena_free(in->arena);
    wht_text_free(&in->error);
    *in = (struct wht_report_in){.path = NULL};
}
