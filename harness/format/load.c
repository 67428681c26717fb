/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "Files" and "Versions". */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "base/json_build.h"
#include "base/json_scan.h"
#include "base/map.h"
#include "base/str.h"
#include "paths.h"
#include "revoked.h"
#include "source.h"
#include "take.h"
#include "warn.h"

enum file_kind { FILE_CASE_OR_SUITE, FILE_CORPUS, FILE_CORPUS_GZ, FILE_OTHER };

struct wht_reader {
    struct wht_check check;
    char *path;
    char *name_prefix; /* the test name up to the id */
    enum file_kind kind;
    struct wht_input *input;
    struct wht_document header; /* the suite, the single case, or the corpus's first line */
    char *header_text;
    const struct wht_node *defaults;
    struct wht_node *next_case; /* of a suite */
    bool is_single;
    bool is_done;
    bool is_known;   /* the format's version is 1 */
    bool is_foreign; /* the format's major version is another */
    bool is_warned;  /* of what stands in defaults, once every case is read */
    uint32_t line;
    size_t ordinal;
    struct wht_map ids; /* that the file has used */
    struct wht_revoked *revoked;
    struct wht_arena *scratch;         /* for one line or case at a time */
    struct wht_document passing;       /* the line that was taken last */
    struct wht_node *taken;            /* the case that was taken last, as it stands in the file, */
    const struct wht_node *merged;     /* and over the file's defaults */
    const struct wht_node *text_below; /* what the file says of each case, numbers spelt, or NULL */
    bool has_text_below;
};

static enum file_kind kind_from_name(const char *path)
{
    if (wht_ends_with(path, ".trace.json"))
        return FILE_CASE_OR_SUITE;
    if (wht_ends_with(path, ".trace.jsonl"))
        return FILE_CORPUS;
    return wht_ends_with(path, ".trace.jsonl.gz") ? FILE_CORPUS_GZ : FILE_OTHER;
}

/* Reports what concerns a line as a whole, or with line 0 the file. */
static void report_line(struct wht_reader *reader, uint32_t line, const char *text)
{
    wht_report(&reader->check, (struct wht_pos){.line = line, .column = line ? 1 : 0}, "", "%s",
               text);
}

/* Parses a text into a document. @return false after reporting. */
static bool parse(struct wht_reader *reader, struct wht_document *document, struct wht_arena *arena,
                  const char *text, size_t size, uint32_t line)
{
    char error[128];
    size_t offset;
    *document = (struct wht_document){.arena = arena, .text = text, .first_line = line};
    reader->check.document = document;
    if (wht_document_parse(document, size, error, &offset))
        return true;
    wht_report(&reader->check, wht_pos_from_offset(text, offset, line), "", "%s", error);
    return false;
}

static bool take_defaults(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_reader *reader = target;
    wht_node_mark_defaults((struct wht_node *)node);
    check->defaults = &reader->header;
    if (node->kind == WHT_NODE_OBJECT)
        reader->defaults = node;
    return wht_take_defaults(check, node);
}

/* Reads a decimal number without sign and leading zeros. @return false if there is none. */
static bool read_number(const char **text, unsigned *value)
{
    size_t digits = strspn(*text, "0123456789");
    if (digits == 0 || digits > 9 || (digits > 1 && **text == '0'))
        return false;
    *value = (unsigned)strtoul(*text, NULL, 10);
    *text += digits;
    return true;
}

/* Cases of a file whose version is not known are checked but not handed out; another major version
   may mean anything, so that nothing is said of what follows. */
static bool take_format(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_reader *reader = target;
    static const char prefix[] = "whv-trace/";
    const char *text;
    unsigned major = 0, minor = 0;
    if (!wht_get_string(check, node, &text))
        return false;
    const char *at = text + sizeof(prefix) - 1;
    bool is_version = strncmp(text, prefix, sizeof(prefix) - 1) == 0 && read_number(&at, &major) &&
                      *at++ == '.' && read_number(&at, &minor) && *at == 0;
    if (!is_version)
        return wht_fail(check, node, "found \"%.40s\", expected \"whv-trace/1.0\"", text);
    reader->is_foreign = major != 1;
    if (reader->is_foreign)
        return wht_fail(check, node,
                        "found version %u.%u, expected 1.0: this program does not know "
                        "major version %u",
                        major, minor, major);
    reader->is_known = true;
    if (minor > 0)
        check->newer = text; /* read as long as it uses no key that is unknown */
    return true;
}

