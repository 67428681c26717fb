/* SPDX-License-Identifier: MIT */
#include "unasked.h"

#include <inttypes.h>

#include "format/case_code.h"

#define PAGE_LAST               UINT64_C(0xfff)
#define STATUS_INTERNAL_FAILURE 2u

bool wht_unasked_explain(const struct wht_case *c, const struct wht_result *r)
{
    /* An emulator that gives up asks for nothing, whatever the case says. */
    bool gave_up = r->hr == S_OK && (r->status & STATUS_INTERNAL_FAILURE) &&
                   !(c->expect.status & STATUS_INTERNAL_FAILURE);
    return r->unasked_count > 0 && !c->deliberate && !r->was_ended && !gave_up;
}

bool wht_unasked_hide_fault(const struct wht_case *c, const struct wht_result *r)
{
    const struct wht_page *page = r->unasked[0].page;
    return wht_unasked_explain(c, r) && (r->differing & WHT_FINAL_FAULT) && page &&
           page->result != WHvTranslateGvaResultSuccess;
}

static bool is_on_page(const struct wht_page *page, uint64_t address)
{
    return address - page->gva <= PAGE_LAST;
}

static void describe_page(struct wht_text *text, const struct wht_case *c,
                          const struct wht_page *page)
{
    if (c->exit.kind == WHT_EXIT_MMIO && c->exit.gva_valid && is_on_page(page, c->exit.gva))
        wht_text_add(text, "the exit's own translation served");
    else if (is_on_page(page, wht_code_linear(c)))
        wht_text_add(text, "nothing was fetched, the exit gives the instruction's bytes");
    else
        wht_text_addf(text, "no address from 0x%" PRIx64 " to 0x%" PRIx64 " was translated",
                      page->gva, page->gva + PAGE_LAST);
}

void wht_describe_unasked(struct wht_text *text, const struct wht_case *c,
                          const struct wht_unasked *unasked)
{
    wht_text_addf(text, "%s[%zu] was never asked for: ", unasked->page ? "pages" : "memory",
                  unasked->index);
    if (unasked->page)
        describe_page(text, c, unasked->page);
    else
        wht_text_addf(text, "no access came to 0x%" PRIx64 " to 0x%" PRIx64, unasked->memory->gpa,
                      unasked->memory->gpa + (unasked->memory->size - 1));
}
