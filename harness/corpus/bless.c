/* SPDX-License-Identifier: MIT */
#include "bless.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/input.h"
#include "base/json_build.h"
#include "base/str.h"
#include "format/amend.h"
#include "format/compare.h"
#include "format/digest.h"
#include "format/format.h"
#include "format/looser.h"
#include "format/print.h"

#define KEY "x-blessed"

/* A file read twice in step: by the loader, and as text. */
struct bless {
    struct wht_pending_list *list;
    struct wht_blessing *blessing;
    const char *path;
    struct wht_reader *reader;
    struct wht_input *input;
    struct wht_arena *arena;
    struct wht_case *ahead;
    struct wht_writer writer;
    gzFile out;
    bool is_written;
    bool ends_in_crlf;
};

static struct wht_reader *open_reader(const char *path)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    return wht_reader_open(path, &load);
}

static bool tell(const char *path, const char *text)
{
    fprintf(stderr, "%s: %s\n", path, text);
    return false;
}

static void write_out(void *user, const char *bytes, size_t size)
{
    struct bless *b = user;
    while (size > 0 && b->is_written) {
        const unsigned part = size < 1u << 20 ? (unsigned)size : 1u << 20;
        b->is_written = gzwrite(b->out, bytes, part) == (int)part;
        bytes += part;
        size -= part;
    }
}

const char *wht_pending_obstacle(const struct wht_pending *pending, const struct wht_case *c)
{
    char digest[WHT_DIGEST_MAX];
    if (c->revoked)
        return "the case was withdrawn";
    wht_case_digest(c, digest);
    return strcmp(digest, pending->digest) == 0
               ? NULL
               : "the case has changed since: 'whvtrace run --update' makes the result anew";
}

/* @return what is pending for a case and was accepted; what stands against it is told. */
static struct wht_pending *accepted(struct bless *b, const struct wht_case *c)
{
    struct wht_pending *pending = wht_pending_find(b->list, c->id);
    if (!pending || pending->fate != WHT_PENDING_ACCEPTED)
        return NULL;
    const char *why = wht_pending_obstacle(pending, c);
    if (!why)
        return pending;
    fprintf(stderr, "%s: not accepted: %s\n", c->name, why);
    pending->fate = WHT_PENDING_WAITS;
    b->blessing->refused++;
    return NULL;
}

/* Where an expectation comes from: the emulator, the program and the time of the pending result. */
static struct wht_node *origin(struct bless *b, const struct wht_pending *pending)
{
    static const char *const keys[] = {"emulator", "tool", "date"};
    struct wht_build made = wht_build_new(b->arena, WHT_NODE_OBJECT);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct wht_node *node = wht_node_member(pending->object, keys[i]);
        if (node)
            wht_build_add(&made, keys[i], wht_build_copy(b->arena, node));
    }
    return made.node;
}

static void amend_source(struct bless *b, struct wht_amendment *a, const struct wht_node *object,
                         const struct wht_pending *pending)
{
    const struct wht_node *source = wht_node_member(object, "source");
    struct wht_node *made = origin(b, pending);
    if (source && source->first) {
        wht_amend_member(a, source, KEY, wht_node_member(source, KEY), made);
        return;
    }
    struct wht_build whole = wht_build_new(b->arena, WHT_NODE_OBJECT);
    wht_build_add(&whole, KEY, made);
    wht_amend_member(a, object, "source", NULL, whole.node);
}

/* @param object of the case in the text. */
static void amend(struct bless *b, struct wht_amendment *a, struct wht_node *object,
                  const struct wht_case *c)
{
    const struct wht_pending *pending = accepted(b, c);
    if (!pending)
        return;
    wht_node_spell_numbers(b->arena, object, a->text);
    const struct wht_node *was =
        wht_node_member(wht_print_case(b->arena, c, WHT_PRINT_SHORT), "expect");
    wht_amend_member(a, object, "expect", was, pending->expect);
    amend_source(b, a, object, pending);
}

static bool parse(struct bless *b, struct wht_document *document, const char *text, size_t size)
{
    char error[128];
    size_t offset;
    *document = (struct wht_document){.arena = b->arena, .text = text, .first_line = 1};
    return wht_document_parse(document, size, error, &offset) &&
           document->root->kind == WHT_NODE_OBJECT;
}

/* @return the case with an ordinal, or NULL. */
static struct wht_case *case_at(struct bless *b, size_t ordinal)
{
    struct wht_case *c = b->ahead ? b->ahead : wht_reader_next(b->reader);
    b->ahead = NULL;
    if (c && c->ordinal == ordinal)
        return c;
    b->ahead = c;
    return NULL;
}

