/* SPDX-License-Identifier: MIT */
#include "blend_value.h"

#include "base/arena.h"
#include "match.h"

void wht_blend_want(struct wht_case *c, struct wht_want_reg *want, const WHV_REGISTER_VALUE *value)
{
    if (wht_want_accepts(want, value))
        return;
    WHV_REGISTER_VALUE *values = wht_arena_take(c->arena, sizeof(*values));
    *values = *value;
    if (want->kind == WHT_WANT_VALUE) {
        const WHV_UINT128 old = want->values->Reg128;
        const WHV_UINT128 mask = want->mask;
        values->Reg128.Low64 = (value->Reg128.Low64 & mask.Low64) | (old.Low64 & ~mask.Low64);
        values->Reg128.High64 = (value->Reg128.High64 & mask.High64) | (old.High64 & ~mask.High64);
    }
    want->kind = WHT_WANT_VALUE;
    want->values = values;
    want->count = 1;
}

void wht_blend_bytes(struct wht_case *c, struct wht_bytes *bytes, const uint8_t *data)
{
    uint8_t *blended = wht_arena_take(c->arena, bytes->size);
    bool is_other = false;
    for (size_t i = 0; i < bytes->size; i++) {
        const uint8_t mask = bytes->mask ? bytes->mask[i] : 0xff;
        blended[i] = (uint8_t)((data[i] & mask) | (bytes->data[i] & ~mask));
        is_other |= blended[i] != bytes->data[i];
    }
    if (is_other)
        bytes->data = blended;
}
