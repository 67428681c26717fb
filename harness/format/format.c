/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/input.h"
#include "base/json_build.h"
#include "base/outfile.h"
#include "base/str.h"
#include "canonical.h"
#include "compare.h"
#include "digest.h"
#include "paths.h"

/* A file read twice in step: by the loader, which judges it and knows what its cases mean, and as
 * JSON, for what its author wrote. */
struct formatting {
    const char *path;
    const struct wht_load_options *options;
    const struct wht_writer *writer;
    struct wht_reader *reader;
    struct wht_input *input;
    struct wht_arena *arena;
};

static bool report(const struct wht_load_options *options, const char *path, const char *text)
{
    struct wht_error error = {.file = path, .pointer = "", .text = text};
    if (options && options->on_error)
        options->on_error(options->user, &error);
    return false;
}

static bool is_gzip(const char *path)
{
    return wht_ends_with(path, ".gz");
}

/* @return the canonical form of the next case, or NULL where the loader sees none. */
static struct wht_node *next_case(struct formatting *f, const struct wht_document *document,
                                  const struct wht_node *node)
{
    struct wht_case *c = wht_reader_next(f->reader);
    struct wht_node *made = NULL;
    if (c && wht_reader_error_count(f->reader) == 0)
        made = wht_canonical_case(f->arena, document, node, c);
    wht_case_free(c);
    return made;
}

static bool parse(struct wht_document *document, const char *text, size_t size)
{
    char error[128];
    size_t offset;
    document->text = text;
    document->first_line = 1;
    return wht_document_parse(document, size, error, &offset) &&
           document->root->kind == WHT_NODE_OBJECT;
}

static bool format_document(struct formatting *f)
{
    struct wht_document document = {.arena = f->arena};
    const char *text;
    size_t size;
    if (!wht_input_rest(f->input, &text, &size) || !parse(&document, text, size))
        return false;
    const struct wht_node *root = document.root;
    const struct wht_node *cases = wht_node_member(root, "cases");
    struct wht_node *made;
    if (!cases) {
        made = next_case(f, &document, root);
    } else {
        made = wht_canonical_header(f->arena, &document, root);
        struct wht_node *list = wht_node_member(made, "cases");
        struct wht_node **tail = &list->first;
        for (const struct wht_node *node = cases->first; node; node = node->next) {
            *tail = next_case(f, &document, node);
            if (!*tail)
                return false;
            tail = &(*tail)->next;
        }
    }
    if (!made || wht_reader_error_count(f->reader) > 0)
        return false;
    wht_write_document(f->writer, made);
    return true;
}

static bool format_corpus(struct formatting *f)
{
    const char *line;
    size_t size;
    for (bool is_header = true; wht_input_line(f->input, &line, &size); is_header = false) {
        struct wht_document document = {.arena = f->arena};
        if (!parse(&document, line, size))
            return false;
        struct wht_node *made = is_header ? wht_canonical_header(f->arena, &document, document.root)
                                          : next_case(f, &document, document.root);
        if (!made)
            return false;
        wht_write_line(f->writer, made);
        wht_arena_reset(f->arena);
    }
    return wht_input_error(f->input) == NULL;
}

/* The loader goes on to the end, so that every error is reported. */
static bool drain(struct wht_reader *reader)
{
    for (struct wht_case *c; (c = wht_reader_next(reader)) != NULL;)
        wht_case_free(c);
    return wht_reader_error_count(reader) == 0;
}

bool wht_format(const char *path, const struct wht_load_options *options,
                const struct wht_writer *writer)
{
    struct formatting f = {.path = path, .options = options, .writer = writer};
    struct wht_load_options load = options ? *options : (struct wht_load_options){.on_error = NULL};
    char error[128];
    load.check_asm = true;
    f.reader = wht_reader_open(path, &load);
    if (!f.reader)
        return false;
    f.input = wht_input_open(path, is_gzip(path), error);
    if (!f.input) {
        wht_reader_close(f.reader);
        return report(options, path, error);
    }
    f.arena = wht_arena_new();
    bool is_written = wht_ends_with(path, ".trace.json") ? format_document(&f) : format_corpus(&f);
    bool is_valid = drain(f.reader);
    wht_arena_free(f.arena);
    wht_input_close(f.input);
    wht_reader_close(f.reader);
    if (is_valid && !is_written)
        report(options, path, "the file has changed while it was read");
    return is_valid && is_written;
}

/* Compares a text with a file, part by part. */
struct comparison {
    gzFile file; /* also reads what is not compressed */
    bool differs;
    uint32_t line;
};

