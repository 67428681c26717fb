/* SPDX-License-Identifier: MIT */
#include "redact_case.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "words/names.h"

#define CODE_WINDOW 16u

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void shuffle(uint8_t *bytes, unsigned count, uint64_t *state)
{
    for (unsigned i = count; i > 1; i--) {
        unsigned j = (unsigned)(next(state) % i);
        uint8_t kept = bytes[i - 1];
        bytes[i - 1] = bytes[j];
        bytes[j] = kept;
    }
}

void wht_redact_table(uint64_t seed, const char *id, uint8_t table[256])
{
    uint64_t state = wht_hash_add_text(seed, id);
    for (unsigned i = 0; i < 256; i++)
        table[i] = (uint8_t)i;
    shuffle(table + 1, 127, &state);
    shuffle(table + 128, 127, &state);
}

/* Registers that hold data; all others decide where and how. */
static bool holds_data(const struct wht_redact_plan *plan, WHV_REGISTER_NAME name)
{
    bool is_general = name >= WHvX64RegisterRax && name <= WHvX64RegisterR15;
    bool is_vector = name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterFpMmx7;
    if ((!is_general && !is_vector) || name == WHvX64RegisterRsp)
        return false;
    for (size_t i = 0; i < plan->kept_count; i++)
        if (plan->kept[i] == name)
            return false;
    return true;
}

void wht_redact_keep(struct wht_redact_plan *plan, WHV_REGISTER_NAME name)
{
    size_t most = sizeof(plan->kept) / sizeof(plan->kept[0]);
    if (holds_data(plan, name) && plan->kept_count < most)
        plan->kept[plan->kept_count++] = name;
}

/* Where the instruction lies; only the identity is known here. */
static uint64_t code_start(const struct wht_case *c)
{
    const WHV_REGISTER_VALUE *rip = wht_init_reg(&c->init, WHvX64RegisterRip);
    const WHV_REGISTER_VALUE *cs = wht_init_reg(&c->init, WHvX64RegisterCs);
    uint64_t base = c->init.mode != WHT_MODE_LONG64 && cs ? cs->Segment.Base : 0;
    return base + (rip ? rip->Reg64 : 0);
}

/* Marks the bytes that the emulator read or wrote. */
static void mark_touched(const struct wht_redact_plan *plan, uint64_t gpa, uint8_t *marks,
                         size_t size)
{
    for (size_t i = 0; i < plan->touched_count; i++) {
        const struct wht_call *call = &plan->touched[i];
        bool is_memory = call->kind == WHT_CALL_MEM_READ || call->kind == WHT_CALL_MEM_WRITE;
        for (uint32_t j = 0; is_memory && j < call->size; j++)
            if (call->address + j - gpa < size)
                marks[call->address + j - gpa] = 1;
    }
}

static size_t replace(const struct wht_redact_plan *plan, uint8_t *byte)
{
    uint8_t before = *byte;
    *byte = plan->table[before];
    return *byte != before;
}

static size_t replace_memory(const struct wht_redact_plan *plan, const struct wht_case *c,
                             uint64_t gpa, uint8_t *data, const uint8_t *mask, size_t size)
{
    uint64_t code = code_start(c);
    size_t changed = 0;
    uint8_t *marks = wht_allocate(size + 1, 1);
    if (plan->redaction == WHT_REDACT_UNTOUCHED)
        mark_touched(plan, gpa, marks, size);
    for (size_t i = 0; i < size; i++)
        if (!marks[i] && gpa + i - code >= CODE_WINDOW && (!mask || mask[i]))
            changed += replace(plan, &data[i]);
    free(marks);
    return changed;
}

static size_t replace_value(const struct wht_redact_plan *plan, WHV_REGISTER_NAME name,
                            WHV_REGISTER_VALUE *value)
{
    uint8_t bytes[sizeof(*value)];
    size_t size = wht_reg_kind(name) == WHT_REG_U64 ? 8 : sizeof(bytes);
    size_t changed = 0;
    memcpy(bytes, value, sizeof(bytes));
    for (size_t i = 0; i < size; i++)
        changed += replace(plan, &bytes[i]);
    memcpy(value, bytes, sizeof(bytes));
    return changed;
}

static size_t replace_wants(const struct wht_redact_plan *plan, struct wht_want_reg *regs,
                            size_t count)
{
    size_t changed = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < regs[i].count && holds_data(plan, regs[i].name); j++)
            changed += replace_value(plan, regs[i].name, &regs[i].values[j]);
    return changed;
}

static size_t replace_calls(const struct wht_redact_plan *plan, const struct wht_case *c,
                            struct wht_call *calls, size_t count)
{
    size_t changed = 0;
    for (size_t i = 0; i < count; i++) {
        struct wht_call *call = &calls[i];
        bool is_io = call->kind == WHT_CALL_IO_IN || call->kind == WHT_CALL_IO_OUT;
        for (size_t j = 0; is_io && j < call->data.size; j++)
            changed += replace(plan, &call->data.data[j]);
        if (!is_io && call->has_data)
            changed += replace_memory(plan, c, call->address, call->data.data, call->data.mask,
                                      call->data.size);
        changed += replace_wants(plan, call->regs, call->names_only ? 0 : call->reg_count);
        changed += replace_calls(plan, c, call->children, call->child_count);
    }
    return changed;
}

size_t wht_redact_case(const struct wht_redact_plan *plan, struct wht_case *c)
{
    size_t changed = 0;
    for (size_t i = 0; i < c->init.reg_count; i++)
        if (holds_data(plan, c->init.regs[i].name))
            changed += replace_value(plan, c->init.regs[i].name, &c->init.regs[i].value);
    for (size_t i = 0; i < c->memory_count; i++)
        if (c->memory[i].data)
            changed += replace_memory(plan, c, c->memory[i].gpa, c->memory[i].data, NULL,
                                      (size_t)c->memory[i].size);
    for (size_t i = 0; i < c->expect.memory_count; i++) {
        struct wht_want_memory *want = &c->expect.memory[i];
        changed +=
            replace_memory(plan, c, want->gpa, want->data.data, want->data.mask, want->data.size);
    }
    changed += replace_wants(plan, c->expect.regs, c->expect.reg_count);
    /* What the calls say is looked at, or compared. */
    if (plan->redaction == WHT_REDACT_ALL)
        changed += replace_calls(plan, c, c->expect.calls, c->expect.call_count);
    return changed;
}
