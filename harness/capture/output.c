/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define SUFFIX ".cap.jsonl"

static struct {
    char path[WHVC_PATH_MAX]; /* as told */
    bool is_folder;
    bool has_ended; /* a limit was reached or writing failed; said already */
    bool is_cut;    /* the last line written may lack its end */
    uint32_t flags;
    uint32_t ring_bytes;
    uint64_t max_cases;
    uint64_t max_bytes;
    uint64_t file_bytes;

    int file; /* -1: none is open */
    unsigned sequence;
    uint64_t cases;
    uint64_t bytes;
    uint64_t lost;
    struct wht_text header;
    struct wht_text text;
} output = {.file = -1, .header = {.may_run_out = true}, .text = {.may_run_out = true}};

/* The start of all names that belong to this capture. */
static void name_stem(const char *path, bool is_folder, char *stem)
{
    if (is_folder)
        snprintf(stem, WHVC_PATH_MAX, "%s/whv", path);
    else if (wht_ends_with(path, SUFFIX))
        snprintf(stem, WHVC_PATH_MAX, "%.*s", (int)(strlen(path) - strlen(SUFFIX)), path);
    else
        snprintf(stem, WHVC_PATH_MAX, "%s", path);
}

static void end_recording(const char *path, const char *why)
{
    if (!output.has_ended)
        whvc_complain("%s: %s; nothing more is recorded", path, why);
    output.has_ended = true;
}

/* A process that met a full disk leaves a line without its end. */
static bool ends_in_line_end(const char *path)
{
    FILE *file = fopen(path, "rb");
    bool is_end = file && fseek(file, -1, SEEK_END) == 0 && fgetc(file) == '\n';
    if (file)
        fclose(file);
    return is_end;
}

static void open_file(void)
{
    char stem[WHVC_PATH_MAX], path[WHVC_PATH_MAX + 64];
    const char *error = "cannot be opened";
    name_stem(output.path, output.is_folder, stem);
    snprintf(path, sizeof(path), "%s", output.path);
    if (output.is_folder)
        snprintf(path, sizeof(path), "%s-%u-%u" SUFFIX, stem, whvc_process_id(), output.sequence++);
    output.file = whvc_append_open(path, &error);
    if (output.file == -2) { /* another process records into it */
        snprintf(path, sizeof(path), "%s-%u" SUFFIX, stem, whvc_process_id());
        output.file = whvc_append_open(path, &error);
    }
    if (output.file < 0) {
        output.file = -1;
        end_recording(path, error);
        return;
    }
    output.is_cut = whvc_append_size(output.file) > 0 && !ends_in_line_end(path);
}

/* One write, so that what stands in the file is whole lines whenever the process ends. */
static bool append(const struct wht_text *text)
{
    const char *error = "cannot be written";
    if (output.has_ended || text->has_run_out || output.file < 0)
        return false;
    if (output.is_cut && whvc_append(output.file, "\n", 1, false, &error) == 1)
        output.is_cut = false;
    size_t written = output.is_cut ? 0
                                   : whvc_append(output.file, text->text, text->size,
                                                 (output.flags & WHVCAPTURE_SYNC) != 0, &error);
    output.bytes += written;
    if (written == text->size)
        return true;
    output.is_cut = true;
    end_recording(output.path, error);
    return false;
}

/* The next file of a folder begins with the header too: each file can be read alone. */
static void rotate(void)
{
    if (!output.is_folder || output.file < 0 || whvc_append_size(output.file) < output.file_bytes)
        return;
    whvc_append_close(output.file);
    open_file();
    append(&output.header);
}

static void append_call(const struct whvc_ring *ring)
{
    wht_text_clear(&output.text);
    whvc_lines_call(&output.text, ring, (ring->flags & WHVCAPTURE_REDACT) != 0);
    if (output.text.size == 0 && !output.text.has_run_out)
        return;
    if (output.cases >= output.max_cases)
        end_recording(output.path, "the largest number of cases is reached");
    else if (output.bytes + output.text.size > output.max_bytes)
        end_recording(output.path, "the largest number of bytes is reached");
    if (append(&output.text))
        output.cases++;
    else
        output.lost++;
}

void whvc_output_call(const struct whvc_ring *ring)
{
    whvc_lock(WHVC_LOCK_OUTPUT);
    rotate();
    append_call(ring);
    whvc_unlock(WHVC_LOCK_OUTPUT);
}

struct recovery {
    char stem[WHVC_PATH_MAX];
    bool has_process;
    unsigned process; /* the one whose ring was appended last */
    unsigned count;
};

/* "STEM-PROCESS-VP.ring": the name that whvc_output_ring() gives. */
static bool read_process(const char *path, const char *stem, unsigned *process)
{
    unsigned vp;
    int length = 0;
    size_t start = strlen(stem);
    bool is_ours = strncmp(path, stem, start) == 0 &&
                   sscanf(path + start, "-%9u-%9u.ring%n", process, &vp, &length) == 2;
    return is_ours && length > 0 && path[start + (size_t)length] == 0;
}

