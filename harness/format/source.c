/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "source". */
#include "source.h"

static bool check_text(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    (void)target;
    return wht_get_string(check, node, &text);
}

static bool check_flag(struct wht_check *check, const struct wht_node *node, void *target)
{
    bool value;
    (void)target;
    return wht_get_bool(check, node, &value);
}

static bool check_kind(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"hand", "captured", "generated", "minimized"};
    int kind;
    (void)target;
    return wht_get_name(check, node, names, 4, "a kind of source", &kind);
}

static bool check_emulator(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const struct wht_field fields[] = {
        {"file", check_text, false}, {"version", check_text, false}, {"sha256", check_text, false}};
    (void)target;
    return wht_take_object(check, node, fields, 3, NULL);
}

static bool check_seed(struct wht_check *check, const struct wht_node *node, void *target)
{
    int64_t value;
    (void)target;
    if (node->kind == WHT_NODE_STRING)
        return true;
    return wht_get_count(check, node, 0, (INT64_C(1) << 53) - 1, &value);
}

bool wht_take_source(struct wht_check *check, const struct wht_node *node)
{
    static const struct wht_field fields[] = {
        {"kind", check_kind, false},    {"tool", check_text, false},
        {"vmm", check_text, false},     {"os", check_text, false},
        {"cpu", check_text, false},     {"emulator", check_emulator, false},
        {"guest", check_text, false},   {"date", check_text, false},
        {"seed", check_seed, false},    {"from", check_text, false},
        {"redacted", check_flag, false}};
    return wht_take_object(check, node, fields, sizeof(fields) / sizeof(fields[0]), NULL);
}
