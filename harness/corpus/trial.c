/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/outfile.h"
#include "base/platform.h"
#include "format/accept.h"
#include "format/print.h"
#include "session/usage.h"

/* A name that ends as trace files do. */
#define FILE_NAME "case.trace.json"

void wht_trial_free(struct wht_trial *trial)
{
    wht_text_free(&trial->group);
    wht_text_free(&trial->cause);
    wht_text_free(&trial->line);
    wht_text_free(&trial->problem);
}

static bool on_case(void *user, const struct wht_case_frame *result)
{
    struct wht_trial *trial = user;
    trial->is_run = true;
    trial->kind = result->kind;
    wht_text_add(&trial->cause, result->cause);
    if (result->kind == WHT_CASE_FAILED)
        wht_text_addf(&trial->group, "%d/%s/%s", (int)result->ending, result->mnemonic,
                      result->group);
    return true;
}

static bool on_made(void *user, const struct wht_made_frame *made)
{
    struct wht_trial *trial = user;
    trial->is_run = true;
    trial->kind = made->kind;
    if (made->kind == WHT_CASE_PASSED)
        wht_text_addf(&trial->line, "{\"id\": \"recorded\", %s", made->members);
    return true;
}

static void on_error(void *user, const struct wht_error *error)
{
    struct wht_trial *trial = user;
    wht_text_add(&trial->problem, error->text);
}

static void write_part(void *user, const char *bytes, size_t size)
{
    wht_outfile_write(user, bytes, size);
}

/* Where a worker finds the case. @return whether it could be written. */
static bool write_case(struct wht_outfile *out, struct wht_arena *arena, const struct wht_case *c)
{
    const struct wht_writer writer = {.write = write_part, .user = out};
    struct wht_text path = {.text = NULL};
    char *folder = wht_temporary_folder();
    wht_text_addf(&path, "%s/%s", folder ? folder : ".", FILE_NAME);
    bool is_open = wht_outfile_open(out, wht_text_get(&path), WHT_OUTFILE_WRITE);
    if (is_open)
        wht_write_document(&writer, wht_print_case(arena, c, WHT_PRINT_FILE));
    free(folder);
    wht_text_free(&path);
    return is_open && out->temporary && fflush(out->file) == 0 && out->first_error == 0;
}

static void clear(struct wht_trial *trial)
{
    trial->is_run = false;
    wht_text_clear(&trial->group);
    wht_text_clear(&trial->cause);
    wht_text_clear(&trial->line);
    wht_text_clear(&trial->problem);
}

static void run_file(struct wht_trial *trial, const struct wht_pool_options *pool, char *path,
                     struct wht_exit_facts *facts)
{
    const struct wht_pool_handler handler = {
        .user = trial, .on_case = on_case, .on_made = on_made, .on_error = on_error};
    struct wht_pool_options options = *pool;
    struct wht_pool_outcome outcome;
    struct wht_file_list files = {.paths = &path, .count = 1};
    options.jobs = 1;
    options.gives_up = false;
    options.selection = wht_pool_defaults().selection;
    wht_run_cases(&options, &files, &handler, &outcome);
    if (*outcome.message && trial->problem.size == 0)
        wht_text_add(&trial->problem, outcome.message);
    trial->is_run &= outcome.end == WHT_POOL_DONE;
    facts->is_interrupted |= outcome.end == WHT_POOL_INTERRUPTED;
    facts->has_no_emulator |= outcome.end == WHT_POOL_NO_EMULATOR;
}

void wht_trial_run(struct wht_trial *trial, const struct wht_pool_options *pool,
                   const struct wht_case *c, struct wht_exit_facts *facts)
{
    char error[WHT_ACCEPT_ERROR_MAX];
    struct wht_outfile out = {.file = NULL};
    struct wht_arena *arena = wht_arena_new();
    clear(trial);
    if (!wht_accept_case(arena, c, error)) {
        wht_text_add(&trial->problem, error);
    } else if (!write_case(&out, arena, c)) {
        wht_text_add(&trial->problem, "a temporary file could not be written");
        facts->is_unwritten = true;
    } else {
        run_file(trial, pool, out.temporary, facts);
    }
    wht_outfile_discard(&out);
    wht_arena_free(arena);
}

/* Reads a line as one of a corpus. @return the case, or NULL. */
static struct wht_case *read_line(struct wht_text *line, const struct wht_load_options *load)
{
    static const char header[] = "{\"format\": \"whv-trace/1.0\"}";
    if (line->text[line->size - 1] == '\n')
        line->text[--line->size] = 0;
    struct wht_reader *reader =
        wht_reader_begin("case.trace.jsonl", load, header, sizeof(header) - 1);
    struct wht_case *c = reader ? wht_reader_take(reader, line->text, line->size) : NULL;
    wht_reader_close(reader);
    return c;
}

static void count_warning(void *user, const struct wht_error *error)
{
    size_t *warnings = user;
    *warnings += error->is_warning;
}

static void add_part(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

size_t wht_trial_warnings(const struct wht_case *c)
{
    struct wht_text line = {.text = NULL};
    const struct wht_writer writer = {.write = add_part, .user = &line};
    struct wht_arena *arena = wht_arena_new();
    struct wht_usage *usage = wht_usage_open();
    size_t warnings = 0;
    const struct wht_load_options load = {.on_error = count_warning,
                                          .user = &warnings,
                                          .check_sense = true,
                                          .find_usage = usage ? wht_usage_find : NULL,
                                          .usage_user = usage};
    wht_write_line(&writer, wht_print_case(arena, c, WHT_PRINT_SHORT));
    struct wht_case *read = read_line(&line, &load);
    bool is_valid = read != NULL;
    wht_case_free(read);
    wht_usage_close(usage);
    wht_arena_free(arena);
    wht_text_free(&line);
    return is_valid ? warnings : SIZE_MAX;
}

struct wht_case *wht_trial_recorded(const struct wht_trial *trial)
{
    struct wht_text line = {.text = NULL};
    if (trial->line.size == 0)
        return NULL;
    wht_text_add(&line, wht_text_get(&trial->line));
    struct wht_case *c = read_line(&line, NULL);
    wht_text_free(&line);
    return c;
}
