/* SPDX-License-Identifier: MIT */
#include "corpus_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "exit_code.h"
#include "trace/build.h"
#include "trace/format.h"
#include "trace/paths.h"
#include "trace/write.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_input(const char *path, const struct wht_file_list *inputs)
{
    char *own = wht_absolute_path(path);
    bool found = false;
    for (size_t i = 0; own && !found && inputs && i < inputs->count; i++) {
        char *other = wht_absolute_path(inputs->paths[i]);
        found = other && strcmp(own, other) == 0;
        free(other);
    }
    free(own);
    return found;
}

int wht_corpus_out_open(struct wht_corpus_out *out, const char *verb, const char *path,
                        const struct wht_file_list *inputs)
{
    *out = (struct wht_corpus_out){.path = path};
    if (!path)
        return wht_usage_error(verb, "option '--output' is missing");
    if (!ends_with(path, ".trace.jsonl"))
        return wht_usage_error(verb, "'%s' does not end in .trace.jsonl", path);
    if (is_input(path, inputs))
        return wht_usage_error(verb, "'%s' is read and cannot be written as well", path);
    out->file = fopen(path, "wb");
    if (out->file)
        return WHT_EXIT_OK;
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return WHT_EXIT_OUTPUT;
}

static void write_file(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

void wht_corpus_out_line(struct wht_corpus_out *out, const struct wht_node *object)
{
    const struct wht_writer writer = {.write = write_file, .user = out->file};
    wht_write_line(&writer, object);
}

void wht_corpus_out_accepted(struct wht_corpus_out *out, const struct wht_node *node)
{
    wht_corpus_out_line(out, node);
    out->is_accepted = true;
    out->cases++;
}

void wht_corpus_out_case(struct wht_corpus_out *out, const char *id, const char *members)
{
    fprintf(out->file, "{\"id\": \"%s\", %s", id, members);
    out->cases++;
}

void wht_corpus_out_node(struct wht_corpus_out *out, const char *id, const struct wht_node *node)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_build made = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&made, "id", wht_build_string(arena, id));
    for (const struct wht_node *member = node->first; member; member = member->next) {
        if (strcmp(member->key, "format") == 0 || strcmp(member->key, "id") == 0 ||
            strcmp(member->key, "$schema") == 0)
            continue;
        struct wht_node *copy = wht_arena_take(arena, sizeof(*copy));
        *copy = *member;
        copy->next = NULL;
        wht_build_add(&made, member->key, copy);
    }
    wht_corpus_out_line(out, made.node);
    wht_arena_free(arena);
    out->cases++;
}

void wht_corpus_out_begin(struct wht_corpus_out *out)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_build header = wht_build_new(arena, WHT_NODE_OBJECT);
    wht_build_add(&header, "format", wht_build_string(arena, "whv-trace/1.0"));
    wht_corpus_out_line(out, header.node);
    wht_arena_free(arena);
}

static size_t slot_of(const struct wht_corpus_out *out, const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = id; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    size_t slot = (size_t)hash & (out->id_capacity - 1);
    while (out->ids[slot] && strcmp(out->ids[slot], id) != 0)
        slot = (slot + 1) & (out->id_capacity - 1);
    return slot;
}

static void grow(struct wht_corpus_out *out)
{
    char **old = out->ids;
    size_t count = out->id_capacity;
    if (2 * out->cases + 2 < count)
        return;
    out->id_capacity = count ? 2 * count : 256;
    out->ids = calloc(out->id_capacity, sizeof(*out->ids));
    if (!out->ids)
        abort();
    for (size_t i = 0; i < count; i++)
        if (old[i])
            out->ids[slot_of(out, old[i])] = old[i];
    free(old);
}

/* The letters that an id may have; what begins it must be a letter or digit. */
static void spell(const char *name, char *id, size_t size)
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
    spell(name, base, sizeof(base));
    snprintf(id, WHT_ID_MAX, "%s", base);
    grow(out);
    for (unsigned n = 2; out->ids[slot_of(out, id)]; n++)
        snprintf(id, WHT_ID_MAX, "%s-%u", base, n);
    size_t slot = slot_of(out, id);
    out->ids[slot] = malloc(strlen(id) + 1);
    if (!out->ids[slot])
        abort();
    strcpy(out->ids[slot], id);
}

static bool is_closed_well(struct wht_corpus_out *out)
{
    bool is_written = !ferror(out->file);
    is_written &= fclose(out->file) == 0;
    if (!is_written)
        fprintf(stderr, "%s: %s\n", out->path, errno ? strerror(errno) : "cannot be written");
    return is_written;
}

int wht_corpus_out_close(struct wht_corpus_out *out)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    for (size_t i = 0; i < out->id_capacity; i++)
        free(out->ids[i]);
    free(out->ids);
    out->ids = NULL;
    out->id_capacity = 0;
    errno = 0;
    if (!is_closed_well(out))
        return WHT_EXIT_OUTPUT;
    if (out->cases == 0) {
        remove(out->path);
        return WHT_EXIT_OK;
    }
    if (out->is_accepted)
        return WHT_EXIT_OK;
    enum wht_formatted formatted = wht_format_rewrite(out->path, &load);
    return formatted == WHT_FORMATTED_SAME || formatted == WHT_FORMATTED_REWRITTEN
               ? WHT_EXIT_OK
               : WHT_EXIT_OUTPUT;
}
