/* SPDX-License-Identifier: MIT */
/**
 * @file check.h
 * Reading nodes with errors: every function reports what it does not like at the node and returns
 * false; callers go on, so that one pass finds every error of a document.
 * Where each stands: traces/FORMAT.md, "Errors".
 */
#ifndef WHVTRACE_FORMAT_CHECK_H
#define WHVTRACE_FORMAT_CHECK_H

#include "base/json_node.h"
#include "load.h"

struct wht_check {
    const char *file;
    struct wht_load_options options;
    size_t errors;      /**< of the whole file, those reported once for many cases counted once */
    size_t warnings;    /**< likewise */
    bool is_rest_told;  /**< wht_report_rest() was called */
    bool is_bad;        /**< the case at hand has an error */
    bool is_partial;    /**< `defaults` are read: keys may be missing, rules between keys wait */
    size_t case_number; /**< of the case at hand, from 1; 0 while `defaults` are read */
    const char *newer;  /**< the file's format version if it is newer than ours, or NULL */
    const struct wht_document *document;
    const struct wht_document *defaults; /**< the document that holds `defaults`, or NULL */
    const struct wht_flags *flags;       /**< that rule the file, or NULL before they are needed */
    struct wht_arena *arena;             /**< of the case at hand */
};

/** Reports an error that no node stands for. Beyond WHT_ERRORS_MAX errors are only counted. */
void wht_report(struct wht_check *check, struct wht_pos pos, const char *pointer,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/** At the end of a file: reports how many errors there were beyond WHT_ERRORS_MAX; once. */
void wht_report_rest(struct wht_check *check);

/** Reports an error at a node's value. @return false. */
bool wht_fail(struct wht_check *check, const struct wht_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Reports an error at a member's key. @return false. */
bool wht_fail_key(struct wht_check *check, const struct wht_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Warns at a node's value: nothing is wrong by the rules, the case stays good. Warnings about
 * something in `defaults` are given for the first case alone. */
void wht_warn(struct wht_check *check, const struct wht_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Reports that an object lacks a key. @return false. */
bool wht_fail_missing(struct wht_check *check, const struct wht_node *object, const char *key);

/**
 * Where to report a rule between two keys.
 * @param other NULL if there is none.
 * @return node, or other if only node stands in `defaults`.
 */
const struct wht_node *wht_more_specific(const struct wht_node *node, const struct wht_node *other);

/** Where to report what `object.member` says. @return it, else the object, else the node. */
const struct wht_node *wht_node_within(const struct wht_node *node, const char *object,
                                       const char *member);

/** @return where a node's value stands. */
struct wht_pos wht_node_pos(const struct wht_check *check, const struct wht_node *node);

bool wht_get_object(struct wht_check *check, const struct wht_node *node);
/** @param min least number of elements. */
bool wht_get_list(struct wht_check *check, const struct wht_node *node, size_t min);
bool wht_get_string(struct wht_check *check, const struct wht_node *node, const char **value);
bool wht_get_bool(struct wht_check *check, const struct wht_node *node, bool *value);
/** A JSON integer from min to max, which are at most 2^53 - 1 apart from 0: no double rounds there.
 */
bool wht_get_count(struct wht_check *check, const struct wht_node *node, int64_t min, int64_t max,
                   int64_t *value);
#define WHT_NUMBER_TEXT 48
/** Writes a number as the file spells it, or its start: a double may say something else. */
const char *wht_number_text(const struct wht_check *check, const struct wht_node *node,
                            char written[WHT_NUMBER_TEXT]);
/** One of `count` names; "did you mean" otherwise. @param value receives its index. */
bool wht_get_name(struct wht_check *check, const struct wht_node *node, const char *const *names,
                  size_t count, const char *what, int *value);
/** A list of strings, or one string. */
bool wht_get_strings(struct wht_check *check, const struct wht_node *node, bool allow_one,
                     struct wht_strings *value);

/** One key of an object and the function that takes it. */
struct wht_field {
    const char *key;
    bool (*take)(struct wht_check *check, const struct wht_node *node, void *target);
    bool is_required;
};

/**
 * Takes an object apart: each known member goes to its function, the first of those with one name;
 * unknown and missing keys are reported; `$comment` and `x-*` are passed over.
 * @param count fields, at most 64.
 * @return whether all went well.
 */
bool wht_take_object(struct wht_check *check, const struct wht_node *node,
                     const struct wht_field *fields, size_t count, void *target);

/** Reports keys that occur twice in an object. @return whether there are none. */
bool wht_check_members(struct wht_check *check, const struct wht_node *object);

/** As wht_check_members, in node and all below it. */
bool wht_check_duplicates(struct wht_check *check, const struct wht_node *node);

#endif
