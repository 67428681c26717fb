/* SPDX-License-Identifier: MIT */
#include "known_out.h"

#include <string.h>

#include "base/escape.h"

bool wht_known_out_open(struct wht_known_out *known)
{
    if (!known->path)
        return true;
    if (!wht_outfile_open(&known->out, known->path, WHT_OUTFILE_WRITE)) {
        known->path = NULL;
        return false;
    }
    wht_outfile_write(&known->out, "[", 1);
    return true;
}

/* Failures of one kind have one reason: what the first of them says. */
static const char *reason_of(struct wht_known_out *known, const struct wht_report_case *result)
{
    if (result->outcome != WHT_OUTCOME_FAILED)
        return result->reason;
    uint64_t *place = wht_map_at(&known->kinds, result->key, strlen(result->key));
    if (*place == 0) {
        *place = known->causes.size + 1;
        wht_text_add_bytes(&known->causes, result->cause, strlen(result->cause) + 1);
    }
    return wht_text_get(&known->causes) + *place - 1;
}

static void add(struct wht_known_out *known, const struct wht_report_case *result,
                const char *expect)
{
    struct wht_text *line = &known->line;
    wht_text_add(line, known->has_entries ? ",\n  {\"match\": " : "\n  {\"match\": ");
    wht_escape_json(line, result->name);
    wht_text_addf(line, ", \"expect\": \"%s\", \"reason\": ", expect);
    wht_escape_json(line, reason_of(known, result));
    wht_text_add(line, "}");
    wht_outfile_write(&known->out, line->text, line->size);
    wht_text_clear(line);
    known->has_entries = true;
}

void wht_known_out_add(struct wht_known_out *known, const struct wht_report_case *result)
{
    static const char *const words[] = {
        [WHT_ENDED_NORMALLY] = "fail", [WHT_CRASHED] = "crash", [WHT_TIMED_OUT] = "timeout"};
    if (known->path)
        add(known, result, words[result->ending]);
}

void wht_known_out_skip(struct wht_known_out *known, const struct wht_report_case *result)
{
    if (known->path)
        add(known, result, "skip");
}

bool wht_known_out_close(struct wht_known_out *known, bool is_whole)
{
    bool is_good = true;
    if (known->path && is_whole) {
        wht_outfile_write(&known->out, "\n]\n", 3);
        is_good = wht_outfile_commit(&known->out);
    } else if (known->path) {
        wht_outfile_discard(&known->out);
    }
    wht_map_free(&known->kinds);
    wht_text_free(&known->causes);
    wht_text_free(&known->line);
    known->path = NULL;
    return is_good;
}
