/* SPDX-License-Identifier: MIT */
/*
 * Captures of which one thing is damaged: each value, each key, each line, each length. Whatever it
 * is, nothing crashes, the other calls are imported, and what was imported is a valid corpus in
 * canonical form.
 */
#include <criterion/criterion.h>

#include "base/json_scan.h"
#include "base/json_write.h"
#include "format/format.h"
#include "import/capture.h"
#include "import/import.h"

#include "unit/format/files.h"

#define SEG "{\"sel\":\"0x10\",\"base\":\"0x0\",\"limit\":\"0xffffffff\",\"attr\":\"0xc093\"}"
#define CONTEXT                                                                                    \
    "\"context\":{\"execution_state\":\"0x14\",\"instruction_length\":2,\"cr8\":\"0x0\",\"cs\":{"  \
    "\"sel\":\"0x8\",\"base\":\"0x0\",\"limit\":\"0xffffffff\",\"attr\":\"0xa09b\"},"              \
    "\"rip\":\"0x1000\",\"rflags\":\"0x2\"}"
#define BEGIN(n, kind)                                                                             \
    "{\"cap\":\"begin\",\"n\":" n ",\"vp\":0,\"api\":\"shipping\",\"kind\":\"" kind "\"," CONTEXT
#define PADDING " 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
#define END(n)  "{\"cap\":\"end\",\"n\":" n ",\"hr\":\"S_OK\",\"status\":[\"success\"]}\n"

/* movsd from a device, out 0x64, al, and a store whose callback failed. */
#define HEADER                                                                                     \
    "{\"cap\":\"hdr\",\"format\":\"whv-capture/1.0\",\"source\":{\"kind\":\"captured\",\"tool\":"  \
    "\"t\",\"emulator\":{\"file\":\"e\"}}}\n"
static const char good[] = HEADER BEGIN(
    "0",
    "mmio") ",\"access\":{\"byte_count\":1,\"bytes\":\"a5 00" PADDING "\",\"info\":\"0x8\","
            "\"gpa\":\"0xfee000b0\",\"gva\":\"0xfee000b0\"},\"init\":{\"rax\":\"0x1\",\"ds\":" SEG
            ",\"gdtr\":{\"base\":\"0x0\",\"limit\":\"0x7f\"},\"xmm1\":"
            "\"0x10000000000000000\",\"reg:0x00001234\":\"0x1\"}}\n"
            "{\"n\":0,\"hr\":\"S_OK\",\"get\":{\"rsi\":\"0xfee000b0\",\"rdi\":\"0x5000\"}}\n"
            "{\"n\":0,\"hr\":\"S_OK\",\"translate\":\"0x5000\",\"flags\":[\"write\"],"
            "\"result\":\"success\",\"gpa\":\"0x8000\"}\n"
            "{\"n\":0,\"hr\":\"S_OK\",\"mem\":\"read\",\"gpa\":\"0xfee000b0\",\"size\":4,"
            "\"data\":\"78 56 34 12\"}\n"
            "{\"n\":0,\"hr\":\"S_OK\",\"mem\":\"write\",\"gpa\":\"0x8000\",\"size\":4,"
            "\"data\":\"78 56 34 12\"}\n"
            "{\"n\":0,\"hr\":\"S_OK\",\"set\":{\"rip\":\"0x1001\",\"rsi\":\"0xfee000b4\",\"rdi\":"
            "\"0x5004\"}}\n" END("0") BEGIN(
                "1",
                "io") ",\"access\":{\"byte_count\":2,\"bytes\":\"e6 64" PADDING
                      "\",\"info\":\"0x3\",\"port\":\"0x64\",\"rax\":\"0x41\",\"rcx\":\"0x0\","
                      "\"rsi\":\"0x0\",\"rdi\":\"0x0\",\"ds\":" SEG ",\"es\":" SEG "}}\n"
                      "{\"n\":1,\"hr\":\"S_OK\",\"io\":\"out\",\"port\":\"0x64\",\"size\":1,"
                      "\"data\":\"0x41\"}\n"
                      "{\"n\":1,\"hr\":\"S_OK\",\"set\":{\"rip\":\"0x1002\"}}\n" END("1") BEGIN(
                          "2", "mmio") ",\"access\":{\"byte_count\":2,\"bytes\":\"89 03" PADDING
                                       "\",\"info\":\"0x9\",\"gpa\":\"0xfee000b0\",\"gva\":"
                                       "\"0xfee000b0\"}}\n"
                                       "{\"n\":2,\"hr\":\"E_FAIL\",\"get\":[\"rax\",\"rbx\"]}\n"
                                       "{\"cap\":\"end\",\"n\":2,\"hr\":\"S_OK\",\"status\":["
                                       "\"get-regs-failed\"]}\n";

