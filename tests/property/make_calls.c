/* SPDX-License-Identifier: MIT */
#include "make_trace.h"

#define DEPTH_MAX 3u

static const char *const failures[] = {"E_FAIL", "S_FALSE", "0x8000FFFF", "0x80070057"};

/* Members that any single element may carry. */
static void add_common(struct maker *m, struct members *members)
{
    if (make_chance(m, 8))
        make_add(members, make_text(m, "\"fail\": %s", make_word(m, failures, 4)));
    if (make_chance(m, 8))
        make_add(members, "\"note\": \"\xc3\xa9\\t\\u00ff\"");
}

/* Aligned, so that no access crosses a page wherever a repeat moves it by a multiple of 8. */
static const char *make_memory_call(struct maker *m)
{
    struct members members = {.count = 0};
    int is_read = make_chance(m, 2);
    unsigned size = 1 + make_below(m, 8);
    make_add(&members, is_read ? "\"mem\": \"read\"" : "\"mem\":\"write\"");
    make_add(&members, make_text(m, "\"gpa\": %s", make_hex_of(m, make_random(m) >> 20 << 3)));
    make_add(&members, make_text(m, "\"data\":%s", make_bytes(m, size, !is_read)));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"size\" : %u", size));
    add_common(m, &members);
    return make_object(m, &members);
}

static const char *make_port_call(struct maker *m)
{
    struct members members = {.count = 0};
    unsigned size = 1u << make_below(m, 3);
    make_add(&members, make_chance(m, 2) ? "\"io\": \"in\"" : "\"io\":\"out\"");
    make_add(&members, make_text(m, "\"port\": %s", make_hex(m, 16)));
    make_add(&members, make_text(m, "\"size\": %u", size));
    make_add(&members, make_text(m, "\"data\": %s", make_hex(m, 8 * size)));
    add_common(m, &members);
    return make_object(m, &members);
}

static const char *make_translate_call(struct maker *m)
{
    static const char *const flags[] = {"[]", "[\"write\" , \"read\"]",
                                        "[\"execute\",\"enforce-smap\"]"};
    static const char *const results[] = {"success", "page-not-present", "intercept"};
    struct members members = {.count = 0};
    make_add(&members,
             make_text(m, "\"translate\": %s", make_hex_of(m, make_random(m) >> 12 << 12)));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"flags\": %s", flags[make_below(m, 3)]));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"result\": %s", make_word(m, results, 3)));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"gpa\": %s", make_hex(m, 64)));
    add_common(m, &members);
    return make_object(m, &members);
}

static const char *make_batch_call(struct maker *m)
{
    static const char *const names[] = {"[]", "[\"rip\", \"rax\"]", "[\"reg:0x0000ABCD\",\"cs\"]"};
    struct members members = {.count = 0};
    struct members registers = {.count = 0};
    int is_get = make_chance(m, 2);
    for (unsigned i = 0; i < MADE_REGISTERS; i++)
        if (make_chance(m, 6))
            make_add(&registers, is_get ? make_register(m, i) : make_want(m, i));
    if (is_get && make_chance(m, 2))
        make_add(&members, make_text(m, "\"get\": %s", names[make_below(m, 3)]));
    else
        make_add(&members,
                 make_text(m, "\"%s\":%s", is_get ? "get" : "set", make_map(m, &registers)));
    add_common(m, &members);
    return make_object(m, &members);
}

static const char *make_group(struct maker *m, unsigned depth)
{
    struct members members = {.count = 0};
    unsigned kind = make_below(m, 3);
    static const char *const keys[] = {"any_order", "optional", "calls"};
    make_add(&members, make_text(m, "\"%s\": %s", keys[kind], make_calls(m, depth + 1)));
    if (kind == 2) {
        make_add(&members, make_text(m, "\"repeat\": %u", 1 + make_below(m, 1000)));
        if (make_chance(m, 2))
            make_add(&members, make_text(m, "\"step\": %d", 8 * ((int)make_below(m, 9) - 4)));
    }
    if (make_chance(m, 6))
        make_add(&members, "\"note\": \"a group\"");
    return make_object(m, &members);
}

static const char *make_call(struct maker *m, unsigned depth)
{
    switch (make_below(m, depth < DEPTH_MAX ? 5 : 4)) {
    case 0:
        return make_memory_call(m);
    case 1:
        return make_port_call(m);
    case 2:
        return make_translate_call(m);
    case 3:
        return make_batch_call(m);
    default:
        return make_group(m, depth);
    }
}

const char *make_calls(struct maker *m, unsigned depth)
{
    struct members calls = {.count = 0};
    unsigned count = make_below(m, 4) + (depth > 0 ? 1 : 0); /* a group is never empty */
    for (unsigned i = 0; i < count; i++)
        make_add(&calls, make_call(m, depth));
    return make_list(m, &calls);
}
