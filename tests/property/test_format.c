/* SPDX-License-Identifier: MIT */
/* What must hold of the canonical form, whatever the file: it is a fixed point, it loads as the
 * same cases, and it drops and adds nothing but `asm`. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/input.h"
#include "base/json_build.h"
#include "format/compare.h"
#include "format/digest.h"
#include "format/find.h"
#include "format/format.h"
#include "format/print.h"
#include "make_trace.h"
#include "unit/format/files.h"

#define FILES 400u

struct text {
    char *bytes;
    size_t size;
    size_t capacity;
};

static void append(void *user, const char *bytes, size_t size)
{
    struct text *text = user;
    if (text->size + size + 1 > text->capacity) {
        text->capacity = 2 * (text->size + size + 1);
        text->bytes = realloc(text->bytes, text->capacity);
        cr_assert_not_null(text->bytes);
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = 0;
}

static struct text format(const char *path, const char *what)
{
    struct text text = {.bytes = NULL};
    const struct wht_writer writer = {.write = append, .user = &text};
    const struct wht_load_options options = {.on_error = collect};
    messages[0] = 0;
    bool is_valid = wht_format(path, &options, &writer);
    cr_assert(is_valid, "%s is invalid:\n%s", what, messages);
    return text;
}

/* Digits may change case, and blanks between bytes come and go. */
static bool is_same_string(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, " ");
        b += strspn(b, " ");
        if ((*a | 0x20) != (*b | 0x20))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

static const struct wht_node *find_member(const struct wht_node *object, const char *key)
{
    for (const struct wht_node *child = object->first; child; child = child->next)
        if (is_same_string(child->key, key))
            return child;
    return NULL;
}

/* Every value of `a` stands in `b`. @return how many values `b` has beyond that. */
static size_t compare_nodes(const struct wht_node *a, const struct wht_node *b, const char *what)
{
    size_t more = wht_node_count(b) - wht_node_count(a);
    const struct wht_node *other = b->first;
    cr_assert_eq(a->kind, b->kind, "%s: \"%s\" has another kind", what, a->key);
    cr_assert_eq(a->boolean, b->boolean, "%s: \"%s\"", what, a->key);
    if (a->kind == WHT_NODE_NUMBER)
        cr_assert_eq(a->number, b->number, "%s: \"%s\"", what, a->key);
    if (a->kind == WHT_NODE_STRING)
        cr_assert(is_same_string(a->string, b->string), "%s: \"%s\" became \"%s\"", what, a->string,
                  b->string);
    for (const struct wht_node *child = a->first; child; child = child->next) {
        const struct wht_node *found = child->key ? find_member(b, child->key) : other;
        cr_assert_not_null(found, "%s: lost \"%s\"", what, child->key);
        more += compare_nodes(child, found, what);
        other = other ? other->next : NULL;
    }
    return more;
}

static size_t compare_texts(const char *a, size_t a_size, const char *b, size_t b_size,
                            const char *what)
{
    struct wht_document left = {.arena = wht_arena_new(), .text = a};
    struct wht_document right = {.arena = wht_arena_new(), .text = b};
    char error[128];
    size_t offset;
    cr_assert(wht_document_parse(&left, a_size, error, &offset), "%s: %s", what, error);
    cr_assert(wht_document_parse(&right, b_size, error, &offset), "%s: %s", what, error);
    size_t more = compare_nodes(left.root, right.root, what);
    wht_arena_free(left.arena);
    wht_arena_free(right.arena);
    return more;
}

/* @return how many values the canonical form has beyond those of the file. */
static size_t compare_lines(const char *path, const struct text *canonical, const char *what)
{
    struct wht_input *input = wht_input_open(path, strstr(path, ".gz") != NULL, messages);
    const char *line = canonical->bytes;
    const char *own;
    size_t size;
    size_t more = 0;
    cr_assert_not_null(input);
    if (!strstr(path, ".jsonl")) {
        cr_assert(wht_input_rest(input, &own, &size));
        more = compare_texts(own, size, line, canonical->size, what);
        line += canonical->size;
    }
    while (strstr(path, ".jsonl") && wht_input_line(input, &own, &size)) {
        const char *end = strchr(line, '\n');
        cr_assert_not_null(end, "%s has fewer lines in its canonical form", what);
        more += compare_texts(own, size, line, (size_t)(end - line), what);
        line = end + 1;
    }
    cr_assert_eq(*line, 0, "%s has more lines in its canonical form", what);
    wht_input_close(input);
    return more;
}

/* A case that is printed, with its defaults or without them, is canonical already and loads as the
 * same case. */
