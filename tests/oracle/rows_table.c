/* SPDX-License-Identifier: MIT */
#include "rows_table.h"

const struct row rows_table[] = {
#define ROW_IF(feature, mandatory, map, opcode, form, size, digit, immediate, traits, undefined)   \
    {mandatory, map, opcode, form, size, digit, immediate, undefined, feature, traits},
#include "rows_table.def"
};

_Static_assert(sizeof(rows_table) / sizeof(rows_table[0]) <= ROWS_TABLE_MAX, "room for all");

const unsigned rows_table_size = sizeof(rows_table) / sizeof(rows_table[0]);
