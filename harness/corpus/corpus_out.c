/* SPDX-License-Identifier: MIT */
#include "corpus_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/exit_code.h"
#include "base/json_write.h"
#include "base/str.h"
#include "format/canonical.h"
#include "run/members.h"

int wht_corpus_out_open(struct wht_corpus_out *out, const char *verb, const char *path, bool force)
{
    *out = (struct wht_corpus_out){.path = path};
    if (!path)
        return wht_usage_error(verb, "option '--output' is missing");
    if (!wht_ends_with(path, ".trace.jsonl"))
        return wht_usage_error(verb, "'%s' does not end in .trace.jsonl", path);
    if (!wht_outfile_open(&out->file, path, WHT_OUTFILE_WRITE)) {
        if (out->file.is_in_use)
            return wht_usage_error(verb, "'%s' %s", path, out->file.error);
        fprintf(stderr, "%s: %s\n", path, out->file.error);
        return WHT_EXIT_OUTPUT;
    }
    if (force || wht_seal_check(path) != WHT_UNSEALED)
        return WHT_EXIT_OK;
    wht_outfile_discard(&out->file);
    return wht_usage_error(verb,
                           "'%s' was edited since it was written, or whvtrace did not write it; "
                           "--force overwrites it",
                           path);
}

static void add_to_line(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

/* Puts an object into out->line, without LF. */
static void spell(struct wht_corpus_out *out, const struct wht_node *object)
{
    const struct wht_writer writer = {.write = add_to_line, .user = &out->line};
    wht_text_clear(&out->line);
    wht_write_line(&writer, object);
    out->line.text[--out->line.size] = 0;
}

static void put_line(struct wht_corpus_out *out)
{
    wht_text_add(&out->line, "\n");
    wht_outfile_write(&out->file, out->line.text, out->line.size);
    wht_seal_add(&out->seal, out->line.text, out->line.size);
}

static void print_rejection(void *user, const struct wht_error *error)
{
    const struct wht_corpus_out *out = user;
    fprintf(stderr, "%s: left out: %s%s%s\n", out->from, error->pointer,
            *error->pointer ? ": " : "", error->text);
}

/* The seal is the last member of a header, since `x-` keys stand last. */
void wht_corpus_out_header(struct wht_corpus_out *out, struct wht_build *members)
{
    const struct wht_load_options judge = {
        .on_error = print_rejection, .user = out, .check_asm = true};
    struct wht_document document = {.arena = members->arena, .first_line = 1};
    char value[WHT_SEAL_SIZE + 1], error[128];
    size_t offset;
    wht_seal_text(&out->seal, value);
    wht_build_add(members, WHT_SEAL_KEY, wht_build_string(members->arena, value));
    spell(out, members->node);
    char *text = wht_arena_take(members->arena, out->line.size + 1);
    document.text = memcpy(text, out->line.text, out->line.size + 1);
    if (wht_document_parse(&document, out->line.size, error, &offset))
        spell(out, wht_canonical_header(members->arena, &document, document.root));
    out->from = out->path;
    out->judge = wht_reader_begin(out->path, &judge, out->line.text, out->line.size);
    out->seal_at = (long)(out->line.size - strlen("\"}") - WHT_SEAL_SIZE);
    put_line(out);
}

void wht_corpus_out_begin(struct wht_corpus_out *out)
{
    if (out->judge)
        return;
    struct wht_arena *arena = wht_arena_new();
    struct wht_build header = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&header, "format", wht_build_string(arena, "whv-trace/1.0"));
    wht_corpus_out_header(out, &header);
    wht_arena_free(arena);
}

