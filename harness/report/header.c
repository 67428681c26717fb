/* SPDX-License-Identifier: MIT */
#include "header.h"

#include <inttypes.h>

#include "base/text.h"
#include "words/names.h"

/* Hands out a text and empties it; one that is empty has no row. */
static void put(struct wht_text *text, const char *label, wht_header_row_fn *row, void *user)
{
    if (text->size > 0)
        row(user, label, wht_text_get(text));
    wht_text_clear(text);
}

static void add_part(struct wht_text *text, const char *before, const char *part)
{
    if (*part)
        wht_text_addf(text, "%s%s%s", text->size > 0 ? ", " : "", before, part);
}

void wht_header_rows(const struct wht_report_run *run, wht_header_row_fn *row, void *user)
{
    struct wht_text text = {.text = NULL};
    add_part(&text, "", run->emulator);
    add_part(&text, "version ", run->emulator_version);
    add_part(&text, "SHA-256 ", run->emulator_digest);
    put(&text, "emulator", row, user);
    add_part(&text, "", run->system);
    add_part(&text, "", run->processor);
    put(&text, "host", row, user);
    add_part(&text, "", run->date);
    put(&text, "date", row, user);
    if (run->shard_count > 1)
        wht_text_addf(&text, "%" PRIu64 " of %" PRIu64, run->shard, run->shard_count);
    put(&text, "shard", row, user);
    wht_text_addf(&text, "%" PRIu64 " file%s", run->suite_files, run->suite_files == 1 ? "" : "s");
    add_part(&text, "SHA-256 ", run->suite_digest);
    put(&text, "suite", row, user);
    add_part(&text, "", wht_match_name(run->level));
    put(&text, "level", row, user);
    add_part(&text, "", run->version);
    put(&text, "whvtrace", row, user);
    wht_text_free(&text);
}
