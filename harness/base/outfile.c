/* SPDX-License-Identifier: MIT */
/*
 * Two lists tell which files are in use: inputs, by what they are on the disk when they are first
 * read, and outputs, also by the path that their links lead to, since a file that does not exist
 * yet has nothing else. Every open compares with both, but one that rewrites what it has read;
 * names are never compared.
 *
 * An output is opened in one of two ways. Beside its target, as a temporary that commit moves there
 * in one step, or discard removes. Directly, where there is no "beside" (pipes, devices) or where
 * bytes are added to a file; what was added is cut off again after a failure. The first error of a
 * write is kept, later ones follow from it; it is told by commit, so that callers write without
 * looking.
 *
 * Names of temporaries stand in a table of fixed size, because a signal handler removes them: it
 * can neither allocate nor wait.
 */
#include "outfile.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "file_system.h"
#include "str.h"

#define TRIES           100u
#define NAME_KEPT       200u /* of the target's name in the temporary's: names have up to 255 bytes */
#define TEMPORARIES_MAX 64u
#define PATH_SIZE       4096u

/* A file that is read or written. */
struct used {
    char *path; /* as it was named */
    char *real; /* of an output: resolved */
    struct wht_file_id id;
    bool is_there;                   /* whether it has an id */
    const struct wht_outfile *owner; /* of an output: open until it is closed */
};

struct used_list {
    struct used *items;
    size_t count;
    size_t capacity;
};

static struct used_list inputs;
static struct used_list outputs;

/* Names of temporaries, where a signal handler may look at any time. */
static char temporaries[TEMPORARIES_MAX][PATH_SIZE];
static volatile sig_atomic_t is_temporary[TEMPORARIES_MAX];

static void remember(struct used_list *list, struct used used)
{
    list->items = wht_grow(list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = used;
}

void wht_outfile_protect(const char *path)
{
    struct used used = {.is_there = true};
    if (wht_file_identify(path, &used.id) != WHT_FILE_REGULAR)
        return;
    used.path = wht_copy_text(path);
    remember(&inputs, used);
}

static bool is_same_file(const struct used *used, const struct wht_file_id *id, const char *real)
{
    return (used->is_there && id && used->id.volume == id->volume && used->id.index == id->index) ||
           (used->real && wht_file_is_same_path(used->real, real));
}

/* @return the name by which a file is in use already, or NULL. */
static const char *find_used(const struct used_list *list, const struct wht_file_id *id,
                             const char *real)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_same_file(&list->items[i], id, real))
            return list->items[i].path;
    return NULL;
}

static bool refuse(struct wht_outfile *out, const char *path, const char *other, const char *what)
{
    if (strcmp(path, other) == 0)
        snprintf(out->error, sizeof(out->error), "is %s", what);
    else
        snprintf(out->error, sizeof(out->error), "is the same file as '%.800s', which is %s", other,
                 what);
    out->is_in_use = true;
    errno = EBUSY;
    return false;
}

/* @param id NULL: the file does not exist yet. */
static bool is_free(struct wht_outfile *out, const char *path, const struct wht_file_id *id,
                    const char *real)
{
    struct wht_file_id own;
    const char *other = find_used(&inputs, id, real);
    if (other)
        return refuse(out, path, other, "read and cannot be written as well");
    other = find_used(&outputs, id, real);
    if (other)
        return refuse(out, path, other, "written already");
    if (id && wht_file_identify_open(stdout, &own) == WHT_FILE_REGULAR &&
        own.volume == id->volume && own.index == id->index)
        return refuse(out, path, path, "standard output and cannot be written as well");
    return true;
}

static bool fail(struct wht_outfile *out)
{
    int error = errno;
    snprintf(out->error, sizeof(out->error), "%s", strerror(error));
    errno = error;
    return false;
}

/* ".whvtrace-<number>-<end of the name>", in the file's folder. */
static bool name_temporary(char name[PATH_SIZE], const char *target)
{
    const char *slash = strrchr(target, '/');
    size_t folder = slash ? (size_t)(slash + 1 - target) : 0;
    const char *end = target + folder;
    if (strlen(end) > NAME_KEPT)
        end += strlen(end) - NAME_KEPT;
    int size = snprintf(name, PATH_SIZE, "%.*s.whvtrace-%016llx-%s", (int)folder, target,
                        (unsigned long long)wht_random(), end);
    return size > 0 && size < (int)PATH_SIZE;
}

/* @return where the name of a temporary can stand; TEMPORARIES_MAX if there are too many. */
static size_t free_place(void)
{
    size_t place = 0;
    while (place < TEMPORARIES_MAX && is_temporary[place])
        place++;
    return place;
}

static void forget_temporary(const char *name)
{
    for (size_t i = 0; i < TEMPORARIES_MAX; i++)
        if (is_temporary[i] && strcmp(temporaries[i], name) == 0)
            is_temporary[i] = 0;
}

void wht_outfile_remove_all(void)
{
    for (size_t i = 0; i < TEMPORARIES_MAX; i++)
        if (is_temporary[i])
            wht_file_remove(temporaries[i]);
}

/* The name is noted before there is a file: one that came of it would be left otherwise by a signal
 * in between. */
