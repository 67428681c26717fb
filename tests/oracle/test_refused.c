/* SPDX-License-Identifier: MIT */
/*
 * What the emulator refuses is what refused.txt and refused_registers.txt say: an instruction that
 * is new to the table, or lost to it, is a difference.
 *
 * REFUSED_BLESS=1 writes the files
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "refused.h"

#define TEXT_MAX  0x80000u
#define LINES_MAX 20u /* of a difference */

static char now[TEXT_MAX], before[TEXT_MAX];

static bool has_line(const char *text, const char *line, size_t length)
{
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* Lines of one text that the other has not. @return how many. */
static unsigned tell_missing(const char *text, const char *other, const char *what)
{
    unsigned count = 0;
    for (const char *at = text; *at; at += *at == '\n') {
        const size_t length = strcspn(at, "\n");
        if (length > 0 && !has_line(other, at, length) && ++count <= LINES_MAX)
            fprintf(stderr, "%s %.*s\n", what, (int)length, at);
        at += length;
    }
    return count;
}

static bool read_before(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    const size_t size = fread(before, 1, sizeof(before) - 1, file);
    before[size] = '\0';
    return fclose(file) == 0;
}

static void bless(const char *path)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s cannot be written", path);
    fputs(now, file);
    cr_assert_eq(fclose(file), 0);
}

/* @return how many encodings there are of the kind. */
static unsigned expect_list(bool has_registers, const char *path, struct refused_tally *tally)
{
    if (ZYDIS_VERSION_MAJOR(ZYDIS_VERSION) != 4 || ZYDIS_VERSION_MINOR(ZYDIS_VERSION) != 0)
        cr_skip_test("the list is of what Zydis 4.0 knows");
    cr_assert(refused_list(has_registers, now, sizeof(now), tally), "no room for the list");
    fprintf(stderr, "%u encodings, %u taken, %u not on this machine\n", tally->encodings,
            tally->taken, tally->not_here);
    if (getenv("REFUSED_BLESS"))
        bless(path);
    cr_assert(read_before(path), "%s cannot be read", path);
    const unsigned lost = tell_missing(now, before, "refused, and not in the list:");
    const unsigned found = tell_missing(before, now, "in the list, and not refused:");
    cr_expect(lost == 0 && found == 0 && strcmp(now, before) == 0,
              "%u lines are new, %u are gone; if they are meant to be: REFUSED_BLESS=1 ./dev test "
              "-R test_refused",
              lost, found);
    return tally->encodings;
}

Test(refused, is_what_the_list_says)
{
    struct refused_tally tally = {0};
    cr_expect_gt(expect_list(false, REFUSED_FILE, &tally), 20000u);
    cr_expect_gt(tally.taken, 2000u);
}

Test(refused, without_memory_is_what_the_list_says)
{
    struct refused_tally tally = {0};
    cr_expect_gt(expect_list(true, REFUSED_REGISTERS_FILE, &tally), 60000u);
    cr_expect_gt(tally.taken, 20000u);
}