static bool rewrite_document(struct bless *b)
{
    struct wht_document document;
    struct wht_amendment a = {.arena = b->arena};
    if (!wht_input_rest(b->input, &a.text, &a.size) || !parse(b, &document, a.text, a.size))
        return false;
    struct wht_node *cases = wht_node_member(document.root, "cases");
    size_t ordinal = 0;
    for (struct wht_node *node = cases ? cases->first : document.root; node;
         node = cases ? node->next : NULL) {
        struct wht_case *c = case_at(b, ordinal++);
        if (c)
            amend(b, &a, node, c);
        wht_case_free(c);
    }
    wht_amend_write(&a, &b->writer);
    wht_amend_free(&a);
    return true;
}

static void rewrite_line(struct bless *b, const char *line, size_t size, size_t ordinal)
{
    struct wht_document document;
    struct wht_amendment a = {.arena = b->arena, .text = line, .size = size, .is_line = true};
    struct wht_case *c = case_at(b, ordinal);
    const struct wht_pending *pending = c ? wht_pending_find(b->list, c->id) : NULL;
    if (pending && pending->fate == WHT_PENDING_ACCEPTED && parse(b, &document, line, size))
        amend(b, &a, document.root, c);
    wht_amend_write(&a, &b->writer);
    wht_amend_free(&a);
    wht_case_free(c);
    wht_arena_reset(b->arena);
}

static bool rewrite_corpus(struct bless *b)
{
    const char *line;
    size_t size;
    for (size_t number = 0; wht_input_line(b->input, &line, &size); number++) {
        if (number == 0)
            write_out(b, line, size);
        else
            rewrite_line(b, line, size, number - 1);
        write_out(b, b->ends_in_crlf ? "\r\n" : "\n", 1u + b->ends_in_crlf);
    }
    return !wht_input_error(b->input);
}

/* Lines are handed out without their ends. */
static bool ends_lines_in_crlf(const char *path)
{
    char text[4096];
    char before = 0;
    bool has_crlf = false;
    gzFile file = gzopen(path, "rb");
    for (int got; file && (got = gzread(file, text, sizeof(text))) > 0;) {
        const char *end = memchr(text, '\n', (size_t)got);
        has_crlf = end && (end > text ? end[-1] : before) == '\r';
        before = text[got - 1];
        if (end)
            break;
    }
    if (file)
        gzclose(file);
    return has_crlf;
}

static bool rewrite(struct bless *b, const char *temporary)
{
    char error[128];
    const bool is_gzip = wht_ends_with(b->path, ".gz");
    b->reader = open_reader(b->path);
    b->input = b->reader ? wht_input_open(b->path, is_gzip, error) : NULL;
    b->ends_in_crlf = ends_lines_in_crlf(b->path);
    b->out = b->input ? gzopen(temporary, is_gzip ? "wb9" : "wbT") : NULL;
    b->is_written = b->out != NULL;
    b->writer = (struct wht_writer){.write = write_out, .user = b};
    const bool is_read =
        b->out && (wht_ends_with(b->path, ".trace.json") ? rewrite_document(b) : rewrite_corpus(b));
    wht_case_free(b->ahead);
    b->ahead = NULL;
    for (struct wht_case *c; b->reader && (c = wht_reader_next(b->reader)) != NULL;)
        wht_case_free(c);
    const bool is_valid = is_read && wht_reader_error_count(b->reader) == 0;
    if (b->out)
        b->is_written &= gzclose(b->out) == Z_OK;
    if (b->input)
        wht_input_close(b->input);
    wht_reader_close(b->reader);
    if (is_valid && !b->is_written)
        b->blessing->is_unwritten = true;
    b->blessing->is_invalid |= !is_valid;
    return is_valid && (b->is_written || tell(b->path, "a file beside it cannot be written"));
}

/* @return what is wrong with a case that was rewritten, or NULL. */
static const char *fault_of(struct bless *b, const struct wht_case *was, const struct wht_case *now,
                            const struct wht_pending *pending)
{
    static char text[128];
    struct wht_case other = *was;
    const struct wht_node *expect =
        wht_node_member(wht_print_case(b->arena, now, WHT_PRINT_SHORT), "expect");
    const char *looser = wht_find_looser(was, now);
    other.expect = now->expect;
    other.source = now->source;
    if (looser) {
        snprintf(text, sizeof(text), "it would expect less than before (%s)", looser);
        return text;
    }
    if (!wht_node_same(expect, pending->expect))
        return "what came out cannot be said over the file's defaults";
    return wht_case_equal(&other, now, WHT_SAME_WHOLE) ? NULL : "more than its expectation changes";
}

/* @param now NULL: there is none any more. @return whether two cases are the same but for what was
 * accepted. */
