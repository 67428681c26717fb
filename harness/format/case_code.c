/* SPDX-License-Identifier: MIT */
#include "case_code.h"

static uint64_t reg64(const struct wht_case *c, WHV_REGISTER_NAME name)
{
    const WHV_REGISTER_VALUE *value = wht_init_reg(&c->init, name);
    return value ? value->Reg64 : 0;
}

enum wht_code wht_code_of(const struct wht_case *c)
{
    const WHV_REGISTER_VALUE *cs = wht_init_reg(&c->init, WHvX64RegisterCs);
    bool is_long = (reg64(c, WHvX64RegisterEfer) >> 10 & 1) && cs && cs->Segment.Long;
    bool is_vm86 = reg64(c, WHvX64RegisterRflags) >> 17 & 1;
    bool is_protected = (reg64(c, WHvX64RegisterCr0) & 1) && !is_vm86;
    if (is_long)
        return WHT_CODE_64;
    if (!is_vm86 && cs && cs->Segment.Default)
        return WHT_CODE_32;
    return is_protected ? WHT_CODE_PROT16 : WHT_CODE_REAL16;
}

uint64_t wht_code_linear(const struct wht_case *c)
{
    const WHV_REGISTER_VALUE *cs = wht_init_reg(&c->init, WHvX64RegisterCs);
    uint64_t rip = reg64(c, WHvX64RegisterRip);
    if (c->init.mode == WHT_MODE_LONG64)
        return rip;
    return (rip + (cs ? cs->Segment.Base : 0)) & UINT32_MAX;
}

bool wht_case_disasm(const struct wht_case *c, char *buf, size_t n, uint8_t *length)
{
    return wht_disasm(wht_code_of(c), c->code, c->code_size, buf, n, length);
}

size_t wht_case_reads(const struct wht_case *c, WHV_REGISTER_NAME *names)
{
    const size_t count = wht_disasm_reads(wht_code_of(c), c->code, c->code_size, names);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const WHV_REGISTER_VALUE *value = wht_init_reg(&c->init, names[i]);
        const bool is_segment = names[i] >= WHvX64RegisterEs && names[i] <= WHvX64RegisterGs;
        if (!is_segment || (value && value->Segment.Base != 0))
            names[kept++] = names[i];
    }
    return kept;
}

static const WHV_REGISTER_VALUE *captured(const void *user, WHV_REGISTER_NAME name)
{
    const struct wht_case *c = user;
    return wht_init_reg(&c->init, name);
}

bool wht_case_reach(const struct wht_case *c, struct wht_reach *reach)
{
    const struct wht_known_state state = {.find = captured, .user = c, .cpl = c->init.cpl};
    return wht_reach(wht_code_of(c), c->code, c->code_size, &state, reach);
}
