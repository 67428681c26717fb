/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "input.h"
#include "values.h"

#define FORMAT "whv-capture/1."

struct open_call {
    uint64_t n;
    struct wht_capture_call *call;
    struct wht_capture_event **tail;
};

struct wht_capture {
    char *path;
    struct wht_load_options options;
    struct wht_input *input;
    uint32_t line;
    size_t errors;
    bool is_at_end;
    bool is_rest_told;
    struct wht_arena *header; /* of the process whose lines are being read; kept until the end */
    const struct wht_node *source;
    struct open_call open[WHT_CAPTURE_OPEN_MAX];
    size_t open_count;
    size_t left; /* the first ones of them were left open by a process that is gone */
};

static void report(struct wht_capture *capture, uint32_t line, uint32_t column, const char *pointer,
                   const char *text)
{
    struct wht_error error = {.file = capture->path,
                              .pos = {.line = line, .column = column},
                              .pointer = pointer,
                              .text = text};
    if (++capture->errors <= WHT_ERRORS_MAX && capture->options.on_error)
        capture->options.on_error(capture->options.user, &error);
}

/* At the end of the file: how many errors there were beyond those that were reported. */
static void report_rest(struct wht_capture *capture)
{
    struct wht_check check = {
        .file = capture->path, .options = capture->options, .errors = capture->errors};
    if (!capture->is_rest_told)
        wht_report_rest(&check);
    capture->is_rest_told = true;
}

const char *wht_capture_text(const struct wht_node *object, const char *key)
{
    const struct wht_node *member = object ? wht_node_member(object, key) : NULL;
    return member && member->kind == WHT_NODE_STRING ? member->string : NULL;
}

bool wht_capture_hex(const struct wht_node *object, const char *key, uint64_t *value)
{
    WHV_UINT128 wide;
    bool overflows;
    const char *text = wht_capture_text(object, key);
    if (!text || !wht_parse_hex(text, &wide, &overflows) || overflows || wide.High64 != 0)
        return false;
    *value = wide.Low64;
    return true;
}

