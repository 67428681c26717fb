/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <sys/stat.h>

#include "format/expectations.h"
#include "format/flags.h"

static bool load(const char *text, struct wht_expectations *list)
{
    struct wht_load_options options = {.on_error = collect};
    messages[0] = 0;
    *list = (struct wht_expectations){.count = 0};
    write_file("expectations.json", text, strlen(text));
    return wht_expectations_load(file_path, &options, list);
}

Test(expectations, are_found_by_pattern)
{
    struct wht_expectations list;
    size_t index;
    cr_assert(load("[{\"match\":\"a/*-add-*\",\"expect\":\"fail\",\"reason\":\"r\"},\n"
                   "{\"match\":\"b#x\",\"expect\":\"crash\",\"reason\":\"s\",\"issue\":\"i\","
                   "\"emulator\":\"e\"}]",
                   &list),
              "%s", messages);
    cr_assert_eq(list.count, 2);
    cr_expect_not_null(wht_expectations_find(&list, "a/f#x-add-1", &index));
    cr_expect_eq(index, 0);
    cr_expect_eq(wht_expectations_find(&list, "b#x", &index)->expect, WHT_EXPECT_CRASH);
    cr_expect_eq(index, 1);
    cr_expect_null(wht_expectations_find(&list, "b#xy", &index));
    cr_expect_null(wht_expectations_find(&list, "a/f#x-adc-1", &index));
    cr_expect_eq(list.items[1].pos.line, 2);
    cr_expect_str_eq(list.items[1].reason, "s");
    wht_expectations_free(&list);
}

Test(expectations, must_give_a_reason)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"{}", "expected a list"},
        {"[{\"match\":\"a\",\"expect\":\"fail\"}]", "no key \"reason\""},
        {"[{\"match\":\"a\",\"expect\":\"fail\",\"reason\":\"\"}]", "blanks"},
        {"[{\"match\":\"a\",\"expect\":\"fial\",\"reason\":\"r\"}]", "did you mean \"fail\""},
        {"[{\"match\":\"a\",\"expect\":\"fail\",\"reason\":\"r\",\"why\":1}]", "unknown key"},
        {"[", "found the end of the text"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wht_expectations list;
        cr_expect(!load(rows[i].text, &list), "row %zu", i);
        cr_expect_not_null(strstr(messages, rows[i].words), "row %zu: %s", i, messages);
        wht_expectations_free(&list);
    }
}

Test(flags, the_built_in_list_serves_traces_elsewhere)
{
    const struct wht_flag *flag = wht_flag_find("/nowhere/x.trace.json", "page-split");
    cr_assert_not_null(flag);
    cr_expect(strlen(flag->bug) > 10);
    cr_expect(strlen(flag->description) > 10);
    cr_expect(strlen(flag->effect) > 10);
    cr_expect_null(wht_flag_find("/nowhere/x.trace.json", "no-such-flag"));
}

/* Writes traces/flags.json and a case with these flags below it, and loads the case. */
static struct wht_case *load_below(const char *folder, const char *flags_json, const char *flags)
{
    char text[512];
    struct wht_case *c = NULL;
    size_t errors;
    snprintf(file_path, sizeof(file_path), "%s/flags.json", folder);
    FILE *file = fopen(file_path, "w");
    cr_assert_not_null(file);
    fputs(flags_json, file);
    fclose(file);
    snprintf(
        text, sizeof(text),
        "{\"format\":\"whv-trace/1.0\",\"id\":\"a\",\"code\":\"90\",\"exit\":{\"kind\":\"mmio\","
        "\"access\":\"read\",\"gpa\":\"0x1\"},\"expect\":{\"calls\":[]},\"flags\":[%s]}",
        flags);
    snprintf(file_path, sizeof(file_path), "%s/sub/a.trace.json", folder);
    file = fopen(file_path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    load_file(&c, 1, &errors);
    cr_expect((errors == 0) == (messages[0] == 0), "%zu: %s", errors, messages);
    return c;
}

/* Each row in a folder of its own: definitions are read once. */
Test(flags, definitions_are_checked)
{
#define FLAG "{\"bug\":\"b\",\"description\":\"d\",\"effect\":\"e\"}"
    static const struct {
        const char *flags_json, *flags, *message; /* NULL: none */
        bool is_loaded;
    } rows[] = {
        {"{\"$comment\":1,\"x-mine\":2,\"mine\":" FLAG "}", "\"mine\"", NULL, true},
        {"{\"mine\":{\"bug\":\"b\",\"description\":\"d\",\"effect\":\"e\",\"links\":[\"l\"],"
         "\"x-a\":1}}",
         "\"mine\"", NULL, true},
        {"{\"mine\":" FLAG "}", "\"mien\"",
         "/flags/0 found the unknown flag \"mien\"; did you mean "
         "\"mine\"?",
         false},
        {"{\"mine\":" FLAG "}", "\"page-split\"", "/flags/0 found the flag \"page-split\"", false},
        {"{\"mine\":{\"bug\":\"b\",\"effect\":\"e\"}}", "\"mine\"",
         "1:9 /mine found no key \"description\"", true},
        {"{\"mine\":\"text\"}", "\"mine\"", "1:9 /mine found a string, expected an object", true},
        {"{\"mine\":{\"bug\":\"\",\"description\":\"d\",\"effect\":1,\"efect\":\"e\"}}", "\"mine\"",
         "/mine/efect found the unknown key \"efect\"; did you mean \"effect\"?", true},
        {"{\"mine\":" FLAG ",\"mine\":" FLAG "}", "\"mine\"", "/mine found the key", true},
        {"{\"mine\":{\"bug\":\"b\",\"description\":\"d\",\"effect\":\"e\",\"links\":\"l\"}}",
         "\"mine\"", "/mine/links found a string, expected a list", true},
        {"{\"mine\":{\"bug\":\"b\",\"description\":\"d\",\"effect\":\"e\",\"links\":[\"l\",1]}}",
         "\"mine\"", "/mine/links/1 found a number, expected a string", true},
        {"[]", "\"mine\"", "1:1  found a list, expected an object", true},
        {"{\"mine\":}", "\"mine\"", "1:9  found '}', expected a JSON value", true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char own[600], folder[620], below[640];
        snprintf(own, sizeof(own), "%s/%zu", scratch_folder(), i);
        snprintf(folder, sizeof(folder), "%s/traces", own);
        snprintf(below, sizeof(below), "%s/sub", folder);
        cr_assert(mkdir(own, 0700) == 0 && mkdir(folder, 0700) == 0 && mkdir(below, 0700) == 0);
        struct wht_case *c = load_below(folder, rows[i].flags_json, rows[i].flags);
        cr_expect_eq(c != NULL, rows[i].is_loaded, "row %zu: %s", i, messages);
        if (rows[i].message)
            cr_expect_not_null(strstr(messages, rows[i].message), "row %zu: %s", i, messages);
        wht_case_free(c);
        c = load_below(folder, rows[i].flags_json, rows[i].flags);
        cr_expect(!c == !rows[i].is_loaded && (!c || messages[0] == 0),
                  "row %zu: the definitions are reported once", i);
        wht_case_free(c);
        wht_flags_forget();
        c = load_below(folder, rows[i].flags_json, rows[i].flags);
        cr_expect(!rows[i].message || messages[0] != 0, "row %zu: and read again", i);
        wht_case_free(c);
    }
}
