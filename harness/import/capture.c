/* SPDX-License-Identifier: MIT */
/*
 * Lines are read one by one, and handed to the call of their number; its end, or the end of the
 * file, hands it out. The rule is that no damage makes a case that never happened. So a line is
 * judged as a whole (capture_line.h), and what is wrong with it is noted at its call, which then
 * stays only as a number and a reason (damage()). A line that cannot be read may have been any open
 * call's, and damages all of them, unless it is the last one of its process: that process died
 * while it wrote. Which of the two it was is known with the next line, so it waits in `unread`.
 *
 * A header begins another process, whose numbers start again: calls that are open then can only be
 * ended by nobody, and are handed out first (`left`). A processor does one call at a time, so a
 * second one without the first one's end tells that this end is lost (overtake()).
 *
 * The nodes of a line live in an arena of its own that the call adopts; what all calls hold is
 * bounded, and the call that goes beyond is damaged.
 */
#include "capture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/input.h"
#include "base/str.h"
#include "capture_line.h"
#include "format/values.h"

#define FORMAT "whv-capture/1."

struct open_call {
    uint64_t n;
    uint64_t vp;
    uint32_t overtaken; /* the line at which its processor began another call, or 0 */
    struct wht_capture_call *call;
    struct wht_capture_event **tail;
    size_t held; /* bytes */
};

struct wht_capture {
    struct wht_check check; /* reports what belongs to no call */
    struct wht_check judge; /* of a line; what it finds is noted in `found` */
    char found[512];        /* the first thing that is wrong with the line, or "" */
    char *path;
    struct wht_input *input;
    uint32_t line;
    uint32_t unread; /* a line that may belong to any open call, or was cut; 0: none */
    bool is_at_end;
    bool has_orphan;
    uint64_t orphan;           /* the call without a begin that was reported last */
    struct wht_arena *scratch; /* of one line, until a call adopts it */
    struct wht_arena *header;  /* of the process whose lines are being read */
    const struct wht_node *source;
    struct open_call open[WHT_CAPTURE_OPEN_MAX];
    size_t open_count;
    size_t left; /* the first ones of them were left open by a process that is gone */
    size_t held; /* bytes of the open calls */
};

static void report(struct wht_capture *capture, uint32_t line, uint32_t column, const char *pointer,
                   const char *text)
{
    wht_report(&capture->check, (struct wht_pos){.line = line, .column = column}, pointer, "%s",
               text);
}

static void note_found(void *user, const struct wht_error *error)
{
    struct wht_capture *capture = user;
    if (capture->found[0] == 0)
        snprintf(capture->found, sizeof(capture->found), "%.200s%s%s", error->pointer,
                 *error->pointer ? ": " : "", error->text);
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
    struct wht_capture *capture = wht_allocate(1, sizeof(*capture));
    capture->path = wht_copy_text(path);
    capture->header = wht_arena_new();
    capture->scratch = wht_arena_new();
    capture->check = (struct wht_check){.file = capture->path, .options = *options};
    capture->judge = (struct wht_check){.file = capture->path,
                                        .arena = capture->scratch,
                                        .options = {.on_error = note_found, .user = capture}};
    capture->input = wht_input_open(path, wht_ends_with(path, ".gz"), error);
    if (capture->input)
        return capture;
    report(capture, 0, 0, "", error);
    wht_capture_close(capture);
    return NULL;
}

void wht_capture_call_free(struct wht_capture_call *call)
{
    if (!call)
        return;
    for (struct wht_capture_event *event = call->first, *next; event; event = next) {
        next = event->next;
        wht_arena_free(event->arena);
    }
    wht_arena_free(call->arena);
}

size_t wht_capture_error_count(const struct wht_capture *capture)
{
    return capture->check.errors;
}

void wht_capture_close(struct wht_capture *capture)
{
    for (size_t i = 0; i < capture->open_count; i++)
        wht_capture_call_free(capture->open[i].call);
    wht_input_close(capture->input);
    wht_arena_free(capture->header);
    wht_arena_free(capture->scratch);
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
    capture->held -= open->held;
    capture->open_count--;
    memmove(open, open + 1, (capture->open_count - index) * sizeof(*open));
    return call;
}

/* A copy for a call, without what the parser needed. */
static struct wht_node *keep(struct wht_arena *arena, const struct wht_node *node, const char *text)
{
    struct wht_node *copy = wht_arena_take(arena, sizeof(*copy));
    struct wht_node **tail = &copy->first;
    copy->kind = node->kind;
    copy->key = node->key ? wht_arena_copy(arena, node->key) : NULL;
    copy->number = node->number;
    copy->boolean = node->boolean;
    copy->is_integer = node->is_integer;
    copy->index = node->index;
    if (node->string) {
        copy->string = wht_arena_copy(arena, node->string);
    } else if (node->kind == WHT_NODE_NUMBER) {
        size_t length = strspn(text + node->offset, "+-.0123456789eE");
        char *spelling = wht_arena_take(arena, length + 1);
        memcpy(spelling, text + node->offset, length);
        copy->string = spelling;
    }
    for (const struct wht_node *child = node->first; child; child = child->next) {
        *tail = keep(arena, child, text);
        (*tail)->parent = copy;
        tail = &(*tail)->next;
    }
    return copy;
}

