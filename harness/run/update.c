/* SPDX-License-Identifier: MIT */
#include "update.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "base/json_write.h"
#include "base/platform.h"
#include "base/str.h"
#include "base/text.h"
#include "capture/platform.h"
#include "emulator_source.h"
#include "format/paths.h"
#include "session/result.h"

/* What became of a test that has a pending result. */
enum { HAS_NOT_RUN = 1, HAS_RUN, IS_NEW };

static uint64_t *known_at(struct wht_update *u, const char *name)
{
    return wht_map_at(&u->known, name, strlen(name));
}

static void name_test(struct wht_text *name, const char *prefix, const char *id)
{
    wht_text_clear(name);
    wht_text_addf(name, "%s#%s", prefix, id);
}

bool wht_update_begin(struct wht_update *u, const struct wht_file_list *files)
{
    struct wht_text name = {.text = NULL};
    bool is_good = true;
    u->files = files;
    for (size_t i = 0; i < files->count; i++) {
        struct wht_pending_list list;
        char *prefix = wht_test_name_prefix(files->paths[i]);
        is_good &= wht_pending_read(&list, files->paths[i]);
        for (size_t j = 0; j < list.count; j++) {
            name_test(&name, prefix, list.items[j].id);
            *known_at(u, name.text) = HAS_NOT_RUN;
        }
        wht_pending_free(&list);
        free(prefix);
    }
    wht_text_free(&name);
    u->is_damaged = !is_good;
    return is_good;
}

static void leave_out(const char *name, const char *why)
{
    fprintf(stderr, "%s: not updated: %s\n", name, why);
}

/* @return why a failing case has nothing that could be expected, or NULL. */
static const char *obstacle(const struct wht_case_frame *result)
{
    if (result->kind == WHT_CASE_PASSED)
        return "it passes, and an expectations file says otherwise";
    return result->ending == WHT_CRASHED     ? "it crashed"
           : result->ending == WHT_TIMED_OUT ? "it timed out"
                                             : NULL;
}

void wht_update_note(struct wht_update *u, const struct wht_case_frame *result,
                     enum wht_case_outcome outcome)
{
    const size_t size = strlen(result->name);
    if (result->kind != WHT_CASE_SKIPPED && wht_map_has(&u->known, result->name, size))
        *known_at(u, result->name) = HAS_RUN;
    if (!u->is_wanted)
        return;
    if (result->kind == WHT_CASE_SKIPPED && strncmp(result->cause, "revoked", 7) == 0)
        leave_out(result->name, result->cause);
    u->gaps += outcome == WHT_OUTCOME_KNOWN;
    u->open += outcome == WHT_OUTCOME_MAY;
    if (outcome != WHT_OUTCOME_FAILED)
        return;
    const char *why = obstacle(result);
    if (why) {
        leave_out(result->name, why);
        return;
    }
    (void)wht_map_add(&u->failed, result->name, size);
    (void)wht_map_add(&u->failed_files, result->file, strlen(result->file));
}

static void close_list(struct wht_update *u)
{
    if (u->list.path)
        u->is_unwritten |= !wht_pending_write(&u->list);
    wht_pending_free(&u->list);
    free(u->prefix);
    u->prefix = NULL;
}

/* What a test that has run left pending before is out of date. */
static void drop_older(struct wht_update *u)
{
    struct wht_text name = {.text = NULL};
    for (size_t i = 0; i < u->list.count; i++) {
        name_test(&name, u->prefix, u->list.items[i].id);
        if (*known_at(u, name.text) == HAS_RUN)
            u->list.items[i].fate = WHT_PENDING_DROPPED;
    }
    wht_text_free(&name);
}

/* @return false if those that there are cannot be read: they are not written over. */
static bool open_list(struct wht_update *u, const char *file)
{
    if (u->list.path && strcmp(u->list.of, file) == 0)
        return true;
    close_list(u);
    u->prefix = wht_test_name_prefix(file);
    if (wht_pending_read(&u->list, file)) {
        drop_older(u);
        return true;
    }
    wht_pending_free(&u->list);
    u->is_unwritten = true;
    return false;
}

static void add_text(struct wht_build *object, const char *key, const char *text)
{
    if (text && *text)
        wht_build_add(object, key, wht_build_string(object->arena, text));
}