static void compare(void *user, const char *bytes, size_t size)
{
    struct comparison *comparison = user;
    char there[4096];
    while (size > 0 && !comparison->differs) {
        size_t part = size < sizeof(there) ? size : sizeof(there);
        int got = gzread(comparison->file, there, (unsigned)part);
        size_t count = got < 0 ? 0 : (size_t)got;
        size_t same = 0;
        for (; same < count && there[same] == bytes[same]; same++)
            comparison->line += there[same] == '\n';
        comparison->differs = same < part;
        bytes += part;
        size -= part;
    }
}

enum wht_formatted wht_format_check(const char *path, const struct wht_load_options *options,
                                    uint32_t *line)
{
    struct comparison comparison = {.file = gzopen(path, "rb"), .line = 1};
    const struct wht_writer writer = {.write = compare, .user = &comparison};
    char more;
    if (comparison.file)
        gzbuffer(comparison.file, 64u << 10);
    comparison.differs = !comparison.file;
    bool is_valid = wht_format(path, options, &writer);
    bool differs = comparison.differs || gzread(comparison.file, &more, 1) != 0;
    if (comparison.file)
        gzclose(comparison.file);
    if (!is_valid)
        return WHT_FORMATTED_INVALID;
    if (!differs)
        return WHT_FORMATTED_SAME;
    *line = comparison.line;
    return WHT_FORMATTED_DIFFERS;
}

struct output {
    gzFile file;
    bool is_good;
};

static void write_out(void *user, const char *bytes, size_t size)
{
    struct output *output = user;
    while (size > 0 && output->is_good) {
        unsigned part = size < 1u << 20 ? (unsigned)size : 1u << 20;
        output->is_good = gzwrite(output->file, bytes, part) == (int)part;
        bytes += part;
        size -= part;
    }
}

/* @return whether two files load as the same cases, in the same order and without an error. */
static bool is_same(const char *path, const char *other)
{
    struct wht_load_options check = {.check_asm = true};
    struct wht_reader *left = wht_reader_open(path, &check);
    struct wht_reader *right = wht_reader_open(other, &check);
    bool same = left && right;
    for (bool more = same; same && more;) {
        struct wht_case *a = wht_reader_next(left);
        struct wht_case *b = wht_reader_next(right);
        more = a && b;
        same = !a == !b &&
               (!more || (strcmp(a->id, b->id) == 0 && wht_case_equal(a, b, WHT_SAME_WHOLE)));
        wht_case_free(a);
        wht_case_free(b);
    }
    same = same && wht_reader_error_count(left) == 0 && wht_reader_error_count(right) == 0;
    wht_reader_close(left);
    wht_reader_close(right);
    return same;
}

/* Writes, checks and puts into place. */
static enum wht_formatted replace(const char *path, struct wht_outfile *out,
                                  const struct wht_load_options *options)
{
    struct output output = {.is_good = true};
    const struct wht_writer writer = {.write = write_out, .user = &output};
    /* gzip's header gets no name and no time; "T" writes plain text. */
    output.file = gzopen(out->temporary, is_gzip(path) ? "wb9" : "wbT");
    if (!output.file) {
        report(options, path, "a file beside it cannot be written");
        return WHT_FORMATTED_FAILED;
    }
    bool is_valid = wht_format(path, options, &writer);
    output.is_good &= gzclose(output.file) == Z_OK;
    if (!is_valid)
        return WHT_FORMATTED_INVALID;
    if (!output.is_good) {
        report(options, path, "a file beside it cannot be written");
        return WHT_FORMATTED_FAILED;
    }
    if (!is_same(path, out->temporary)) {
        report(options, path,
               "its canonical form does not load as the same cases, perhaps because it exceeds a "
               "limit of the format; the file is left as it was");
        return WHT_FORMATTED_FAILED;
    }
    if (wht_outfile_commit(out))
        return WHT_FORMATTED_REWRITTEN;
    report(options, path, out->error);
    return WHT_FORMATTED_FAILED;
}

enum wht_formatted wht_format_rewrite(const char *path, const struct wht_load_options *options)
{
    struct wht_outfile out;
    uint32_t line;
    enum wht_formatted formatted = wht_format_check(path, options, &line);
    if (formatted != WHT_FORMATTED_DIFFERS)
        return formatted;
    if (!wht_outfile_open(&out, path, WHT_OUTFILE_REWRITE)) {
        report(options, path, out.error);
        return WHT_FORMATTED_FAILED;
    }
    formatted = replace(path, &out, options);
    wht_outfile_discard(&out);
    return formatted;
}