enum { CALLS = 3 };

struct outcome {
    size_t cases;
    size_t left_out;
    size_t errors;
};

/* All cases of a test, as the lines of a corpus. */
static struct {
    char *text;
    size_t size;
    size_t capacity;
    uint64_t count;
} corpus;

static void add(void *user, const char *bytes, size_t size)
{
    (void)user;
    if (corpus.size + size > corpus.capacity) {
        corpus.capacity = 2 * (corpus.size + size);
        corpus.text = realloc(corpus.text, corpus.capacity);
        cr_assert_not_null(corpus.text);
    }
    memcpy(corpus.text + corpus.size, bytes, size);
    corpus.size += size;
}

static void begin_corpus(void)
{
    static const char header[] = "{\"format\": \"whv-trace/1.0\"}\n";
    corpus.size = 0;
    add(NULL, header, strlen(header));
}

static void check_corpus(void)
{
    uint32_t line = 0;
    const struct wht_load_options options = {.on_error = collect, .check_asm = true};
    messages[0] = 0;
    write_file("all.trace.jsonl", corpus.text, corpus.size);
    enum wht_formatted formatted = wht_format_check(file_path, &options, &line);
    cr_expect_eq(formatted, WHT_FORMATTED_SAME, "line %u: %s", line, messages);
    unlink(file_path);
    free(corpus.text);
    corpus.text = NULL;
    corpus.capacity = 0;
}

static struct outcome import(const char *text, size_t size)
{
    static const struct wht_import_options options;
    static const struct wht_writer writer = {.write = add};
    const struct wht_load_options load = {.on_error = NULL};
    struct outcome outcome = {0};
    struct wht_imported result;
    write_file("test.cap.jsonl", text, size);
    struct wht_capture *capture = wht_capture_open(file_path, &load);
    cr_assert_not_null(capture);
    for (struct wht_capture_call *call; (call = wht_capture_next(capture)) != NULL;) {
        struct wht_arena *arena = wht_arena_new();
        if (wht_import_call(arena, call, &options, "t", ++corpus.count, &result)) {
            wht_write_line(&writer, result.made);
            outcome.cases++;
        } else {
            cr_expect(*result.error, "a call is left out with a reason");
            outcome.left_out++;
        }
        wht_arena_free(arena);
        wht_capture_call_free(call);
    }
    outcome.errors = wht_capture_error_count(capture);
    wht_capture_close(capture);
    return outcome;
}

/* Imports the good capture with bytes [start, end) replaced. */
static struct outcome import_with(size_t start, size_t end, const char *text)
{
    char damaged[sizeof(good) + 4096];
    size_t length = strlen(text);
    memcpy(damaged, good, start);
    memcpy(damaged + start, text, length);
    memcpy(damaged + start + length, good + end, strlen(good) - end);
    return import(damaged, strlen(good) - (end - start) + length);
}

/* @return the end of the value that begins at an offset. */
static size_t value_end(size_t at)
{
    size_t depth = 0;
    bool is_string = false;
    for (;; at++) {
        if (good[at] == '"')
            is_string = !is_string;
        else if (!is_string && strchr("{[", good[at]))
            depth++;
        else if (!is_string && depth > 0 && strchr("}]", good[at]))
            depth--;
        if (depth == 0 && !is_string && strchr(",}]\n", good[at + 1]))
            return at + 1;
    }
}

typedef void value_fn(size_t line, size_t key, size_t start, size_t end);

/*
 * Calls a function for each value of each line: the number of the line, where key and value stand.
 */
static void for_each_value(value_fn *function)
{
    size_t line = 0;
    for (size_t start = 0; good[start]; line++) {
        struct wht_scan scan;
        size_t length = strcspn(good + start, "\n");
        cr_assert(wht_scan(good + start, length, &scan));
        for (size_t i = 1; i < scan.count; i++)
            function(line, start + scan.marks[i].key_offset, start + scan.marks[i].offset,
                     value_end(start + scan.marks[i].offset));
        free(scan.marks);
        start += length + 1;
    }
}

