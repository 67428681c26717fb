/* SPDX-License-Identifier: MIT */
#include "warn.h"

#include "disasm.h"

const struct wht_node *wht_place_of(const struct wht_node *node, const char *object,
                                    const char *member)
{
    const struct wht_node *outer = wht_node_member(node, object);
    const struct wht_node *inner =
        outer && outer->kind == WHT_NODE_OBJECT ? wht_node_member(outer, member) : NULL;
    return inner ? inner : outer ? outer : node;
}

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

static const struct wht_node *child_at(const struct wht_node *list, size_t index)
{
    const struct wht_node *child = list->first;
    while (child && index-- > 0)
        child = child->next;
    return child;
}

static void warn_todo(struct wht_check *check, const struct wht_node *node,
                      const struct wht_case *c)
{
    for (size_t i = 0; i < c->todo.count; i++)
        wht_warn(check, child_at(wht_node_member(node, "todo"), i),
                 "the case is unfinished and cannot pass: %s", c->todo.items[i]);
}

static bool is_on_page(uint64_t page, uint64_t address)
{
    return address - page < 0x1000;
}

/* What the exit itself speaks of counts as asked for: the processor did, of the page that was
 * accessed and of the instruction's, which also tells where the code lies. */
static bool is_memory_of_exit(const struct wht_memory *memory, const struct wht_exit *exit)
{
    uint64_t page = exit->gpa & ~UINT64_C(0xfff);
    return exit->kind == WHT_EXIT_MMIO && memory->gpa <= page + 0xfff &&
           memory->gpa + (memory->size - 1) >= page;
}

static bool is_page_of_exit(const struct wht_page *page, const struct wht_case *c)
{
    const struct wht_exit *exit = &c->exit;
    const uint64_t start = wht_code_linear(c);
    return is_on_page(page->gva, start) || is_on_page(page->gva, start + c->code_size - 1) ||
           (exit->kind == WHT_EXIT_MMIO && exit->gva_valid && is_on_page(page->gva, exit->gva));
}

/* Entries in `defaults` serve many cases: they wait for the last. */
static void warn_unused(struct wht_check *check, const struct wht_node *list, size_t index,
                        bool is_used, const char *what)
{
    const struct wht_node *entry = child_at(list, index);
    if (entry->origin && is_used)
        entry->origin->is_used = true;
    else if (entry->origin)
        entry->origin->is_unused = true;
    else if (!is_used)
        wht_warn(check, entry, "%s[%zu] is never asked for: no callback of a replay comes here",
                 what, index);
}

static void warn_usage(struct wht_check *check, const struct wht_node *node,
                       const struct wht_case *c)
{
    const struct wht_node *memory = wht_node_member(node, "memory");
    const struct wht_node *pages = wht_node_member(node, "pages");
    if (!check->options.find_usage || c->memory_count + c->page_count == 0)
        return;
    bool *asked = wht_arena_take(check->arena, c->memory_count + c->page_count);
    bool is_told = !c->deliberate && check->options.find_usage(check->options.usage_user, c, asked,
                                                               asked + c->memory_count);
    for (size_t i = 0; i < c->memory_count; i++)
        warn_unused(check, memory, c->memory[i].index,
                    !is_told || asked[i] || is_memory_of_exit(&c->memory[i], &c->exit), "memory");
    for (size_t i = 0; i < c->page_count; i++)
        warn_unused(check, pages, i,
                    !is_told || asked[c->memory_count + i] || is_page_of_exit(&c->pages[i], c),
                    "pages");
}

void wht_warn_case(struct wht_check *check, const struct wht_node *node, const struct wht_case *c)
{
    warn_todo(check, node, c);
    warn_status(check, node, c);
    wht_warn_state(check, node, c);
    if (!c->deliberate)
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
