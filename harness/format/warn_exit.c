/* SPDX-License-Identifier: MIT */
/*
 * An exit says what the processor was doing; the code says what it can do. Only what is sure is
 * told: wherever an access cannot be computed (registers that were not captured, descriptors, the
 * tables of an event's delivery, a walk of page tables), any exit may be its.
 */
#include "warn.h"

#include "case_code.h"
#include "words/name_lists.h"
#include "x86/operands.h"

#define PAGE_MASK UINT64_C(0xfff)
#define CR0_PG    UINT64_C(0x80000000)
#define INSN_MAX  15u

bool wht_case_translate(const struct wht_case *c, uint64_t linear, enum wht_access access,
                        uint64_t *gpa)
{
    const unsigned purpose = 1u << access;
    const WHV_REGISTER_VALUE *cr0 = wht_init_reg(&c->init, WHvX64RegisterCr0);
    for (size_t i = 0; i < c->page_count; i++) {
        const struct wht_page *page = &c->pages[i];
        if (page->gva != (linear & ~PAGE_MASK) || !(page->purposes & purpose))
            continue;
        *gpa = page->gpa + (linear & PAGE_MASK);
        return page->result == WHvTranslateGvaResultSuccess && (page->gpa & PAGE_MASK) == 0;
    }
    *gpa = linear;
    return !c->init.others_unknown || (cr0 && !(cr0->Reg64 & CR0_PG));
}

/* Whether [linear, linear + size) holds the exit's address, or may. */
static bool holds_exit(const struct wht_case *c, uint64_t linear, uint64_t size, uint64_t mask)
{
    const struct wht_exit *exit = &c->exit;
    if (exit->gva_valid)
        return ((exit->gva - linear) & mask) < size;
    for (uint64_t done = 0; done < size;) {
        uint64_t at = (linear + done) & mask;
        uint64_t left = PAGE_MASK + 1 - (at & PAGE_MASK);
        uint64_t piece = left < size - done ? left : size - done;
        uint64_t gpa = 0;
        if (!wht_case_translate(c, at, exit->access, &gpa) || exit->gpa - gpa < piece)
            return true;
        done += piece;
    }
    return false;
}

static const struct wht_node *address_place(const struct wht_node *node, const struct wht_case *c)
{
    const struct wht_node *exit = wht_node_member(node, "exit");
    bool has_gva = c->exit.gva_valid && wht_node_member(exit, "gva");
    return wht_node_within(node, "exit", has_gva ? "gva" : "gpa");
}

static uint64_t address_of(const struct wht_exit *exit)
{
    return exit->gva_valid ? exit->gva : exit->gpa;
}

static void warn_fetch(struct wht_check *check, const struct wht_node *node,
                       const struct wht_case *c)
{
    const WHV_REGISTER_VALUE *rip = wht_init_reg(&c->init, WHvX64RegisterRip);
    const WHV_REGISTER_VALUE *cs = wht_init_reg(&c->init, WHvX64RegisterCs);
    bool is_64 = wht_code_of(c) == WHT_CODE_64;
    const uint64_t mask = is_64 ? UINT64_MAX : UINT32_MAX;
    if (!rip || (!is_64 && !cs))
        return;
    uint64_t start = (rip->Reg64 + (is_64 ? 0 : cs->Segment.Base)) & mask;
    if (!holds_exit(c, start, INSN_MAX, mask))
        wht_warn(check, address_place(node, c),
                 "found a fetch at 0x%llx, expected one within the instruction, whose linear "
                 "address is 0x%llx",
                 (unsigned long long)address_of(&c->exit), (unsigned long long)start);
}

/* The place that the message names: the first that goes the exit's way, else the first. */
static const struct wht_reached *best_place(const struct wht_reach *reach, bool is_write)
{
    for (size_t i = 0; i < reach->count; i++)
        if (is_write ? reach->places[i].is_written : reach->places[i].is_read)
            return &reach->places[i];
    return &reach->places[0];
}

