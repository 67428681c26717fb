/* SPDX-License-Identifier: MIT */
/* Streams: corpora, gzip, line ends, names, finding files. */
#include "unit/format/files.h"

#include <sys/stat.h>
#include <zlib.h>

#include "format/find.h"
#include "format/paths.h"

#define HEADER "{\"format\":\"whv-trace/1.0\",\"suite\":\"s\"}"
#define CASE(id)                                                                                   \
    "{\"id\":\"" id "\",\"code\":\"90\",\"exit\":{\"kind\":\"mmio\",\"access\":\"read\",\"gpa\":"  \
    "\"0x1\"},\"expect\":{\"calls\":[]}}"

/* Compresses text into one gzip member behind what out holds. @return the new size. */
static size_t add_member(unsigned char *out, size_t used, size_t capacity, const char *text)
{
    z_stream zlib = {.next_in = (unsigned char *)(uintptr_t)text, .avail_in = (uInt)strlen(text)};
    cr_assert_eq(deflateInit2(&zlib, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    zlib.next_out = out + used;
    zlib.avail_out = (uInt)(capacity - used);
    cr_assert_eq(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    used += zlib.total_out;
    deflateEnd(&zlib);
    return used;
}

static size_t load_count(const char *name, const void *data, size_t size, size_t *errors)
{
    struct wht_case *cases[8];
    write_file(name, data, size);
    size_t count = load_file(cases, 8, errors);
    for (size_t i = 0; i < count; i++)
        wht_case_free(cases[i]);
    return count;
}

Test(input, corpora_with_either_line_end)
{
    static const char *const good[] = {HEADER "\n" CASE("a") "\n" CASE("b") "\n",
                                       HEADER "\r\n" CASE("a") "\r\n" CASE("b") "\r\n",
                                       HEADER "\n" CASE("a") "\n" CASE("b")};
    for (size_t i = 0; i < 3; i++) {
        size_t errors;
        cr_expect_eq(load_count("c.trace.jsonl", good[i], strlen(good[i]), &errors), 2, "%s",
                     messages);
        cr_expect_eq(errors, 0);
    }
}

Test(input, errors_of_a_corpus_name_the_physical_line)
{
    size_t errors;
    const char *text =
        HEADER "\n\n" CASE("a") "\n{\"id\":\"b\"}\nnonsense\n" CASE("c") "\n" CASE("a");
    cr_expect_eq(load_count("c.trace.jsonl", text, strlen(text), &errors), 2);
    cr_expect_not_null(strstr(messages, "2:1  found a blank line"), "%s", messages);
    cr_expect_not_null(strstr(messages, "4:1  found no key \"code\""), "%s", messages);
    cr_expect_not_null(strstr(messages, "5:1  found 'n'"), "%s", messages);
    cr_expect_not_null(strstr(messages, "7:7 /id found the id"), "%s", messages);
}

Test(input, an_error_in_the_header_is_at_line_one)
{
    size_t errors;
    const char *text =
        "{\"suite\":\"s\",\"defaults\":{\"init\":{\"rax\":1}}}\n" CASE("a") "\n" CASE("b");
    cr_expect_eq(load_count("c.trace.jsonl", text, strlen(text), &errors), 0);
    cr_expect_not_null(strstr(messages, "1:1  found no key \"format\""), "%s", messages);
    cr_expect_not_null(strstr(messages, "1:40 /defaults/init/rax "), "%s", messages);
    cr_expect_eq(errors, 2, "%s", messages);
    cr_expect_eq(load_count("c.trace.jsonl", "", 0, &errors), 0);
    cr_expect_not_null(strstr(messages, "an empty file"), "%s", messages);
}

Test(input, gzip_with_several_members)
{
    unsigned char data[4096];
    size_t errors;
    size_t size = add_member(data, 0, sizeof(data), HEADER "\n" CASE("a") "\n{\"id\":");
    size = add_member(data, size, sizeof(data),
                      "\"b\","
                      "\"code\":\"90\",\"exit\":{\"kind\":\"mmio\",\"access\":\"read\",\"gpa\":"
                      "\"0x1\"},\"expect\":{\"calls\":[]}}\n");
    cr_expect_eq(load_count("c.trace.jsonl.gz", data, size, &errors), 2, "%s", messages);
    cr_expect_eq(errors, 0, "%s", messages);
}

Test(input, damaged_gzip_is_an_error)
{
    unsigned char data[4096];
    size_t errors;
    size_t size = add_member(data, 0, sizeof(data), HEADER "\n" CASE("a") "\n");
    for (size_t cut = 0; cut < size; cut++) {
        load_count("c.trace.jsonl.gz", data, cut, &errors);
        cr_expect_gt(errors, 0, "cut at %zu", cut);
    }
    memcpy(data + size, "junk", 4);
    load_count("c.trace.jsonl.gz", data, size + 4, &errors);
    cr_expect_eq(errors, 1, "garbage after the last member");
    const char *plain = HEADER "\n" CASE("a") "\n";
    load_count("c.trace.jsonl.gz", plain, strlen(plain), &errors);
    cr_expect_not_null(strstr(messages, "not gzip"), "%s", messages);
    data[size / 2] ^= 0x55;
    load_count("c.trace.jsonl.gz", data, size, &errors);
    cr_expect_gt(errors, 0);
}

/* The lines before the damage stand, and the message names the line that it is in. */
Test(input, damage_is_told_by_the_line_of_the_text)
{
    static const struct {
        const char *third, *message; /* what the second member becomes */
        size_t cut, flip, cases;
    } rows[] = {
        {CASE("b") "\n", "3:1  found the end of the file within a gzip member", 30, 0, 1},
        {CASE("b") "\n", "4:1  found a damaged gzip member (incorrect data check)", 0, 8, 2},
        {CASE("b") "\n", "4:1  found a damaged gzip member (incorrect length check)", 0, 4, 2},
        {CASE("b"), "3:1  found a damaged gzip member", 0, 8, 1},
        {CASE("b"), "4:1  found bytes that are not gzip", 0, 0, 2}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char data[4096];
        size_t errors;
        size_t size = add_member(data, 0, sizeof(data), HEADER "\n" CASE("a") "\n");
        size = add_member(data, size, sizeof(data), rows[i].third);
        if (rows[i].flip > 0)
            data[size - rows[i].flip] ^= 1;
        else if (rows[i].cut == 0)
            memcpy(data + size, "junk", 4);
        size += rows[i].flip == 0 && rows[i].cut == 0 ? 4 : 0;
        cr_expect_eq(load_count("c.trace.jsonl.gz", data, size - rows[i].cut, &errors),
                     rows[i].cases, "row %zu: %s", i, messages);
        cr_expect_eq(errors, 1, "row %zu", i);
        cr_expect_not_null(strstr(messages, rows[i].message), "row %zu: %s", i, messages);
    }
}

Test(input, files_of_another_kind_are_refused)
{
    size_t errors;
    cr_expect_eq(load_count("c.json", "{}", 2, &errors), 0);
    cr_expect_not_null(strstr(messages, ".trace.json"), "%s", messages);
    snprintf(file_path, sizeof(file_path), "/nonexistent/x.trace.json");
    struct wht_case *c;
    cr_expect_eq(load_file(&c, 1, &errors), 0);
    cr_expect_not_null(strstr(messages, "cannot be opened"), "%s", messages);
}

Test(input, test_names_are_relative_to_the_traces_root)
{
    static const struct {
        const char *path, *name;
    } rows[] = {{"traces/manual/a.trace.json", "manual/a.trace.json"},
                {"/x/traces/y/traces/b.trace.json", "b.trace.json"},
                {"/nowhere/c.trace.json", "c.trace.json"},
                {"mytraces/d.trace.json", "d.trace.json"}};
    for (size_t i = 0; i < 4; i++) {
        char *name = wht_test_name_prefix(rows[i].path);
        cr_expect_str_eq(name, rows[i].name);
        free(name);
    }
}

Test(input, folders_are_walked_in_order_and_invalid_is_skipped)
{
    const char *folder = scratch_folder();
    char path[640];
    static const char *const files[] = {"b.trace.json", "a.trace.jsonl.gz", "note.txt",
                                        "invalid/x.trace.json", "sub/c.trace.jsonl"};
    const struct wht_error_sink errors = {.report = collect};
    struct wht_file_list list = {.count = 0};
    snprintf(path, sizeof(path), "%s/invalid", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/sub", folder);
    mkdir(path, 0700);
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        FILE *file = fopen(path, "w");
        cr_assert_not_null(file);
        fclose(file);
    }
    cr_expect(wht_find_traces(folder, &errors, &list));
    cr_assert_eq(list.count, 3);
    cr_expect_not_null(strstr(list.paths[0], "a.trace.jsonl.gz"));
    cr_expect_not_null(strstr(list.paths[2], "sub/c.trace.jsonl"));
    snprintf(path, sizeof(path), "%s/invalid", folder);
    cr_expect(wht_find_traces(path, &errors, &list), "a folder that is named");
    cr_expect_eq(list.count, 4);
    messages[0] = 0;
    cr_expect(!wht_find_traces("/nonexistent", &errors, &list));
    snprintf(path, sizeof(path), "%s/note.txt", folder);
    cr_expect(!wht_find_traces(path, &errors, &list));
    cr_expect_not_null(strstr(messages, "another kind"));
    wht_file_list_free(&list);
}

Test(input, links_that_lead_back_or_nowhere)
{
    const char *folder = scratch_folder();
    char path[640];
    const struct wht_error_sink errors = {.report = collect};
    const struct wht_load_options options = {.on_error = collect};
    struct wht_file_list list = {.count = 0};
    messages[0] = 0;
    snprintf(path, sizeof(path), "%s/sub", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < 4; i++) { /* each doubles what a naive walk visits at every level */
        snprintf(path, sizeof(path), "%s/sub/up%d", folder, i);
        cr_assert_eq(symlink(i % 2 ? ".." : "../sub", path), 0);
    }
    snprintf(path, sizeof(path), "%s/sub/lost.trace.json", folder);
    cr_assert_eq(symlink("nowhere", path), 0);
    snprintf(path, sizeof(path), "%s/sub/lost.txt", folder);
    cr_assert_eq(symlink("nowhere", path), 0);
    cr_expect(wht_find_traces(folder, &errors, &list), "%s", messages);
    cr_assert_eq(list.count, 1, "a link to nowhere is found");
    cr_expect_null(wht_reader_open(list.paths[0], &options));
    cr_expect_not_null(strstr(messages, "cannot be opened"), "%s", messages);
    wht_file_list_free(&list);
}
