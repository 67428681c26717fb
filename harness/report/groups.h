/* SPDX-License-Identifier: MIT */
/**
 * @file groups.h
 * Failures that look alike, told once. Memory stays bounded whatever a run finds.
 */
#ifndef WHVTRACE_REPORT_GROUPS_H
#define WHVTRACE_REPORT_GROUPS_H

#include <stddef.h>

#include "event.h"

/** Bounds of one group, and of all. */
#define WHT_GROUP_NAMES     5
#define WHT_GROUP_MNEMONICS 8
#define WHT_MNEMONIC_MAX    32
#define WHT_GROUPS_MAX      100

struct wht_group_mnemonic {
    char name[WHT_MNEMONIC_MAX];
    uint64_t count;
};

/** Failures with one key. The first stands for them, or the first that carries an explanation. */
struct wht_group {
    char *key;
    char *name;
    char *file;
    uint64_t line;
    char *cause;
    /** May hold colours. */
    char *block;
    bool is_explained;
    /** That one included. */
    uint64_t count;
    char *names[WHT_GROUP_NAMES];
    /** Others that are named. */
    size_t name_count;
    struct wht_group_mnemonic mnemonics[WHT_GROUP_MNEMONICS];
    size_t mnemonic_count;
    /** Cases with others than those. */
    uint64_t other_mnemonics;
};

/** Zero-initialise; release with wht_groups_free(). */
struct wht_groups {
    struct wht_group *items;
    size_t count;
    size_t capacity;
    /** Failures of further kinds than WHT_GROUPS_MAX. */
    uint64_t left_out;
};

/** Adds a failure: to its group, or as the first of a new one. */
void wht_groups_add(struct wht_groups *groups, const struct wht_report_case *failure);

/** Puts the largest groups first; equal ones stay in the order of their first members. */
void wht_groups_sort(struct wht_groups *groups);
void wht_groups_free(struct wht_groups *groups);

#endif
