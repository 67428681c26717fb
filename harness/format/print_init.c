/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "init". */
#include "print_parts.h"
#include "values.h"
#include "words/name_lists.h"

static struct wht_node *print_mode(const struct wht_printer *p, const void *object)
{
    const struct wht_init *init = object;
    if (wht_prints_short(p) && init->mode == WHT_MODE_LONG64 && !init->is_mode_given)
        return NULL;
    return wht_build_string(p->arena, wht_mode_names[init->mode]);
}

static struct wht_node *print_cpl(const struct wht_printer *p, const void *object)
{
    const struct wht_init *init = object;
    const uint8_t usual = init->mode == WHT_MODE_VM86 ? 3 : 0;
    return wht_prints_short(p) && init->cpl == usual ? NULL : wht_build_count(p->arena, init->cpl);
}

static struct wht_node *print_others(const struct wht_printer *p, const void *object)
{
    const struct wht_init *init = object;
    return init->others_unknown ? wht_build_string(p->arena, "unknown") : NULL;
}

/* It is a bit of a register, which is printed. */
static struct wht_node *print_interrupt_shadow(const struct wht_printer *p, const void *object)
{
    (void)p;
    (void)object;
    return NULL;
}

static bool is_zero(const WHV_REGISTER_VALUE *value)
{
    return value->Reg128.Low64 == 0 && value->Reg128.High64 == 0;
}

static bool is_left_out(const struct wht_printer *p, const struct wht_reg *reg)
{
    const struct wht_init *init = &p->c->init;
    WHV_REGISTER_VALUE usual;
    if (p->form == WHT_PRINT_MEANING)
        return !init->others_unknown && is_zero(&reg->value);
    return wht_prints_short(p) && !reg->is_given &&
           wht_mode_register(init->mode, init->cpl, reg->name, &usual) &&
           usual.Reg128.Low64 == reg->value.Reg128.Low64 &&
           usual.Reg128.High64 == reg->value.Reg128.High64;
}

struct wht_node *wht_print_init(const struct wht_printer *p)
{
    static const struct wht_print_key keys[] = {
#define SETTING_KEY(key, is_required, how, shape) {#key, print_##key},
#include "keys.def"
    };
    const struct wht_init *init = &p->c->init;
    struct wht_node *made = wht_print_object(p, keys, sizeof(keys) / sizeof(keys[0]), init);
    struct wht_build end = wht_build_more(p->arena, made);
    for (size_t i = 0; i < init->reg_count; i++) {
        const struct wht_reg *reg = &init->regs[i];
        if (!is_left_out(p, reg))
            wht_print_add_reg(&end, reg->name, wht_print_value(p, reg->name, &reg->value));
    }
    bool is_wanted = !wht_prints_short(p) || made->first || init->is_given;
    return is_wanted ? made : NULL;
}
