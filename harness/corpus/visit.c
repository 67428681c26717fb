/* SPDX-License-Identifier: MIT */
#include "visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/str.h"
#include "format/print.h"
#include "run/members.h"

/* A way through all cases. */
struct pass {
    struct wht_visit *visit;
    const struct wht_visitor *visitor;
    void *user;
    struct wht_reader *reader; /* of the file at hand, or NULL */
    struct wht_case *ahead;    /* read, but behind the case that was asked about */
    size_t file;               /* that is read */
    size_t asked;              /* whose answers come */
};

struct wht_visit wht_visit_new(const char *verb)
{
    return (struct wht_visit){.verb = verb, .pool = wht_pool_defaults()};
}

void wht_visit_free(struct wht_visit *visit)
{
    wht_words_free(&visit->paths);
    wht_selection_free(&visit->selection);
    wht_file_list_free(&visit->files);
    for (size_t i = 0; i < visit->held_count; i++) {
        wht_text_free(&visit->held[i].name);
        wht_text_free(&visit->held[i].id);
        wht_text_free(&visit->held[i].members);
    }
    free(visit->held);
}

struct wht_case *wht_visited_change(struct wht_visited *visited)
{
    if (!visited->changed)
        visited->changed = wht_case_clone(visited->c);
    return visited->changed;
}

static bool put_members(struct wht_visit *visit, const char *name, const char *id,
                        const char *members)
{
    char unique[WHT_ID_MAX];
    wht_corpus_out_id(&visit->out, id, unique);
    return wht_corpus_out_case(&visit->out, name, unique, members);
}

static bool put_node(struct wht_visit *visit, const struct wht_visited *visited,
                     const struct wht_node *node)
{
    char unique[WHT_ID_MAX];
    wht_corpus_out_id(&visit->out, visited->id, unique);
    return wht_corpus_out_node(&visit->out, visited->name, unique, node);
}

static bool replace(struct wht_visit *visit, const struct wht_visited *visited)
{
    if (!visited->changed)
        return put_members(visit, visited->name, visited->id, visited->members);
    struct wht_arena *arena = wht_arena_new();
    bool is_written =
        put_node(visit, visited, wht_print_case(arena, visited->changed, WHT_PRINT_SHORT));
    wht_arena_free(arena);
    return is_written;
}

static void hold(struct wht_visit *visit, const struct wht_visited *visited)
{
    visit->held =
        wht_grow(visit->held, visit->held_count, &visit->held_capacity, sizeof(*visit->held));
    struct wht_held *held = &visit->held[visit->held_count++];
    *held = (struct wht_held){.name = {.text = NULL}};
    wht_text_add(&held->name, visited->name);
    wht_text_add(&held->id, visited->id);
    struct wht_arena *arena = wht_arena_new();
    if (visited->members)
        wht_text_add(&held->members, visited->members);
    else
        wht_members_write(&held->members, visited->changed ? wht_print_case(arena, visited->changed,
                                                                            WHT_PRINT_SHORT)
                                                           : visited->text);
    wht_arena_free(arena);
}

bool wht_visit_put(struct wht_visit *visit, size_t index)
{
    const struct wht_held *held = &visit->held[index];
    return put_members(visit, held->name.text, held->id.text, held->members.text);
}

/* The id of a test's name: folders may hold a '#', ids may not. */
static const char *id_of(const char *name)
{
    const char *hash = strrchr(name, '#');
    return hash ? hash + 1 : name;
}

static void visit_case(struct pass *p, struct wht_visited *visited)
{
    struct wht_visit *visit = p->visit;
    bool is_written = false;
    visited->id = id_of(visited->name);
    enum wht_fate fate = p->visitor->visit(p->user, visited);
    visit->dropped += fate == WHT_DROP;
    visit->skipped += fate == WHT_SKIP;
    visit->failed += fate == WHT_FAIL;
    if (fate == WHT_KEEP)
        is_written = put_node(visit, visited, visited->text);
    else if (fate == WHT_REPLACE)
        is_written = replace(visit, visited);
    else if (fate == WHT_LATER)
        hold(visit, visited);
    if (is_written && p->visitor->on_written)
        p->visitor->on_written(p->user);
    wht_case_free(visited->changed);
}

static void end_file(struct pass *p)
{
    p->visit->errors += p->reader ? wht_reader_error_count(p->reader) : 1;
    wht_reader_close(p->reader);
    p->reader = NULL;
    p->file++;
}

/* @return the next case of all files, or NULL after the last one. */
static struct wht_case *read_next(struct pass *p)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    struct wht_case *c = p->ahead;
    p->ahead = NULL;
    while (!c && p->file < p->visit->files.count) {
        if (!p->reader)
            p->reader = wht_reader_open(p->visit->files.paths[p->file], &load);
        c = p->reader ? wht_reader_next(p->reader) : NULL;
        if (!c)
            end_file(p);
    }
    return c;
}