static bool create_temporary(struct wht_outfile *out)
{
    size_t place = free_place();
    errno = EMFILE;
    for (unsigned i = 0; place < TEMPORARIES_MAX && i < TRIES && !out->file; i++) {
        if (!name_temporary(temporaries[place], out->target)) {
            errno = ENAMETOOLONG;
            break;
        }
        is_temporary[place] = 1;
        out->file = wht_file_create(temporaries[place]);
        if (out->file)
            break;
        is_temporary[place] = 0;
        if (errno != EEXIST)
            break;
    }
    if (!out->file)
        return false;
    out->temporary = wht_copy_text(temporaries[place]);
    return true;
}

static bool open_directly(struct wht_outfile *out, const char *path)
{
    out->file = fopen(path, out->use == WHT_OUTFILE_APPEND ? "ab" : "wb");
    if (!out->file)
        return fail(out);
    if (out->use != WHT_OUTFILE_APPEND)
        return true;
    /* Nothing may be left to be written once the file has been cut. */
    setvbuf(out->file, NULL, _IONBF, 0);
    if (fseek(out->file, 0, SEEK_END) == 0)
        out->old_size = ftell(out->file);
    return true;
}

static bool open_beside(struct wht_outfile *out, const char *path, const struct wht_file_id *id,
                        char *real)
{
    if (out->use != WHT_OUTFILE_REWRITE && !is_free(out, path, id, real))
        return false;
    if (id && !wht_file_is_writable(real))
        return fail(out);
    if (out->use == WHT_OUTFILE_APPEND) {
        if (!open_directly(out, path))
            return false;
    } else {
        out->target = real;
        if (!create_temporary(out)) {
            out->target = NULL;
            return fail(out);
        }
    }
    if (out->use != WHT_OUTFILE_REWRITE)
        remember(&outputs, (struct used){.path = wht_copy_text(path),
                                         .real = wht_copy_text(real),
                                         .id = id ? *id : (struct wht_file_id){0, 0},
                                         .is_there = id != NULL,
                                         .owner = out});
    return true;
}

bool wht_outfile_open(struct wht_outfile *out, const char *path, enum wht_outfile_use use)
{
    struct wht_file_id id;
    *out = (struct wht_outfile){.use = use, .old_size = -1};
    enum wht_file_kind kind = wht_file_identify(path, &id);
    if (kind != WHT_FILE_NONE && use == WHT_OUTFILE_NEW) {
        errno = EEXIST;
        return fail(out);
    }
    if (kind == WHT_FILE_OTHER && use == WHT_OUTFILE_REWRITE) {
        errno = EINVAL;
        return fail(out);
    }
    if (kind == WHT_FILE_OTHER || (wht_file_is_stream(path) && use != WHT_OUTFILE_REWRITE))
        return open_directly(out, path);
    char *real = wht_file_resolve(path);
    if (!real)
        return fail(out);
    bool is_open = open_beside(out, path, kind == WHT_FILE_NONE ? NULL : &id, real);
    if (!out->target) {
        int error = errno;
        free(real);
        errno = error;
    }
    return is_open;
}

static void note_error(struct wht_outfile *out)
{
    if (out->first_error == 0)
        out->first_error = errno ? errno : EIO;
}

void wht_outfile_write(struct wht_outfile *out, const void *bytes, size_t size)
{
    errno = 0;
    if (out->first_error == 0 && fwrite(bytes, 1, size, out->file) != size)
        note_error(out);
}

/* @return whether all of it was written. */
static bool close_file(struct wht_outfile *out, bool is_wanted)
{
    bool is_new = out->use != WHT_OUTFILE_WRITE && out->use != WHT_OUTFILE_REWRITE;
    errno = 0;
    if (ferror(out->file) || fflush(out->file) != 0)
        note_error(out);
    if (is_wanted && out->first_error == 0 && out->target) {
        struct wht_file_id id;
        bool is_there = !is_new && wht_file_identify(out->target, &id) != WHT_FILE_NONE;
        if (!wht_file_settle(out->file, is_there ? out->target : NULL))
            note_error(out);
    }
    if ((!is_wanted || out->first_error != 0) && out->old_size >= 0 &&
        !wht_file_cut(out->file, out->old_size))
        note_error(out);
    errno = 0;
    if (fclose(out->file) != 0)
        note_error(out);
    out->file = NULL;
    return out->first_error == 0;
}

static void forget_output(const struct wht_outfile *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < outputs.count; i++) {
        if (outputs.items[i].owner != out) {
            outputs.items[kept++] = outputs.items[i];
            continue;
        }
        free(outputs.items[i].path);
        free(outputs.items[i].real);
    }
    outputs.count = kept;
}

static void release(struct wht_outfile *out)
{
    forget_output(out);
    if (out->temporary) {
        wht_file_remove(out->temporary);
        forget_temporary(out->temporary);
    }
    free(out->temporary);
    free(out->target);
    out->temporary = NULL;
    out->target = NULL;
}

bool wht_outfile_commit(struct wht_outfile *out)
{
    bool is_good = close_file(out, true);
    if (is_good && out->target) {
        is_good = wht_file_move(out->temporary, out->target, out->use != WHT_OUTFILE_NEW);
        if (is_good) {
            forget_temporary(out->temporary);
            free(out->temporary);
            out->temporary = NULL;
        } else {
            note_error(out);
        }
    }
    release(out);
    errno = out->first_error;
    return is_good || fail(out);
}

void wht_outfile_discard(struct wht_outfile *out)
{
    if (out->file)
        close_file(out, false);
    release(out);
}
