/* SPDX-License-Identifier: MIT */
#include "page_data.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"

/* Strings that are remembered; others are told as often as they come. */
#define STRINGS_MAX 200000u

/* A JSON string that may stand in a script: nothing in it is markup. */
static void add_string(struct wht_text *text, const char *string)
{
    struct wht_text json = {.text = NULL};
    wht_escape_json(&json, string);
    for (const char *at = wht_text_get(&json); *at;) {
        const size_t size = strcspn(at, "<>&");
        wht_text_add_bytes(text, at, size);
        at += size;
        if (*at)
            wht_text_addf(text, "\\u%04x", (unsigned)(unsigned char)*at++);
    }
    wht_text_free(&json);
}

static void begin_item(struct wht_page_data *data, struct wht_text *out)
{
    wht_text_add(out, data->has_items ? ",\n" : "\n");
    data->has_items = true;
}

/* Adds a string to the row: as its place in the table once it comes the n-th time. */
static void add_word(struct wht_page_data *data, struct wht_text *out, const char *string,
                     uint64_t n)
{
    const size_t size = strlen(string);
    uint64_t *place = NULL;
    if (data->strings.count < STRINGS_MAX || wht_map_has(&data->strings, string, size))
        place = wht_map_at(&data->strings, string, size);
    if (place && *place < 2 && *place + 1 >= n) {
        begin_item(data, out);
        add_string(out, string);
        *place = 2 + data->table_size++;
    } else if (place && *place == 0) {
        *place = 1;
    }
    if (place && *place >= 2)
        wht_text_addf(&data->row, "%" PRIu64, *place - 2);
    else
        add_string(&data->row, string);
}

/* Adds text with the first occurrence of a word as one character. */
static void add_replaced(struct wht_text *text, const char *line, const char *word, char character)
{
    const char *found = *word ? strstr(line, word) : NULL;
    if (!found) {
        wht_text_add(text, line);
        return;
    }
    wht_text_add_bytes(text, line, (size_t)(found - line));
    wht_text_add_bytes(text, &character, 1);
    wht_text_add(text, found + strlen(word));
}

/* Lines that name the case are the same for all cases then. */
static void add_line(struct wht_page_data *data, struct wht_text *out, const char *line,
                     const struct wht_report_case *result)
{
    struct wht_text named = {.text = NULL}, placed = {.text = NULL};
    add_replaced(&named, line, result->name, 1);
    add_replaced(&placed, wht_text_get(&named), result->file, 2);
    add_word(data, out, wht_text_get(&placed), 2);
    wht_text_free(&named);
    wht_text_free(&placed);
}

static void add_block(struct wht_page_data *data, struct wht_text *out,
                      const struct wht_report_case *result)
{
    struct wht_text plain = {.text = NULL}, line = {.text = NULL};
    const char *separator = "";
    if (*result->block && data->blocks++ < WHT_PAGE_BLOCKS)
        wht_text_add_uncoloured(&plain, result->block);
    for (const char *at = wht_text_get(&plain); *at;) {
        const size_t size = strcspn(at, "\n");
        wht_text_clear(&line);
        wht_text_add_bytes(&line, at, size);
        wht_text_add(&data->row, separator);
        add_line(data, out, wht_text_get(&line), result);
        separator = ",";
        at += size + (at[size] == '\n');
    }
    wht_text_free(&plain);
    wht_text_free(&line);
}

void wht_page_case(struct wht_page_data *data, struct wht_text *out,
                   const struct wht_report_case *result)
{
    struct wht_text *row = &data->row;
    const bool fails = result->outcome == WHT_OUTCOME_FAILED;
    const char *const labels[] = {result->mnemonic, result->family, result->mode, result->flags,
                                  result->status};
    if (data->cases == WHT_PAGE_CASES) {
        data->left_out++;
        return;
    }
    data->cases++;
    wht_text_add(row, "[");
    add_word(data, out, wht_outcome_name(result->outcome), 1);
    wht_text_add(row, ",");
    add_string(row, result->name);
    wht_text_add(row, ",");
    add_word(data, out, result->file, 1);
    wht_text_addf(row, ",%" PRIu64, result->line);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        wht_text_add(row, ",");
        add_word(data, out, labels[i], 1);
    }
    wht_text_addf(row, ",%u,%u,", result->judged, result->passed);
    add_word(data, out, result->key, 1);
    wht_text_add(row, ",");
    add_word(data, out, fails ? result->cause : result->reason, 2);
    wht_text_add(row, ",[");
    add_block(data, out, result);
    wht_text_add(row, "]]");
    begin_item(data, out);
    wht_text_add(out, wht_text_get(row));
    wht_text_clear(row);
}

void wht_page_problem(struct wht_page_data *data, struct wht_text *out,
                      const struct wht_report_problem *problem)
{
    struct wht_text place = {.text = NULL};
    struct wht_text *row = &data->row;
    wht_text_addf(&place, "%s:%" PRIu64, problem->file, problem->line);
    if (problem->column > 0)
        wht_text_addf(&place, ":%" PRIu64, problem->column);
    wht_text_addf(row, "[\"%s\",", problem->kind == WHT_PROBLEM_TRACE ? "invalid" : "stale");
    add_string(row, wht_text_get(&place));
    wht_text_add(row, ",");
    add_string(row, problem->file);
    wht_text_addf(row, ",%" PRIu64 ",\"\",\"\",\"\",\"\",\"\",0,0,\"\",", problem->line);
    add_string(row, problem->text);
    wht_text_add(row, ",[]]");
    begin_item(data, out);
    wht_text_add(out, wht_text_get(row));
    wht_text_clear(row);
    wht_text_free(&place);
}

void wht_page_data_free(struct wht_page_data *data)
{
    wht_map_free(&data->strings);
    wht_text_free(&data->row);
    *data = (struct wht_page_data){.cases = 0};
}