/* Two processes that died may have given their calls the same numbers. */
static void part_from_other(struct recovery *recovery, unsigned process)
{
    if (recovery->has_process && recovery->process != process) {
        struct wht_text header = {.may_run_out = true};
        whvc_lines_bare_header(&header);
        append(&header);
        wht_text_free(&header);
    }
    recovery->has_process = true;
    recovery->process = process;
}

/* @return whether nothing more will come of the ring's file. */
static bool recover_ring(struct recovery *recovery, const char *path,
                         const struct whvc_mapping *mapping)
{
    const struct whvc_ring *ring = mapping->memory;
    unsigned process = 0;
    bool has_process = read_process(path, recovery->stem, &process);
    /* Its process died before it had made the ring, or is about to make it. */
    if (!ring || ring->magic == 0)
        return has_process && !whvc_is_running(process);
    if (ring->magic != WHVC_RING_MAGIC || ring->bytes > WHVC_RING_MAXIMUM ||
        ring->bytes > mapping->size - sizeof(*ring))
        return false;
    uint64_t before = output.cases;
    if (output.file < 0 && !output.has_ended)
        open_file();
    if (has_process && atomic_load_explicit(&ring->used, memory_order_acquire) > 0)
        part_from_other(recovery, process);
    append_call(ring);
    recovery->count += (unsigned)(output.cases - before);
    return !output.has_ended;
}

/* A ring whose process is gone: its call is appended and the file removed. */
static void recover(const char *path, void *context)
{
    struct whvc_mapping mapping;
    if (!wht_ends_with(path, ".ring") || !whvc_map_dead(path, sizeof(struct whvc_ring), &mapping))
        return;
    bool is_done = recover_ring(context, path, &mapping);
    whvc_unmap(&mapping, is_done ? path : NULL);
}

static unsigned recover_all(void)
{
    struct recovery recovery = {.count = 0};
    name_stem(output.path, output.is_folder, recovery.stem);
    whvc_find(recovery.stem, recover, &recovery);
    return recovery.count;
}

static void take_options(const struct whvcapture_options *options)
{
    snprintf(output.path, sizeof(output.path), "%s", options->path);
    output.is_folder = whvc_is_folder(output.path);
    output.flags = options->flags;
    output.ring_bytes = options->ring_bytes;
    output.max_cases = options->max_cases;
    output.max_bytes = options->max_bytes;
    output.file_bytes = options->file_bytes;
    output.has_ended = false;
}

void whvc_output_start(const struct whvcapture_options *options,
                       const struct whvc_provenance *provenance)
{
    whvc_lock(WHVC_LOCK_OUTPUT);
    take_options(options);
    whvc_lines_header(&output.header, provenance);
    open_file();
    recover_all(); /* before the header: it belongs to what stands there already */
    append(&output.header);
    whvc_unlock(WHVC_LOCK_OUTPUT);
}

void whvc_output_stop(void)
{
    whvc_lock(WHVC_LOCK_OUTPUT);
    if (output.file >= 0)
        whvc_append_close(output.file);
    output.file = -1;
    output.has_ended = true;
    wht_text_free(&output.text);
    wht_text_free(&output.header);
    whvc_unlock(WHVC_LOCK_OUTPUT);
}

struct whvc_ring *whvc_output_ring(uint32_t vp, struct whvc_mapping *mapping, char *path)
{
    char stem[WHVC_PATH_MAX];
    name_stem(output.path, output.is_folder, stem);
    int length =
        snprintf(path, WHVC_PATH_MAX, "%s-%u-%" PRIu32 ".ring", stem, whvc_process_id(), vp);
    bool fits = length > 0 && length < WHVC_PATH_MAX && !output.has_ended;
    if (!whvc_map(fits ? path : NULL, output.ring_bytes, mapping))
        return NULL;
    struct whvc_ring *ring = mapping->memory;
    ring->bytes = output.ring_bytes - sizeof(struct whvc_ring);
    ring->flags = output.flags;
    ring->magic = WHVC_RING_MAGIC;
    return ring;
}

void whvc_output_count(struct whvcapture_counts *counts)
{
    whvc_lock(WHVC_LOCK_OUTPUT);
    counts->written = output.cases;
    counts->lost = output.lost;
    whvc_unlock(WHVC_LOCK_OUTPUT);
}

unsigned whvcapture_recover(const char *path)
{
    struct whvcapture_options options = {.size = sizeof(options),
                                         .path = path,
                                         .max_cases = UINT64_MAX,
                                         .max_bytes = UINT64_MAX,
                                         .file_bytes = UINT64_MAX};
    whvc_lock(WHVC_LOCK_OUTPUT);
    unsigned count = 0;
    if (output.file < 0) { /* a process that records has recovered already */
        take_options(&options);
        output.cases = 0;
        count = recover_all();
        if (output.file >= 0)
            whvc_append_close(output.file);
        output.file = -1;
        output.has_ended = true;
    }
    whvc_unlock(WHVC_LOCK_OUTPUT);
    return count;
}
