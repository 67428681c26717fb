/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "name_lists.h"
#include "parts.h"
#include "values.h"

#define PAGE          0x1000u
#define REGION_MAX    (16u << 20)
#define BYTES_MAX     (512u << 10)
#define SIZE_MAX_JSON (INT64_C(1) << 53) /* every integer up to here is a double */

struct region {
    struct wht_memory memory;
    struct wht_bytes data;
    struct wht_bytes fill;
    bool has_size;
    const struct wht_node *node;
};

static bool take_gpa(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 64, &((struct region *)target)->memory.gpa);
}

static bool take_data(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_bytes(check, node, false, BYTES_MAX, &((struct region *)target)->data);
}

static bool take_fill(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_bytes(check, node, false, BYTES_MAX, &((struct region *)target)->fill);
}

static bool take_size(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct region *region = target;
    int64_t size = 0;
    region->has_size = true;
    if (!wht_get_count(check, node, 1, SIZE_MAX_JSON, &size))
        return false;
    region->memory.size = (uint64_t)size;
    return true;
}

static bool take_kind(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"ram", "rom", "device", "hole"};
    int kind = 0;
    bool is_good = wht_get_name(check, node, names, 4, "a kind of memory", &kind);
    ((struct region *)target)->memory.kind = (enum wht_memory_kind)kind;
    return is_good;
}

static bool has_content(const struct wht_memory *memory)
{
    return memory->kind == WHT_MEMORY_RAM || memory->kind == WHT_MEMORY_ROM;
}

static bool check_region(struct wht_check *check, const struct wht_node *node,
                         const struct region *region)
{
    bool has_data = region->data.size > 0;
    const struct wht_node *data = wht_node_member(node, "data");
    const struct wht_node *fill = wht_node_member(node, "fill");
    const struct wht_node *content = data ? data : fill;
    if (content && !has_content(&region->memory))
        return wht_fail_key(check, content, "found \"%s\" for a device or hole, expected none",
                            content->key);
    if (data && (region->has_size || fill))
        return wht_fail_key(check, data,
                            "found \"data\" beside \"%s\", expected either \"data\" or "
                            "\"size\" with \"fill\"",
                            fill ? "fill" : "size");
    if (has_content(&region->memory) && region->memory.size > REGION_MAX)
        return wht_fail(
            check, wht_node_member(node, "size"),
            "found %llu, expected an integer from 1 to 16777216 for memory with content",
            (unsigned long long)region->memory.size);
    if (!has_data && !region->has_size)
        return wht_fail(check, node, "the key \"%s\" is missing",
                        has_content(&region->memory) ? "data\" or \"size" : "size");
    return true;
}

static void fill_region(struct wht_check *check, struct region *region)
{
    struct wht_memory *memory = &region->memory;
    if (region->data.size > 0) {
        memory->size = region->data.size;
        memory->data = region->data.data;
        return;
    }
    if (!has_content(memory))
        return;
    memory->data = wht_arena_take(check->arena, memory->size);
    for (uint64_t i = 0; region->fill.size > 0 && i < memory->size; i++)
        memory->data[i] = region->fill.data[i % region->fill.size];
}

static bool take_region(struct wht_check *check, const struct wht_node *node, struct region *region)
{
    static const struct wht_field fields[] = {{"gpa", take_gpa, true},
                                              {"data", take_data, false},
                                              {"size", take_size, false},
                                              {"fill", take_fill, false},
                                              {"kind", take_kind, false}};
    region->node = node;
    if (!wht_take_object(check, node, fields, 5, region) || !check_region(check, node, region))
        return false;
    fill_region(check, region);
    if (region->memory.gpa + (region->memory.size - 1) < region->memory.gpa)
        return wht_fail(check, node, "the region runs past the end of the address space");
    return true;
}

static int compare_regions(const void *a, const void *b)
{
    const struct wht_memory *left = &((const struct region *)a)->memory;
    const struct wht_memory *right = &((const struct region *)b)->memory;
    return left->gpa < right->gpa ? -1 : left->gpa > right->gpa;
}

bool wht_take_memory(struct wht_check *check, const struct wht_node *node, struct wht_case *c)
{
    bool is_good = true;
    uint64_t total = 0;
    size_t count = 0;
    if (!wht_get_list(check, node, 0))
        return false;
    struct region *regions =
        wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(*regions));
    for (const struct wht_node *child = node->first; child; child = child->next) {
        if (!take_region(check, child, &regions[count])) {
            is_good = false;
            regions[count] = (struct region){.node = NULL};
            continue;
        }
        total += regions[count].memory.data ? regions[count].memory.size : 0;
        if (total > REGION_MAX)
            return wht_fail(check, child, "found more than 16 MiB of memory, expected less");
        count++;
    }
    qsort(regions, count, sizeof(*regions), compare_regions);
    c->memory = wht_arena_take(check->arena, (count + 1) * sizeof(*c->memory));
    for (size_t i = 0; i < count; i++) {
        const struct wht_memory *before = i > 0 ? &regions[i - 1].memory : NULL;
        c->memory[i] = regions[i].memory;
        if (before && before->gpa + (before->size - 1) >= regions[i].memory.gpa)
            is_good = wht_fail(check, regions[i].node, "the region overlaps the one at 0x%llx",
                               (unsigned long long)before->gpa);
    }
    c->memory_count = count;
    return is_good;
}