static bool take_text(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    (void)target;
    return wht_get_string(check, node, &text);
}

static bool take_source(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)target;
    return wht_take_source(check, node);
}

static bool take_cases(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_reader *reader = target;
    if (!wht_get_list(check, node, 1))
        return false;
    reader->next_case = node->first;
    return true;
}

static const struct wht_field suite_fields[] = {{"format", NULL, true},
                                                {"$schema", take_text, false},
                                                {"suite", take_text, true},
                                                {"cases", take_cases, true},
                                                {"defaults", take_defaults, false}};

static const struct wht_field header_fields[] = {{"format", NULL, true},
                                                 {"$schema", take_text, false},
                                                 {"suite", take_text, false},
                                                 {"source", take_source, false},
                                                 {"defaults", take_defaults, false}};

/* The version comes first: it decides what is said of unknown keys. */
static void take_version(struct wht_reader *reader, const struct wht_node *root)
{
    const struct wht_node *format =
        root->kind == WHT_NODE_OBJECT ? wht_node_member(root, "format") : NULL;
    if (format)
        take_format(&reader->check, format, reader);
}

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

/* All but the cases, which are checked one by one. */
static void check_header_keys(struct wht_reader *reader)
{
    const struct wht_node *root = reader->header.root;
    if (root->kind != WHT_NODE_OBJECT || reader->is_single)
        return;
    wht_check_members(&reader->check, root);
    for (const struct wht_node *member = root->first; member; member = member->next) {
        if (reader->kind != FILE_CASE_OR_SUITE || strcmp(member->key, "cases") != 0)
            wht_check_duplicates(&reader->check, member);
    }
}

static void open_document(struct wht_reader *reader)
{
    const char *text;
    size_t size;
    struct wht_check *check = &reader->check;
    reader->is_done = true;
    if (!wht_input_rest(reader->input, &text, &size)) {
        report_line(reader, 1, wht_input_error(reader->input));
        return;
    }
    if (!parse(reader, &reader->header, wht_arena_new(), text, size, 1) ||
        !wht_get_object(check, reader->header.root))
        return;
    const struct wht_node *root = reader->header.root;
    reader->is_single = !wht_node_member(root, "cases") && !wht_node_member(root, "suite");
    check_header_keys(reader);
    take_version(reader, root);
    if (reader->is_single)
        reader->next_case = reader->header.root;
    else if (!reader->is_foreign)
        wht_take_object(check, root, suite_fields, COUNT(suite_fields), reader);
    reader->is_done = reader->is_foreign;
}

static bool is_blank(const char *line, size_t size)
{
    return size <= WHT_DOCUMENT_MAX && strspn(line, " \t\r") == size;
}

static void take_header(struct wht_reader *reader, const char *line, size_t size)
{
    reader->line = 1;
    if (is_blank(line, size)) {
        report_line(reader, 1, "found a blank line, expected a header");
        return;
    }
    reader->header_text = wht_copy_bytes(line, size);
    reader->check.defaults = &reader->header;
    if (parse(reader, &reader->header, wht_arena_new(), reader->header_text, size, 1)) {
        check_header_keys(reader);
        take_version(reader, reader->header.root);
        reader->is_done = reader->is_foreign;
        if (!reader->is_foreign)
            wht_take_object(&reader->check, reader->header.root, header_fields,
                            COUNT(header_fields), reader);
    }
}

static void open_corpus(struct wht_reader *reader)
{
    const char *line;
    size_t size;
    if (wht_input_line(reader->input, &line, &size)) {
        take_header(reader, line, size);
        return;
    }
    const char *error = wht_input_error(reader->input);
    report_line(reader, 1, error ? error : "found an empty file, expected a header");
    reader->is_done = true;
}

