/* SPDX-License-Identifier: MIT */
#include "pending.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/input.h"
#include "base/json_build.h"
#include "base/json_write.h"
#include "base/platform.h"
#include "base/str.h"
#include "format/digest.h"

#define FORMAT "whv-pending/1.0"

static const char ending[] = ".pending.jsonl";

char *wht_pending_path(const char *trace)
{
    const size_t size = strlen(trace) + sizeof(ending);
    char *path = wht_reallocate(NULL, size);
    snprintf(path, size, "%s%s", trace, ending);
    return path;
}

static bool report(const char *path, uint32_t line, const char *text)
{
    const struct wht_error error = {
        .file = path, .pos = {.line = line, .column = line > 0}, .pointer = "", .text = text};
    wht_error_print(stderr, &error);
    return false;
}

static const char *text_of(const struct wht_node *object, const char *key)
{
    const struct wht_node *node = wht_node_member(object, key);
    return node && node->kind == WHT_NODE_STRING ? node->string : NULL;
}

/* @return the object of a line, or NULL. */
static struct wht_node *parse(struct wht_pending_list *list, const char *line)
{
    char error[128];
    size_t offset;
    const char *text = wht_arena_copy(list->arena, line);
    struct wht_document document = {.arena = list->arena, .text = text, .first_line = 1};
    if (!wht_document_parse(&document, strlen(text), error, &offset) ||
        document.root->kind != WHT_NODE_OBJECT)
        return NULL;
    wht_node_spell_numbers(list->arena, document.root, text);
    return document.root;
}

bool wht_pending_take(struct wht_pending_list *list, const char *line)
{
    struct wht_node *object = parse(list, line);
    struct wht_pending taken = {.object = object};
    if (!object)
        return false;
    taken.id = text_of(object, "id");
    taken.digest = text_of(object, "digest");
    taken.expect = wht_node_member(object, "expect");
    if (!taken.id || !taken.digest || strlen(taken.digest) != WHT_DIGEST_MAX - 1 || !taken.expect ||
        taken.expect->kind != WHT_NODE_OBJECT)
        return false;
    uint64_t *place = wht_map_at(&list->ids, taken.id, strlen(taken.id));
    list->is_changed = true;
    if (*place > 0) {
        list->items[*place - 1] = taken;
        return true;
    }
    list->items = wht_grow(list->items, list->count, &list->room, sizeof(*list->items));
    list->items[list->count++] = taken;
    *place = list->count;
    return true;
}

static bool read_lines(struct wht_pending_list *list, struct wht_input *input)
{
    const char *line;
    size_t size;
    for (uint32_t number = 1; wht_input_line(input, &line, &size); number++) {
        const struct wht_node *header = number == 1 ? parse(list, line) : NULL;
        const char *format = header ? text_of(header, "format") : NULL;
        if (number == 1 && (!format || strcmp(format, FORMAT) != 0))
            return report(list->path, number,
                          "found no header of pending results, expected " FORMAT);
        if (number > 1 && !wht_pending_take(list, line))
            return report(list->path, number,
                          "found no pending result, expected an object with \"id\", \"digest\" and "
                          "\"expect\"");
    }
    list->is_changed = false;
    return !wht_input_error(input) || report(list->path, 0, wht_input_error(input));
}

bool wht_pending_read(struct wht_pending_list *list, const char *trace)
{
    char error[128];
    *list = (struct wht_pending_list){
        .path = wht_pending_path(trace), .of = wht_copy_text(trace), .arena = wht_arena_new()};
    if (!wht_is_file(list->path))
        return true;
    struct wht_input *input = wht_input_open(list->path, false, error);
    if (!input)
        return report(list->path, 0, error);
    const bool is_good = read_lines(list, input);
    wht_input_close(input);
    return is_good;
}

void wht_pending_free(struct wht_pending_list *list)
{
    free(list->path);
    free(list->of);
    wht_arena_free(list->arena);
    free(list->items);
    wht_map_free(&list->ids);
    *list = (struct wht_pending_list){.path = NULL};
}

struct wht_pending *wht_pending_find(const struct wht_pending_list *list, const char *id)
{
    if (!wht_map_has(&list->ids, id, strlen(id)))
        return NULL;
    return &list->items[*wht_map_at((struct wht_map *)&list->ids, id, strlen(id)) - 1];
}

size_t wht_pending_count(const struct wht_pending_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].fate == WHT_PENDING_WAITS;
    return count;
}

static void write_out(void *user, const char *bytes, size_t size)
{
    wht_outfile_write(user, bytes, size);
}

static void write_header(const struct wht_pending_list *list, const struct wht_writer *writer)
{
    struct wht_build header = wht_build_new(list->arena, WHT_NODE_OBJECT);
    wht_build_add(&header, "format", wht_build_string(list->arena, FORMAT));
    wht_build_add(&header, "of", wht_build_string(list->arena, wht_last_part(list->of, "/\\")));
    wht_write_line(writer, header.node);
}

bool wht_pending_write(struct wht_pending_list *list)
{
    struct wht_outfile out;
    const struct wht_writer writer = {.write = write_out, .user = &out};
    bool is_changed = list->is_changed;
    for (size_t i = 0; i < list->count; i++)
        is_changed |= list->items[i].fate != WHT_PENDING_WAITS;
    if (!is_changed)
        return true;
    if (wht_pending_count(list) == 0) {
        const bool is_gone = !wht_is_file(list->path) || remove(list->path) == 0;
        return is_gone || report(list->path, 0, strerror(errno));
    }
    if (!wht_outfile_open(&out, list->path, WHT_OUTFILE_WRITE))
        return report(list->path, 0, out.error);
    write_header(list, &writer);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].fate == WHT_PENDING_WAITS)
            wht_write_line(&writer, list->items[i].object);
    return wht_outfile_commit(&out) || report(list->path, 0, out.error);
}