/* @param arena becomes the call's. */
static struct wht_capture_call *new_call(const struct wht_capture *capture, struct wht_arena *arena,
                                         uint64_t n, uint32_t line)
{
    struct wht_capture_call *call = wht_arena_take(arena, sizeof(*call));
    *call = (struct wht_capture_call){.arena = arena, .file = capture->path, .line = line, .n = n};
    return call;
}

static void use_scratch(struct wht_capture *capture, struct wht_arena *arena)
{
    capture->scratch = arena;
    capture->judge.arena = arena;
}

/* What the line at hand holds becomes a call's: copying it would take longer than that. */
static struct wht_arena *adopt(struct wht_capture *capture)
{
    struct wht_arena *arena = capture->scratch;
    use_scratch(capture, wht_arena_new());
    return arena;
}

static void hold(struct wht_capture *capture, struct open_call *open, size_t bytes)
{
    open->held += bytes;
    capture->held += bytes;
}

/* What else is known of the call is forgotten: nobody may make a case of it. */
static void damage(struct wht_capture *capture, struct open_call *open, const char *format, ...)
{
    char text[640];
    va_list arguments;
    if (open->call->damage)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct wht_capture_call *call = new_call(capture, wht_arena_new(), open->n, open->call->line);
    call->damage = wht_arena_copy(call->arena, text);
    wht_capture_call_free(open->call);
    capture->held -= open->held;
    open->held = 0;
    open->call = call;
    hold(capture, open, wht_arena_held(call->arena));
}

/* A line that cannot be read may have belonged to any call that was open. */
static void settle_unread(struct wht_capture *capture)
{
    for (size_t i = capture->left; capture->unread && i < capture->open_count; i++)
        damage(capture, &capture->open[i], "line %u, which may be one of its own, cannot be read",
               (unsigned)capture->unread);
    capture->unread = 0;
}

static void take_header(struct wht_capture *capture, const struct wht_node *root, const char *text)
{
    const char *format = wht_capture_text(root, "format");
    capture->source = NULL;
    if (!format || strncmp(format, FORMAT, strlen(FORMAT)) != 0) {
        report(capture, capture->line, 1, "/format",
               "found no format that this program reads, expected \"whv-capture/1.0\"");
        capture->unread = capture->line;
        settle_unread(capture);
        return;
    }
    capture->unread = 0;                 /* it was the last one of a process that is gone */
    capture->left = capture->open_count; /* what is open will not go on */
    capture->has_orphan = false;
    wht_arena_reset(capture->header);
    if (!wht_capture_check(&capture->judge, root, WHT_CAPTURE_HEADER))
        report(capture, capture->line, 1, "", capture->found);
    else
        capture->source = keep(capture->header, wht_node_member(root, "source"), text);
}

/* The one before it on the same processor has ended, or its end is missing. */
static void overtake(struct wht_capture *capture, uint64_t vp)
{
    for (size_t i = capture->left; i < capture->open_count; i++) {
        if (capture->open[i].vp == vp && !capture->open[i].overtaken)
            capture->open[i].overtaken = capture->line;
    }
}

static void take_begin(struct wht_capture *capture, uint64_t n, const struct wht_node *root)
{
    struct open_call *open = find_open(capture, n);
    uint64_t vp = UINT64_MAX;
    char error[80];
    if (open) {
        snprintf(error, sizeof(error), "found a second begin of call %" PRIu64 ", which is open",
                 n);
        report(capture, capture->line, 1, "/n", error);
        damage(capture, open, "line %u begins a call of the same number", (unsigned)capture->line);
        return;
    }
    if (capture->open_count == WHT_CAPTURE_OPEN_MAX) {
        report(capture, capture->line, 1, "", "found too many calls that have no end");
        return;
    }
    if (wht_capture_count(root, "vp", UINT64_C(1) << 53, &vp))
        overtake(capture, vp);
    struct wht_capture_call *call = new_call(capture, adopt(capture), n, capture->line);
    call->begin = root;
    call->source = capture->source ? keep(call->arena, capture->source, "") : NULL;
    open = &capture->open[capture->open_count++];
    *open = (struct open_call){.n = n, .vp = vp, .call = call, .tail = &call->first};
    hold(capture, open, wht_arena_held(call->arena));
    if (capture->found[0])
        damage(capture, open, "line %u: %s", (unsigned)capture->line, capture->found);
}