static struct wht_reader *new_reader(const char *path, const struct wht_load_options *options)
{
    struct wht_reader *reader = wht_allocate(1, sizeof(*reader));
    reader->path = wht_copy_text(path);
    reader->check.file = reader->path;
    reader->scratch = wht_arena_new();
    if (options)
        reader->check.options = *options;
    reader->kind = kind_from_name(path);
    return reader;
}

struct wht_reader *wht_reader_begin(const char *path, const struct wht_load_options *options,
                                    const char *header, size_t size)
{
    struct wht_reader *reader = new_reader(path, options);
    reader->kind = FILE_CORPUS;
    reader->name_prefix = wht_test_name_prefix(path);
    take_header(reader, header, size);
    return reader;
}

struct wht_reader *wht_reader_open(const char *path, const struct wht_load_options *options)
{
    struct wht_reader *reader = new_reader(path, options);
    char error[128];
    if (reader->kind == FILE_OTHER) {
        report_line(reader, 0,
                    "found a file of another kind, expected a name that ends in "
                    ".trace.json, .trace.jsonl or .trace.jsonl.gz");
        wht_reader_close(reader);
        return NULL;
    }
    reader->input = wht_input_open(path, reader->kind == FILE_CORPUS_GZ, error);
    if (!reader->input) {
        report_line(reader, 0, error);
        wht_reader_close(reader);
        return NULL;
    }
    reader->name_prefix = wht_test_name_prefix(path);
    reader->revoked = wht_revoked_open(path);
    if (reader->kind == FILE_CASE_OR_SUITE)
        open_document(reader);
    else
        open_corpus(reader);
    return reader;
}

static void name_case(const struct wht_reader *reader, struct wht_case *c, size_t ordinal)
{
    size_t prefix = strlen(reader->name_prefix);
    c->name = wht_arena_take(c->arena, prefix + strlen(c->id) + 2);
    memcpy(c->name, reader->name_prefix, prefix);
    c->name[prefix] = '#';
    strcpy(c->name + prefix + 1, c->id);
    c->file = wht_arena_copy(c->arena, reader->path);
    c->ordinal = ordinal;
    const char *reason = reader->revoked ? wht_revoked_reason(reader->revoked, c) : NULL;
    c->revoked = reason ? wht_arena_copy(c->arena, reason) : NULL;
}

/* Merges, takes, and names one case. @return NULL after reporting. */
static struct wht_case *take(struct wht_reader *reader, struct wht_node *taken)
{
    const struct wht_node *node = taken;
    struct wht_check *check = &reader->check;
    size_t ordinal = reader->ordinal++;
    check->case_number = reader->ordinal;
    bool is_good = wht_check_duplicates(check, node);
    if (reader->defaults && node->kind == WHT_NODE_OBJECT)
        node = wht_node_merge(reader->scratch, reader->defaults, node);
    reader->taken = taken;
    reader->merged = node;
    struct wht_case *c = wht_take_case(check, node, reader->is_single);
    const struct wht_node *id = node->kind == WHT_NODE_OBJECT ? wht_node_member(node, "id") : NULL;
    if (id && id->kind == WHT_NODE_STRING &&
        !wht_map_add(&reader->ids, id->string, strlen(id->string))) {
        is_good = wht_fail(check, id,
                           "found the id \"%.60s\" a second time, expected ids that are unique in "
                           "the file",
                           id->string);
    }
    if (!c || !is_good || !reader->is_known) {
        wht_case_free(c);
        return NULL;
    }
    name_case(reader, c, ordinal);
    if (check->options.check_sense && !c->revoked)
        wht_warn_case(check, node, c);
    return c;
}

static struct wht_case *next_of_document(struct wht_reader *reader)
{
    struct wht_case *c = NULL;
    reader->check.document = &reader->header;
    while (!c && reader->next_case) {
        struct wht_node *node = reader->next_case;
        reader->next_case = reader->is_single ? NULL : node->next;
        wht_arena_reset(reader->scratch);
        c = take(reader, node);
    }
    return c;
}

