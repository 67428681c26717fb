/* SPDX-License-Identifier: MIT */
#include "report_options.h"

#include <stdio.h>
#include <string.h>

#include "base/platform.h"

static void list_formats(char *list, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; wht_formats[i] && used < n; i++)
        used += (size_t)snprintf(list + used, n - used, "%s%s",
                                 i == 0               ? ""
                                 : wht_formats[i + 1] ? ", "
                                                      : " or ",
                                 wht_formats[i]->name);
}

bool wht_take_report(const struct wht_args *args, const struct wht_option *option,
                     const char *value, void *target)
{
    struct wht_wanted_reports *wanted = target;
    (void)option;
    char list[128];
    size_t size = strcspn(value, "=");
    const char *path = value[size] == '=' ? value + size + 1 : NULL;
    const struct wht_format *format = wht_format_find(value, size);
    list_formats(list, sizeof(list));
    if (!format)
        wht_usage_error(args->verb, "option '--report' got '%s', expected %s", value, list);
    else if (path && !*path)
        wht_usage_error(args->verb, "option '--report' got '%s': the file has no name", value);
    else if (wanted->count == WHT_REPORTS_MAX)
        wht_usage_error(args->verb, "option '--report' was given more than %d times",
                        WHT_REPORTS_MAX);
    else {
        bool is_stdout = path && strcmp(path, "-") == 0;
        wanted->items[wanted->count++] =
            (struct wht_wanted_report){format, is_stdout ? NULL : path};
        return true;
    }
    return false;
}

static void catch_broken_pipes(const struct wht_reports *reports)
{
    /* A reader who has seen enough of standard output does not do without the files. */
    if (wht_reports_have_file(reports))
        wht_survive_broken_pipes();
}

bool wht_wanted_reports_open(const char *verb, const struct wht_wanted_reports *wanted,
                             const struct wht_report_style *style, struct wht_reports *reports)
{
    char error[512];
    for (size_t i = 0; i < wanted->count; i++)
        if (!wht_reports_open(reports, wanted->items[i].format, wanted->items[i].path, style, error,
                              sizeof(error))) {
            wht_usage_error(verb, "option '--report': %s", error);
            return false;
        }
    const struct wht_format *conflict = wht_reports_conflict(reports);
    if (conflict) {
        wht_usage_error(verb,
                        "option '--report': two reports for standard output; "
                        "name a file: %s=FILE",
                        conflict->name);
        return false;
    }
    catch_broken_pipes(reports);
    return wht_reports_own_stdout(reports) ||
           wht_reports_open(reports, &wht_format_pretty, NULL, style, error, sizeof(error));
}

void wht_report_format_names(struct wht_text *words)
{
    for (size_t i = 0; wht_formats[i]; i++)
        wht_text_addf(words, " %s", wht_formats[i]->name);
}

void wht_report_formats_add(struct wht_text *text)
{
    wht_text_add(text, "\nreports:\n");
    for (size_t i = 0; wht_formats[i]; i++)
        wht_text_addf(text, "  %-10s%s\n", wht_formats[i]->name, wht_formats[i]->about);
    wht_text_add(
        text,
        "\nWithout a file, or with '-' for one, a report goes to standard output in place of "
        "the one "
        "for\npeople; only one can. 'github' writes its lines there beside the others.\n\n"
        "A file appears, or takes the place of an older one, when its report is whole: also at "
        "an\ninterrupt, and where the emulator cannot be loaded, since a report says so. If it "
        "cannot be\nwritten, the older one stays. 'markdown' is appended. No report can be a "
        "file that is read.\n");
}
