/* SPDX-License-Identifier: MIT */
/* Registers by name, as keys of an object or strings in a list. */
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "values.h"
#include "words/name_lists.h"
#include "words/names.h"

#define REG_NAMES_MAX 256

static const char *text_of(const struct wht_node *member)
{
    return member->key ? member->key : member->string;
}

static bool is_in_init(const struct wht_node *member)
{
    const struct wht_node *map = member->parent;
    return member->key && map && map->key && strcmp(map->key, "init") == 0;
}

/* @return the register of a trace that a part of it belongs to ("eax", "r8d"), or NULL. */
static const char *whole_register(const char *part)
{
    static const char *const parts[][5] = {{"rax", "eax", "ax", "al", "ah"},
                                           {"rcx", "ecx", "cx", "cl", "ch"},
                                           {"rdx", "edx", "dx", "dl", "dh"},
                                           {"rbx", "ebx", "bx", "bl", "bh"},
                                           {"rsp", "esp", "sp", "spl"},
                                           {"rbp", "ebp", "bp", "bpl"},
                                           {"rsi", "esi", "si", "sil"},
                                           {"rdi", "edi", "di", "dil"},
                                           {"r8", "r8d", "r8w", "r8b", "r8l"},
                                           {"r9", "r9d", "r9w", "r9b", "r9l"},
                                           {"r10", "r10d", "r10w", "r10b"},
                                           {"r11", "r11d", "r11w", "r11b"},
                                           {"r12", "r12d", "r12w", "r12b"},
                                           {"r13", "r13d", "r13w", "r13b"},
                                           {"r14", "r14d", "r14w", "r14b"},
                                           {"r15", "r15d", "r15w", "r15b"},
                                           {"rip", "eip", "ip"},
                                           {"rflags", "eflags", "flags"}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        for (size_t j = 1; j < 5 && parts[i][j]; j++)
            if (strcmp(parts[i][j], part) == 0)
                return parts[i][0];
    return NULL;
}

bool wht_get_reg_key(struct wht_check *check, const struct wht_node *member,
                     WHV_REGISTER_NAME *name)
{
    static const char *const settings[] = {
#define SETTING_KEY(key, is_required, how, shape) #key,
#include "keys.def"
    };
    const char *names[REG_NAMES_MAX + sizeof(settings) / sizeof(settings[0])];
    const char *text = text_of(member);
    if (wht_reg_from_name(text, name))
        return true;
    if (wht_reg_number(text, name)) {
        char own[WHT_NAME_MAX];
        return wht_fail_key(check, member, "found \"%.40s\", expected its name, \"%s\"", text,
                            wht_reg_name(*name, own));
    }
    if (check->newer)
        return wht_fail_key(check, member,
                            "found the unknown register \"%.40s\", expected one of "
                            "whv-trace/1.0: this file needs a program that knows %.20s",
                            text, check->newer);
    const char *whole = whole_register(text);
    if (whole)
        return wht_fail_key(
            check, member,
            "found \"%.40s\", another name of a register or a part of one; did you mean \"%s\"?",
            text, whole);
    size_t count = wht_reg_names(names, REG_NAMES_MAX);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && is_in_init(member); i++)
        names[count++] = settings[i];
    const char *meant = wht_did_you_mean(text, names, count);
    if (meant)
        return wht_fail_key(check, member,
                            "found the unknown register \"%.40s\"; did you mean \"%s\"?", text,
                            meant);
    return wht_fail_key(check, member,
                        "found the unknown register \"%.40s\", expected a name like \"rax\" or "
                        "\"reg:0x00001234\"",
                        text);
}

/* A register and where it is named. */
struct named {
    WHV_REGISTER_NAME name;
    const struct wht_node *node;
};

static int compare_named(const void *a, const void *b)
{
    const struct named *left = a;
    const struct named *right = b;
    if (left->name != right->name)
        return (uint32_t)left->name < (uint32_t)right->name ? -1 : 1;
    return left->node->offset < right->node->offset ? -1 : 1;
}

static bool is_once(struct wht_check *check, const struct named *before, const struct named *named)
{
    char name[WHT_NAME_MAX];
    if (before->name != named->name ||
        (named->node->key && strcmp(before->node->key, named->node->key) == 0))
        return true;
    return wht_fail_key(check, named->node,
                        "found the register \"%s\" a second time, expected it once",
                        wht_reg_name(named->name, name));
}

bool wht_check_regs_once(struct wht_check *check, const struct wht_node *node)
{
    bool is_good = true;
    size_t count = 0;
    struct named *list = NULL;
    for (const struct wht_node *child = node->first; child; child = child->next) {
        WHV_REGISTER_NAME name;
        bool may_repeat =
            child->key ? child->key[0] == 'r' && wht_reg_number(child->key, &name)
                       : child->kind == WHT_NODE_STRING && wht_reg_from_name(child->string, &name);
        if (!may_repeat)
            continue;
        if (!list)
            list = wht_arena_take(check->arena, wht_node_count(node) * sizeof(*list));
        list[count++] = (struct named){.name = name, .node = child};
    }
    if (count > 1)
        qsort(list, count, sizeof(*list), compare_named);
    for (size_t i = 1; i < count; i++)
        is_good &= is_once(check, &list[i - 1], &list[i]);
    return is_good;
}
