/* SPDX-License-Identifier: MIT */
/* What every verb that makes a corpus gets from corpus/visit.h, shown with one that only tests
 * have. */
#include "base/exit_code.h"
#include "unit/format/files.h"
#include "verb_mark.h"
#include "verb_reverse.h"

#include <criterion/redirect.h>

#define HEAD  "{\"format\": \"whv-trace/1.0\"}\n"
#define STORE "\"code\": \"89 03\", \"asm\": \"mov dword ptr [rbx], eax\", "
#define EXIT  "\"exit\": {\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": \"0xfee00010\"}, "
#define CALLS "\"expect\": {\"calls\": []}"

#define CASE(id, more) "{\"id\": \"" id "\", " STORE EXIT CALLS more "}\n"

static char in_path[sizeof(file_path)];
static char out_path[sizeof(file_path)];

static void write_input(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
    memcpy(in_path, file_path, sizeof(in_path));
    snprintf(out_path, sizeof(out_path), "%.*s/out.trace.jsonl",
             (int)(strrchr(file_path, '/') - file_path), file_path);
}

/* Runs a verb with up to two words behind the file and the output. */
static int run(const struct wht_verb *verb, const char *output, const char *more, const char *value)
{
    char *items[] = {in_path, "-o", (char *)output, (char *)more, (char *)value, NULL};
    struct wht_args args = {.verb = verb->name, .options = verb->options, .items = items};
    return verb->run(verb, &args);
}

static int reverse(const char *output, const char *more, const char *value)
{
    return run(&verb_reverse, output, more, value);
}

static void read_output(char *text, size_t size)
{
    FILE *file = fopen(out_path, "rb");
    text[0] = 0;
    if (!file)
        return;
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
}

/* Compares all lines of the output but the header. */
static void expect_cases(const char *expected)
{
    char text[8192];
    read_output(text, sizeof(text));
    const char *cases = strchr(text, '\n');
    cr_assert_not_null(cases, "there is no output");
    cr_expect_str_eq(cases + 1, expected);
}

Test(visit, cases_are_written_as_they_were_spelt_in_the_order_that_the_verb_wants)
{
    write_input("in.trace.json",
                "{\"format\": \"whv-trace/1.0\", \"suite\": \"s\", \"defaults\": {" EXIT CALLS
                ", \"source\": {\"kind\": \"hand\"}}, \"cases\": ["
                "{\"id\": \"a\", \"code\": \"89 03\", \"init\": {\"rax\": \"0x00_01\"}},"
                "{\"id\": \"b\", \"code\": \"89 03\", \"x-n\": 1.50}]}");
    cr_expect_eq(reverse(out_path, "--prefix", "new-"), WHT_EXIT_OK);
    expect_cases("{\"id\": \"new-b\", " STORE EXIT CALLS
                 ", \"source\": {\"kind\": \"hand\"}, \"x-n\": 1.50}\n"
                 "{\"id\": \"new-a\", " STORE "\"init\": {\"rax\": \"0x00_01\"}, " EXIT CALLS
                 ", \"source\": {\"kind\": \"hand\"}}\n");
    remove(in_path);
    remove(out_path);
}

Test(visit, an_invalid_case_is_told_with_its_line_and_the_others_are_written)
{
    char expected[sizeof(in_path) + 128];
    write_input("in.trace.jsonl", HEAD CASE("a", "") "{}}\n" CASE("b", ""));
    cr_redirect_stderr();
    cr_expect_eq(reverse(out_path, NULL, NULL), WHT_EXIT_INVALID);
    fflush(stderr);
    snprintf(expected, sizeof(expected), "%s:3:3: found '}', expected nothing after the document\n",
             in_path);
    cr_expect_stderr_eq_str(expected);
    expect_cases(CASE("b", "") CASE("a", ""));
    remove(in_path);
    remove(out_path);
}

Test(visit, patterns_select_and_of_nothing_comes_no_corpus)
{
    write_input("in.trace.jsonl", HEAD CASE("apple", "") CASE("pear", "") CASE("grape", ""));
    cr_expect_eq(reverse(out_path, "-k", "ap"), WHT_EXIT_OK);
    expect_cases(CASE("grape", "") CASE("apple", ""));
    remove(out_path);
    cr_expect_eq(reverse(out_path, "-k", "plum"), WHT_EXIT_NOTHING);
    cr_expect_null(fopen(out_path, "rb"));
    remove(in_path);
}

Test(visit, an_input_is_never_the_output)
{
    write_input("in.trace.jsonl", HEAD CASE("a", ""));
    cr_redirect_stderr();
    cr_expect_eq(reverse(in_path, "--force", NULL), WHT_EXIT_USAGE);
    memcpy(out_path, in_path, sizeof(out_path));
    expect_cases(CASE("a", ""));
    remove(in_path);
}

Test(visit, a_corpus_that_was_edited_is_overwritten_by_force_alone)
{
    write_input("out.trace.jsonl", HEAD CASE("edited", ""));
    write_input("in.trace.jsonl", HEAD CASE("a", ""));
    cr_redirect_stderr();
    cr_expect_eq(reverse(out_path, NULL, NULL), WHT_EXIT_USAGE);
    expect_cases(CASE("edited", ""));
    cr_expect_eq(reverse(out_path, "--force", NULL), WHT_EXIT_OK);
    expect_cases(CASE("a", ""));
    cr_expect_eq(reverse(out_path, "--prefix", "again-"), WHT_EXIT_OK);
    expect_cases(CASE("again-a", ""));
    remove(in_path);
    remove(out_path);
}

/* Spelling, defaults and free members of a case that stays are the author's; of one that changes
 * the values are, with what the file says of its cases. */
Test(visit, a_case_that_changes_is_printed_and_the_others_stay_as_they_were_spelt)
{
    write_input("in.trace.json",
                "{\"format\": \"whv-trace/1.0\", \"suite\": \"s\", \"defaults\": {" EXIT CALLS
                ", \"source\": {\"kind\": \"hand\"}}, \"cases\": ["
                "{\"id\": \"a\", \"code\": \"89 03\", \"init\": {\"rax\": \"0x00_01\"},"
                " \"match\": \"device\"},"
                "{\"id\": \"b\", \"code\": \"89 03\", \"init\": {\"rbx\": \"0x00_2\", \"mode\": "
                "\"prot32\"}, \"x-n\": 1.50, \"$comment\": \"why\"},"
                "{\"id\": \"c\", \"code\": \"89 03\", \"tags\": [\"marked\"]}]}");
    cr_expect_eq(run(&verb_mark, out_path, NULL, NULL), WHT_EXIT_OK);
    expect_cases(
        "{\"id\": \"a\", " STORE "\"init\": {\"rax\": \"0x00_01\"}, " EXIT CALLS
        ", \"match\": \"device\", \"source\": {\"kind\": \"hand\"}}\n"
        "{\"$comment\": \"why\", \"id\": \"b\", \"code\": \"89 03\", \"asm\": \"mov dword ptr "
        "[ebx], eax\", \"init\": {\"mode\": \"prot32\", \"rax\": \"0x1\", \"rbx\": \"0x2\"}, " EXIT
            CALLS ", \"tags\": [\"marked\"], \"source\": {\"kind\": \"hand\"}, \"x-n\": "
        "1.50}\n");
    remove(in_path);
    remove(out_path);
}