struct wht_case *wht_reader_take(struct wht_reader *reader, const char *line, size_t size)
{
    wht_arena_reset(reader->scratch);
    reader->passing = (struct wht_document){.arena = NULL};
    reader->line++;
    if (is_blank(line, size))
        report_line(reader, reader->line, "found a blank line, expected a case");
    else if (parse(reader, &reader->passing, reader->scratch, line, size, reader->line))
        return take(reader, reader->passing.root);
    if (!reader->passing.root)
        reader->ordinal++; /* an ordinal counts lines */
    return NULL;
}

const struct wht_document *wht_reader_document(const struct wht_reader *reader)
{
    return &reader->passing;
}

/* What a file says of every case: its source, and its defaults over that. */
static const struct wht_node *text_below(struct wht_reader *reader)
{
    struct wht_arena *arena = reader->header.arena;
    struct wht_node *source = wht_node_member(reader->header.root, "source");
    struct wht_node *defaults = wht_node_member(reader->header.root, "defaults");
    struct wht_build below = wht_build_new(arena, WHT_NODE_OBJECT);
    if (source && source->kind == WHT_NODE_OBJECT) {
        struct wht_node *copy = wht_arena_take(arena, sizeof(*copy));
        wht_node_spell_numbers(arena, source, reader->header.text);
        *copy = *source;
        wht_build_add(&below, "source", copy);
    }
    if (!defaults || defaults->kind != WHT_NODE_OBJECT)
        return below.node->first ? below.node : NULL;
    wht_node_spell_numbers(arena, defaults, reader->header.text);
    return below.node->first ? wht_node_merge(arena, below.node, defaults) : defaults;
}

const struct wht_node *wht_reader_text(struct wht_reader *reader)
{
    if (!reader->has_text_below && !reader->is_single)
        reader->text_below = text_below(reader);
    reader->has_text_below = true;
    struct wht_arena *arena =
        reader->kind == FILE_CASE_OR_SUITE ? reader->header.arena : reader->scratch;
    wht_node_spell_numbers(arena, reader->taken, reader->check.document->text);
    return reader->text_below ? wht_node_merge(reader->scratch, reader->text_below, reader->taken)
                              : reader->taken;
}

struct wht_case *wht_reader_again(const struct wht_reader *reader)
{
    struct wht_check quiet = reader->check;
    quiet.options = (struct wht_load_options){.on_error = NULL};
    struct wht_case *c = wht_take_case(&quiet, reader->merged, reader->is_single);
    if (c)
        name_case(reader, c, reader->ordinal - 1);
    return c;
}

static struct wht_case *next_of_corpus(struct wht_reader *reader)
{
    struct wht_case *c = NULL;
    const char *line;
    size_t size;
    while (!c && wht_input_line(reader->input, &line, &size))
        c = wht_reader_take(reader, line, size);
    if (!c) {
        reader->is_done = true;
        if (wht_input_error(reader->input))
            report_line(reader, reader->line + 1, wht_input_error(reader->input));
    }
    return c;
}

struct wht_case *wht_reader_next(struct wht_reader *reader)
{
    struct wht_case *c = NULL;
    if (!reader->is_done)
        c = reader->kind == FILE_CASE_OR_SUITE ? next_of_document(reader) : next_of_corpus(reader);
    if (!c && !reader->is_warned && reader->defaults && reader->check.options.check_sense)
        wht_warn_defaults(&reader->check, reader->defaults);
    reader->is_warned |= !c;
    if (!c)
        wht_report_rest(&reader->check);
    return c;
}

size_t wht_reader_error_count(const struct wht_reader *reader)
{
    return reader->check.errors;
}

void wht_reader_close(struct wht_reader *reader)
{
    if (!reader)
        return;
    wht_input_close(reader->input);
    wht_revoked_close(reader->revoked);
    wht_arena_free(reader->scratch);
    wht_arena_free(reader->header.arena);
    wht_map_free(&reader->ids);
    free(reader->header_text);
    free(reader->name_prefix);
    free(reader->path);
    free(reader);
}
