/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "memory" and "pages". */
#include <stdlib.h>
#include <string.h>

#include "take.h"
#include "values.h"
#include "words/name_lists.h"

#define PAGE       0x1000u
#define REGION_MAX (16u << 20)
#define BYTES_MAX  (512u << 10)
#define SIZE_MAX_JSON                                                                              \
    ((INT64_C(1) << 53) - 1) /* no greater integer is rounded to one up to here                    \
                              */

struct region {
    struct wht_memory memory;
    struct wht_bytes data;
    struct wht_bytes fill;
    bool has_bad_kind;
    bool is_reported; /* as one that overlaps another */
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
    if (!wht_get_count(check, node, 1, SIZE_MAX_JSON, &size))
        return false;
    region->memory.size = (uint64_t)size;
    return true;
}

static bool take_kind(struct wht_check *check, const struct wht_node *node, void *target)
{
    static const char *const names[] = {"ram", "rom", "device", "hole"};
    int kind = 0;
    struct region *region = target;
    region->has_bad_kind = !wht_get_name(check, node, names, 4, "a kind of memory", &kind);
    region->memory.kind = (enum wht_memory_kind)kind;
    return !region->has_bad_kind;
}

static bool has_content(const struct wht_memory *memory)
{
    return memory->kind == WHT_MEMORY_RAM || memory->kind == WHT_MEMORY_ROM;
}

/* What the keys of a region must be to each other. */
static bool check_region(struct wht_check *check, const struct wht_node *node,
                         const struct region *region)
{
    const struct wht_node *data = wht_node_member(node, "data");
    const struct wht_node *fill = wht_node_member(node, "fill");
    const struct wht_node *size = wht_node_member(node, "size");
    const struct wht_node *content = data ? data : fill;
    const struct wht_node *beside = fill ? fill : size;
    if (content && !has_content(&region->memory))
        return wht_fail_key(check, content, "found \"%s\" for a device or hole, expected none",
                            content->key);
    if (data && beside)
        return wht_fail_key(check, data,
                            "found \"data\" beside \"%s\", expected either \"data\" or \"size\" "
                            "with \"fill\"",
                            beside->key);
    if (!data && !size)
        return has_content(&region->memory) && !fill
                   ? wht_fail(check, node, "found no key \"data\" or \"size\", expected one")
                   : wht_fail_missing(check, node, "size");
    if (has_content(&region->memory) && region->memory.size > REGION_MAX)
        return wht_fail(
            check, size,
            "found %llu, expected an integer from 1 to 16777216 for memory with content",
            (unsigned long long)region->memory.size);
    return true;
}

/* Gives memory its content. @param total bytes of the regions before; grows. */
static bool fill_region(struct wht_check *check, struct region *region, uint64_t *total)
{
    struct wht_memory *memory = &region->memory;
    bool was_full = *total > REGION_MAX;
    if (!has_content(memory))
        return true;
    *total += memory->size;
    if (was_full)
        return false;
    if (*total > REGION_MAX)
        return wht_fail(check, region->node, "found more than 16 MiB of memory, expected less");
    memory->data = region->data.data;
    if (memory->data)
        return true;
    memory->data = wht_arena_take(check->arena, memory->size);
    for (uint64_t i = 0; region->fill.size > 0 && i < memory->size; i++)
        memory->data[i] = region->fill.data[i % region->fill.size];
    return true;
}

/* @return whether the region has a place, which other regions must not overlap. */
static bool take_region(struct wht_check *check, const struct wht_node *node, struct region *region,
                        bool *is_good)
{
    static const struct wht_field fields[] = {{"gpa", take_gpa, true},
                                              {"data", take_data, false},
                                              {"size", take_size, false},
                                              {"fill", take_fill, false},
                                              {"kind", take_kind, false}};
    region->node = node;
    bool is_right = wht_take_object(check, node, fields, 5, region);
    if (node->kind == WHT_NODE_OBJECT && !region->has_bad_kind)
        is_right &= check_region(check, node, region);
    if (region->data.size > 0)
        region->memory.size = region->data.size;
    *is_good &= is_right;
    if (!is_right || region->memory.gpa + (region->memory.size - 1) >= region->memory.gpa)
        return is_right;
    return *is_good = wht_fail(check, node,
                               "found a region that runs past the end of the address space, "
                               "expected one within 64 bits");
}

static int compare_regions(const void *a, const void *b)
{
    const struct region *left = a;
    const struct region *right = b;
    if (left->memory.gpa != right->memory.gpa)
        return left->memory.gpa < right->memory.gpa ? -1 : 1;
    return left->node->offset < right->node->offset ? -1 : 1;
}

/* Of two regions that overlap, the one that stands later in the file is wrong. */
static bool check_overlap(struct wht_check *check, struct region *a, struct region *b)
{
    struct region *later = a->node->offset > b->node->offset ? a : b;
    const struct region *other = later == a ? b : a;
    if (a->memory.gpa + (a->memory.size - 1) < b->memory.gpa)
        return true;
    if (!later->is_reported)
        wht_fail(check, later->node,
                 "found a region that overlaps the one at 0x%llx, expected regions apart",
                 (unsigned long long)other->memory.gpa);
    later->is_reported = true;
    return false;
}

/* Sorts regions and compares each with the one before that reaches furthest. */
static bool check_regions(struct wht_check *check, struct region *regions, size_t count)
{
    bool is_good = true;
    struct region *furthest = NULL;
    qsort(regions, count, sizeof(*regions), compare_regions);
    for (size_t i = 0; i < count; i++) {
        struct region *region = &regions[i];
        if (furthest)
            is_good &= check_overlap(check, furthest, region);
        if (!furthest || region->memory.gpa + (region->memory.size - 1) >
                             furthest->memory.gpa + (furthest->memory.size - 1))
            furthest = region;
    }
    return is_good;
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
        struct region *region = &regions[count];
        *region = (struct region){.node = NULL};
        if (take_region(check, child, region, &is_good)) {
            is_good &= fill_region(check, region, &total);
            count++;
        }
    }
    is_good &= check_regions(check, regions, count);
    c->memory = wht_arena_take(check->arena, (count + 1) * sizeof(*c->memory));
    for (size_t i = 0; i < count; i++) {
        c->memory[i] = regions[i].memory;
        c->memory[i].index = (uint32_t)regions[i].node->index;
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
    int purpose = 0;
    if (!wht_get_name(check, node, wht_access_names, WHT_ACCESS_NAMES, "a purpose", &purpose))
        return false;
    if (*purposes & 1u << purpose)
        return wht_fail(check, node, "found \"%s\" a second time, expected it once",
                        wht_access_names[purpose]);
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
