/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/platform.h"
#include "base/str.h"

#define SHOW_MS 100u
/* Before it has run so long, and come so far, a guess would be none. */
#define GUESS_MS      2000u
#define GUESS_PERCENT 3u

void wht_add_time_left(struct wht_text *text, uint64_t done, uint64_t all, uint64_t elapsed_ms)
{
    if (elapsed_ms < GUESS_MS || done >= all || done < all / 100 * GUESS_PERCENT || done == 0)
        return;
    const double left = (double)elapsed_ms / 1000 * (double)(all - done) / (double)done;
    if (left < 90)
        wht_text_addf(text, ", about %.0f s left", left);
    else if (left < 90 * 60)
        wht_text_addf(text, ", about %.0f min left", left / 60);
    else
        wht_text_addf(text, ", about %.1f h left", left / 3600);
}

void wht_progress_line_begin(struct wht_progress_line *line, const struct wht_file_list *files)
{
    uint64_t sum = 0;
    line->started_ms = wht_now_ms();
    line->files = files->count;
    line->bytes = wht_allocate(files->count + 1, sizeof(*line->bytes));
    for (size_t i = 0; i < files->count; i++) {
        line->bytes[i] = sum;
        sum += line->is_shown ? wht_file_size(files->paths[i]) : 0;
    }
    line->bytes[files->count] = sum;
}

void wht_progress_line_show(struct wht_progress_line *line, const struct wht_summary *summary,
                            size_t files_done)
{
    struct wht_text text = {.text = NULL};
    const uint64_t now = wht_now_ms();
    if (!line->is_shown || now - line->shown_ms < SHOW_MS || files_done >= line->files)
        return;
    line->shown_ms = now;
    line->is_there = true;
    wht_text_addf(&text, "%" PRIu64 " cases, file %zu of %zu, %" PRIu64 " failed",
                  wht_summary_cases(summary), files_done + 1, line->files,
                  summary->outcomes[WHT_OUTCOME_FAILED]);
    wht_add_time_left(&text, line->bytes[files_done], line->bytes[line->files],
                      now - line->started_ms);
    fprintf(stderr, "\r\033[K%s", wht_text_get(&text));
    wht_text_free(&text);
}

void wht_progress_line_clear(struct wht_progress_line *line)
{
    if (line->is_there)
        fprintf(stderr, "\r\033[K");
    line->is_there = false;
}

void wht_progress_line_free(struct wht_progress_line *line)
{
    free(line->bytes);
    line->bytes = NULL;
}