struct page_parts {
    struct wht_page page;
    bool has_gpa;
};

static bool take_gva(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct page_parts *parts = target;
    if (!wht_get_hex(check, node, 64, &parts->page.gva))
        return false;
    if (parts->page.gva % PAGE != 0)
        return wht_fail(check, node, "found \"%.40s\", expected the start of a page of 4 KiB",
                        node->string);
    return true;
}

static bool take_page_gpa(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct page_parts *parts = target;
    parts->has_gpa = true;
    return wht_get_hex(check, node, 64, &parts->page.gpa);
}

static bool take_result(struct wht_check *check, const struct wht_node *node, void *target)
{
    int result = 0;
    bool is_good = wht_get_name(check, node, wht_result_names, WHT_RESULT_NAMES,
                                "a translate result", &result);
    ((struct page_parts *)target)->page.result = (WHV_TRANSLATE_GVA_RESULT_CODE)result;
    return is_good;
}

static bool take_purpose(struct wht_check *check, const struct wht_node *node, unsigned *purposes)
{
    static const char *const names[] = {"read", "write", "execute"};
    int purpose = 0;
    if (!wht_get_name(check, node, names, 3, "a purpose", &purpose))
        return false;
    *purposes |= 1u << purpose;
    return true;
}

static bool take_for(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct page_parts *parts = target;
    bool is_good = true;
    parts->page.purposes = 0;
    if (node->kind == WHT_NODE_STRING)
        return take_purpose(check, node, &parts->page.purposes);
    if (!wht_get_list(check, node, 1))
        return false;
    for (const struct wht_node *child = node->first; child; child = child->next)
        is_good &= take_purpose(check, child, &parts->page.purposes);
    return is_good;
}

static bool take_page(struct wht_check *check, const struct wht_node *node, struct wht_page *page)
{
    static const struct wht_field fields[] = {{"gva", take_gva, true},
                                              {"gpa", take_page_gpa, false},
                                              {"result", take_result, false},
                                              {"for", take_for, false}};
    struct page_parts parts = {
        .page = {.purposes = WHT_FOR_READ | WHT_FOR_WRITE | WHT_FOR_EXECUTE}};
    if (!wht_take_object(check, node, fields, 4, &parts))
        return false;
    if (!parts.has_gpa)
        parts.page.gpa = parts.page.gva;
    *page = parts.page;
    return true;
}

/* A page and where it stands, to find second entries. */
struct placed_page {
    struct wht_page page;
    const struct wht_node *node;
};

static int compare_pages(const void *a, const void *b)
{
    const struct placed_page *left = a;
    const struct placed_page *right = b;
    if (left->page.gva != right->page.gva)
        return left->page.gva < right->page.gva ? -1 : 1;
    return left->node->offset < right->node->offset ? -1 : 1;
}

static bool check_pages(struct wht_check *check, struct placed_page *pages, size_t count)
{
    bool is_good = true;
    unsigned seen = 0;
    qsort(pages, count, sizeof(*pages), compare_pages);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || pages[i - 1].page.gva != pages[i].page.gva)
            seen = 0;
        if (seen & pages[i].page.purposes)
            is_good = wht_fail(check, pages[i].node,
                               "found a second entry for the page at 0x%llx and the same purpose, "
                               "expected one",
                               (unsigned long long)pages[i].page.gva);
        seen |= pages[i].page.purposes;
    }
    return is_good;
}

bool wht_take_pages(struct wht_check *check, const struct wht_node *node, struct wht_case *c)
{
    bool is_good = true;
    if (!wht_get_list(check, node, 0))
        return false;
    size_t count = wht_node_count(node);
    struct placed_page *placed = wht_arena_take(check->arena, (count + 1) * sizeof(*placed));
    c->pages = wht_arena_take(check->arena, (count + 1) * sizeof(*c->pages));
    for (const struct wht_node *child = node->first; child; child = child->next) {
        struct wht_page *page = &c->pages[c->page_count];
        if (take_page(check, child, page))
            placed[c->page_count++] = (struct placed_page){.page = *page, .node = child};
        else
            is_good = false;
    }
    return check_pages(check, placed, c->page_count) && is_good;
}
