/* SPDX-License-Identifier: MIT */
/* An author's text changes where its meaning does, and nowhere else. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "format/amend.h"

static void append(void *user, const char *bytes, size_t size)
{
    wht_text_add_bytes(user, bytes, size);
}

static struct wht_node *parse(struct wht_arena *arena, const char *text)
{
    char error[128];
    size_t offset;
    struct wht_document document = {.arena = arena, .text = text, .first_line = 1};
    cr_assert(wht_document_parse(&document, strlen(text), error, &offset), "%s: %s", text, error);
    wht_node_spell_numbers(arena, document.root, text);
    return document.root;
}

/* Gives member `e` of an author's object another meaning. @param was NULL: it means nothing. */
static void expect_amended(bool is_line, const char *author, const char *was, const char *now,
                           const char *expected)
{
    struct wht_text text = {.text = NULL};
    const struct wht_writer writer = {.write = append, .user = &text};
    struct wht_arena *arena = wht_arena_new();
    struct wht_amendment a = {
        .arena = arena, .text = author, .size = strlen(author), .is_line = is_line};
    const struct wht_node *object = parse(arena, author);
    wht_amend_member(&a, object, "e", was ? parse(arena, was) : NULL, parse(arena, now));
    wht_amend_write(&a, &writer);
    wht_amend_free(&a);
    wht_arena_free(arena);
    cr_expect_str_eq(text.text, expected);
    wht_text_free(&text);
}

Test(amend, what_is_the_same_stays_as_it_is_written)
{
    expect_amended(false, "{ \"e\" :{\"b\":\"0X1\",  \"a\": 1.50 } }\n",
                   "{\"a\": 1.5, \"b\": \"0x1\"}", "{\"a\": 1.5, \"b\": \"0x1\"}",
                   "{ \"e\" :{\"b\":\"0X1\",  \"a\": 1.50 } }\n");
}

Test(amend, one_value_is_replaced_where_it_stands)
{
    expect_amended(false,
                   "{\"x\": \"}\\\"\", \"e\": {\"b\" : [1,{\"c\":\"q\\\\\"}],\t\"a\": true}}",
                   "{\"a\": true, \"b\": [1, {\"c\": \"q\\\\\"}]}",
                   "{\"a\": false, \"b\": [1, {\"c\": \"z\"}]}",
                   "{\"x\": \"}\\\"\", \"e\": {\"b\" : [1,{\"c\":\"z\"}],\t\"a\": false}}");
}

Test(amend, members_come_and_go_and_free_keys_stay)
{
    expect_amended(true, "{\"e\": {\"x-b\": 1, \"b\": \"B\", \"$comment\": [], \"a\": 1}}",
                   "{\"a\": 1, \"b\": \"b\"}", "{\"b\": \"b\", \"c\": 2}",
                   "{\"e\": {\"x-b\": 1, \"b\": \"B\", \"$comment\": [], \"c\": 2}}");
}

Test(amend, what_the_author_left_to_defaults_is_only_told_if_it_changes)
{
    expect_amended(true, "{\"e\": {\"b\": 2}}", "{\"a\": 1, \"b\": 2}", "{\"a\": 1, \"b\": 3}",
                   "{\"e\": {\"b\": 3}}");
    expect_amended(true, "{\"e\": {\"b\": 2}}", "{\"a\": 1, \"b\": 2}", "{\"a\": 4, \"b\": 2}",
                   "{\"e\": {\"b\": 2, \"a\": 4}}");
}

Test(amend, elements_of_a_list_are_paired)
{
    expect_amended(true,
                   "{\"e\": [{\"m\": 1,\"x-n\": 0}, {\"g\": 1}, {\"m\": 2, \"$comment\": 0}, 7]}",
                   "[{\"m\": 1}, {\"g\": 1}, {\"m\": 2}, 7]", "[{\"m\": 1}, {\"m\": 3}, 6, 7, 8]",
                   "{\"e\": [{\"m\": 1, \"x-n\": 0}, {\"m\": 3}, 6, 7, 8]}");
    expect_amended(true, "{\"e\": [{\"m\": 2, \"x-n\": 0}]}", "[{\"m\": 2}]",
                   "[{\"m\": 3}, {\"m\": 4}]", "{\"e\": [{\"m\": 3, \"x-n\": 0}, {\"m\": 4}]}");
    expect_amended(true, "{\"e\": [1, 2]}", "[1, 2]", "[]", "{\"e\": []}");
}

Test(amend, a_member_that_is_not_there_comes_last)
{
    expect_amended(true, "{\"a\": [1, \"]\"]}", NULL, "{\"b\": 1}",
                   "{\"a\": [1, \"]\"], \"e\": {\"b\": 1}}");
    expect_amended(false, "{\n\t\"a\": 1,\n\t\"b\": 2\n}", NULL, "[1]",
                   "{\n\t\"a\": 1,\n\t\"b\": 2,\n\t\"e\": [1]\n}");
}

#define LONG "\"0123456789012345678901234567890123456789012345678901234567890123456789\""

Test(amend, lines_follow_the_author_s_indentation)
{
    expect_amended(false, "{\n      \"e\": 1\n}", "1", "[" LONG ", " LONG "]",
                   "{\n      \"e\": [\n        " LONG ",\n        " LONG "\n      ]\n}");
}
