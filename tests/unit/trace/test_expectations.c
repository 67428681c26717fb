/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "trace/expectations.h"
#include "trace/flags.h"

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
