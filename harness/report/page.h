/* SPDX-License-Identifier: MIT */
/**
 * @file page.h
 * What the HTML page looks like and does: page.css and page.js as they are.
 */
#ifndef WHVTRACE_REPORT_PAGE_H
#define WHVTRACE_REPORT_PAGE_H

#include <stddef.h>

extern const char wht_page_style[];
extern const size_t wht_page_style_size;
extern const char wht_page_script[];
extern const size_t wht_page_script_size;

#endif