/* What no value of a call may be. */
static const char *const never[] = {"null",
                                    "{}",
                                    "[]",
                                    "[[[]]]",
                                    "{\"a\":{}}",
                                    "true",
                                    "-1",
                                    "1.5",
                                    "1e308",
                                    "1e999",
                                    "99999999999999999999",
                                    "\"\"",
                                    "\"0x\"",
                                    "\"0xgg\"",
                                    "\"zz\"",
                                    "\"0x123456789012345678901234567890123\"",
                                    "\"\xff\"",
                                    "\"\\u0000\"",
                                    "\x01",
                                    "\"",
                                    ""};

/* What may be right where it stands. */
static const char *const sometimes[] = {
    "0",         "138",     "9007199254740991", "\"0x0\"",  "\"0xffffffffffffffff\"",
    "\"89 03\"", "\"rax\"", "[\"rax\"]",        "\"S_OK\"", "\"read\""};

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static bool is_key(size_t key, const char *name)
{
    return strncmp(good + key + 1, name, strlen(name)) == 0 && good[key + 1 + strlen(name)] == '"';
}

/* Lists and maps that may be empty. */
static bool may_be_empty(size_t key)
{
    return is_key(key, "flags") || is_key(key, "init") || is_key(key, "get") || is_key(key, "set");
}

static bool is_empty(const char *value)
{
    return strcmp(value, "[]") == 0 || strcmp(value, "{}") == 0;
}

static void damage_value(size_t line, size_t key, size_t start, size_t end)
{
    for (size_t i = 0; i < COUNT(never); i++) {
        struct outcome outcome = import_with(start, end, never[i]);
        bool may_be = (may_be_empty(key) && is_empty(never[i])) || (key == start && !*never[i]);
        bool is_end = line == 14; /* the last line: a capture that is cut ends in one like that */
        if (line > 0 && !may_be) {
            cr_expect_gt(outcome.left_out + outcome.errors, 0, "line %zu, %.20s: %s", line,
                         good + start, never[i]);
            cr_expect(outcome.cases == CALLS - 1 || (is_end && outcome.cases == CALLS),
                      "line %zu, %.20s: %s: %zu cases", line, good + start, never[i],
                      outcome.cases);
        }
    }
    for (size_t i = 0; i < COUNT(sometimes); i++)
        cr_expect_geq(import_with(start, end, sometimes[i]).cases, CALLS - 1, "line %zu: %s", line,
                      sometimes[i]);
}

Test(import_damage, the_capture_itself_is_good)
{
    begin_corpus();
    struct outcome outcome = import(good, strlen(good));
    cr_expect_eq(outcome.cases, CALLS);
    cr_expect_eq(outcome.left_out + outcome.errors, 0);
    check_corpus();
}

Test(import_damage, of_a_value_leaves_its_call_out)
{
    begin_corpus();
    for_each_value(damage_value);
    check_corpus();
}