static void append(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

/* What the parent knows, before what the worker says. */
static void write_line(const struct wht_update *u, const struct wht_made_frame *made,
                       struct wht_text *line)
{
    char date[WHVC_DATE];
    struct wht_arena *arena = wht_arena_new();
    const struct wht_writer writer = {.write = append, .user = line};
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_build emulator = wht_build_new(arena, WHT_NODE_OBJECT);
    const struct wht_source_emulator *source =
        wht_emulator_source(arena, u->pool->emulator, made->emulator_version);
    whvc_date(date);
    add_text(&object, "id", strrchr(made->name, '#') + 1);
    add_text(&emulator, "file", source->file);
    add_text(&emulator, "version", source->version);
    add_text(&emulator, "sha256", source->sha256);
    wht_build_add(&object, "emulator", emulator.node);
    add_text(&object, "tool", "whvtrace run " WHVTRACE_VERSION);
    add_text(&object, "date", date);
    add_text(&object, "remark", made->remark);
    wht_write_line(&writer, object.node);
    line->size -= 2; /* the members go on */
    wht_text_add(line, ", ");
    wht_text_add(line, made->members);
    wht_arena_free(arena);
}

static bool on_made(void *user, const struct wht_made_frame *made)
{
    struct wht_update *u = user;
    struct wht_text line = {.text = NULL};
    if (made->kind == WHT_CASE_SKIPPED || !wht_map_has(&u->failed, made->name, strlen(made->name)))
        return true;
    if (made->kind == WHT_CASE_FAILED || !*made->members) {
        leave_out(made->name,
                  made->kind == WHT_CASE_FAILED ? made->problem : "it passes when it is run again");
        return true;
    }
    if (!open_list(u, made->file))
        return true;
    write_line(u, made, &line);
    if (wht_pending_take(&u->list, line.text)) {
        *known_at(u, made->name) = IS_NEW;
    } else {
        leave_out(made->name, "the worker's answer is damaged");
    }
    wht_text_free(&line);
    return true;
}

/* All have been told already. */
static void on_error(void *user, const struct wht_error *error)
{
    (void)user;
    (void)error;
}

static void tell_left_out(uint64_t count, const char *one, const char *many)
{
    if (count > 0)
        fprintf(stderr, "whvtrace run: %" PRIu64 " %s not updated\n", count,
                count == 1 ? one : many);
}

/* Files of which nothing came may have such results as well. */
static void drop_others(struct wht_update *u)
{
    for (size_t i = 0; i < u->files->count; i++)
        if (u->known.count > 0 && open_list(u, u->files->paths[i]))
            close_list(u);
}

void wht_update_make(struct wht_update *u, const struct wht_pool_options *pool)
{
    if (u->is_damaged)
        return;
    const struct wht_pool_handler handler = {.user = u, .on_made = on_made, .on_error = on_error};
    struct wht_pool_options again = *pool;
    struct wht_file_list files = {.count = 0};
    struct wht_pool_outcome outcome = {.end = WHT_POOL_DONE, .message = ""};
    u->pool = &again;
    again.work = WHT_WORK_UPDATE;
    again.tells_not_run = false;
    again.wants_detail = false;
    files.paths = wht_allocate(u->files->count + 1, sizeof(*files.paths));
    for (size_t i = 0; i < u->files->count; i++)
        if (wht_map_has(&u->failed_files, u->files->paths[i], strlen(u->files->paths[i])))
            files.paths[files.count++] = u->files->paths[i];
    if (files.count > 0)
        wht_run_cases(&again, &files, &handler, &outcome);
    wht_pool_tell("run", &outcome);
    u->is_interrupted = outcome.end == WHT_POOL_INTERRUPTED;
    tell_left_out(u->gaps, "known gap", "known gaps");
    tell_left_out(u->open, "case that may fail", "cases that may fail");
    close_list(u);
    drop_others(u);
    free(files.paths);
}

uint64_t wht_update_count(const struct wht_update *u)
{
    struct wht_text name = {.text = NULL};
    uint64_t count = 0;
    for (size_t i = 0; u->known.count > 0 && !u->is_damaged && i < u->files->count; i++) {
        struct wht_pending_list list;
        char *prefix = wht_test_name_prefix(u->files->paths[i]);
        (void)wht_pending_read(&list, u->files->paths[i]);
        for (size_t j = 0; j < list.count; j++) {
            name_test(&name, prefix, list.items[j].id);
            count += wht_map_has(&u->known, name.text, name.size) &&
                     *wht_map_at((struct wht_map *)&u->known, name.text, name.size) > HAS_NOT_RUN;
        }
        wht_pending_free(&list);
        free(prefix);
    }
    wht_text_free(&name);
    return count;
}

void wht_update_free(struct wht_update *u)
{
    wht_map_free(&u->known);
    wht_map_free(&u->failed);
    wht_map_free(&u->failed_files);
    wht_pending_free(&u->list);
    free(u->prefix);
}
