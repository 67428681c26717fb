/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "init". */
#include <stdlib.h>
#include <string.h>

#include "take.h"
#include "values.h"
#include "words/name_lists.h"
#include "words/names.h"

#define CR0_PE  0x1u
#define CR0_ET  0x10u
#define CR0_PG  0x80000000u
#define CR4_PAE 0x20u
#define CR4_SSE 0x600u /* OSFXSR and OSXMMEXCPT */
#define EFER_LM 0x500u /* LME and LMA */

/* Registers in the order in which they are put; a later one replaces an earlier one. */
struct builder {
    struct wht_check *check;
    struct wht_init *init;
    size_t capacity;
};

static void put(struct builder *b, WHV_REGISTER_NAME name, WHV_REGISTER_VALUE value, bool is_given)
{
    struct wht_init *init = b->init;
    if (init->reg_count < b->capacity) /* sized for all that can come */
        init->regs[init->reg_count++] =
            (struct wht_reg){.name = name, .value = value, .is_given = is_given};
}

bool wht_mode_register(enum wht_mode mode, uint8_t cpl, WHV_REGISTER_NAME name,
                       WHV_REGISTER_VALUE *value)
{
    const struct wht_segment_context context = {.mode = mode, .cpl = cpl};
    bool is_long = mode >= WHT_MODE_COMPAT16;
    bool is_protected = mode != WHT_MODE_REAL16;
    *value = (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 0}};
    switch ((int)name) {
    case WHvX64RegisterEs:
    case WHvX64RegisterCs:
    case WHvX64RegisterSs:
    case WHvX64RegisterDs:
    case WHvX64RegisterFs:
    case WHvX64RegisterGs:
        value->Segment = wht_mode_segment(&context, name);
        return true;
    case WHvX64RegisterCr0:
        value->Reg64 = CR0_ET | (is_protected ? CR0_PE : 0) | (is_long ? CR0_PG : 0);
        return true;
    case WHvX64RegisterCr4:
        value->Reg64 = CR4_SSE | (is_long ? CR4_PAE : 0);
        return true;
    case WHvX64RegisterEfer:
        value->Reg64 = is_long ? EFER_LM : 0;
        return true;
    case WHvX64RegisterRflags:
        value->Reg64 = mode == WHT_MODE_VM86 ? 0x20002 : 2;
        return true;
    case WHvX64RegisterRip:
        value->Reg64 = 0x1000;
        return true;
    default:
        return false;
    }
}

const WHV_REGISTER_NAME wht_mode_names_of_registers[WHT_MODE_REGISTERS] = {
    WHvX64RegisterEs,   WHvX64RegisterCs,     WHvX64RegisterSs,  WHvX64RegisterDs,
    WHvX64RegisterFs,   WHvX64RegisterGs,     WHvX64RegisterCr0, WHvX64RegisterCr4,
    WHvX64RegisterEfer, WHvX64RegisterRflags, WHvX64RegisterRip};

static void put_mode(struct builder *b)
{
    for (size_t i = 0; i < WHT_MODE_REGISTERS; i++) {
        const WHV_REGISTER_NAME name = wht_mode_names_of_registers[i];
        WHV_REGISTER_VALUE value;
        wht_mode_register(b->init->mode, b->init->cpl, name, &value);
        put(b, name, value, false);
    }
}

static bool take_mode(struct wht_check *check, const struct wht_node *node, struct wht_init *init)
{
    int mode = 0;
    init->mode = WHT_MODE_LONG64;
    if (!node)
        return true;
    if (!wht_get_name(check, node, wht_mode_names, WHT_MODE_NAMES, "a mode", &mode))
        return false;
    init->mode = (enum wht_mode)mode;
    init->is_mode_given = true;
    return true;
}

/* @param mode NULL if it was left out. */
static bool take_cpl(struct wht_check *check, const struct wht_node *node,
                     const struct wht_node *mode, struct wht_init *init)
{
    int64_t cpl = 0;
    init->cpl = init->mode == WHT_MODE_VM86 ? 3 : 0;
    if (!node)
        return true;
    if (!wht_get_count(check, node, 0, 3, &cpl))
        return false;
    if (check->is_partial)
        return true;
    if (init->mode == WHT_MODE_VM86 && cpl != 3)
        return wht_fail(check, wht_more_specific(node, mode),
                        "found cpl %d in mode vm86, expected 3", (int)cpl);
    if (init->mode == WHT_MODE_REAL16 && cpl != 0)
        return wht_fail(check, wht_more_specific(node, mode),
                        "found cpl %d in mode real16, expected 0", (int)cpl);
    init->cpl = (uint8_t)cpl;
    return true;
}

