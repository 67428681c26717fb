/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/absolute.h"
#include "base/hash.h"
#include "base/input.h"
#include "base/outfile.h"
#include "base/platform.h"
#include "base/str.h"
#include "session/backend.h"

/* An absolute path; as it is if there is none. */
static void add_absolute(struct wht_text *text, const char *path)
{
    char *absolute = wht_absolute_path(path);
    wht_text_add(text, absolute ? absolute : path);
    free(absolute);
}

static void find_place(struct wht_state *state)
{
    struct wht_text path = {.text = NULL};
    char *folder = wht_state_folder();
    if (folder) {
        wht_text_addf(&path, "%s/failed-%016" PRIx64 ".txt", folder,
                      wht_hash_add_text(WHT_HASH, wht_text_get(&state->head)));
        state->path = wht_copy_text(wht_text_get(&path));
    }
    free(folder);
    wht_text_free(&path);
}

void wht_state_read(struct wht_state *state, const char *root, const char *emulator)
{
    char error[128];
    const char *line;
    size_t size;
    *state = (struct wht_state){.path = NULL};
    wht_text_add(&state->head, "# failed, of ");
    add_absolute(&state->head, root ? root : ".");
    wht_text_add(&state->head, ", by ");
    if (strcmp(emulator, WHT_BACKEND_BUILTIN) == 0)
        wht_text_add(&state->head, emulator);
    else
        add_absolute(&state->head, emulator);
    find_place(state);
    struct wht_input *input =
        state->path && wht_is_file(state->path) ? wht_input_open(state->path, false, error) : NULL;
    while (input && wht_input_line(input, &line, &size)) {
        if (size > 0 && *line != '#' && wht_map_add(&state->known, line, size))
            wht_text_addf(&state->before, "%s\n", line);
    }
    if (input)
        wht_input_close(input);
}

void wht_state_note(struct wht_state *state, const char *name, bool has_failed)
{
    const size_t size = strlen(name);
    if (wht_map_has(&state->known, name, size))
        *wht_map_at(&state->known, name, size) = 1;
    if (has_failed)
        wht_text_addf(&state->failed, "%s\n", name);
}

/* Of tests that did not run what was known stays. */
static void write_others(struct wht_state *state, struct wht_outfile *out)
{
    for (const char *line = wht_text_get(&state->before); *line;) {
        const size_t size = strcspn(line, "\n");
        if (*wht_map_at(&state->known, line, size) == 0)
            wht_outfile_write(out, line, size + 1);
        line += size + 1;
    }
}

static bool make_folder(void)
{
    char *folder = wht_state_folder();
    const bool is_there = folder && wht_make_folders(folder);
    free(folder);
    return is_there;
}

void wht_state_write(struct wht_state *state, bool is_whole)
{
    struct wht_outfile out;
    if (!state->path || (state->before.size == 0 && state->failed.size == 0) || !make_folder() ||
        !wht_outfile_open(&out, state->path, WHT_OUTFILE_WRITE))
        return;
    wht_outfile_write(&out, state->head.text, state->head.size);
    wht_outfile_write(&out, "\n", 1);
    if (!is_whole)
        write_others(state, &out);
    wht_outfile_write(&out, wht_text_get(&state->failed), state->failed.size);
    (void)wht_outfile_commit(&out);
}

void wht_state_free(struct wht_state *state)
{
    free(state->path);
    wht_text_free(&state->before);
    wht_map_free(&state->known);
    wht_text_free(&state->failed);
    wht_text_free(&state->head);
}
