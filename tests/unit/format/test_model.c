/* SPDX-License-Identifier: MIT */
/* A case as a value: what is copied, printed or made by hand is the same case. */
#include "base/arena.h"
#include "base/json_build.h"
#include "base/json_write.h"
#include "base/text.h"
#include "files.h"
#include "format/accept.h"
#include "format/compare.h"
#include "format/find.h"
#include "format/print.h"

#define HEADER "{\"format\": \"whv-trace/1.0\"}\n"

/* Of files with many cases so many are looked at. */
#define CASES_MAX 40

static void append(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

static void print(struct wht_text *text, const struct wht_case *c, enum wht_print form)
{
    struct wht_arena *arena = wht_arena_new();
    const struct wht_writer writer = {.write = append, .user = text};
    wht_text_clear(text);
    wht_write_line(&writer, wht_print_case(arena, c, form));
    wht_arena_free(arena);
}

/* @return the case that a text is, with the file's options. */
static struct wht_case *load(const char *path, const struct wht_text *text)
{
    const struct wht_load_options options = {.on_error = collect};
    messages[0] = 0;
    struct wht_reader *reader =
        wht_reader_begin(path, &options, HEADER, sizeof(HEADER) - 2); /* without the line's end */
    struct wht_case *c = wht_reader_take(reader, text->text, text->size - 1);
    wht_reader_close(reader);
    return c;
}

/* The clone shares nothing: it is looked at after the original is gone. */
static void check_clone(struct wht_case *c, struct wht_text *before, struct wht_text *after)
{
    print(before, c, WHT_PRINT_FILE);
    struct wht_case *clone = wht_case_clone(c);
    cr_expect(wht_case_equal(c, clone, WHT_SAME_WHOLE), "%s", c->name);
    char *name = wht_case_text(clone, c->name);
    wht_case_free(c);
    print(after, clone, WHT_PRINT_FILE);
    cr_expect_str_eq(before->text, after->text, "%s", name);
    cr_expect_str_eq(clone->name, name);
    wht_case_free(clone);
}

static void check_print(const struct wht_case *c, struct wht_text *text, struct wht_text *again)
{
    print(text, c, WHT_PRINT_SHORT);
    struct wht_case *loaded = load(c->file, text);
    cr_assert_not_null(loaded, "%s: %s\n%s", c->name, messages, text->text);
    cr_expect(wht_case_equal(c, loaded, WHT_SAME_WHOLE), "%s: %s", c->name, text->text);
    print(again, loaded, WHT_PRINT_SHORT);
    cr_expect_str_eq(text->text, again->text, "%s", c->name);
    wht_case_free(loaded);
}

static void check_file(const char *path, struct wht_text *text, struct wht_text *again)
{
    struct wht_reader *reader = wht_reader_open(path, NULL);
    unsigned count = 0;
    cr_assert_not_null(reader, "%s", path);
    for (struct wht_case *c; count < CASES_MAX && (c = wht_reader_next(reader)) != NULL; count++) {
        check_print(c, text, again);
        check_clone(c, text, again);
    }
    wht_reader_close(reader);
}

static void check_folder(const char *path)
{
    struct wht_file_list list = {.count = 0};
    const struct wht_error_sink errors = {.report = collect};
    struct wht_text text = {.text = NULL}, again = {.text = NULL};
    cr_assert(wht_find_traces(path, &errors, &list));
    cr_assert_gt(list.count, 10);
    for (size_t i = 0; i < list.count; i++)
        check_file(list.paths[i], &text, &again);
    wht_text_free(&text);
    wht_text_free(&again);
    wht_file_list_free(&list);
}

Test(model, a_clone_and_what_was_printed_are_the_case)
{
    check_folder(TEST_SOURCE_DIR "/traces");
}

Test(model, so_they_are_for_every_key_and_spelling)
{
    check_folder(TEST_SOURCE_DIR "/tests/unit/format/good");
}

static struct wht_case *store_of_rax(void)
{
    static const uint8_t code[] = {0x89, 0x03};
    static const uint8_t data[] = {0x78, 0x56, 0x34, 0x12};
    struct wht_case *c = wht_case_new("store", WHT_MODE_LONG64, 0);
    wht_case_set_code(c, code, sizeof(code));
    wht_case_set_reg64(c, WHvX64RegisterRbx, 0xfee00010);
    wht_case_set_reg64(c, WHvX64RegisterRax, 0x12345678);
    c->exit.access = WHT_ACCESS_WRITE;
    c->exit.gpa = 0xfee00010;
    wht_case_finish_exit(c);
    wht_case_want64(c, WHvX64RegisterRip, 0x1002)->is_distance = true;
    struct wht_call *call = wht_case_add_call(c, NULL, WHT_CALL_MEM_WRITE);
    call->address = c->exit.gpa;
    wht_call_set_data(c, call, data, NULL, sizeof(data));
    return c;
}

/* Prints and judges a case. */
static void expect_text(struct wht_case *c, const char *expected)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_text text = {.text = NULL};
    char error[WHT_ACCEPT_ERROR_MAX];
    const struct wht_writer writer = {.write = append, .user = &text};
    const struct wht_node *node = wht_accept_case(arena, c, error);
    cr_assert_not_null(node, "%s", error);
    wht_write_line(&writer, node);
    cr_expect_str_eq(text.text, expected);
    wht_text_free(&text);
    wht_arena_free(arena);
    wht_case_free(c);
}

