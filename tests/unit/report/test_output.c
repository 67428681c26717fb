/* SPDX-License-Identifier: MIT */
/* Where reports go: files, pipes, a full disk. */
#define _DEFAULT_SOURCE

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/output.h"
#include "scratch.h"

static char path[600];

static void make_path(void)
{
    snprintf(path, sizeof(path), "%s/output", scratch_folder());
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fclose(file);
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
    cr_expect_eq(wht_output_close(&output, true), 0);
    expect_content(path, "head filled tail end");
    unlink(path);
}

/* A pipe cannot be sought in: what it gets is put together elsewhere. */
Test(output, so_it_can_in_a_pipe)
{
    char command[1400];
    char fifo[640];
    char result[640];
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
    cr_expect_eq(wht_output_close(&output, true), 0);
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
        cr_expect_eq(wht_output_close(&output, true), 0);
    }
    expect_content(path, "again again ");
    unlink(path);
}

/* What is not wanted, or cannot be written, leaves what was there. */
Test(output, a_file_stays_as_it_was_until_its_report_is_whole)
{
    static const enum wht_output_mode modes[] = {WHT_OUTPUT_PLAIN, WHT_OUTPUT_APPENDED,
                                                 WHT_OUTPUT_PATCHED};
    make_path();
    for (size_t i = 0; i < 3; i++) {
        struct wht_output output;
        FILE *file = fopen(path, "wb");
        cr_assert_not_null(file);
        fputs("old", file);
        fclose(file);
        cr_assert(wht_output_open(&output, path, modes[i]));
        wht_output_write(&output, "new", 3);
        wht_output_flush(&output);
        expect_content(path, "old");
        cr_expect_eq(wht_output_close(&output, false), 0);
        expect_content(path, "old");
    }
    unlink(path);
}

/* A limit for files stands for a disk without room; what was appended in part is cut off again. */
Test(output, a_file_that_cannot_be_whole_stays_as_it_was)
{
    static const enum wht_output_mode modes[] = {WHT_OUTPUT_PLAIN, WHT_OUTPUT_APPENDED};
    static char block[200000];
    make_path();
    for (size_t i = 0; i < 2; i++) {
        struct wht_output output;
        FILE *file = fopen(path, "wb");
        cr_assert_not_null(file);
        fputs("old", file);
        fclose(file);
        cr_assert(wht_output_open(&output, path, modes[i]));
        struct rlimit limit = {sizeof(block) / 2, RLIM_INFINITY}, before;
        getrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, SIG_IGN);
        /* The spool is written before there is a limit, the rest after it. */
        wht_output_write(&output, block, sizeof(block));
        wht_output_flush(&output);
        setrlimit(RLIMIT_FSIZE, &limit);
        wht_output_write(&output, block, i == 0 ? sizeof(block) : 0);
        cr_expect_eq(wht_output_close(&output, true), EFBIG);
        setrlimit(RLIMIT_FSIZE, &before);
        expect_content(path, "old");
    }
    unlink(path);
}

Test(output, two_outputs_are_two_files)
{
    struct wht_output one, two;
    char link_name[640];
    make_path();
    snprintf(link_name, sizeof(link_name), "%s.link", path);
    cr_assert_eq(link(path, link_name), 0);
    cr_assert(wht_output_open(&one, path, WHT_OUTPUT_PLAIN));
    cr_expect(!wht_output_open(&two, link_name, WHT_OUTPUT_PLAIN));
    cr_expect_eq(errno, EBUSY);
    cr_expect(strstr(two.out.error, path) != NULL, "%s", two.out.error);
    cr_expect_eq(wht_output_close(&one, true), 0);
    unlink(path);
    unlink(link_name);
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
        cr_expect_eq(wht_output_close(&output, true), ENOSPC);
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