bool wht_capture_count(const struct wht_node *object, const char *key, uint64_t most,
                       uint64_t *value)
{
    const struct wht_node *member = object ? wht_node_member(object, key) : NULL;
    if (!member || member->kind != WHT_NODE_NUMBER || !member->is_integer || member->number < 0 ||
        member->number > (double)most)
        return false;
    *value = (uint64_t)member->number;
    return true;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t wht_capture_bytes(const struct wht_node *object, const char *key, uint8_t *bytes,
                         size_t most, bool *hidden)
{
    const char *text = wht_capture_text(object, key);
    size_t count = 0;
    if (hidden)
        *hidden = false;
    for (; text && *text; text += 2) {
        text += strspn(text, " ");
        bool is_hidden = text[0] == '?' && text[1] == '?';
        int high = is_hidden ? 0 : digit(text[0]);
        int low = is_hidden || high < 0 ? 0 : digit(text[1]);
        if (high < 0 || low < 0 || count == most)
            return 0;
        bytes[count++] = (uint8_t)(high << 4 | low);
        if (hidden)
            *hidden |= is_hidden;
    }
    return count;
}

struct wht_capture *wht_capture_open(const char *path, const struct wht_load_options *options)
{
    char error[128];
    size_t size = strlen(path) + 1;
    struct wht_capture *capture = calloc(1, sizeof(*capture));
    if (!capture || !(capture->path = malloc(size)))
        abort();
    memcpy(capture->path, path, size);
    capture->options = *options;
    capture->header = wht_arena_new();
    bool is_gzip = size > 3 && strcmp(path + size - 4, ".gz") == 0;
    capture->input = wht_input_open(path, is_gzip, error);
    if (capture->input)
        return capture;
    report(capture, 0, 0, "", error);
    wht_capture_close(capture);
    return NULL;
}

void wht_capture_call_free(struct wht_capture_call *call)
{
    if (call)
        wht_arena_free(call->arena);
}

size_t wht_capture_error_count(const struct wht_capture *capture)
{
    return capture->errors;
}

void wht_capture_close(struct wht_capture *capture)
{
    for (size_t i = 0; i < capture->open_count; i++)
        wht_capture_call_free(capture->open[i].call);
    if (capture->input)
        wht_input_close(capture->input);
    wht_arena_free(capture->header);
    free(capture->path);
    free(capture);
}

static struct open_call *find_open(struct wht_capture *capture, uint64_t n)
{
    for (size_t i = capture->left; i < capture->open_count; i++) {
        if (capture->open[i].n == n)
            return &capture->open[i];
    }
    return NULL;
}

static struct wht_capture_call *take_out(struct wht_capture *capture, struct open_call *open)
{
    struct wht_capture_call *call = open->call;
    size_t index = (size_t)(open - capture->open);
    capture->open_count--;
    memmove(open, open + 1, (capture->open_count - index) * sizeof(*open));
    return call;
}

/* What the line tells is moved into the call's arena by parsing it again there. */
static const struct wht_node *parse_into(struct wht_arena *arena, const char *line, size_t size)
{
    struct wht_document document = {.arena = arena, .text = line, .first_line = 1};
    char error[128];
    size_t offset;
    return wht_document_parse(&document, size, error, &offset) ? document.root : NULL;
}

static void take_header(struct wht_capture *capture, const struct wht_node *root, const char *line,
                        size_t size)
{
    const char *format = wht_capture_text(root, "format");
    if (!format || strncmp(format, FORMAT, strlen(FORMAT)) != 0) {
        report(capture, capture->line, 1, "/format",
               "found no format that this program reads, expected \"whv-capture/1.0\"");
        return;
    }
    capture->left = capture->open_count; /* another process begins: what is open will not go on */
    root = parse_into(capture->header, line, size);
    const struct wht_node *source = root ? wht_node_member(root, "source") : NULL;
    capture->source = source && source->kind == WHT_NODE_OBJECT ? source : NULL;
}

static void take_begin(struct wht_capture *capture, uint64_t n, const char *line, size_t size)
{
    if (capture->open_count == WHT_CAPTURE_OPEN_MAX || find_open(capture, n)) {
        report(capture, capture->line, 1, "/n",
               "found the begin of a call that is open already, or too many open calls");
        return;
    }
    struct wht_arena *arena = wht_arena_new();
    struct wht_capture_call *call = wht_arena_take(arena, sizeof(*call));
    *call = (struct wht_capture_call){.arena = arena,
                                      .file = capture->path,
                                      .line = capture->line,
                                      .source = capture->source,
                                      .begin = parse_into(arena, line, size)};
    capture->open[capture->open_count++] =
        (struct open_call){.n = n, .call = call, .tail = &call->first};
}

/* @return the call that the line ends, or NULL. */
static struct wht_capture_call *take_line(struct wht_capture *capture, const struct wht_node *root,
                                          const char *line, size_t size)
{
    const char *kind = wht_capture_text(root, "cap");
    uint64_t n = 0;
    if (kind && strcmp(kind, "hdr") == 0) {
        take_header(capture, root, line, size);
        return NULL;
    }
    if (!wht_capture_count(root, "n", UINT64_C(1) << 53, &n)) {
        report(capture, capture->line, 1, "", "found no number of a call, expected \"n\"");
        return NULL;
    }
    if (kind && strcmp(kind, "begin") == 0) {
        take_begin(capture, n, line, size);
        return NULL;
    }
    struct open_call *open = find_open(capture, n);
    if (!open) {
        report(capture, capture->line, 1, "/n", "found a line of a call that has no begin");
        return NULL;
    }
    struct wht_capture_call *call = open->call;
    const struct wht_node *node = parse_into(call->arena, line, size);
    if (kind && strcmp(kind, "dropped") == 0) {
        wht_capture_count(node, "calls", UINT64_C(1) << 53, &call->dropped);
        return NULL;
    }
    if (kind && strcmp(kind, "end") == 0) {
        call->end = node;
        return take_out(capture, open);
    }
    struct wht_capture_event *event = wht_arena_take(call->arena, sizeof(*event));
    *event = (struct wht_capture_event){.node = node, .line = capture->line};
    *open->tail = event;
    open->tail = &event->next;
    return NULL;
}

/* @return false at the end of the file. */
static bool next_line(struct wht_capture *capture, struct wht_capture_call **call)
{
    const char *line;
    size_t size;
    if (!wht_input_line(capture->input, &line, &size)) {
        if (wht_input_error(capture->input))
            report(capture, capture->line + 1, 1, "", wht_input_error(capture->input));
        return false;
    }
    capture->line++;
    struct wht_arena *arena = wht_arena_new();
    struct wht_document document = {.arena = arena, .text = line, .first_line = capture->line};
    char error[128] = "";
    size_t offset = 0;
    if (size == 0)
        report(capture, capture->line, 1, "", "found an empty line, expected an event");
    else if (!wht_document_parse(&document, size, error, &offset))
        report(capture, capture->line, (uint32_t)offset + 1, "", error);
    else if (document.root->kind != WHT_NODE_OBJECT)
        report(capture, capture->line, 1, "", "found no object, expected an event");
    else
        *call = take_line(capture, document.root, line, size);
    wht_arena_free(arena);
    return true;
}

struct wht_capture_call *wht_capture_next(struct wht_capture *capture)
{
    struct wht_capture_call *call = NULL;
    while (!capture->is_at_end && !call && capture->left == 0)
        capture->is_at_end = !next_line(capture, &call);
    if (!call && capture->open_count > 0) {
        call = take_out(capture, &capture->open[0]);
        capture->left -= capture->left > 0;
    }
    if (!call)
        report_rest(capture);
    return call;
}
