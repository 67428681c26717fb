/* SPDX-License-Identifier: MIT */
#include "shrink.h"

#include <inttypes.h>
#include <string.h>

#include "format/case_code.h"
#include "format/values.h"
#include "session/match.h"
#include "session/usage.h"
#include "words/name_lists.h"
#include "words/names.h"
#include "x86/operands.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Entries of lists are taken out in place. */
#define TAKE_OUT(list, count, n)                                                                   \
    memmove(&(list)[n], &(list)[(n) + 1], (--(count) - (n)) * sizeof((list)[0]))

static enum wht_shrunk strip_words(struct wht_case *c, size_t n, struct wht_text *what)
{
    if (n > 0)
        return WHT_SHRUNK_END;
    c->note = NULL;
    c->tags.count = 0;
    c->flags.count = 0;
    c->free.count = 0;
    c->schema = NULL;
    c->given = 0;
    c->init.is_mode_given = false;
    c->init.is_given = false;
    c->exit.given = 0;
    for (size_t i = 0; i < c->init.reg_count; i++)
        c->init.regs[i].is_given = false;
    for (size_t i = 0; i < c->expect.call_count; i++)
        c->expect.calls[i].note = NULL;
    wht_text_add(what, "words");
    return WHT_SHRUNK_SAFELY;
}

static enum wht_shrunk lower_level(struct wht_case *c, size_t n, struct wht_text *what)
{
    if (n > 0 || c->match == WHT_MATCH_EFFECTS)
        return WHT_SHRUNK_END;
    c->match--;
    wht_text_addf(what, "match %s", wht_match_name(c->match));
    return WHT_SHRUNK_SAFELY;
}

/* What a level does not compare, and what answers nothing, asserts nothing. */
static bool is_idle(const struct wht_case *c, const struct wht_call *call)
{
    if (call->has_fail || call->has_result || call->has_gpa)
        return false;
    switch (call->kind) {
    case WHT_CALL_GET:
    case WHT_CALL_SET:
    case WHT_CALL_TRANSLATE:
        return c->match < WHT_MATCH_STRICT;
    case WHT_CALL_MEM_WRITE:
    case WHT_CALL_IO_OUT:
        return c->match < WHT_MATCH_DEVICE;
    default:
        return false;
    }
}

static enum wht_shrunk drop_call(struct wht_case *c, size_t n, struct wht_text *what)
{
    struct wht_expect *e = &c->expect;
    if (c->match == WHT_MATCH_STRICT || n >= e->call_count)
        return WHT_SHRUNK_END;
    enum wht_shrunk shrunk = is_idle(c, &e->calls[n]) ? WHT_SHRUNK_SAFELY : WHT_SHRUNK_UNPROVED;
    TAKE_OUT(e->calls, e->call_count, n);
    if (e->call_count == 0 && c->match == WHT_MATCH_EFFECTS)
        e->has_calls = false;
    wht_text_addf(what, "call %zu left out", n + 1);
    return shrunk;
}

static bool overlaps(uint64_t gpa, uint64_t size, uint64_t other, uint64_t other_size)
{
    return gpa - other < other_size || other - gpa < size;
}

static bool is_expected_memory(const struct wht_case *c, const struct wht_memory *memory)
{
    for (size_t i = 0; i < c->expect.memory_count; i++)
        if (overlaps(memory->gpa, memory->size, c->expect.memory[i].gpa,
                     c->expect.memory[i].data.size))
            return true;
    return false;
}

/* @return whether an entry serves for nothing, as a replay tells. */
static bool is_unused(const struct wht_case *c, const struct wht_memory *region,
                      const struct wht_page *page)
{
    struct wht_usage *usage = wht_usage_open();
    bool *memory = wht_arena_take(c->arena, c->memory_count + 1);
    bool *pages = wht_arena_take(c->arena, c->page_count + 1);
    memset(memory, 0, c->memory_count);
    memset(pages, 0, c->page_count);
    bool is_known = usage && wht_usage_find(usage, c, memory, pages);
    wht_usage_close(usage);
    return is_known && (region ? !memory[region - c->memory] : !pages[page - c->pages]);
}

