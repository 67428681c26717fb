/* SPDX-License-Identifier: MIT */
#include "trace_model.h"

#include <string.h>

#define PAGE      0x1000u
#define DEPTH_MAX 64u

static const char *check_init(const struct wht_init *init)
{
    for (size_t i = 1; i < init->reg_count; i++) {
        if ((uint32_t)init->regs[i - 1].name >= (uint32_t)init->regs[i].name)
            return "initial registers that are not sorted";
    }
    return init->cpl > 3 ? "a CPL above 3" : NULL;
}

static const char *check_memory(const struct wht_case *c)
{
    for (size_t i = 0; i < c->memory_count; i++) {
        const struct wht_memory *m = &c->memory[i];
        bool has_content = m->kind == WHT_MEMORY_RAM || m->kind == WHT_MEMORY_ROM;
        if (m->size == 0 || m->gpa + (m->size - 1) < m->gpa)
            return "an empty region, or one that wraps";
        if (has_content != (m->data != NULL))
            return "memory without content, or a device with it";
        if (i > 0 && m->gpa - c->memory[i - 1].gpa < c->memory[i - 1].size)
            return "regions that are not sorted, or overlap";
    }
    for (size_t i = 0; i < c->page_count; i++) {
        if (c->pages[i].gva % PAGE != 0 || c->pages[i].purposes == 0 || c->pages[i].purposes > 7)
            return "a page entry inside a page, or for no purpose";
        for (size_t k = 0; k < i; k++) {
            if (c->pages[k].gva == c->pages[i].gva &&
                (c->pages[k].purposes & c->pages[i].purposes) != 0)
                return "two entries for a page and purpose";
        }
    }
    return NULL;
}

static const char *check_wanted(const struct wht_want_reg *regs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_any = regs[i].kind == WHT_WANT_ANY;
        if (!is_any && (regs[i].count == 0 || !regs[i].values))
            return "an expected register without a value";
    }
    return NULL;
}

static const char *check_single(const struct wht_call *call)
{
    switch (call->kind) {
    case WHT_CALL_MEM_READ:
    case WHT_CALL_MEM_WRITE:
        if (call->size < 1 || call->size > 8 || call->address % PAGE + call->size > PAGE)
            return "an access of a wrong size, or across a page";
        break;
    case WHT_CALL_IO_IN:
    case WHT_CALL_IO_OUT:
        if ((call->size != 1 && call->size != 2 && call->size != 4) || call->address > 0xffff)
            return "a port access of a wrong size or port";
        break;
    case WHT_CALL_TRANSLATE:
        return call->address % PAGE != 0 ? "a translation inside a page" : NULL;
    default:
        return call->names_only ? NULL : check_wanted(call->regs, call->reg_count);
    }
    if (!call->has_data)
        return call->has_fail ? NULL : "an access without data";
    return call->data.size != call->size || !call->data.data ? "data of another size" : NULL;
}

static const char *check_calls(const struct wht_call *calls, size_t count, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return "groups nested too deep";
    for (size_t i = 0; i < count; i++) {
        const struct wht_call *call = &calls[i];
        bool is_group = call->kind >= WHT_CALL_ANY_ORDER;
        if (is_group && (call->child_count == 0 || !call->children))
            return "an empty group";
        if (call->kind == WHT_CALL_REPEAT && call->repeat == 0)
            return "a repeat of no turns";
        const char *wrong = is_group ? check_calls(call->children, call->child_count, depth + 1)
                                     : check_single(call);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *check_expect(const struct wht_expect *expect)
{
    for (size_t i = 1; i < expect->reg_count; i++) {
        if ((uint32_t)expect->regs[i - 1].name >= (uint32_t)expect->regs[i].name)
            return "expected registers that are not sorted";
    }
    for (size_t i = 0; i < expect->memory_count; i++) {
        if (expect->memory[i].data.size == 0 || !expect->memory[i].data.data)
            return "expected memory without data";
    }
    if (!expect->has_calls && expect->call_count > 0)
        return "calls that are not there";
    return check_wanted(expect->regs, expect->reg_count);
}

const char *trace_check_case(const struct wht_case *c)
{
    const char *wrong = NULL;
    if (!c->id || !c->id[0] || !c->name || !c->file || strlen(c->name) <= strlen(c->id))
        return "a case without a name";
    if (c->code_size < 1 || c->code_size > 16)
        return "code that is empty or too long";
    if (c->verdict == WHT_VERDICT_MAY && c->flags.count == 0)
        return "a case that may fail, and no flag that says why";
    if (c->match != WHT_MATCH_EFFECTS && !c->expect.has_calls)
        return "a strict case without calls";
    if ((wrong = check_init(&c->init)) != NULL || (wrong = check_memory(c)) != NULL ||
        (wrong = check_expect(&c->expect)) != NULL)
        return wrong;
    return check_calls(c->expect.calls, c->expect.call_count, 0);
}

/* @return the length of a UTF-8 character, 0 if it is none. */
static size_t character(const unsigned char *text)
{
    size_t length = text[0] < 0x80   ? 1
                    : text[0] < 0xc2 ? 0
                    : text[0] < 0xe0 ? 2
                    : text[0] < 0xf0 ? 3
                    : text[0] < 0xf5 ? 4
                                     : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

const char *trace_check_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        size_t length = character(at);
        if (length == 0)
            return "text that is not UTF-8";
        if (*at < 0x20 || *at == 0x7f || (length == 2 && at[0] == 0xc2 && at[1] < 0xa0))
            return "a control character";
        at += length;
    }
    return NULL;
}