static void warn_access(struct wht_check *check, const struct wht_node *node,
                        const struct wht_case *c, const struct wht_reach *reach)
{
    const bool is_write = c->exit.access == WHT_ACCESS_WRITE;
    bool is_there = false;
    bool goes_that_way = false;
    char text[128];
    for (size_t i = 0; i < reach->count; i++) {
        const struct wht_reached *place = &reach->places[i];
        bool is_way = is_write ? place->is_written : place->is_read;
        bool is_hit = !place->is_known || holds_exit(c, place->linear, place->size, reach->mask);
        if (is_way && is_hit)
            return;
        is_there |= is_hit;
        goes_that_way |= is_way;
    }
    wht_case_disasm(c, text, sizeof(text), NULL);
    if (reach->count == 0)
        wht_warn(check, wht_node_within(node, "exit", "access"),
                 "found a %s exit, expected none: \"%s\" does not access memory",
                 wht_access_names[c->exit.access], text);
    else if (is_there || !goes_that_way)
        wht_warn(check, wht_node_within(node, "exit", "access"),
                 "found a %s exit, expected a %s: \"%s\" does not %s%s",
                 wht_access_names[c->exit.access],
                 wht_access_names[is_write ? WHT_ACCESS_READ : WHT_ACCESS_WRITE], text,
                 wht_access_names[c->exit.access], goes_that_way ? " there" : " memory");
    else
        wht_warn(check, address_place(node, c),
                 "found 0x%llx, expected an address that \"%s\" accesses: %llu byte%s at 0x%llx",
                 (unsigned long long)address_of(&c->exit), text,
                 (unsigned long long)best_place(reach, is_write)->size,
                 best_place(reach, is_write)->size == 1 ? "" : "s",
                 (unsigned long long)best_place(reach, is_write)->linear);
}

static void warn_memory_exit(struct wht_check *check, const struct wht_node *node,
                             const struct wht_case *c)
{
    struct wht_reach reach;
    const struct wht_exit *exit = &c->exit;
    bool may_be_a_walk = exit->gva_valid && ((exit->gva ^ exit->gpa) & PAGE_MASK) != 0;
    if (exit->interruption_pending || may_be_a_walk)
        return;
    if (exit->access == WHT_ACCESS_EXECUTE)
        warn_fetch(check, node, c);
    else if (wht_case_reach(c, &reach) && !reach.is_open)
        warn_access(check, node, c, &reach);
}

static void warn_port_number(struct wht_check *check, const struct wht_node *node,
                             const struct wht_case *c, const struct wht_operands *operands)
{
    const WHV_REGISTER_VALUE *rdx = wht_init_reg(&c->init, WHvX64RegisterRdx);
    if (operands->port >= 0 && operands->port != c->exit.port)
        wht_warn(check, wht_node_within(node, "exit", "port"),
                 "found port 0x%x, expected 0x%x, which the instruction names", c->exit.port,
                 (unsigned)operands->port);
    else if (operands->port < 0 && rdx && rdx->Reg16 != c->exit.port)
        wht_warn(check, wht_node_within(node, "exit", "port"),
                 "found port 0x%x, expected 0x%x, which is in DX", c->exit.port, rdx->Reg16);
}

static void warn_port_exit(struct wht_check *check, const struct wht_node *node,
                           const struct wht_case *c)
{
    struct wht_operands o;
    const struct wht_exit *exit = &c->exit;
    char text[128];
    if (!wht_operands(wht_code_of(c), c->code, c->code_size, &o))
        return;
    wht_case_disasm(c, text, sizeof(text), NULL);
    if (!o.is_port) {
        wht_warn(check, wht_node_within(node, "exit", "kind"),
                 "found an exit of kind io, expected mmio: \"%s\" does not access a port", text);
        return;
    }
    if (o.is_port_read != (exit->access == WHT_ACCESS_READ))
        wht_warn(check, wht_node_within(node, "exit", "access"),
                 "found \"%s\", expected \"%s\": the code is \"%s\"",
                 wht_access_names[exit->access],
                 wht_access_names[o.is_port_read ? WHT_ACCESS_READ : WHT_ACCESS_WRITE], text);
    if (o.port_size != exit->size)
        wht_warn(check, wht_node_within(node, "exit", "size"),
                 "found size %u, expected %u: the code is \"%s\"", exit->size, o.port_size, text);
    if (o.is_string_port != exit->string)
        wht_warn(check, wht_node_within(node, "exit", "string"),
                 "found string %s, expected %s: the code is \"%s\"",
                 exit->string ? "true" : "false", exit->string ? "false" : "true", text);
    else if ((o.is_string_port && o.has_rep) != exit->rep)
        wht_warn(check, wht_node_within(node, "exit", "rep"),
                 "found rep %s, expected %s: the code is \"%s\"", exit->rep ? "true" : "false",
                 exit->rep ? "false" : "true", text);
    warn_port_number(check, node, c, &o);
}

void wht_warn_exit(struct wht_check *check, const struct wht_node *node, const struct wht_case *c)
{
    if (c->exit.kind == WHT_EXIT_MMIO)
        warn_memory_exit(check, node, c);
    else
        warn_port_exit(check, node, c);
}
