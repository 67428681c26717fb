/* SPDX-License-Identifier: MIT */
#include "update_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "explain/cause.h"
#include "format/accept.h"
#include "format/compare.h"
#include "format/digest.h"
#include "format/print.h"
#include "members.h"
#include "record_line.h"
#include "session/blend.h"
#include "session/recorder.h"
#include "session/replayer.h"

struct wht_updater {
    struct wht_replayer *replayer;
    struct wht_recorder *recorder;
    struct wht_text cause;
    struct wht_text group;
    struct wht_text why;
    char error[WHT_ACCEPT_ERROR_MAX];
};

struct wht_updater *wht_updater_open(const struct wht_backend *backend, char *error)
{
    struct wht_updater *u = calloc(1, sizeof(*u));
    if (!u) {
        snprintf(error, WHT_BACKEND_ERROR_MAX, "out of memory");
        return NULL;
    }
    u->replayer = wht_replayer_open(backend, error);
    u->recorder = u->replayer ? wht_recorder_open(backend, error) : NULL;
    if (u->recorder)
        return u;
    wht_updater_close(u);
    return NULL;
}

void wht_updater_keep_handle(struct wht_updater *u)
{
    wht_replayer_keep_handle(u->replayer);
    wht_recorder_keep_handle(u->recorder);
}

void wht_updater_close(struct wht_updater *u)
{
    if (!u)
        return;
    wht_replayer_close(u->replayer);
    wht_recorder_close(u->recorder);
    wht_text_free(&u->cause);
    wht_text_free(&u->group);
    wht_text_free(&u->why);
    free(u);
}

/* @return whether a case passes as its author wants it judged; if not, the cause says why not. */
static bool passes(struct wht_updater *u, const struct wht_case *c)
{
    struct wht_case_result result;
    wht_text_clear(&u->cause);
    wht_text_clear(&u->group);
    wht_replay(u->replayer, c, WHT_MATCH_STRICT, &result);
    if (result.kind == WHT_CASE_FAILED)
        wht_report_cause(&u->cause, &u->group, c, &result);
    return result.kind == WHT_CASE_PASSED;
}

/* @return whether a case with another expectation may stand in a file, and passes. */
static bool is_proved(struct wht_updater *u, const struct wht_case *c)
{
    struct wht_arena *arena = wht_arena_new();
    const bool is_valid = wht_accept_case(arena, c, u->error) != NULL;
    wht_arena_free(arena);
    if (is_valid)
        return passes(u, c);
    wht_text_clear(&u->cause);
    wht_text_add(&u->cause, u->error);
    return false;
}

/* @return a case that expects what came out, or NULL; then the cause says why. */
static struct wht_case *blend(struct wht_updater *u, const struct wht_case *c,
                              const struct wht_case *made)
{
    static const enum wht_blend_calls ways[] = {WHT_BLEND_FITTING, WHT_BLEND_LITERAL};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct wht_case *blended = wht_case_clone(c);
        blended->todo.count = 0; /* with it nothing passes */
        if (wht_blend(blended, made, ways[i]) && is_proved(u, blended))
            return blended;
        wht_case_free(blended);
    }
    return NULL;
}

static void write_members(struct wht_updater *u, const struct wht_case *c,
                          const struct wht_case *blended, struct wht_text *members)
{
    char digest[WHT_DIGEST_MAX];
    struct wht_arena *arena = wht_arena_new();
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    struct wht_node *printed = wht_print_case(arena, blended, WHT_PRINT_SHORT);
    wht_case_digest(c, digest);
    wht_build_add(&object, "digest", wht_build_string(arena, digest));
    wht_build_add(&object, "cause", wht_build_string(arena, wht_text_get(&u->why)));
    wht_build_add(&object, "expect", wht_build_copy(arena, wht_node_member(printed, "expect")));
    wht_members_write(members, object.node);
    wht_arena_free(arena);
}

static bool is_same_expectation(const struct wht_case *c, struct wht_case *blended)
{
    struct wht_case *plain = wht_case_clone(c);
    plain->todo.count = 0;
    const bool is_same = wht_case_equal(plain, blended, WHT_SAME_MEANING);
    wht_case_free(plain);
    return is_same;
}

static const char *say(struct wht_updater *u, const char *what)
{
    wht_text_clear(&u->why);
    wht_text_addf(&u->why, "%s: %s", what, wht_text_get(&u->cause));
    return u->why.text;
}

const char *wht_update_line(struct wht_updater *u, const struct wht_case *c,
                            struct wht_text *members, struct wht_text *remark)
{
    struct wht_recording recording;
    if (passes(u, c))
        return NULL;
    wht_text_clear(&u->why);
    wht_text_add(&u->why, wht_text_get(&u->cause));
    wht_record(u->recorder, c, &recording);
    if (!recording.made)
        return recording.problem ? recording.problem : recording.skip_reason;
    wht_record_remarks(remark, &recording);
    if (recording.patterned > 0)
        wht_text_addf(remark, "%s%" PRIu32 " read%s got made-up data",
                      *wht_text_get(remark) ? "; " : "", recording.patterned,
                      recording.patterned == 1 ? "" : "s");
    struct wht_case *blended = blend(u, c, recording.made);
    if (!blended)
        return say(u, "what came out fails as well");
    const bool is_same = is_same_expectation(c, blended);
    if (!is_same)
        write_members(u, c, blended, members);
    wht_case_free(blended);
    if (is_same && c->todo.count > 0)
        return "its 'todo' is for its author to take out";
    return is_same ? say(u, "it already expects what came out") : NULL;
}
