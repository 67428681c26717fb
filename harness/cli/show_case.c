/* SPDX-License-Identifier: MIT */
#include "show_case.h"

#include <inttypes.h>

#include "explain/columns.h"
#include "explain/describe.h"
#include "explain/failure.h"
#include "format/digest.h"
#include "format/flags.h"
#include "words/names.h"

#define BYTES_SHOWN 32u

static void show_value(struct wht_text *text, WHV_REGISTER_NAME name)
{
    char buf[WHT_NAME_MAX];
    wht_text_addf(text, "    %-22s", wht_reg_name(name, buf));
}

static void show_exit(struct wht_text *text, const struct wht_case *c)
{
    const struct wht_exit *e = &c->exit;
    wht_text_addf(text, "  context     %u of %u bytes given, instruction length %u", e->bytes_given,
                  c->code_size, e->instr_len);
    wht_text_add(text, e->interruption_pending ? ", interruption pending" : "");
    wht_text_add(text, e->interrupt_shadow ? ", interrupt shadow" : "");
    wht_text_add(text, e->debug_active ? ", debug active" : "");
    if (e->cr8)
        wht_text_addf(text, ", cr8 %u", e->cr8);
    wht_text_add(text, "\n");
}

static void show_digest(struct wht_text *text, const struct wht_case *c)
{
    char digest[WHT_DIGEST_MAX];
    wht_case_digest(c, digest);
    wht_text_addf(text, "  digest      %s\n", digest);
    if (c->revoked)
        wht_columns_words(text, "revoked", c->revoked);
}

static void show_about(struct wht_text *text, const struct wht_case *c)
{
    struct wht_text words = {.text = NULL};
    if (c->note)
        wht_columns_words(text, "note", c->note);
    for (size_t i = 0; i < c->todo.count; i++)
        wht_columns_words(text, "todo", c->todo.items[i]);
    if (c->deliberate)
        wht_columns_words(text, "deliberate", c->deliberate);
    for (size_t i = 0; i < c->flags.count; i++) {
        const struct wht_flag *flag = wht_flag_find(c->file, c->flags.items[i]);
        wht_text_clear(&words);
        wht_text_addf(&words, "%s%s%s", c->flags.items[i], flag && flag->bug ? ": " : "",
                      flag && flag->bug ? flag->bug : "");
        wht_columns_words(text, "flag", wht_text_get(&words));
    }
    for (size_t i = 0; i < c->spec.count; i++)
        wht_columns_words(text, "spec", c->spec.items[i]);
    if (c->verdict == WHT_VERDICT_MAY)
        wht_columns_words(text, "verdict", "may");
    wht_text_free(&words);
}

static void show_registers(struct wht_text *text, const struct wht_init *init)
{
    wht_text_addf(text, "\n  registers (others %s)\n", init->others_unknown ? "unknown" : "0");
    for (size_t i = 0; i < init->reg_count; i++) {
        show_value(text, init->regs[i].name);
        wht_describe_value(text, init->regs[i].name, &init->regs[i].value);
        wht_text_add(text, "\n");
    }
}

static void show_memory(struct wht_text *text, const struct wht_case *c)
{
    static const char *const kinds[] = {[WHT_MEMORY_RAM] = "ram",
                                        [WHT_MEMORY_ROM] = "rom",
                                        [WHT_MEMORY_DEVICE] = "device",
                                        [WHT_MEMORY_HOLE] = "hole"};
    if (c->memory_count > 0)
        wht_text_add(text, "\n  memory (everything else is a device)\n");
    for (size_t i = 0; i < c->memory_count; i++) {
        const struct wht_memory *m = &c->memory[i];
        wht_text_addf(text, "    0x%" PRIx64 ", %" PRIu64 " bytes of %s", m->gpa, m->size,
                      kinds[m->kind]);
        if (m->data && m->size <= BYTES_SHOWN) {
            wht_text_add(text, ": ");
            wht_describe_bytes(text, m->data, NULL, m->size);
        }
        wht_text_add(text, "\n");
    }
}