/* A line of a call that is open: a callback, what was dropped, its end. */
static void take_part(struct wht_capture *capture, struct open_call *open,
                      enum wht_capture_kind kind, const struct wht_node *root, const char *text)
{
    struct wht_capture_call *call = open->call;
    if (capture->found[0])
        damage(capture, open, "line %u: %s", (unsigned)capture->line, capture->found);
    if (open->call->damage)
        return;
    if (kind == WHT_CAPTURE_DROPPED) {
        wht_capture_count(root, "calls", UINT64_C(1) << 53, &call->dropped);
    } else if (kind == WHT_CAPTURE_END) {
        call->end = keep(call->arena, root, text);
    } else {
        struct wht_arena *arena = adopt(capture);
        struct wht_capture_event *event = wht_arena_take(arena, sizeof(*event));
        *event = (struct wht_capture_event){.arena = arena, .node = root, .line = capture->line};
        *open->tail = event;
        open->tail = &event->next;
        hold(capture, open, wht_arena_held(arena));
    }
    if (capture->held > WHT_CAPTURE_HELD_MAX)
        damage(capture, open, "it has more callbacks than are held");
}

/* Of many lines of a call without begin one is reported. */
static void report_orphan(struct wht_capture *capture, uint64_t n)
{
    char text[80];
    snprintf(text, sizeof(text), "found a line of call %" PRIu64 ", which has no begin", n);
    if (!capture->has_orphan || capture->orphan != n)
        report(capture, capture->line, 1, "/n", text);
    capture->has_orphan = true;
    capture->orphan = n;
    capture->unread = capture->line; /* the number may be what is wrong */
    settle_unread(capture);
}

/* @return the call that the line ends, or NULL. */
static struct wht_capture_call *take_line(struct wht_capture *capture, const struct wht_node *root,
                                          const char *text)
{
    uint64_t n = 0;
    enum wht_capture_kind kind = wht_capture_kind(root);
    if (kind == WHT_CAPTURE_HEADER) {
        take_header(capture, root, text);
        return NULL;
    }
    settle_unread(capture);
    if (!wht_capture_count(root, "n", UINT64_C(1) << 53, &n)) {
        report(capture, capture->line, 1, "", "found no number of a call, expected \"n\"");
        if (wht_node_member(root, "source")) /* it was a header */
            capture->source = NULL;
        capture->unread = capture->line;
        settle_unread(capture);
        return NULL;
    }
    wht_capture_check(&capture->judge, root, kind);
    if (kind == WHT_CAPTURE_BEGIN) {
        take_begin(capture, n, root);
        return NULL;
    }
    struct open_call *open = find_open(capture, n);
    if (!open) {
        report_orphan(capture, n);
        return NULL;
    }
    take_part(capture, open, kind, root, text);
    return kind == WHT_CAPTURE_END ? take_out(capture, open) : NULL;
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
    wht_arena_reset(capture->scratch);
    struct wht_document document = {
        .arena = capture->scratch, .text = line, .first_line = capture->line};
    char error[128] = "found an empty line, expected an event";
    size_t offset = 0;
    capture->judge.document = &document;
    capture->judge.errors = 0;
    capture->found[0] = 0;
    if (size > WHT_CAPTURE_LINE_MAX)
        snprintf(error, sizeof(error), "found a line of %zu bytes, expected at most %u", size,
                 WHT_CAPTURE_LINE_MAX);
    if (size > 0 && size <= WHT_CAPTURE_LINE_MAX &&
        wht_document_parse(&document, size, error, &offset)) {
        if (document.root->kind == WHT_NODE_OBJECT) {
            *call = take_line(capture, document.root, line);
            return true;
        }
        strcpy(error, "found no object, expected an event");
    }
    report(capture, capture->line, (uint32_t)offset + 1, "", error);
    settle_unread(capture);
    capture->unread = capture->line;
    return true;
}

/* A call without its end, which nothing will bring any more. */
static struct wht_capture_call *take_left(struct wht_capture *capture)
{
    struct open_call *open = &capture->open[0];
    if (open->overtaken)
        damage(capture, open, "its end is missing: its processor began another call at line %u",
               (unsigned)open->overtaken);
    capture->left -= capture->left > 0;
    return take_out(capture, open);
}

struct wht_capture_call *wht_capture_next(struct wht_capture *capture)
{
    struct wht_capture_call *call = NULL;
    while (!capture->is_at_end && !call && capture->left == 0)
        capture->is_at_end = !next_line(capture, &call);
    if (!call && capture->open_count > 0)
        call = take_left(capture);
    if (!call)
        wht_report_rest(&capture->check);
    return call;
}
