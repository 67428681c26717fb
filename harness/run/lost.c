/* SPDX-License-Identifier: MIT */
#include "lost.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "explain/columns.h"
#include "explain/describe.h"

_Static_assert(sizeof(struct wht_progress) <= WHT_SHARED_SIZE, "a worker's progress is shared");

/* Lines of what a worker said that a block shows. */
#define LINES_MAX 10u

static bool is_callback(uint32_t kind)
{
    return kind == WHT_CALL_MEM_READ || kind == WHT_CALL_MEM_WRITE || kind == WHT_CALL_IO_IN ||
           kind == WHT_CALL_IO_OUT || kind == WHT_CALL_TRANSLATE || kind == WHT_CALL_GET ||
           kind == WHT_CALL_SET;
}

static void end_string(char *string, size_t size)
{
    string[size - 1] = 0;
}

/* The emulator may have written there itself. */
static void make_safe(struct wht_progress *p)
{
    end_string(p->function, sizeof(p->function));
    end_string(p->at.module, sizeof(p->at.module));
    end_string(p->from.module, sizeof(p->from.module));
    if (!is_callback(p->kind))
        p->callbacks = 0;
    if (p->count > WHT_PROGRESS_NAMES)
        p->count = WHT_PROGRESS_NAMES;
}

bool wht_lost_peek(const struct wht_process *process, struct wht_progress *progress)
{
    const void *shared = wht_process_shared(process);
    if (!shared)
        return false;
    memcpy(progress, shared, sizeof(*progress));
    make_safe(progress);
    return true;
}

bool wht_lost_take(struct wht_lost *lost, struct wht_process *process, bool is_timed_out,
                   uint64_t timeout_ms)
{
    bool is_good = wht_process_end(process, &lost->left);
    lost->is_timed_out = is_timed_out;
    lost->timeout_ms = timeout_ms;
    memcpy(&lost->progress, lost->left.shared, sizeof(lost->progress));
    make_safe(&lost->progress);
    return is_good;
}

static void add_place(struct wht_text *text, const struct wht_code_place *place)
{
    if (place->module[0]) {
        wht_text_add_clean(text, place->module);
        wht_text_addf(text, "+0x%" PRIx64, place->offset);
    } else {
        wht_text_addf(text, "0x%" PRIx64 ", where no module is", place->offset);
    }
}

static void add_places(struct wht_text *text, const struct wht_progress *p)
{
    add_place(text, &p->at);
    if (p->from.module[0]) {
        wht_text_add(text, ", called from ");
        add_place(text, &p->from);
    }
}

void wht_lost_end(struct wht_text *text, const struct wht_lost *lost)
{
    if (lost->is_timed_out) {
        wht_text_addf(text, "timed out after %g s", (double)lost->timeout_ms / 1000.0);
        return;
    }
    wht_text_add(text, lost->left.how);
    if (lost->progress.has_crashed) {
        wht_text_add(text, " in ");
        add_places(text, &lost->progress);
    }
}

static void add_last(struct wht_text *text, const struct wht_progress *p)
{
    const struct wht_event event = wht_progress_event(p);
    wht_describe_event(text, &event);
}

static bool is_in_call(const struct wht_progress *p)
{
    return p->doing == WHT_DOING_CALL && p->calls > 0;
}

void wht_lost_cause(struct wht_text *text, const struct wht_lost *lost)
{
    const struct wht_progress *p = &lost->progress;
    wht_lost_end(text, lost);
    if (!is_in_call(p))
        return;
    if (p->callbacks == 0) {
        wht_text_add(text, ", before its first callback");
        return;
    }
    wht_text_addf(text, ", after callback %" PRIu32 ": ", p->callbacks);
    add_last(text, p);
}

/* The last lines of what a worker said; the first of them may have lost its start. */
static const char *last_lines(const char *said)
{
    size_t lines = 0;
    const char *at = said + strlen(said);
    while (at > said && at[-1] == '\n')
        at--;
    while (at > said && (at[-1] != '\n' || ++lines < LINES_MAX))
        at--;
    return at;
}

static void add_said(struct wht_text *text, const char *said)
{
    const char *label = "said";
    for (const char *at = last_lines(said); *at;) {
        size_t size = strcspn(at, "\r\n");
        char line[WHT_SAID_MAX + 1];
        memcpy(line, at, size);
        line[size] = 0;
        wht_text_addf(text, "  %-12s| ", label);
        wht_text_add_clean(text, line);
        wht_text_add(text, "\n");
        label = "";
        at += size + (at[size] == '\r');
        at += *at == '\n';
    }
}

void wht_lost_block(struct wht_text *text, const struct wht_lost *lost)
{
    const struct wht_progress *p = &lost->progress;
    struct wht_text words = {.text = NULL};
    wht_text_add(text, "\n");
    if (!lost->is_timed_out && p->has_crashed) {
        add_places(&words, p);
        if (p->has_address)
            wht_text_addf(&words, ", accessing 0x%" PRIx64, p->address_accessed);
        wht_columns_words(text, "crash", wht_text_get(&words));
        wht_text_clear(&words);
    }
    if (is_in_call(p)) {
        wht_text_addf(&words, "%s, call %" PRIu32 " of the case, ", p->function, p->calls);
        if (p->callbacks == 0)
            wht_text_add(&words, "before its first callback");
        else
            wht_text_addf(&words, "after callback %" PRIu32 ": ", p->callbacks);
        if (p->callbacks > 0)
            add_last(&words, p);
        wht_columns_words(text, "in", wht_text_get(&words));
    }
    add_said(text, lost->left.said);
    wht_text_free(&words);
}

void wht_lost_json(struct wht_text *text, const struct wht_lost *lost)
{
    const struct wht_progress *p = &lost->progress;
    struct wht_text words = {.text = NULL};
    wht_lost_end(&words, lost);
    wht_text_add(text, "{ \"how\": ");
    wht_escape_json(text, wht_text_get(&words));
    wht_text_clear(&words);
    if (is_in_call(p)) {
        wht_text_add(text, ", \"function\": ");
        wht_escape_json(text, p->function);
        wht_text_addf(text, ", \"call\": %" PRIu32 ", \"callbacks\": %" PRIu32, p->calls,
                      p->callbacks);
    }
    if (is_in_call(p) && p->callbacks > 0) {
        add_last(&words, p);
        wht_text_add(text, ", \"last\": ");
        wht_escape_json(text, wht_text_get(&words));
    }
    if (lost->left.said[0]) {
        wht_text_add(text, ", \"said\": ");
        wht_escape_json(text, lost->left.said);
    }
    wht_text_add(text, " }");
    wht_text_free(&words);
}
