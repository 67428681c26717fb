/* SPDX-License-Identifier: MIT */
#include "trace_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "format/find.h"
#include "format/load.h"

#define PATH_MAX_HERE 512u
#define SEED_MAX      8192u
#define WORDS_MAX     1024u
#define WORD_MAX      32u

static const char *const names[TRACE_KINDS] = {[TRACE_JSON] = "a.trace.json",
                                               [TRACE_LINES] = "a.trace.jsonl",
                                               [TRACE_PACKED] = "a.trace.jsonl.gz",
                                               [TRACE_GZIP] = "a.trace.jsonl.gz",
                                               [TRACE_EXPECTATIONS] = "expectations.json",
                                               [TRACE_FLAGS] = "traces/flags.json"};

static char folder[PATH_MAX_HERE];

static const char *path_in_folder(const char *name)
{
    static char path[2 * PATH_MAX_HERE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void remove_folder(void)
{
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++)
        unlink(path_in_folder(names[kind]));
    rmdir(path_in_folder("traces"));
    rmdir(folder);
}

/* In memory if there is such a place: each input is a file or two. */
static const char *parent_folder(void)
{
    static const char memory[] = "/dev/shm";
    const char *wanted = getenv("TMPDIR");
    if (wanted && *wanted)
        return wanted;
    return access(memory, W_OK | X_OK) == 0 ? memory : "/tmp";
}

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "%s/fuzz-trace-XXXXXX", parent_folder());
    if (!mkdtemp(folder) || mkdir(path_in_folder("traces"), 0700) != 0)
        fuzz_fail("no folder for files");
    atexit(remove_folder);
}

const char *trace_file(enum trace_kind kind, const uint8_t *bytes, size_t size)
{
    if (!folder[0])
        make_folder();
    const char *path = path_in_folder(names[kind]);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        fuzz_fail("%s cannot be written", path);
    return path;
}

size_t trace_pack(const uint8_t *bytes, size_t size, uint8_t *out, size_t room)
{
    z_stream stream;
    memset(&stream, 0, sizeof(stream));
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return 0;
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)size;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return result == Z_STREAM_END ? stream.total_out : 0;
}

static void emit(enum trace_kind kind, const char *text, size_t size, fuzz_take *take, void *user)
{
    uint8_t bytes[1 + SEED_MAX];
    if (size > SEED_MAX)
        return;
    bytes[0] = (uint8_t)kind;
    memcpy(bytes + 1, text, size);
    take(user, bytes, 1 + size);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = NULL;
    if (fseek(file, 0, SEEK_END) == 0 && ftell(file) >= 0) {
        size_t length = (size_t)ftell(file);
        rewind(file);
        text = malloc(length + 1);
        *size = text ? fread(text, 1, length, file) : 0;
        if (text)
            text[*size] = 0;
    }
    fclose(file);
    return text;
}

/* @return the end of the object that starts at `from`, or NULL. Good for the files at hand. */
static const char *end_of_object(const char *from)
{
    int depth = 0;
    bool in_string = false;
    for (const char *c = from; *c; c++) {
        if (in_string) {
            if (*c == '\\' && c[1])
                c++;
            else if (*c == '"')
                in_string = false;
            continue;
        }
        in_string = *c == '"';
        depth += (*c == '{') - (*c == '}');
        if (depth == 0)
            return c + 1;
    }
    return NULL;
}

/* A case of a suite as a file of its own, and every other one as a corpus of a line. */
static void emit_case(const char *from, const char *end, bool as_lines, fuzz_take *take, void *user)
{
    static const char header[] = "{\"format\": \"whv-trace/1.0\"}\n";
    static const char head[] = "{\"format\": \"whv-trace/1.0\", ";
    char text[SEED_MAX];
    size_t length = (size_t)(end - from);
    if (length + sizeof(header) > sizeof(text))
        return;
    if (as_lines) {
        memcpy(text, header, sizeof(header) - 1);
        for (size_t i = 0; i < length; i++)
            text[sizeof(header) - 1 + i] = from[i] == '\n' ? ' ' : from[i];
        emit(TRACE_PACKED, text, sizeof(header) - 1 + length, take, user);
        emit(TRACE_LINES, text, sizeof(header) - 1 + length, take, user);
    } else {
        memcpy(text, head, sizeof(head) - 1);
        memcpy(text + sizeof(head) - 1, from + 1, length - 1);
        emit(TRACE_JSON, text, sizeof(head) - 2 + length, take, user);
    }
}