static bool take_others(struct wht_check *check, const struct wht_node *node, struct wht_init *init)
{
    static const char *const names[] = {"unknown"};
    int others = 0;
    if (node && !wht_get_name(check, node, names, 1, "a word", &others))
        return false;
    init->others_unknown = node != NULL;
    return true;
}

static bool is_setting(const char *key)
{
#define SETTING_KEY(name, is_required, how, shape)                                                 \
    if (key[0] == #name[0] && strcmp(key, #name) == 0)                                             \
        return true;
#include "keys.def"
    return false;
}

static bool take_registers(struct builder *b, const struct wht_node *node)
{
    const struct wht_segment_context context = {.mode = b->init->mode, .cpl = b->init->cpl};
    bool is_good = true;
    for (const struct wht_node *member = node->first; member; member = member->next) {
        WHV_REGISTER_NAME name;
        WHV_REGISTER_VALUE value;
        if (is_setting(member->key))
            continue;
        if (!wht_get_reg_key(b->check, member, &name) ||
            !wht_get_reg_value(b->check, member, name, &context, &value))
            is_good = false;
        else
            put(b, name, value, true);
    }
    return wht_check_regs_once(b->check, node) && is_good;
}

static bool take_shadow(struct builder *b, const struct wht_node *node)
{
    bool has_shadow = false;
    if (!node)
        return true;
    if (!wht_get_bool(b->check, node, &has_shadow))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < b->init->reg_count; i++) {
        if (b->init->regs[i].name == WHvRegisterInterruptState)
            value = b->init->regs[i].value.Reg64;
    }
    value = has_shadow ? value | 1 : value & ~UINT64_C(1);
    put(b, WHvRegisterInterruptState, (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = value}}, true);
    return true;
}

static int compare_regs(const struct wht_reg *left, const struct wht_reg *right)
{
    if (left->name != right->name)
        return (uint32_t)left->name < (uint32_t)right->name ? -1 : 1;
    return left < right ? -1 : left > right; /* in the order in which they were put */
}

static int compare_places(const void *a, const void *b)
{
    return compare_regs(*(const struct wht_reg *const *)a, *(const struct wht_reg *const *)b);
}

/* Sorts the registers by unsigned name and keeps the last of each. */
static void finish(struct builder *b)
{
    struct wht_init *init = b->init;
    const struct wht_reg **places =
        wht_arena_take(b->check->arena, (init->reg_count + 1) * sizeof(*places));
    struct wht_reg *sorted =
        wht_arena_take(b->check->arena, (init->reg_count + 1) * sizeof(*sorted));
    size_t count = 0;
    for (size_t i = 0; i < init->reg_count; i++)
        places[i] = &init->regs[i];
    qsort(places, init->reg_count, sizeof(*places), compare_places);
    for (size_t i = 0; i < init->reg_count; i++) {
        if (count > 0 && sorted[count - 1].name == places[i]->name)
            count--;
        sorted[count++] = *places[i];
    }
    init->regs = sorted;
    init->reg_count = count;
}

bool wht_take_init(struct wht_check *check, const struct wht_node *node, struct wht_case *c)
{
    static const struct wht_node empty = {.kind = WHT_NODE_OBJECT};
    struct wht_init *init = &c->init;
    bool is_good = true;
    init->is_given = node != NULL;
    if (!node)
        node = &empty;
    if (!wht_get_object(check, node))
        return false;
    const struct wht_node *mode = wht_node_member(node, "mode");
    is_good &= take_mode(check, mode, init);
    is_good &= take_cpl(check, wht_node_member(node, "cpl"), mode, init);
    is_good &= take_others(check, wht_node_member(node, "others"), init);

    struct builder b = {.check = check, .init = init, .capacity = 16 + wht_node_count(node)};
    init->regs = wht_arena_take(check->arena, b.capacity * sizeof(*init->regs));
    put_mode(&b);
    is_good &= take_registers(&b, node);
    is_good &= take_shadow(&b, wht_node_member(node, "interrupt_shadow"));
    finish(&b);
    return is_good;
}
