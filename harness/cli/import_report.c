/* SPDX-License-Identifier: MIT */
#include "import_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void wht_import_say(struct wht_import_report *report, const char *format, ...)
{
    va_list arguments;
    if (report->lines++ >= WHT_IMPORT_LINES_MAX)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void wht_import_error(void *user, const struct wht_error *error)
{
    struct wht_import_report *report = user;
    if (error->more > 0)
        report->lines += error->more;
    else if (report->lines++ < WHT_IMPORT_LINES_MAX)
        wht_error_print(stderr, error);
}

void wht_import_end_of_file(struct wht_import_report *report, const char *path)
{
    if (report->lines > WHT_IMPORT_LINES_MAX)
        fprintf(stderr, "%s: and %" PRIu64 " more\n", path, report->lines - WHT_IMPORT_LINES_MAX);
    report->lines = 0;
}

/* @return NULL if there are too many. */
static struct wht_import_row *row_of(struct wht_import_report *report, const char *mnemonic,
                                     const char *status)
{
    for (size_t i = 0; i < report->row_count; i++) {
        struct wht_import_row *row = &report->rows[i];
        if (strcmp(row->mnemonic, mnemonic) == 0 && strcmp(row->status, status) == 0)
            return row;
    }
    if (!report->rows)
        report->rows = wht_allocate(WHT_IMPORT_ROWS_MAX, sizeof(*report->rows));
    if (report->row_count == WHT_IMPORT_ROWS_MAX)
        return NULL;
    struct wht_import_row *row = &report->rows[report->row_count++];
    snprintf(row->mnemonic, sizeof(row->mnemonic), "%s", mnemonic);
    snprintf(row->status, sizeof(row->status), "%s", status);
    return row;
}

void wht_import_unsuccessful(struct wht_import_report *report, const char *mnemonic,
                             const char *status, const char *id)
{
    struct wht_import_row *row = row_of(report, mnemonic, status);
    if (!row) {
        report->others++;
        return;
    }
    if (row->count < WHT_IMPORT_NAMES_MAX)
        snprintf(row->id[row->count], sizeof(row->id[0]), "%s", id);
    row->count++;
}

static int compare_rows(const void *a, const void *b)
{
    const struct wht_import_row *left = a;
    const struct wht_import_row *right = b;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    int order = strcmp(left->mnemonic, right->mnemonic);
    return order != 0 ? order : strcmp(left->status, right->status);
}

static void print_row(const struct wht_import_row *row, int mnemonic_width, int status_width)
{
    fprintf(stderr, "%8" PRIu64 "  %-*s  %-*s  ", row->count, mnemonic_width, row->mnemonic,
            status_width, row->status);
    for (uint64_t i = 0; i < row->count && i < WHT_IMPORT_NAMES_MAX; i++)
        fprintf(stderr, "%s%s", i ? ", " : "", row->id[i]);
    if (row->count > WHT_IMPORT_NAMES_MAX)
        fprintf(stderr, " and %" PRIu64 " more", row->count - WHT_IMPORT_NAMES_MAX);
    fputc('\n', stderr);
}

static int wider(int width, const char *text)
{
    return (int)strlen(text) > width ? (int)strlen(text) : width;
}

void wht_import_table(struct wht_import_report *report)
{
    uint64_t all = report->others;
    int mnemonic = (int)strlen("instruction");
    int status = (int)strlen("ended with");
    if (report->row_count == 0)
        return;
    for (size_t i = 0; i < report->row_count; i++) {
        mnemonic = wider(mnemonic, report->rows[i].mnemonic);
        status = wider(status, report->rows[i].status);
        all += report->rows[i].count;
    }
    qsort(report->rows, report->row_count, sizeof(*report->rows), compare_rows);
    fprintf(stderr, "%" PRIu64 " call%s did not succeed:\n", all, all == 1 ? "" : "s");
    fprintf(stderr, "%8s  %-*s  %-*s  cases\n", "calls", mnemonic, "instruction", status,
            "ended with");
    for (size_t i = 0; i < report->row_count; i++)
        print_row(&report->rows[i], mnemonic, status);
    if (report->others > 0)
        fprintf(stderr, "%8" PRIu64 "  in other ways\n", report->others);
}

void wht_import_report_free(struct wht_import_report *report)
{
    free(report->rows);
    *report = (struct wht_import_report){.rows = NULL};
}
