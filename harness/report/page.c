/* SPDX-License-Identifier: MIT */
#include "page.h"

/* clang-format off */
const char wht_page_style[] = {
#include "page.css.inc"
};
const char wht_page_script[] = {
#include "page.js.inc"
};
/* clang-format on */
const size_t wht_page_style_size = sizeof(wht_page_style);
const size_t wht_page_script_size = sizeof(wht_page_script);