static enum wht_shrunk drop_memory(struct wht_case *c, size_t n, struct wht_text *what)
{
    if (n >= c->memory_count)
        return WHT_SHRUNK_END;
    struct wht_memory *region = &c->memory[n];
    bool is_safe = !is_expected_memory(c, region) && is_unused(c, region, NULL);
    wht_text_addf(what, "memory 0x%" PRIx64 " left out", region->gpa);
    for (size_t i = 0; i < c->memory_count; i++)
        c->memory[i].index -= c->memory[i].index > region->index;
    TAKE_OUT(c->memory, c->memory_count, n);
    return is_safe ? WHT_SHRUNK_SAFELY : WHT_SHRUNK_UNPROVED;
}

static enum wht_shrunk drop_page(struct wht_case *c, size_t n, struct wht_text *what)
{
    if (n >= c->page_count)
        return WHT_SHRUNK_END;
    bool is_safe = is_unused(c, NULL, &c->pages[n]);
    wht_text_addf(what, "page 0x%" PRIx64 " left out", c->pages[n].gva);
    TAKE_OUT(c->pages, c->page_count, n);
    return is_safe ? WHT_SHRUNK_SAFELY : WHT_SHRUNK_UNPROVED;
}

static bool has_name(const WHV_REGISTER_NAME *names, size_t count, WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] == name)
            return true;
    return false;
}

static bool calls_name(const struct wht_call *calls, size_t count, WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < count; i++)
        if (wht_want_reg_of(calls[i].regs, calls[i].reg_count, name) ||
            calls_name(calls[i].children, calls[i].child_count, name))
            return true;
    return false;
}

/* A general register that the instruction neither reads nor writes, and that nothing is expected
 * of. Others may have a part in it that no operand tells. */
static bool is_bystander(const struct wht_case *c, WHV_REGISTER_NAME name)
{
    WHV_REGISTER_NAME read[WHT_READS_MAX];
    struct wht_operands operands;
    if (name < WHvX64RegisterRax || name > WHvX64RegisterR15 || name == WHvX64RegisterRsp ||
        !wht_operands(wht_code_of(c), c->code, c->code_size, &operands))
        return false;
    size_t count = wht_disasm_reads(wht_code_of(c), c->code, c->code_size, read);
    bool is_told = count < WHT_READS_MAX && operands.read_count < WHT_REGISTERS_MAX &&
                   operands.write_count < WHT_REGISTERS_MAX;
    return is_told && !has_name(read, count, name) &&
           !has_name(operands.reads, operands.read_count, name) &&
           !has_name(operands.writes, operands.write_count, name) &&
           !wht_want_reg_of(c->expect.regs, c->expect.reg_count, name) &&
           !calls_name(c->expect.calls, c->expect.call_count, name);
}

static bool is_zero(const WHV_REGISTER_VALUE *value)
{
    return value->Reg128.Low64 == 0 && value->Reg128.High64 == 0;
}

static bool is_same(const WHV_REGISTER_VALUE *a, const WHV_REGISTER_VALUE *b)
{
    return a->Reg128.Low64 == b->Reg128.Low64 && a->Reg128.High64 == b->Reg128.High64;
}

/* Gives a register what the mode gives it, or nothing. @return whether that is another value. */
static bool reset_register(struct wht_case *c, size_t n)
{
    struct wht_init *init = &c->init;
    WHV_REGISTER_VALUE usual;
    if (wht_mode_register(init->mode, init->cpl, init->regs[n].name, &usual)) {
        bool differs = !is_same(&usual, &init->regs[n].value);
        init->regs[n].value = usual;
        return differs;
    }
    if (init->others_unknown)
        return false;
    bool differs = !is_zero(&init->regs[n].value);
    TAKE_OUT(init->regs, init->reg_count, n);
    return differs;
}

static enum wht_shrunk drop_bystanders(struct wht_case *c, size_t n, struct wht_text *what)
{
    bool is_changed = false;
    if (n > 0)
        return WHT_SHRUNK_END;
    for (size_t i = c->init.reg_count; i-- > 0;)
        if (is_bystander(c, c->init.regs[i].name))
            is_changed |= reset_register(c, i);
    wht_text_add(what, "registers left out");
    return is_changed ? WHT_SHRUNK_SAFELY : WHT_SHRUNK_NOTHING;
}

