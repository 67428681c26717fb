/* SPDX-License-Identifier: MIT */
#include "warn.h"

#include "case_code.h"

#define PAGE_LAST UINT64_C(0xfff)

/* The status means something only beside S_OK. */
static void warn_status(struct wht_check *check, const struct wht_node *node,
                        const struct wht_case *c)
{
    const struct wht_node *expect = wht_node_member(node, "expect");
    const struct wht_node *status = wht_node_member(expect, "status");
    if (status && c->expect.hr != S_OK)
        wht_warn(check, wht_more_specific(status, wht_node_member(expect, "hr")),
                 "found a status beside an hr other than S_OK, expected none: it is not compared");
}

static void warn_todo(struct wht_check *check, const struct wht_node *node,
                      const struct wht_case *c)
{
    const struct wht_node *todo = c->todo.count > 0 ? wht_node_member(node, "todo") : NULL;
    for (const struct wht_node *child = todo ? todo->first : NULL; child; child = child->next)
        wht_warn(check, child, "the case is unfinished and cannot pass: %s", child->string);
}

static bool is_on_page(uint64_t page, uint64_t address)
{
    return address - page <= PAGE_LAST;
}

/* Which entries are in use, as far as that is known; in the order of the case's lists. */
struct usage {
    const struct wht_case *c;
    bool *memory;
    bool *pages;
};

/* Regions are sorted and do not overlap. @return the first that does not end before an address. */
static size_t region_from(const struct wht_case *c, uint64_t gpa)
{
    size_t low = 0;
    size_t high = c->memory_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->memory[middle].gpa + (c->memory[middle].size - 1) < gpa)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void use_memory(const struct usage *usage, uint64_t first, uint64_t last)
{
    const struct wht_case *c = usage->c;
    for (size_t i = region_from(c, first); i < c->memory_count && c->memory[i].gpa <= last; i++)
        usage->memory[i] = true;
}

/* What the exit itself speaks of counts as asked for: the processor did, of the page that was
 * accessed and of the instruction's, which also tells where the code lies. So does memory of which
 * the case says what becomes of it. */
static void use_memory_of_exit(const struct usage *usage)
{
    const struct wht_case *c = usage->c;
    const struct wht_expect *expect = &c->expect;
    const uint64_t page = c->exit.gpa & ~PAGE_LAST;
    const uint64_t code = wht_code_linear(c);
    uint64_t gpa = 0;
    if (c->exit.kind == WHT_EXIT_MMIO)
        use_memory(usage, page, page + PAGE_LAST);
    for (unsigned i = 0; i < c->code_size; i++)
        if (wht_case_translate(c, code + i, WHT_ACCESS_EXECUTE, &gpa))
            use_memory(usage, gpa, gpa);
    for (size_t i = 0; i < expect->memory_count; i++)
        use_memory(usage, expect->memory[i].gpa,
                   expect->memory[i].gpa + (expect->memory[i].data.size - 1));
}

static bool is_page_of_exit(const struct wht_page *page, const struct wht_case *c)
{
    const struct wht_exit *exit = &c->exit;
    const uint64_t start = wht_code_linear(c);
    return is_on_page(page->gva, start) || is_on_page(page->gva, start + c->code_size - 1) ||
           (exit->kind == WHT_EXIT_MMIO && exit->gva_valid && is_on_page(page->gva, exit->gva));
}

/* Entries in `defaults` serve many cases: they wait for the last. */
static void warn_unused(struct wht_check *check, const struct wht_node *entry, bool is_used,
                        const char *what)
{
    if (entry->origin && is_used)
        entry->origin->is_used = true;
    else if (entry->origin)
        entry->origin->is_unused = true;
    else if (!is_used)
        wht_warn(check, entry, "%s[%zu] is never asked for: no callback of a replay comes here",
                 what, entry->index);
}

static void warn_usage(struct wht_check *check, const struct wht_node *node,
                       const struct wht_case *c)
{
    const struct wht_node *pages = wht_node_member(node, "pages");
    const struct wht_node *memory = wht_node_member(node, "memory");
    const struct wht_node *page = pages ? pages->first : NULL;
    const size_t count = c->memory_count + c->page_count;
    if (!check->options.find_usage || count == 0)
        return;
    bool *asked = wht_arena_take(check->arena, count * sizeof(*asked));
    const struct usage usage = {.c = c, .memory = asked, .pages = asked + c->memory_count};
    bool is_told =
        check->options.find_usage(check->options.usage_user, c, usage.memory, usage.pages);
    use_memory_of_exit(&usage);
    const struct wht_node **regions = wht_arena_take(check->arena, (count + 1) * sizeof(*regions));
    for (const struct wht_node *child = memory ? memory->first : NULL; child; child = child->next)
        regions[child->index] = child;
    for (size_t i = 0; i < c->memory_count; i++)
        warn_unused(check, regions[c->memory[i].index], !is_told || usage.memory[i], "memory");
    for (size_t i = 0; i < c->page_count; i++, page = page->next)
        warn_unused(check, page, !is_told || usage.pages[i] || is_page_of_exit(&c->pages[i], c),
                    "pages");
}

void wht_warn_case(struct wht_check *check, const struct wht_node *node, const struct wht_case *c)
{
    warn_todo(check, node, c);
    warn_status(check, node, c);
    wht_warn_state(check, node, c);
    if (c->deliberate)
        return;
    wht_warn_exit(check, node, c);
    warn_usage(check, node, c);
}

static void warn_list(struct wht_check *check, const struct wht_node *list, const char *what)
{
    if (!list)
        return;
    for (const struct wht_node *entry = list->first; entry; entry = entry->next)
        if (entry->is_unused && !entry->is_used)
            wht_warn(check, entry,
                     "%s[%zu] is never asked for: no callback of a replay of any case comes here",
                     what, entry->index);
}

void wht_warn_defaults(struct wht_check *check, const struct wht_node *defaults)
{
    warn_list(check, wht_node_member(defaults, "memory"), "memory");
    warn_list(check, wht_node_member(defaults, "pages"), "pages");
}
