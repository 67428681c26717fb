/* SPDX-License-Identifier: MIT */
/* Pending results of a file: what is read, replaced, dropped and written. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/pending.h"
#include "scratch.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *trace(void)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/a.trace.json", scratch_folder());
    return path;
}

static void put(const char *text)
{
    char *path = wht_pending_path(trace());
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static char *line(const char *id, int number)
{
    static char text[256];
    snprintf(text, sizeof(text),
             "{\"id\": \"%s\", \"digest\": \"" DIGEST "\", \"expect\": {\"n\": %d}}", id, number);
    return text;
}

static void add(const char *id, int number)
{
    struct wht_pending_list list;
    cr_assert(wht_pending_read(&list, trace()));
    cr_expect(wht_pending_take(&list, line(id, number)));
    cr_expect(wht_pending_write(&list));
    wht_pending_free(&list);
}

static void drop(const char *id, enum wht_pending_fate fate)
{
    struct wht_pending_list list;
    cr_assert(wht_pending_read(&list, trace()));
    cr_assert_not_null(wht_pending_find(&list, id));
    wht_pending_find(&list, id)->fate = fate;
    cr_expect(wht_pending_write(&list));
    wht_pending_free(&list);
}

/* @param expected ids and numbers. */
static void expect(const char *expected)
{
    struct wht_pending_list list;
    char text[256] = "";
    cr_assert(wht_pending_read(&list, trace()));
    for (size_t i = 0; i < list.count; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s ", list.items[i].id,
                 wht_node_member(list.items[i].expect, "n")->string);
    cr_expect_str_eq(text, expected);
    cr_expect_eq(wht_pending_count(&list), list.count);
    wht_pending_free(&list);
}

Test(pending, results_come_are_replaced_and_go)
{
    char *path = wht_pending_path(trace());
    expect("");
    cr_expect(access(path, F_OK) != 0);
    add("a", 1);
    add("b", 2);
    expect("a1 b2 ");
    add("a", 3);
    expect("a3 b2 ");
    drop("a", WHT_PENDING_WAITS);
    expect("a3 b2 ");
    drop("a", WHT_PENDING_DROPPED);
    expect("b2 ");
    drop("b", WHT_PENDING_ACCEPTED);
    expect("");
    cr_expect(access(path, F_OK) != 0, "nothing is pending, no file");
    free(path);
}

static void expect_damaged(const char *text)
{
    struct wht_pending_list list;
    put(text);
    cr_expect_not(wht_pending_read(&list, trace()), "%s", text);
    wht_pending_free(&list);
}

Test(pending, what_is_damaged_is_an_error)
{
    char text[1024];
    expect_damaged("\n");
    expect_damaged("{}\n");
    expect_damaged("{\"format\": \"whv-pending/2.0\"}\n");
    expect_damaged("{\"format\": \"whv-pending/1.0\"}\nwhat\n");
    expect_damaged("{\"format\": \"whv-pending/1.0\"}\n[]\n");
    expect_damaged("{\"format\": \"whv-pending/1.0\"}\n"
                   "{\"id\": \"a\", \"digest\": \"12\", \"expect\": {}}\n");
    expect_damaged("{\"format\": \"whv-pending/1.0\"}\n"
                   "{\"id\": 1, \"digest\": \"" DIGEST "\", \"expect\": {}}\n");
    expect_damaged("{\"format\": \"whv-pending/1.0\"}\n"
                   "{\"id\": \"a\", \"digest\": \"" DIGEST "\", \"expect\": []}\n");
    snprintf(text, sizeof(text), "{\"format\": \"whv-pending/1.0\"}\n%s\n", line("a", 7));
    put(text);
    expect("a7 ");
}