/* The smaller values of a general register, the smallest first. */
static bool make_smaller(WHV_REGISTER_VALUE *value, size_t step)
{
    static const uint64_t masks[] = {0, 1, 0xff, 0xffff, UINT32_MAX};
    uint64_t smaller = step == 1 ? 1 : value->Reg64 & masks[step];
    if (smaller >= value->Reg64)
        return false;
    value->Reg64 = smaller;
    return true;
}

#define REGISTER_STEPS 6u

static enum wht_shrunk shrink_register(struct wht_case *c, size_t n, struct wht_text *what)
{
    size_t at = n / REGISTER_STEPS, step = n % REGISTER_STEPS;
    char name[WHT_NAME_MAX];
    if (at >= c->init.reg_count)
        return WHT_SHRUNK_END;
    struct wht_reg *reg = &c->init.regs[at];
    const WHV_REGISTER_NAME which = reg->name;
    bool is_general = which >= WHvX64RegisterRax && which <= WHvX64RegisterR15;
    bool is_safe = is_bystander(c, which);
    bool is_changed = false;
    if (step == 0)
        is_changed = reset_register(c, at);
    else if (is_general)
        is_changed = make_smaller(&reg->value, step - 1);
    wht_text_addf(what, "%s %s", wht_reg_name(which, name),
                  step == 0 ? "left out" : "made smaller");
    return !is_changed ? WHT_SHRUNK_NOTHING : is_safe ? WHT_SHRUNK_SAFELY : WHT_SHRUNK_UNPROVED;
}

static enum wht_shrunk shrink_exit(struct wht_case *c, size_t n, struct wht_text *what)
{
    struct wht_exit *e = &c->exit;
    bool *const bits[] = {&e->interruption_pending, &e->interrupt_shadow, &e->debug_active};
    if (n > COUNT(bits))
        return WHT_SHRUNK_END;
    bool is_changed = n < COUNT(bits) ? *bits[n] : e->cr8 != 0;
    if (n < COUNT(bits))
        *bits[n] = false;
    else
        e->cr8 = 0;
    wht_text_add(what, "a bit of the exit");
    return is_changed ? WHT_SHRUNK_UNPROVED : WHT_SHRUNK_NOTHING;
}

static bool is_prefix(const struct wht_case *c, uint8_t byte)
{
    static const uint8_t legacy[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                     0x66, 0x67, 0xf0, 0xf2, 0xf3};
    bool is_rex = wht_code_of(c) == WHT_CODE_64 && (byte & 0xf0) == 0x40;
    return is_rex || memchr(legacy, byte, sizeof(legacy));
}

/* Which the exit told of the code before. */
static void follow_code(struct wht_case *c, uint8_t old_length, uint8_t length)
{
    struct wht_exit *e = &c->exit;
    char text[WHT_NAME_MAX];
    if (e->instr_len == old_length)
        e->instr_len = length;
    if (e->bytes_given > c->code_size)
        e->bytes_given = c->code_size;
    c->asm_text = wht_case_disasm(c, text, sizeof(text), NULL) ? wht_case_text(c, text) : NULL;
}

static enum wht_shrunk drop_prefix(struct wht_case *c, size_t n, struct wht_text *what)
{
    char before[32], after[32], text[WHT_NAME_MAX];
    uint8_t old_length = 0, length = 0;
    for (size_t i = 0; i <= n; i++)
        if (i >= c->code_size || !is_prefix(c, c->code[i]))
            return WHT_SHRUNK_END;
    wht_mnemonic_of(wht_code_of(c), c->code, c->code_size, before, sizeof(before));
    wht_case_disasm(c, text, sizeof(text), &old_length);
    wht_text_addf(what, "prefix %02x left out", c->code[n]);
    memmove(&c->code[n], &c->code[n + 1], c->code_size - n - 1);
    c->code[--c->code_size] = 0;
    wht_mnemonic_of(wht_code_of(c), c->code, c->code_size, after, sizeof(after));
    if (!wht_case_disasm(c, text, sizeof(text), &length) || strcmp(before, after) != 0)
        return WHT_SHRUNK_NOTHING;
    follow_code(c, old_length, length);
    return WHT_SHRUNK_UNPROVED;
}

#define BYTES_STEPS 16u

/* Zeroes one of the parts that a region is cut into. */
static bool zero_part(struct wht_memory *region, size_t part, size_t parts)
{
    uint64_t size = (region->size + parts - 1) / parts, from = part * size;
    bool is_changed = false;
    for (uint64_t i = from; i < region->size && i < from + size; i++) {
        is_changed |= region->data[i] != 0;
        region->data[i] = 0;
    }
    return is_changed;
}

