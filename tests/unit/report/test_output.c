/* SPDX-License-Identifier: MIT */
/* Where reports go: files, pipes, a full disk. */
#define _DEFAULT_SOURCE

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/output.h"

static char path[] = "/tmp/whvtrace-output-XXXXXX";

static void make_path(void)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void expect_content(const char *name, const char *expected)
{
    char content[256] = "";
    FILE *file = fopen(name, "rb");
    cr_assert_not_null(file);
    content[fread(content, 1, sizeof(content) - 1, file)] = 0;
    fclose(file);
    cr_expect_str_eq(content, expected);
}

static void write_and_patch(struct wht_output *output)
{
    wht_output_write(output, "head ", 5);
    fpos_t mark = wht_output_mark(output);
    wht_output_write(output, "......", 6);
    wht_output_write(output, " tail", 5);
    wht_output_patch(output, &mark, "filled", 6);
    wht_output_write(output, " end", 4);
}

Test(output, a_place_can_be_filled_in_later)
{
    struct wht_output output;
    make_path();
    cr_assert(wht_output_open(&output, path, WHT_OUTPUT_PATCHED));
    cr_expect_eq(output.target, NULL, "a file needs no spool");
    write_and_patch(&output);
    cr_expect_eq(wht_output_close(&output), 0);
    expect_content(path, "head filled tail end");
    unlink(path);
}

/* A pipe cannot be sought in: what it gets is put together elsewhere. */
Test(output, so_it_can_in_a_pipe)
{
    char command[256];
    char fifo[64];
    char result[64];
    struct wht_output output;
    make_path();
    snprintf(fifo, sizeof(fifo), "%s.fifo", path);
    snprintf(result, sizeof(result), "%s.out", path);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    snprintf(command, sizeof(command), "cat %s > %s", fifo, result);
    FILE *reader = popen(command, "w");
    cr_assert_not_null(reader);
    cr_assert(wht_output_open(&output, fifo, WHT_OUTPUT_PATCHED));
    cr_expect_neq(output.target, NULL);
    write_and_patch(&output);
    cr_expect_eq(wht_output_close(&output), 0);
    cr_expect_eq(pclose(reader), 0);
    expect_content(result, "head filled tail end");
    unlink(path);
    unlink(fifo);
    unlink(result);
}

Test(output, appending_keeps_what_is_there)
{
    struct wht_output output;
    make_path();
    for (unsigned i = 0; i < 2; i++) {
        cr_assert(wht_output_open(&output, path, WHT_OUTPUT_APPENDED));
        wht_output_write(&output, "again ", 6);
        cr_expect_eq(wht_output_close(&output), 0);
    }
    expect_content(path, "again again ");
    unlink(path);
}

Test(output, a_full_disk_is_told_at_the_end)
{
    static const enum wht_output_mode modes[] = {WHT_OUTPUT_PLAIN, WHT_OUTPUT_PATCHED};
    char block[4096];
    memset(block, 'x', sizeof(block));
    for (size_t i = 0; i < 2; i++) {
        struct wht_output output;
        cr_assert(wht_output_open(&output, "/dev/full", modes[i]));
        for (unsigned j = 0; j < 100; j++)
            wht_output_write(&output, block, sizeof(block));
        cr_expect_eq(wht_output_close(&output), ENOSPC);
    }
}

Test(output, what_cannot_be_opened_is_refused)
{
    struct wht_output output;
    cr_expect(!wht_output_open(&output, "/no/such/folder/file", WHT_OUTPUT_PLAIN));
    cr_expect_eq(errno, ENOENT);
    cr_expect(!wht_output_open(&output, "/tmp", WHT_OUTPUT_PATCHED));
    cr_expect_eq(errno, EISDIR);
}