static void emit_cases(const char *text, fuzz_take *take, void *user)
{
    const char *from = strstr(text, "\"cases\"");
    from = from ? strchr(from, '{') : NULL;
    for (unsigned i = 0; from; i++) {
        const char *end = end_of_object(from);
        if (!end)
            return;
        emit_case(from, end, i % 2 == 1, take, user);
        from = strchr(end, '{');
    }
}

static bool has_end(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void emit_file(const char *path, fuzz_take *take, void *user)
{
    size_t size = 0;
    char *text = read_file(path, &size);
    if (text && has_end(path, ".gz")) {
        emit(TRACE_GZIP, text, size, take, user);
    } else if (text) {
        emit(has_end(path, ".jsonl") ? TRACE_LINES : TRACE_JSON, text, size, take, user);
        emit_cases(text, take, user);
    }
    free(text);
}

/* A file of which each line is an entry, up to the last entry for which a seed has room. */
static void emit_list(enum trace_kind kind, const char *name, fuzz_take *take, void *user)
{
    char path[PATH_MAX_HERE];
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/%s", WHVTRACE_SOURCE_DIR, name);
    char *text = read_file(path, &size);
    if (text && size > SEED_MAX) {
        char *end = text + SEED_MAX - 2;
        while (end > text && (end[0] != ',' || end[1] != '\n'))
            end--;
        *end = text[0] == '[' ? ']' : '}';
        size = (size_t)(end + 1 - text);
    }
    if (text)
        emit(kind, text, size, take, user);
    free(text);
}

void trace_each_seed(fuzz_take *take, void *user)
{
    static const char endless[] =
        "{\"format\": \"whv-trace/1.0\", \"id\": \"a\", \"code\": \"f3 aa\", \"init\": {\"rcx\": "
        "\"0xffffffffffff\"}, \"exit\": {\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": "
        "\"0x5000\"}, \"match\": \"effects\", \"expect\": {\"others\": \"any\"}}";
    static const char expectations[] =
        "[{\"match\": \"manual/*/a*b*#id\", \"expect\": \"fail\", \"reason\": \"r\", "
        "\"issue\": \"i\", \"emulator\": \"builtin\"}]";
    static const char flags[] = "{\"$comment\": \"c\", \"a\": {\"bug\": \"b\", \"description\": "
                                "\"d\", \"effect\": \"e\", \"links\": [\"l\"]}}";
    static const char *const folders[] = {WHVTRACE_INVALID_DIR,
                                          WHVTRACE_SOURCE_DIR "/traces/manual",
                                          WHVTRACE_SOURCE_DIR "/traces/regress"};
    struct wht_file_list list = {.paths = NULL};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (!wht_find_traces(folders[i], NULL, &list))
            fuzz_fail("cannot read the folder %s", folders[i]);
    for (size_t i = 0; i < list.count; i++)
        emit_file(list.paths[i], take, user);
    wht_file_list_free(&list);
    emit_list(TRACE_EXPECTATIONS, "traces/expectations/builtin.json", take, user);
    emit_list(TRACE_FLAGS, "traces/flags.json", take, user);
    emit(TRACE_JSON, endless, sizeof(endless) - 1, take, user);
    emit(TRACE_EXPECTATIONS, expectations, sizeof(expectations) - 1, take, user);
    emit(TRACE_FLAGS, flags, sizeof(flags) - 1, take, user);
}

/* Every string of a schema, quotes included: keys, names and what else there is to say. */
void trace_each_word(fuzz_take *take, void *user)
{
    static const char *const schemas[] = {"trace-1", "expectations-1"};
    for (size_t s = 0; s < sizeof(schemas) / sizeof(schemas[0]); s++) {
        char path[PATH_MAX_HERE], *known[WORDS_MAX];
        size_t size = 0, count = 0;
        snprintf(path, sizeof(path), "%s/schemas/%s.schema.json", WHVTRACE_SOURCE_DIR, schemas[s]);
        char *text = read_file(path, &size);
        for (char *from = text ? strchr(text, '"') : NULL; from && count < WORDS_MAX;) {
            char *end = strpbrk(from + 1, "\"\\\n");
            size_t length = end ? (size_t)(end + 1 - from) : 0;
            bool is_known = !end || *end != '"' || length > WORD_MAX;
            for (size_t i = 0; i < count && !is_known; i++)
                is_known = strncmp(known[i], from, length) == 0;
            if (!is_known) {
                known[count++] = from;
                take(user, (const uint8_t *)from, length);
            }
            from = end ? strchr(end + 1, '"') : NULL;
        }
        free(text);
    }
}
