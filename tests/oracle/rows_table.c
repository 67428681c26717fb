/* SPDX-License-Identifier: MIT */
#include "rows_table.h"

const struct row rows_table[] = {
#define ROW(map, opcode, form, size, digit, immediate, traits, undefined)                          \
    {map, opcode, form, size, digit, immediate, traits, undefined},
#include "rows_table.def"
};

const unsigned rows_table_size = sizeof(rows_table) / sizeof(rows_table[0]);
