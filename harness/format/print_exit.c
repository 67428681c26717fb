/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "exit". */
#include "print_parts.h"
#include "words/name_lists.h"

static struct wht_node *print_kind(const struct wht_printer *p, const void *object)
{
    static const char *const names[] = {"mmio", "io"};
    return wht_build_string(p->arena, names[((const struct wht_exit *)object)->kind]);
}

static struct wht_node *print_access(const struct wht_printer *p, const void *object)
{
    return wht_build_string(p->arena, wht_access_names[((const struct wht_exit *)object)->access]);
}

/* The short forms leave out what the loader would fill in. */
#define PRINT_MEMBER(key, build)                                                                   \
    static struct wht_node *print_##key(const struct wht_printer *p, const void *object)           \
    {                                                                                              \
        const struct wht_exit *exit = object;                                                      \
        bool is_usual = exit->key == p->usual.key && !(exit->given >> WHT_EXIT_KEY_##key & 1);     \
        return wht_prints_short(p) && is_usual ? NULL : build(p->arena, exit->key);                \
    }
PRINT_MEMBER(gva, wht_build_hex)
PRINT_MEMBER(gva_valid, wht_build_bool)
PRINT_MEMBER(gpa_unmapped, wht_build_bool)
PRINT_MEMBER(string, wht_build_bool)
PRINT_MEMBER(rep, wht_build_bool)
PRINT_MEMBER(bytes_given, wht_build_count)
PRINT_MEMBER(instr_len, wht_build_count)
PRINT_MEMBER(interruption_pending, wht_build_bool)
PRINT_MEMBER(interrupt_shadow, wht_build_bool)
PRINT_MEMBER(debug_active, wht_build_bool)
PRINT_MEMBER(cr8, wht_build_count)

#define PRINT_REQUIRED(key, build)                                                                 \
    static struct wht_node *print_##key(const struct wht_printer *p, const void *object)           \
    {                                                                                              \
        return build(p->arena, ((const struct wht_exit *)object)->key);                            \
    }
PRINT_REQUIRED(gpa, wht_build_hex)
PRINT_REQUIRED(port, wht_build_hex)
PRINT_REQUIRED(size, wht_build_count)

#define PRINTED(key, is_required, how, shape) {#key, print_##key},
static const struct wht_print_key mmio_keys[] = {
#define EXIT_KEY      PRINTED
#define EXIT_MMIO_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key io_keys[] = {
#define EXIT_KEY    PRINTED
#define EXIT_IO_KEY PRINTED
#include "keys.def"
};

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

struct wht_node *wht_print_exit(const struct wht_printer *p)
{
    const struct wht_exit *exit = &p->c->exit;
    return exit->kind == WHT_EXIT_MMIO ? wht_print_object(p, mmio_keys, COUNT(mmio_keys), exit)
                                       : wht_print_object(p, io_keys, COUNT(io_keys), exit);
}