#define STORE                                                                                      \
    "{\"id\": \"store\", \"code\": \"89 03\", \"asm\": \"mov dword ptr [rbx], eax\", \"init\": "   \
    "{\"rax\": \"0x12345678\", \"rbx\": \"0xfee00010\"}, \"exit\": {\"kind\": \"mmio\", "          \
    "\"access\": \"write\", \"gpa\": \"0xfee00010\"}, "
#define RESULT                                                                                     \
    "\"expect\": {\"regs\": {\"rip\": \"+2\"}, \"calls\": [{\"mem\": \"write\", \"gpa\": "         \
    "\"0xfee00010\", \"data\": \"78 56 34 12\"}]}"

Test(model, a_case_that_was_made_is_printed_without_what_goes_without_saying)
{
    expect_text(store_of_rax(), STORE RESULT "}\n");
}

Test(model, every_part_of_a_case_can_be_made)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_case *c = store_of_rax();
    static const uint8_t bytes[] = {1, 2}, mask[] = {0xff, 0};
    wht_case_add_memory(c, WHT_MEMORY_RAM, 0x3000, bytes, 2);
    wht_case_add_memory(c, WHT_MEMORY_ROM, 0x2000, NULL, 32);
    wht_case_add_memory(c, WHT_MEMORY_HOLE, 0x4000, NULL, 8);
    wht_case_add_page(
        c,
        &(struct wht_page){.gva = 0x5000, .gpa = 0x3000, .purposes = WHT_FOR_READ | WHT_FOR_WRITE});
    c->expect.call_count = 0;
    struct wht_call *group = wht_case_add_call(c, NULL, WHT_CALL_REPEAT);
    group->repeat = 3;
    struct wht_call *set = wht_case_add_call(c, group, WHT_CALL_SET);
    wht_call_want(c, set, WHvX64RegisterRax, NULL);
    wht_case_want_memory(c, 0x3000, bytes, mask, 2);
    struct wht_want_reg *want = wht_case_want64(c, WHvX64RegisterRax, 1);
    wht_case_want_either(c, want, (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 2}});
    wht_case_add_string(c, &c->tags, "made");
    c->source.is_given = true;
    c->source.kind = wht_case_text(c, "hand");
    wht_case_add_free(c, &c->free, "x-n", wht_build_count(arena, 7));
    expect_text(c, STORE
                "\"memory\": [{\"gpa\": \"0x2000\", \"size\": 32, \"kind\": \"rom\"}, {\"gpa\": "
                "\"0x3000\", \"data\": \"01 02\"}, {\"gpa\": \"0x4000\", \"size\": 8, \"kind\": "
                "\"hole\"}], \"pages\": [{\"gva\": \"0x5000\", \"gpa\": \"0x3000\", \"for\": "
                "[\"read\", \"write\"]}], \"expect\": {\"regs\": {\"rax\": {\"either\": [\"0x1\", "
                "\"0x2\"]}, \"rip\": \"+2\"}, \"memory\": [{\"gpa\": \"0x3000\", \"data\": \"01 "
                "??\"}], \"calls\": [{\"repeat\": 3, \"calls\": [{\"set\": {\"rax\": "
                "\"any\"}}]}]}, \"tags\": [\"made\"], \"source\": {\"kind\": \"hand\"}, \"x-n\": "
                "7}\n");
    wht_arena_free(arena);
}

