/* SPDX-License-Identifier: MIT */
/**
 * @file man_page.h
 * whvtrace(1): all verbs, from their table.
 */
#ifndef WHVTRACE_CLI_MAN_PAGE_H
#define WHVTRACE_CLI_MAN_PAGE_H

/** Prints the page as mdoc. @return WHT_EXIT_OK. */
int wht_man_page_print(void);

#endif