/* Keys of a call that may be missing, or which are names of registers. */
static bool may_be_missing(size_t key)
{
    static const char *const names[] = {"init", "rax", "ds",  "gdtr",          "xmm1",
                                        "rsi",  "rdi", "rip", "reg:0x00001234"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (is_key(key, names[i]))
            return true;
    return false;
}

static void damage_key(size_t line, size_t key, size_t start, size_t end)
{
    char twice[2048];
    size_t key_end = start - 1; /* the colon */
    size_t first = good[key - 1] == ',' ? key - 1 : key;
    size_t last = good[key - 1] == ',' || good[end] != ',' ? end : end + 1;
    if (key == start)
        return; /* in a list */
    struct outcome renamed = import_with(key, key_end, "\"qqq\"");
    struct outcome gone = import_with(first, last, "");
    snprintf(twice, sizeof(twice), "%.*s,%.*s", (int)(end - key), good + key, (int)(end - key),
             good + key);
    struct outcome doubled = import_with(key, end, twice);
    cr_expect_geq(renamed.cases, CALLS - 1);
    cr_expect_geq(gone.cases, CALLS - 1);
    cr_expect_geq(doubled.cases, CALLS - 1);
    if (line == 0)
        return;
    cr_expect_gt(renamed.left_out + renamed.errors, 0, "line %zu, %.20s", line, good + key);
    cr_expect_gt(doubled.left_out + doubled.errors, 0, "line %zu, %.20s", line, good + key);
    if (!may_be_missing(key))
        cr_expect_gt(gone.left_out + gone.errors, 0, "line %zu, %.20s", line, good + key);
}

Test(import_damage, of_a_key_leaves_its_call_out)
{
    begin_corpus();
    for_each_value(damage_key);
    check_corpus();
}

/* The lines of a text: where each begins, and at [count] where the last one ends. */
static size_t split(const char *text, size_t *at, size_t max)
{
    size_t count = 0;
    at[0] = 0;
    for (size_t i = 0; text[i]; i++)
        if (text[i] == '\n' && count + 1 < max)
            at[++count] = i + 1;
    return count;
}

Test(import_damage, lines_that_are_gone_doubled_or_exchanged_do_no_harm)
{
    size_t at[64];
    size_t count = split(good, at, 64);
    begin_corpus();
    for (size_t i = 0; i < count; i++) {
        char line[2048], pair[4096];
        int size = (int)(at[i + 1] - at[i]);
        snprintf(line, sizeof(line), "%.*s%.*s", size, good + at[i], size, good + at[i]);
        cr_expect_geq(import_with(at[i], at[i + 1], "").cases, CALLS - 1);
        cr_expect_geq(import_with(at[i], at[i + 1], line).cases, CALLS - 1);
        for (size_t j = i + 1; j < count; j++) {
            snprintf(pair, sizeof(pair), "%.*s%.*s%.*s", (int)(at[j + 1] - at[j]), good + at[j],
                     (int)(at[j] - at[i + 1]), good + at[i + 1], size, good + at[i]);
            import_with(at[i], at[j + 1], pair);
        }
    }
    check_corpus();
}

Test(import_damage, a_capture_that_is_cut_anywhere_keeps_its_whole_calls)
{
    begin_corpus();
    for (size_t size = 0; size <= strlen(good); size++) {
        struct outcome outcome = import(good, size);
        size_t ends = 0;
        for (const char *end = good; (end = strstr(end, "\"cap\":\"end\"")) != NULL; end++)
            ends += (size_t)(strchr(end, '\n') - good) <= size;
        cr_expect_geq(outcome.cases, ends, "cut at %zu", size);
        cr_expect_leq(outcome.errors, 1, "cut at %zu", size);
    }
    check_corpus();
}

Test(import_damage, of_any_byte_does_no_harm)
{
    static const char bytes[] = {0, '\n', '"', '{', '}', '[', ',', '0', 'f', (char)0x80};
    char damaged[sizeof(good)];
    begin_corpus();
    for (size_t at = 0; at < strlen(good); at++) {
        memcpy(damaged, good, sizeof(good));
        damaged[at] = bytes[at % sizeof(bytes)];
        size_t lost = good[at] == '\n' ? 2 : 1; /* an end and a begin become one line */
        cr_expect_geq(import(damaged, strlen(good)).cases, CALLS - lost, "at %zu", at);
    }
    check_corpus();
}

/* A call of so many callbacks that no case holds them, between two others. */
Test(import_damage, a_call_without_end_of_callbacks_is_left_out)
{
    enum { MANY = 400000 };
    static const char read[] =
        "{\"n\":1,\"hr\":\"S_OK\",\"io\":\"out\",\"port\":\"0x64\",\"size\":1,"
        "\"data\":\"0x41\"}\n";
    const char *place = strstr(good, "{\"n\":1,");
    size_t before = (size_t)(place - good);
    size_t size = strlen(good) + MANY * strlen(read);
    char *text = malloc(size + 1);
    cr_assert_not_null(text);
    memcpy(text, good, before);
    for (size_t i = 0; i < MANY; i++)
        memcpy(text + before + i * strlen(read), read, strlen(read));
    strcpy(text + before + MANY * strlen(read), place);
    begin_corpus();
    struct outcome outcome = import(text, size);
    cr_expect_eq(outcome.cases, CALLS - 1);
    cr_expect_eq(outcome.left_out, 1);
    check_corpus();
    free(text);
}
