/* SPDX-License-Identifier: MIT */
/**
 * @file page_data.h
 * What did not simply pass, as the script of the HTML page reads it (page.js): a list of JSON
 * values in which a string joins a table, and a list is a case. A number in a case is the place of
 * a string in that table; lines of blocks that come again are told once.
 */
#ifndef WHVTRACE_REPORT_PAGE_DATA_H
#define WHVTRACE_REPORT_PAGE_DATA_H

#include "base/map.h"
#include "base/text.h"
#include "event.h"

/** More cases than anybody looks at, of which so many have a block; a browser still takes them. */
#define WHT_PAGE_CASES  100000u
#define WHT_PAGE_BLOCKS 20000u

/** Zero-initialise; release with wht_page_data_free(). */
struct wht_page_data {
    /** 1: came once; otherwise 2 + the place in the table. */
    struct wht_map strings;
    uint64_t table_size;
    uint64_t cases;
    uint64_t blocks;
    /** Cases beyond WHT_PAGE_CASES. */
    uint64_t left_out;
    /** A case that is put together. */
    struct wht_text row;
    bool has_items;
};

/** Adds a case to the data. */
void wht_page_case(struct wht_page_data *data, struct wht_text *out,
                   const struct wht_report_case *result);
/** Adds a problem, likewise. */
void wht_page_problem(struct wht_page_data *data, struct wht_text *out,
                      const struct wht_report_problem *problem);
void wht_page_data_free(struct wht_page_data *data);

#endif