static void show_pages(struct wht_text *text, const struct wht_case *c)
{
    if (c->page_count > 0)
        wht_text_add(text, "\n  pages (all others translate to themselves)\n");
    for (size_t i = 0; i < c->page_count; i++) {
        const struct wht_page *p = &c->pages[i];
        wht_text_addf(text, "    0x%" PRIx64 " to 0x%" PRIx64 ", %s", p->gva, p->gpa,
                      wht_translate_result_name(p->result));
        if (p->purposes != (WHT_FOR_READ | WHT_FOR_WRITE | WHT_FOR_EXECUTE))
            wht_text_addf(text, ", for%s%s%s", p->purposes & WHT_FOR_READ ? " read" : "",
                          p->purposes & WHT_FOR_WRITE ? " write" : "",
                          p->purposes & WHT_FOR_EXECUTE ? " execute" : "");
        wht_text_add(text, "\n");
    }
}

static void show_group(struct wht_text *text, const struct wht_call *call)
{
    wht_text_add(text, wht_call_kind_name(call->kind));
    if (call->kind != WHT_CALL_REPEAT)
        return;
    wht_text_addf(text, " %" PRIu32 " times", call->repeat);
    if (call->step != 0)
        wht_text_addf(text, ", address %+" PRId64 " each time", call->step);
}

static void show_call_values(struct wht_text *text, const struct wht_call *call, unsigned indent)
{
    char name[WHT_NAME_MAX];
    for (size_t i = 0; !call->names_only && i < call->reg_count; i++) {
        wht_text_addf(text, "%*s%-10s ", (int)indent, "", wht_reg_name(call->regs[i].name, name));
        wht_describe_want(text, &call->regs[i]);
        wht_text_add(text, "\n");
    }
}

static void show_calls(struct wht_text *text, const struct wht_call *calls, size_t count,
                       unsigned indent)
{
    for (size_t i = 0; i < count; i++) {
        const struct wht_call *call = &calls[i];
        struct wht_expected_call expected = {call, 0};
        bool is_group = call->child_count > 0;
        wht_text_addf(text, "%*s", (int)indent, "");
        if (is_group)
            show_group(text, call);
        else
            wht_describe_expected(text, &expected);
        if (call->has_result)
            wht_text_addf(text, ", answers %s", wht_translate_result_name(call->result));
        if (call->has_gpa)
            wht_text_addf(text, ", answers 0x%" PRIx64, call->gpa);
        wht_text_addf(text, "%s%s\n", call->note ? "  -- " : "", call->note ? call->note : "");
        if (is_group)
            show_calls(text, call->children, call->child_count, indent + 2);
        else
            show_call_values(text, call, indent + 4);
    }
}

static void show_expected_state(struct wht_text *text, const struct wht_expect *e)
{
    for (size_t i = 0; i < e->reg_count; i++) {
        show_value(text, e->regs[i].name);
        wht_describe_want(text, &e->regs[i]);
        wht_text_add(text, "\n");
    }
    for (size_t i = 0; i < e->memory_count; i++) {
        wht_text_addf(text, "    memory 0x%-13" PRIx64 "  ", e->memory[i].gpa);
        wht_describe_bytes(text, e->memory[i].data.data, e->memory[i].data.mask,
                           e->memory[i].data.size);
        wht_text_add(text, "\n");
    }
    wht_text_addf(text, "    other registers       %s\n", e->others_any ? "any" : "unchanged");
}

static void show_expectation(struct wht_text *text, const struct wht_expect *e)
{
    char buf[WHT_NAME_MAX];
    wht_text_addf(text, "\n  expected\n    result                %s",
                  wht_hresult_format(e->hr, buf));
    wht_text_addf(text, ", %s\n", wht_status_format(e->status, buf));
    if (e->has_fault) {
        wht_text_add(text, "    fault                 ");
        wht_describe_fault(text, &e->fault);
        wht_text_add(text, "\n");
    }
    if (e->trap)
        wht_text_add(text, "    trap                  single-step\n");
    show_expected_state(text, e);
    if (!e->has_calls)
        return;
    wht_text_addf(text, "\n  calls%s\n", e->call_count == 0 ? ": none" : "");
    show_calls(text, e->calls, e->call_count, 4);
}

void wht_show_case(struct wht_text *text, const struct wht_case *c)
{
    wht_text_addf(text, "%s\n", c->name);
    wht_report_head(text, c, c->match, 0);
    show_exit(text, c);
    show_digest(text, c);
    show_about(text, c);
    show_registers(text, &c->init);
    show_memory(text, c);
    show_pages(text, c);
    show_expectation(text, &c->expect);
}
