/* SPDX-License-Identifier: MIT */
/**
 * @file print_parts.h
 * The parts of a case, one source each: print_*.c prints the keys of its object, by the rows of
 * keys.def, with one function for each key.
 */
#ifndef WHVTRACE_FORMAT_PRINT_PARTS_H
#define WHVTRACE_FORMAT_PRINT_PARTS_H

#include "base/json_build.h"
#include "print.h"

struct wht_printer {
    struct wht_arena *arena;
    const struct wht_case *c;
    enum wht_print form;
    /** What the loader would fill in, for the short forms. */
    struct wht_exit usual;
};

/** @return whether what the loader would fill in is left out. */
static inline bool wht_prints_short(const struct wht_printer *p)
{
    return p->form == WHT_PRINT_SHORT || p->form == WHT_PRINT_FILE;
}

/** One key of an object. @return its value, or NULL to leave it out. */
typedef struct wht_node *wht_print_fn(const struct wht_printer *p, const void *object);

struct wht_print_key {
    const char *key;
    wht_print_fn *print;
};

/** @return an object of the keys, in their order. */
struct wht_node *wht_print_object(const struct wht_printer *p, const struct wht_print_key *keys,
                                  size_t count, const void *object);

/** Adds free members to an object: `$comment` in front, `x-*` at the end. */
void wht_print_free(const struct wht_printer *p, struct wht_node *object,
                    const struct wht_free_list *list);

/** @return a string, or NULL if text is NULL. */
struct wht_node *wht_print_text(const struct wht_printer *p, const char *text);

/** print_init.c */
struct wht_node *wht_print_init(const struct wht_printer *p);
/** print_exit.c */
struct wht_node *wht_print_exit(const struct wht_printer *p);
/** print_memory.c: NULL if there are none and the form leaves empty lists out. */
struct wht_node *wht_print_memory(const struct wht_printer *p);
struct wht_node *wht_print_pages(const struct wht_printer *p);
/** print_expect.c */
struct wht_node *wht_print_expect(const struct wht_printer *p);
/** print_calls.c */
struct wht_node *wht_print_calls(const struct wht_printer *p, const struct wht_call *calls,
                                 size_t count);
struct wht_node *wht_print_hresult(const struct wht_printer *p, HRESULT hr);
/** print_source.c: NULL if there is none. */
struct wht_node *wht_print_source(const struct wht_printer *p, const struct wht_source *source);

/** print_regs.c: a register's plain value. */
struct wht_node *wht_print_value(const struct wht_printer *p, WHV_REGISTER_NAME name,
                                 const WHV_REGISTER_VALUE *value);
/** print_regs.c: a map of expected registers. */
struct wht_node *wht_print_wants(const struct wht_printer *p, const struct wht_want_reg *regs,
                                 size_t count);
/** print_regs.c: adds a member whose key is a register's name. */
void wht_print_add_reg(struct wht_build *build, WHV_REGISTER_NAME name, struct wht_node *value);

#endif
