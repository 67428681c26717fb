/* SPDX-License-Identifier: MIT */
#include "pending_verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "format/paths.h"

static struct wht_reader *open_reader(const char *path)
{
    const struct wht_load_options load = {.on_error = wht_error_print, .user = stderr};
    return wht_reader_open(path, &load);
}

/* Results whose case is gone come last, unless single tests are meant. */
static bool visit_strangers(struct wht_pending_run *run, const struct wht_pending_list *list,
                            const struct wht_map *ids)
{
    char *prefix = wht_test_name_prefix(list->of);
    struct wht_text name = {.text = NULL};
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < list->count && !wht_has_selection(&run->selection); i++) {
        if (wht_map_has(ids, list->items[i].id, strlen(list->items[i].id)))
            continue;
        wht_text_clear(&name);
        wht_text_addf(&name, "%s#%s", prefix, list->items[i].id);
        const struct wht_pending_visit visit = {.name = name.text, .pending = &list->items[i]};
        run->visited++;
        goes_on = run->visit(run->user, &visit);
    }
    wht_text_free(&name);
    free(prefix);
    return goes_on;
}

/* @return false to go no further. */
static bool visit_cases(struct wht_pending_run *run, const struct wht_pending_list *list)
{
    struct wht_reader *reader = open_reader(list->of);
    struct wht_map ids = {.count = 0};
    bool goes_on = true;
    for (struct wht_case *c; goes_on && reader && (c = wht_reader_next(reader)) != NULL;) {
        struct wht_pending *pending = wht_pending_find(list, c->id);
        (void)wht_map_add(&ids, c->id, strlen(c->id));
        if (pending && wht_selects(&run->selection, c)) {
            const struct wht_pending_visit visit = {.name = c->name, .c = c, .pending = pending};
            run->visited++;
            goes_on = run->visit(run->user, &visit);
        }
        wht_case_free(c);
    }
    const bool is_good = reader && wht_reader_error_count(reader) == 0;
    run->facts.invalid += goes_on && !is_good;
    wht_reader_close(reader);
    if (goes_on && is_good)
        goes_on = visit_strangers(run, list, &ids);
    wht_map_free(&ids);
    return goes_on;
}

static void settle(struct wht_pending_run *run, struct wht_pending_list *list)
{
    struct wht_blessing blessing;
    for (size_t i = 0; i < list->count; i++)
        run->dropped += list->items[i].fate == WHT_PENDING_DROPPED;
    wht_bless(list, &blessing);
    run->accepted += blessing.accepted;
    run->facts.failed += blessing.refused;
    run->facts.invalid += blessing.is_invalid;
    run->facts.is_unwritten |= blessing.is_unwritten;
}

static bool go_through(struct wht_pending_run *run, const char *file)
{
    struct wht_pending_list list;
    bool goes_on = true;
    if (!wht_pending_read(&list, file))
        run->facts.invalid++;
    else if (list.count > 0) {
        goes_on = visit_cases(run, &list);
        settle(run, &list);
    }
    wht_pending_free(&list);
    return goes_on;
}

int wht_pending_run(struct wht_pending_run *run)
{
    struct wht_file_list files = {.count = 0};
    char *root;
    const int code = wht_select_files(run->verb, &run->paths, &run->selection, &files, &root);
    free(root);
    for (size_t i = 0; code == WHT_EXIT_OK && i < files.count; i++)
        if (!go_through(run, files.paths[i]))
            break;
    wht_file_list_free(&files);
    return code;
}

void wht_pending_run_free(struct wht_pending_run *run)
{
    wht_words_free(&run->paths);
    wht_selection_free(&run->selection);
}