Test(model, a_case_that_no_file_can_say_is_not_accepted)
{
    struct wht_arena *arena = wht_arena_new();
    char error[WHT_ACCEPT_ERROR_MAX];
    struct wht_case *c = store_of_rax();
    c->id = wht_case_text(c, "No id");
    cr_expect_null(wht_accept_case(arena, c, error));
    cr_expect_str_eq(error, "/id: found \"No id\", expected lower-case letters, digits and ._/- "
                            "after a letter or digit");
    wht_case_free(c);
    wht_arena_free(arena);
}

/* What is given says how a case is written, and nothing of what it is. */
Test(model, names_do_not_count_for_the_meaning_and_what_is_given_never_does)
{
    struct wht_case *a = store_of_rax();
    struct wht_case *b = wht_case_clone(a);
    b->given = ~0u;
    b->exit.given = ~0u;
    b->init.is_mode_given = true;
    cr_expect(wht_case_equal(a, b, WHT_SAME_WHOLE));
    b->note = wht_case_text(b, "Another note.");
    cr_expect_not(wht_case_equal(a, b, WHT_SAME_WHOLE));
    cr_expect(wht_case_equal(a, b, WHT_SAME_MEANING));
    wht_case_set_reg64(b, WHvX64RegisterRax, 1);
    cr_expect_not(wht_case_equal(a, b, WHT_SAME_MEANING));
    cr_expect_eq(wht_init_reg(&a->init, WHvX64RegisterRax)->Reg64, 0x12345678);
    wht_case_free(a);
    wht_case_free(b);
}

static struct wht_case *first_of(const char *text)
{
    struct wht_case *c = NULL;
    size_t errors;
    write_file("test.trace.jsonl", text, strlen(text));
    cr_assert_eq(load_file(&c, 1, &errors), 1, "%s", messages);
    return c;
}

/* A case's own words stand over those of the file's head. */
Test(model, a_case_knows_where_it_came_from)
{
    struct wht_case *c = first_of(
        "{\"format\": \"whv-trace/1.0\", \"source\": {\"kind\": \"captured\", \"os\": \"one\", "
        "\"emulator\": {\"file\": \"a.dll\"}, \"seed\": 7, \"x-of\": 1.50}}\n"
        "{\"id\": \"store\", \"code\": \"89 03\", \"exit\": {\"kind\": \"mmio\", \"access\": "
        "\"write\", "
        "\"gpa\": \"0x2000\"}, \"expect\": {\"calls\": []}, \"source\": {\"os\": \"two\", "
        "\"emulator\": {\"version\": \"3\"}}}\n");
    struct wht_text text = {.text = NULL};
    print(&text, c, WHT_PRINT_SHORT);
    cr_expect(strstr(text.text,
                     "\"source\": {\"kind\": \"captured\", \"os\": \"two\", \"emulator\": "
                     "{\"file\": \"a.dll\", \"version\": \"3\"}, \"seed\": 7, \"x-of\": "
                     "1.50}}"),
              "%s", text.text);
    wht_text_free(&text);
    wht_case_free(c);
}