/* @return where a case stands, seen from that of an answer: below 0 if before it. */
static int compare_place(struct pass *p, const struct wht_case *c,
                         const struct wht_case_frame *answer)
{
    const struct wht_file_list *files = &p->visit->files;
    while (p->asked < files->count && strcmp(files->paths[p->asked], answer->file) != 0)
        p->asked++;
    if (p->file != p->asked)
        return p->file < p->asked ? -1 : 1;
    return (c->ordinal > answer->ordinal) - (c->ordinal < answer->ordinal);
}

/* Visits the cases up to the one that was asked about; with NULL all that are left. A file that
 * changes while it is read may lack that case. */
static void read_up_to(struct pass *p, const struct wht_case_frame *answer)
{
    for (struct wht_case *c; (c = read_next(p)) != NULL;) {
        int place = answer ? compare_place(p, c, answer) : -1;
        if (place > 0) {
            p->ahead = c;
            return;
        }
        struct wht_visited visited = {
            .name = c->name, .c = c, .answer = place == 0 ? answer : NULL};
        if (wht_selects(&p->visit->selection, c)) {
            visited.text = wht_reader_text(p->reader);
            visit_case(p, &visited);
        }
        wht_case_free(c);
        if (place == 0)
            return;
    }
}

static bool on_case(void *user, const struct wht_case_frame *answer)
{
    struct pass *p = user;
    struct wht_visited visited = {.name = answer->name, .answer = answer};
    if (p->visitor->reads)
        read_up_to(p, answer);
    else
        visit_case(p, &visited);
    return true;
}

static bool on_made(void *user, const struct wht_made_frame *made)
{
    struct wht_visited visited = {.name = made->name, .made = made};
    visit_case(user, &visited);
    return true;
}

/* Whoever reads reports as well. */
static void on_error(void *user, const struct wht_error *error)
{
    struct pass *p = user;
    if (p->visitor->reads)
        return;
    p->visit->errors++;
    wht_error_print(stderr, error);
}

static void ask(struct pass *p)
{
    struct wht_visit *visit = p->visit;
    const struct wht_pool_handler handler = {
        .user = p, .on_case = on_case, .on_made = on_made, .on_error = on_error};
    struct wht_pool_outcome outcome;
    visit->pool.selection = &visit->selection;
    wht_run_cases(&visit->pool, &visit->files, &handler, &outcome);
    wht_pool_tell(visit->verb, &outcome);
    /* Whoever reads goes on without answers. */
    bool goes_on =
        p->visitor->reads && (outcome.end == WHT_POOL_DONE || outcome.end == WHT_POOL_GAVE_UP);
    if (!goes_on)
        wht_exit_facts_add(&visit->facts, &outcome);
}

static void go_through(struct pass *p)
{
    struct wht_exit_facts *facts = &p->visit->facts;
    if (p->visitor->asks)
        ask(p);
    bool is_ended = facts->is_interrupted || facts->has_no_emulator;
    if (!is_ended && facts->failed == 0 && p->visitor->reads)
        read_up_to(p, NULL);
    wht_case_free(p->ahead);
    wht_reader_close(p->reader);
    /* What answers decided is whole without those that did not come. */
    bool is_wanted = !is_ended && (facts->failed == 0 || !p->visitor->reads);
    if (is_wanted && p->visitor->on_last)
        p->visitor->on_last(p->user);
    facts->is_unwritten = wht_corpus_out_close(&p->visit->out, is_wanted) != WHT_EXIT_OK;
}

static void count_for_exit(struct wht_visit *visit)
{
    visit->facts.invalid += visit->errors + visit->out.rejected;
    visit->facts.failed += visit->failed;
    visit->facts.done = visit->out.cases;
    visit->facts.skipped = visit->skipped;
}

int wht_visit_run(struct wht_visit *visit, const struct wht_visitor *visitor, void *user)
{
    struct pass pass = {.visit = visit, .visitor = visitor, .user = user};
    char *root = NULL;
    if (visitor->needs_paths && visit->paths.count == 0)
        return wht_usage_error(visit->verb, "a trace file is missing");
    int code =
        wht_select_files(visit->verb, &visit->paths, &visit->selection, &visit->files, &root);
    free(root);
    if (code != WHT_EXIT_OK)
        return code;
    wht_outfile_protect(visit->pool.emulator);
    code = wht_corpus_out_open(&visit->out, visit->verb, visit->output, visit->force);
    if (code != WHT_EXIT_OK)
        return code;
    go_through(&pass);
    if (visitor->report)
        visitor->report(user);
    count_for_exit(visit);
    return wht_exit_code(&visit->facts);
}