static bool check_case(struct bless *b, const struct wht_case *was, const struct wht_case *now)
{
    struct wht_pending *pending = wht_pending_find(b->list, was->id);
    const bool is_accepted = pending && pending->fate == WHT_PENDING_ACCEPTED;
    const char *fault = !now                                       ? "it would not be valid"
                        : is_accepted                              ? fault_of(b, was, now, pending)
                        : wht_case_equal(was, now, WHT_SAME_WHOLE) ? NULL
                                                                   : "it would change as well";
    wht_arena_reset(b->arena);
    if (!fault)
        return true;
    fprintf(stderr, "%s: not accepted: %s\n", was->name, fault);
    if (is_accepted)
        pending->fate = WHT_PENDING_WAITS;
    b->blessing->refused++;
    return false;
}

/* What was written is read again. */
static bool check(struct bless *b, const char *temporary)
{
    struct wht_reader *left = open_reader(b->path);
    struct wht_reader *right = open_reader(temporary);
    bool is_good = left && right;
    struct wht_case *now = is_good ? wht_reader_next(right) : NULL;
    for (struct wht_case *was; left && right && (was = wht_reader_next(left)) != NULL;) {
        const bool is_there = now && now->ordinal == was->ordinal && strcmp(was->id, now->id) == 0;
        is_good &= check_case(b, was, is_there ? now : NULL);
        if (is_there) {
            wht_case_free(now);
            now = wht_reader_next(right);
        }
        wht_case_free(was);
    }
    is_good &= now == NULL;
    wht_case_free(now);
    is_good = is_good && wht_reader_error_count(right) == 0;
    wht_reader_close(left);
    wht_reader_close(right);
    return is_good;
}

static size_t accepted_count(const struct wht_pending_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].fate == WHT_PENDING_ACCEPTED;
    return count;
}

/* @return whether the file is in its place, or nothing is left to write. */
static bool try_once(struct bless *b)
{
    struct wht_outfile out;
    uint32_t line;
    const bool was_canonical = wht_format_check(b->path, NULL, &line) == WHT_FORMATTED_SAME;
    if (!wht_outfile_open(&out, b->path, WHT_OUTFILE_REWRITE)) {
        b->blessing->is_unwritten = true;
        return tell(b->path, out.error);
    }
    bool is_good = rewrite(b, out.temporary);
    const bool is_wanted = accepted_count(b->list) > 0;
    const uint64_t refused = b->blessing->refused;
    if (is_good && is_wanted && !check(b, out.temporary)) {
        is_good = false;
        if (b->blessing->refused == refused)
            b->blessing->is_invalid = !tell(b->path, "not valid with what is pending: see above");
    }
    if (is_good && is_wanted && !wht_outfile_commit(&out)) {
        b->blessing->is_unwritten = true;
        is_good = tell(b->path, out.error);
    }
    wht_outfile_discard(&out);
    if (is_good && is_wanted && was_canonical)
        (void)wht_format_rewrite(b->path, NULL);
    return is_good;
}

/* Those that nobody has a case for. */
static void refuse_strangers(struct bless *b)
{
    struct wht_reader *reader = wht_reader_open(b->path, NULL);
    struct wht_map ids = {.count = 0};
    for (struct wht_case *c; reader && (c = wht_reader_next(reader)) != NULL; wht_case_free(c))
        (void)wht_map_add(&ids, c->id, strlen(c->id));
    wht_reader_close(reader);
    for (size_t i = 0; i < b->list->count; i++) {
        struct wht_pending *pending = &b->list->items[i];
        if (pending->fate != WHT_PENDING_ACCEPTED ||
            wht_map_has(&ids, pending->id, strlen(pending->id)))
            continue;
        fprintf(stderr, "%s#%s: not accepted: there is no such case\n", b->path, pending->id);
        pending->fate = WHT_PENDING_WAITS;
        b->blessing->refused++;
    }
    wht_map_free(&ids);
}

void wht_bless(struct wht_pending_list *list, struct wht_blessing *blessing)
{
    struct bless b = {
        .list = list, .blessing = blessing, .path = list->of, .arena = wht_arena_new()};
    *blessing = (struct wht_blessing){.accepted = 0};
    refuse_strangers(&b);
    /* Whatever is refused only when it is read again waits, and the others are tried without it. */
    bool is_done = accepted_count(list) == 0;
    for (size_t left = SIZE_MAX; !is_done && accepted_count(list) < left;) {
        left = accepted_count(list);
        is_done = try_once(&b) || blessing->is_invalid || blessing->is_unwritten || left == 0;
    }
    wht_arena_free(b.arena);
    if (!is_done || blessing->is_invalid || blessing->is_unwritten)
        return;
    blessing->accepted = accepted_count(list);
    blessing->is_unwritten = !wht_pending_write(list);
}