/* Step 0 keeps the front half of a region, 1 its end, others zero all of it or an eighth, and bytes
 * of what is small. */
static enum wht_shrunk shrink_bytes(struct wht_case *c, size_t n, struct wht_text *what)
{
    size_t at = n / BYTES_STEPS, step = n % BYTES_STEPS;
    bool is_changed = false;
    if (at >= c->memory_count)
        return WHT_SHRUNK_END;
    struct wht_memory *region = &c->memory[at];
    uint64_t half = region->size / 2;
    wht_text_addf(what, "memory 0x%" PRIx64 " made smaller", region->gpa);
    if (step == 0 && half > 0) {
        region->size -= half;
        is_changed = true;
    } else if (step == 1 && half > 0) {
        region->gpa += half;
        region->size -= half;
        region->data = region->data ? region->data + half : NULL;
        is_changed = true;
    } else if (step == 2 && region->data) {
        is_changed = zero_part(region, 0, 1);
    } else if (step > 2 && step < 3 + 8 && region->data) {
        is_changed = zero_part(region, step - 3, 8);
    }
    return is_changed ? WHT_SHRUNK_UNPROVED : WHT_SHRUNK_NOTHING;
}

#define ANSWER_STEPS 2u

/* What devices and ports answer. */
static enum wht_shrunk shrink_answer(struct wht_case *c, size_t n, struct wht_text *what)
{
    size_t at = n / ANSWER_STEPS;
    bool is_changed = false;
    if (at >= c->expect.call_count)
        return WHT_SHRUNK_END;
    struct wht_call *call = &c->expect.calls[at];
    if ((call->kind != WHT_CALL_MEM_READ && call->kind != WHT_CALL_IO_IN) || !call->has_data)
        return WHT_SHRUNK_NOTHING;
    for (size_t i = n % ANSWER_STEPS; i < call->data.size; i++) {
        is_changed |= call->data.data[i] != 0;
        call->data.data[i] = 0;
    }
    wht_text_addf(what, "the answer to call %zu made smaller", at + 1);
    return is_changed ? WHT_SHRUNK_UNPROVED : WHT_SHRUNK_NOTHING;
}

static enum wht_shrunk drop_wanted(struct wht_case *c, size_t n, struct wht_text *what)
{
    struct wht_expect *e = &c->expect;
    char name[WHT_NAME_MAX];
    if (n >= e->reg_count)
        return WHT_SHRUNK_END;
    const struct wht_want_reg *want = &e->regs[n];
    const WHV_REGISTER_VALUE *before = wht_init_reg(&c->init, want->name);
    bool is_whole = want->mask.Low64 == UINT64_MAX;
    if (want->kind != WHT_WANT_VALUE || e->others_any || !is_whole || !before ||
        !wht_reg_equal(want->name, before, &want->values[0]))
        return WHT_SHRUNK_NOTHING;
    wht_text_addf(what, "expected %s left out", wht_reg_name(want->name, name));
    TAKE_OUT(e->regs, e->reg_count, n);
    return WHT_SHRUNK_SAFELY;
}

enum wht_shrunk wht_shrink(struct wht_case *c, enum wht_shrink kind, size_t n,
                           struct wht_text *what)
{
    static enum wht_shrunk (*const shrinks[])(struct wht_case *, size_t, struct wht_text *) = {
        [WHT_SHRINK_WORDS] = strip_words,         [WHT_SHRINK_LEVEL] = lower_level,
        [WHT_SHRINK_CALLS] = drop_call,           [WHT_SHRINK_MEMORY] = drop_memory,
        [WHT_SHRINK_PAGES] = drop_page,           [WHT_SHRINK_UNUSED_REGISTERS] = drop_bystanders,
        [WHT_SHRINK_REGISTERS] = shrink_register, [WHT_SHRINK_EXIT] = shrink_exit,
        [WHT_SHRINK_PREFIXES] = drop_prefix,      [WHT_SHRINK_BYTES] = shrink_bytes,
        [WHT_SHRINK_ANSWERS] = shrink_answer,     [WHT_SHRINK_WANTED] = drop_wanted,
    };
    wht_text_clear(what);
    return shrinks[kind](c, n, what);
}