static void check_print(const struct wht_case *c, enum wht_print form, const char *what)
{
    struct text text = {.bytes = NULL};
    const struct wht_writer writer = {.write = append, .user = &text};
    struct wht_arena *arena = wht_arena_new();
    char digest[WHT_DIGEST_MAX], other[WHT_DIGEST_MAX];
    size_t errors;
    wht_write_document(&writer, wht_print_case(arena, c, form));
    wht_arena_free(arena);
    write_file("printed.trace.json", text.bytes, text.size);
    struct text again = format(file_path, what);
    cr_assert_str_eq(again.bytes, text.bytes, "%s, case %s: form %d is not canonical", what, c->id,
                     (int)form);
    struct wht_case *loaded = NULL;
    cr_assert_eq(load_file(&loaded, 1, &errors), 1, "%s, case %s", what, c->id);
    wht_case_digest(c, digest);
    wht_case_digest(loaded, other);
    cr_assert_str_eq(digest, other, "%s, case %s: form %d has another digest", what, c->id,
                     (int)form);
    cr_assert(wht_case_equal(c, loaded, WHT_SAME_WHOLE), "%s, case %s: form %d differs", what,
              c->id, (int)form);
    wht_case_free(loaded);
    free(text.bytes);
    free(again.bytes);
}

static void check_case(const struct wht_case *c, const char *what)
{
    struct wht_case *clone = wht_case_clone(c);
    cr_assert(wht_case_equal(c, clone, WHT_SAME_WHOLE), "%s, case %s: the clone differs", what,
              c->id);
    check_print(clone, WHT_PRINT_ALL, what);
    check_print(clone, WHT_PRINT_FILE, what);
    wht_case_free(clone);
}

/* Compares a file with its canonical form in `path`, in depth one case of `every`. @return how many
 * cases. */
static size_t compare_cases(struct wht_reader *before, const char *path, const char *what,
                            size_t every)
{
    struct wht_reader *after = wht_reader_open(path, NULL);
    char digest[WHT_DIGEST_MAX], other[WHT_DIGEST_MAX];
    size_t count = 0;
    for (struct wht_case *a; (a = wht_reader_next(before)) != NULL; count++) {
        struct wht_case *b = wht_reader_next(after);
        cr_assert_not_null(b, "%s: %s is lost", what, a->id);
        cr_assert_str_eq(a->id, b->id);
        if (count % every == 0) {
            wht_case_digest(a, digest);
            wht_case_digest(b, other);
            cr_assert_str_eq(digest, other, "%s, case %s: another digest", what, a->id);
            cr_assert(wht_case_equal(a, b, WHT_SAME_WHOLE), "%s, case %s differs", what, a->id);
            check_case(a, what);
        }
        wht_case_free(a);
        wht_case_free(b);
    }
    cr_assert_null(wht_reader_next(after));
    cr_assert_eq(wht_reader_error_count(before) + wht_reader_error_count(after), 0);
    wht_reader_close(after);
    return count;
}

/* @return how many cases the file has. */
static size_t check_file(const char *path, const char *name, const char *what, size_t every)
{
    struct text first = format(path, what);
    size_t more = compare_lines(path, &first, what);
    struct wht_reader *before = wht_reader_open(path, NULL);
    write_file(name, first.bytes, first.size);
    char *canonical = strdup(file_path);
    struct text second = format(canonical, what);
    cr_assert_str_eq(second.bytes, first.bytes, "%s: formatting twice gives another text", what);
    size_t cases = compare_cases(before, canonical, what, every);
    cr_assert_leq(more, cases, "%s: %zu values were added to %zu cases", what, more, cases);
    wht_reader_close(before);
    unlink(canonical);
    free(canonical);
    free(first.bytes);
    free(second.bytes);
    return cases;
}

Test(format, of_random_files_is_a_fixed_point_that_means_the_same)
{
    const char *variable = getenv("FORMAT_SEED");
    uint64_t seed =
        variable ? strtoull(variable, NULL, 10) : (uint64_t)time(NULL) << 16 ^ (unsigned)getpid();
    size_t cases = 0;
    for (unsigned i = 0; i < FILES; i++) {
        struct maker m = maker_new(seed + i);
        enum made_kind kind = (enum made_kind)(i % MADE_KINDS);
        const char *text = make_trace(&m, kind);
        char what[64];
        snprintf(what, sizeof(what), "FORMAT_SEED=%llu, file %u", (unsigned long long)seed, i);
        write_file(kind == MADE_CORPUS ? "made.trace.jsonl" : "made.trace.json", text,
                   strlen(text));
        char *path = strdup(file_path);
        cases +=
            check_file(path, kind == MADE_CORPUS ? "out.trace.jsonl" : "out.trace.json", what, 1);
        unlink(path);
        free(path);
        maker_free(&m);
    }
    fprintf(stderr, "FORMAT_SEED=%llu: %u files with %zu cases\n", (unsigned long long)seed, FILES,
            cases);
}

Test(format, of_every_trace_is_a_fixed_point_that_means_the_same)
{
    struct wht_file_list files = {.count = 0};
    size_t cases = 0;
    cr_assert(wht_find_traces(WHVTRACE_TRACES, NULL, &files));
    for (size_t i = 0; i < files.count; i++) {
        bool is_corpus = strstr(files.paths[i], ".jsonl") != NULL;
        cases += check_file(files.paths[i], is_corpus ? "out.trace.jsonl" : "out.trace.json",
                            files.paths[i], is_corpus ? 20 : 1);
    }
    cr_assert_gt(cases, 1000);
    wht_file_list_free(&files);
}