/* Judges the case in out->line and writes its canonical form. */
static bool judge_line(struct wht_corpus_out *out, const char *from)
{
    size_t errors = wht_reader_error_count(out->judge);
    out->from = from;
    struct wht_case *c = wht_reader_take(out->judge, out->line.text, out->line.size);
    bool is_valid = c && wht_reader_error_count(out->judge) == errors;
    if (is_valid) {
        struct wht_arena *arena = wht_arena_new();
        const struct wht_document *document = wht_reader_document(out->judge);
        spell(out, wht_canonical_case(arena, document, document->root, c));
        put_line(out);
        wht_arena_free(arena);
        out->cases++;
    } else {
        out->rejected++;
    }
    wht_case_free(c);
    return is_valid;
}

bool wht_corpus_out_line(struct wht_corpus_out *out, const char *from,
                         const struct wht_node *object)
{
    wht_corpus_out_begin(out);
    spell(out, object);
    return judge_line(out, from);
}

void wht_corpus_out_accepted(struct wht_corpus_out *out, const struct wht_node *node)
{
    wht_corpus_out_begin(out);
    spell(out, node);
    put_line(out);
    out->cases++;
}

bool wht_corpus_out_case(struct wht_corpus_out *out, const char *from, const char *id,
                         const char *members)
{
    wht_corpus_out_begin(out);
    wht_text_clear(&out->line);
    wht_text_addf(&out->line, "{\"id\": \"%s\", ", id);
    wht_text_add_bytes(&out->line, members, strcspn(members, "\n"));
    return judge_line(out, from);
}

bool wht_corpus_out_node(struct wht_corpus_out *out, const char *from, const char *id,
                         const struct wht_node *node)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_build made = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&made, "id", wht_build_string(arena, id));
    wht_members_add(&made, node);
    bool is_valid = wht_corpus_out_line(out, from, made.node);
    wht_arena_free(arena);
    return is_valid;
}

/* The letters that an id may have; what begins it must be a letter or digit. */
static void spell_id(const char *name, char *id, size_t size)
{
    size_t used = 0;
    for (const char *c = name; *c && used + 1 < size; c++) {
        static const char *const endings[] = {".trace.jsonl.gz#", ".trace.jsonl#", ".trace.json#"};
        for (size_t i = 0; i < 3; i++)
            if (strncmp(c, endings[i], strlen(endings[i])) == 0)
                c += strlen(endings[i]) - 1;
        char letter = *c == '#' ? '/' : *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        if (!is_plain && used == 0)
            continue;
        id[used++] = is_plain || strchr("._/-", letter) ? letter : '-';
    }
    id[used] = 0;
    if (used == 0)
        snprintf(id, size, "case");
}

void wht_corpus_out_id(struct wht_corpus_out *out, const char *name, char id[WHT_ID_MAX])
{
    char base[WHT_ID_MAX - 16];
    spell_id(name, base, sizeof(base));
    snprintf(id, WHT_ID_MAX, "%s", base);
    for (unsigned n = 2; !wht_map_add(&out->ids, id, strlen(id)); n++)
        snprintf(id, WHT_ID_MAX, "%s-%u", base, n);
}

/* Writes into the header what is known only now. */
static void seal(struct wht_corpus_out *out)
{
    char value[WHT_SEAL_SIZE + 1];
    wht_seal_text(&out->seal, value);
    errno = 0;
    if (fseek(out->file.file, out->seal_at, SEEK_SET) != 0)
        out->file.first_error = errno ? errno : EIO;
    wht_outfile_write(&out->file, value, WHT_SEAL_SIZE);
}

static void release(struct wht_corpus_out *out)
{
    wht_map_free(&out->ids);
    wht_reader_close(out->judge);
    out->judge = NULL;
    wht_text_free(&out->line);
}

int wht_corpus_out_close(struct wht_corpus_out *out, bool is_wanted)
{
    bool is_written = true;
    if (is_wanted && out->cases > 0) {
        if (out->file.target)
            seal(out);
        is_written = wht_outfile_commit(&out->file);
        out->is_published = is_written;
    }
    if (!is_written)
        fprintf(stderr, "%s: %s\n", out->path, out->file.error);
    wht_outfile_discard(&out->file);
    release(out);
    return is_written ? WHT_EXIT_OK : WHT_EXIT_OUTPUT;
}
