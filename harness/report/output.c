/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <string.h>

static void note_error(struct wht_output *output)
{
    if (output->error == 0)
        output->error = errno ? errno : EIO;
}

/* Whether bytes can be overwritten later; a pipe, a terminal and a file that is shared cannot. */
static bool is_seekable(FILE *file)
{
    fpos_t position;
    return fgetpos(file, &position) == 0 && fseek(file, 0, SEEK_END) == 0 &&
           fsetpos(file, &position) == 0;
}

/* What comes at once at the end, from a file without a name. */
static bool open_spool(struct wht_output *output)
{
    output->target = output->file;
    output->file = tmpfile();
    if (output->file)
        return true;
    int error = errno;
    snprintf(output->out.error, sizeof(output->out.error), "%s", strerror(error));
    if (output->path)
        wht_outfile_discard(&output->out);
    errno = error;
    return false;
}

bool wht_output_open(struct wht_output *output, const char *path, enum wht_output_mode mode)
{
    *output = (struct wht_output){.path = path, .file = stdout};
    if (path) {
        enum wht_outfile_use use =
            mode == WHT_OUTPUT_APPENDED ? WHT_OUTFILE_APPEND : WHT_OUTFILE_WRITE;
        if (!wht_outfile_open(&output->out, path, use)) {
            output->file = NULL;
            return false;
        }
        output->file = output->out.file;
    }
    bool is_spooled = path ? mode == WHT_OUTPUT_APPENDED ||
                                 (mode == WHT_OUTPUT_PATCHED && !is_seekable(output->file))
                           : mode == WHT_OUTPUT_PATCHED;
    return !is_spooled || open_spool(output);
}

void wht_output_write(struct wht_output *output, const char *bytes, size_t size)
{
    errno = 0;
    if (output->error == 0 && fwrite(bytes, 1, size, output->file) != size)
        note_error(output);
}

void wht_output_text(struct wht_output *output, struct wht_text *text)
{
    wht_output_write(output, wht_text_get(text), text->size);
    wht_text_clear(text);
}

void wht_output_flush(struct wht_output *output)
{
    errno = 0;
    if (fflush(output->file) != 0)
        note_error(output);
}

fpos_t wht_output_mark(struct wht_output *output)
{
    fpos_t mark;
    memset(&mark, 0, sizeof(mark));
    errno = 0;
    if (fgetpos(output->file, &mark) != 0)
        note_error(output);
    return mark;
}

void wht_output_patch(struct wht_output *output, const fpos_t *mark, const char *bytes, size_t size)
{
    errno = 0;
    if (output->error == 0 && fsetpos(output->file, mark) != 0)
        note_error(output);
    wht_output_write(output, bytes, size);
    if (output->error == 0 && fseek(output->file, 0, SEEK_END) != 0)
        note_error(output);
}

static void copy_spool(struct wht_output *output)
{
    char buffer[65536];
    FILE *spool = output->file;
    size_t size;
    wht_output_flush(output);
    rewind(spool);
    output->file = output->target;
    while (output->error == 0 && (size = fread(buffer, 1, sizeof(buffer), spool)) > 0)
        wht_output_write(output, buffer, size);
    if (ferror(spool))
        note_error(output);
    fclose(spool);
    if (!output->path)
        wht_output_flush(output);
}

int wht_output_close(struct wht_output *output, bool is_whole)
{
    if (!output->file)
        return output->error;
    if (output->target && is_whole && output->error == 0)
        copy_spool(output);
    else if (output->target)
        fclose(output->file);
    if (!output->path && !output->target)
        wht_output_flush(output);
    if (output->path && (!is_whole || output->error != 0))
        wht_outfile_discard(&output->out);
    else if (output->path && !wht_outfile_commit(&output->out))
        note_error(output);
    output->file = NULL;
    return output->error;
}
