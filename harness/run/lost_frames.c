/* SPDX-License-Identifier: MIT */
#include "lost_frames.h"

static enum wht_ending ending_of(const struct wht_lost *lost)
{
    return lost->is_timed_out ? WHT_TIMED_OUT : WHT_CRASHED;
}

void wht_lost_case_frame(struct wht_text *out, const struct wht_begin_frame *begin,
                         const struct wht_lost *lost, uint64_t micros, bool wants_json)
{
    struct wht_text group = {.text = NULL}, cause = {.text = NULL};
    struct wht_text block = {.text = NULL}, json = {.text = NULL};
    wht_text_addf(&group, "%s/", begin->mnemonic);
    wht_lost_end(&group, lost);
    wht_lost_cause(&cause, lost);
    wht_text_add(&block, begin->block_head);
    wht_lost_block(&block, lost);
    wht_text_add(&block, begin->block_foot);
    if (wants_json)
        wht_lost_json(&json, lost);
    struct wht_case_frame frame = {.ordinal = begin->ordinal,
                                   .kind = WHT_CASE_FAILED,
                                   .ending = ending_of(lost),
                                   .is_may = begin->is_may,
                                   .judged = begin->judged,
                                   .is_explained = begin->is_explained,
                                   .micros = micros,
                                   .line = begin->line,
                                   .name = begin->name,
                                   .file = begin->file,
                                   .mnemonic = begin->mnemonic,
                                   .family = begin->family,
                                   .mode = begin->mode,
                                   .flags = begin->flags,
                                   .status = begin->status,
                                   .cause = wht_text_get(&cause),
                                   .group = wht_text_get(&group),
                                   .block = wht_text_get(&block),
                                   .json = wht_text_get(&json)};
    wht_put_case_frame(out, &frame);
    wht_text_free(&group);
    wht_text_free(&cause);
    wht_text_free(&block);
    wht_text_free(&json);
}

void wht_lost_made_frame(struct wht_text *out, const struct wht_begin_frame *begin,
                         const struct wht_lost *lost)
{
    struct wht_text cause = {.text = NULL};
    wht_lost_cause(&cause, lost);
    struct wht_made_frame frame = {.ordinal = begin->ordinal,
                                   .kind = WHT_CASE_FAILED,
                                   .ending = ending_of(lost),
                                   .name = begin->name,
                                   .file = begin->file,
                                   .problem = wht_text_get(&cause),
                                   .remark = "",
                                   .emulator_version = "",
                                   .members = ""};
    wht_put_made_frame(out, &frame);
    wht_text_free(&cause);
}

void wht_lost_error_frame(struct wht_text *out, const char *path, const struct wht_lost *lost)
{
    struct wht_text text = {.text = NULL};
    wht_text_add(&text, "the program itself ");
    wht_lost_end(&text, lost);
    wht_text_add(&text, " while it read the file");
    struct wht_error_frame frame = {.file = path, .pointer = "", .text = wht_text_get(&text)};
    wht_put_error_frame(out, &frame);
    wht_text_free(&text);
}
