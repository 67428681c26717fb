/* SPDX-License-Identifier: MIT */
#include "make_trace.h"

#include <string.h>

static const char *const accesses[] = {"read", "write", "execute"};
static const char *const booleans[] = {"true", "false"};

static const char *make_bool(struct maker *m)
{
    return booleans[make_below(m, 2)];
}

static void add_bool(struct maker *m, struct members *members, const char *key)
{
    if (make_chance(m, 5))
        make_add(members, make_text(m, "\"%s\": %s", key, make_bool(m)));
}

static void add_count(struct maker *m, struct members *members, const char *key, unsigned below)
{
    if (make_chance(m, 4))
        make_add(members, make_text(m, "\"%s\":%u", key, make_below(m, below)));
}

static const char *make_init(struct maker *m)
{
    static const char *const modes[] = {"real16",   "vm86",     "prot16", "prot32",
                                        "compat16", "compat32", "long64"};
    struct members members = {.count = 0};
    unsigned mode = make_below(m, 7);
    if (mode < 6 || make_chance(m, 2))
        make_add(&members, make_text(m, "\"mode\": \"%s\"", modes[mode]));
    if (mode >= 2 && make_chance(m, 2))
        make_add(&members, make_text(m, "\"cpl\" : %u", make_below(m, 4)));
    if (make_chance(m, 6))
        make_add(&members, "\"others\": \"unknown\"");
    add_bool(m, &members, "interrupt_shadow");
    for (unsigned i = 0; i < MADE_REGISTERS; i++)
        if (make_chance(m, 4))
            make_add(&members, make_register(m, i));
    return make_map(m, &members);
}

static const char *make_exit(struct maker *m)
{
    struct members members = {.count = 0};
    int is_io = make_chance(m, 3);
    make_add(&members, is_io ? "\"kind\":\"io\"" : "\"kind\": \"mmio\"");
    make_add(&members, make_text(m, "\"access\": %s", make_word(m, accesses, is_io ? 2 : 3)));
    if (is_io) {
        make_add(&members, make_text(m, "\"port\": %s", make_hex(m, 16)));
        make_add(&members, make_text(m, "\"size\": %u", make_below(m, 8)));
        add_bool(m, &members, "string");
        add_bool(m, &members, "rep");
    } else {
        make_add(&members, make_text(m, "\"gpa\": %s", make_hex(m, 64)));
        if (make_chance(m, 2))
            make_add(&members, make_text(m, "\"gva\": %s", make_hex(m, 64)));
        add_bool(m, &members, "gva_valid");
        add_bool(m, &members, "gpa_unmapped");
    }
    add_count(m, &members, "bytes_given", 256);
    add_count(m, &members, "instr_len", 16);
    add_bool(m, &members, "interruption_pending");
    add_bool(m, &members, "interrupt_shadow");
    add_bool(m, &members, "debug_active");
    if (make_chance(m, 6))
        make_add(&members, make_text(m, "\"cr8\": %s", make_chance(m, 2) ? "7" : "\"0xF\""));
    return make_object(m, &members);
}

static const char *make_region(struct maker *m, uint64_t gpa)
{
    static const char *const kinds[] = {"ram", "rom", "device", "hole"};
    struct members members = {.count = 0};
    unsigned kind = make_below(m, 4);
    unsigned size = 1 + make_below(m, 200);
    make_add(&members, make_text(m, "\"gpa\": %s", make_hex_of(m, gpa)));
    if (kind > 0 || make_chance(m, 2))
        make_add(&members, make_text(m, "\"kind\": \"%s\"", kinds[kind]));
    if (kind < 2 && make_chance(m, 2)) {
        make_add(&members, make_text(m, "\"data\":%s", make_bytes(m, size, 0)));
    } else {
        make_add(&members, make_text(m, "\"size\": %u", 20 * size));
        if (kind < 2 && make_chance(m, 2))
            make_add(&members, make_text(m, "\"fill\": %s", make_bytes(m, 1 + size % 3, 0)));
    }
    return make_object(m, &members);
}

static const char *make_memory(struct maker *m)
{
    struct members regions = {.count = 0};
    for (unsigned i = make_below(m, 4); i-- > 0;)
        make_add(&regions, make_region(m, 0x10000u * i + make_below(m, 0x1000)));
    return make_list(m, &regions);
}

static const char *make_pages(struct maker *m)
{
    static const char *const results[] = {"success", "gpa-no-read", "privilege-violation"};
    static const char *const purposes[] = {"\"read\"", "[\"write\" ,\"read\"]", "[\"execute\"]"};
    struct members pages = {.count = 0};
    for (unsigned i = make_below(m, 4); i-- > 0;) {
        struct members members = {.count = 0};
        make_add(&members, make_text(m, "\"gva\": %s", make_hex_of(m, 0xab000 + 0x1000u * i)));
        if (make_chance(m, 2))
            make_add(&members, make_text(m, "\"gpa\": %s", make_hex(m, 64)));
        if (make_chance(m, 2))
            make_add(&members, make_text(m, "\"result\": %s", make_word(m, results, 3)));
        if (make_chance(m, 2))
            make_add(&members, make_text(m, "\"for\": %s", purposes[make_below(m, 3)]));
        make_add(&pages, make_object(m, &members));
    }
    return make_list(m, &pages);
}

static const char *make_fault(struct maker *m)
{
    static const char *const vectors[] = {"pf", "gp", "0x0D", "0x20"};
    struct members members = {.count = 0};
    make_add(&members, make_text(m, "\"vector\": %s", make_word(m, vectors, 4)));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"code\": %s", make_hex(m, 32)));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"address\": %s", make_hex(m, 64)));
    return make_object(m, &members);
}

static const char *make_wanted_memory(struct maker *m)
{
    struct members list = {.count = 0};
    for (unsigned i = make_below(m, 3); i-- > 0;) {
        struct members members = {.count = 0};
        make_add(&members, make_text(m, "\"gpa\": %s", make_hex_of(m, 0xcd000 + 0x1000u * i)));
        make_add(&members, make_text(m, "\"data\": %s", make_bytes(m, 1 + make_below(m, 40), 1)));
        make_add(&list, make_object(m, &members));
    }
    return make_list(m, &list);
}

static const char *make_expect(struct maker *m, int has_calls)
{
    static const char *const statuses[] = {"[\"success\"]", "[ \"mem-failed\" ]",
                                           "[\"internal-failure\",\"get-regs-failed\"]"};
    static const char *const results[] = {"S_OK", "E_INVALIDARG", "0x8000FFFF"};
    struct members members = {.count = 0};
    struct members registers = {.count = 0};
    int has_fault = make_chance(m, 4);
    for (unsigned i = 0; i < MADE_REGISTERS; i++)
        if (make_chance(m, 5))
            make_add(&registers, make_want(m, i));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"regs\": %s", make_map(m, &registers)));
    if (has_fault)
        make_add(&members, make_text(m, "\"fault\": %s", make_fault(m)));
    else if (make_chance(m, 3))
        make_add(&members, make_text(m, "\"status\":%s", statuses[make_below(m, 3)]));
    if (!has_fault)
        add_bool(m, &members, "trap");
    if (make_chance(m, 4))
        make_add(&members, make_text(m, "\"hr\": %s", make_word(m, results, 3)));
    if (make_chance(m, 3))
        make_add(&members, make_text(m, "\"memory\": %s", make_wanted_memory(m)));
    if (make_chance(m, 4))
        make_add(&members, make_chance(m, 2) ? "\"others\": \"any\"" : "\"others\":\"unchanged\"");
    if (has_calls)
        make_add(&members, make_text(m, "\"calls\": %s", make_calls(m, 0)));
    return make_object(m, &members);
}

static const char *make_source(struct maker *m)
{
    struct members members = {.count = 0};
    make_add(&members, "\"seed\": 9007199254740991");
    make_add(&members, "\"emulator\": {\"sha256\": \"ABCD\", \"file\": \"a\\\\b.dll\"}");
    make_add(&members, "\"kind\": \"generated\"");
    make_add(&members, "\"date\": \"2026-11-25\"");
    add_bool(m, &members, "redacted");
    return make_object(m, &members);
}

static void add_words(struct maker *m, struct members *members)
{
    int may_fail = make_chance(m, 6);
    if (may_fail)
        make_add(members, "\"verdict\": \"may\"");
    if (may_fail || make_chance(m, 4))
        make_add(members, "\"flags\": [\"zero-extension\" , \"canonical\"]");
    if (make_chance(m, 3))
        make_add(members, make_chance(m, 2) ? "\"spec\": \"sdm:2B:MOV\""
                                            : "\"spec\": [\"sdm:2B:MOV\",\"apm:3:MOV\"]");
    if (make_chance(m, 6))
        make_add(members, "\"todo\" : [ \"Say it.\",\"And \\u0022that\\u0022.\" ]");
    if (make_chance(m, 6))
        make_add(members, "\"deliberate\":\"On purpose.\"");
    if (make_chance(m, 4))
        make_add(members, "\"tags\": [ \"b\", \"a\" ]");
    if (make_chance(m, 3))
        make_add(members, "\"note\": \"A sentence \\u2014 and 'quotes'.\"");
    if (make_chance(m, 6))
        make_add(members, make_text(m, "\"source\": %s", make_source(m)));
}

/* An instruction of any mode, or bytes that are none in some. */
static const char *make_code(struct maker *m)
{
    static const char *const codes[] = {"89 03",    "8B03",     "0F b6 00",   "f3 A5",
                                        "66 AB",    "ec",       "6c",         "f0 01 18",
                                        "ff FF ff", "c6 00 7F", "67 8a 45fe", "48 89 03"};
    if (make_chance(m, 4))
        return make_bytes(m, 1 + make_below(m, 16), 0);
    return make_word(m, codes, sizeof(codes) / sizeof(codes[0]));
}

static const char *make_case(struct maker *m, unsigned number, const char *format)
{
    static const char *const levels[] = {"strict", "device", "effects"};
    struct members members = {.count = 0};
    int has_calls = make_chance(m, 2);
    make_add(&members, format);
    make_add(&members, make_text(m, "\"id\": \"case-%u\"", number));
    make_add(&members, make_text(m, "\"code\" : %s", make_code(m)));
    make_add(&members, make_text(m, "\"exit\": %s", make_exit(m)));
    make_add(&members, make_text(m, "\"expect\": %s", make_expect(m, has_calls)));
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"init\": %s", make_init(m)));
    if (make_chance(m, 3))
        make_add(&members, make_text(m, "\"memory\": %s", make_memory(m)));
    if (make_chance(m, 3))
        make_add(&members, make_text(m, "\"pages\": %s", make_pages(m)));
    if (make_chance(m, 3))
        make_add(&members, make_chance(m, 2) ? "\"api\": \"preview\"" : "\"api\":\"shipping\"");
    if (!has_calls)
        make_add(&members, "\"match\": \"effects\"");
    else if (make_chance(m, 3))
        make_add(&members, make_text(m, "\"match\": %s", make_word(m, levels, 3)));
    add_words(m, &members);
    return make_object(m, &members);
}

static const char *make_defaults(struct maker *m)
{
    struct members members = {.count = 0};
    struct members init = {.count = 0};
    make_add(&init, make_text(m, "\"rsi\": %s", make_hex(m, 64)));
    make_add(&init, make_text(m, "\"r8\": %s", make_hex(m, 64)));
    make_add(&members, make_text(m, "\"init\": %s", make_map(m, &init)));
    make_add(&members, "\"expect\": {\"others\": \"any\"}");
    make_add(&members, make_text(m, "\"tags\":[\"x\"]"));
    return make_object(m, &members);
}

static const char *make_corpus(struct maker *m, struct members *cases, struct members *header)
{
    const char *text = make_map(m, header);
    for (size_t i = 0; i < cases->count; i++)
        text = make_text(m, "%s%s%s", text, make_chance(m, 4) ? "\r\n" : "\n", cases->items[i]);
    return make_chance(m, 2) ? text : make_text(m, "%s\n", text);
}

const char *make_trace(struct maker *m, enum made_kind kind)
{
    static const char format[] = "\"format\": \"whv-trace/1.0\"";
    struct members cases = {.count = 0};
    struct members members = {.count = 0};
    if (kind == MADE_CASE)
        return make_case(m, 0, format);
    for (unsigned i = 1 + make_below(m, 4); i-- > 0;)
        make_add(&cases, make_case(m, i, NULL));
    make_add(&members, format);
    make_add(&members, "\"suite\": \"made\"");
    if (make_chance(m, 2))
        make_add(&members, make_text(m, "\"defaults\": %s", make_defaults(m)));
    if (kind == MADE_CORPUS) {
        if (make_chance(m, 2))
            make_add(&members, make_text(m, "\"source\": %s", make_source(m)));
        return make_corpus(m, &cases, &members);
    }
    make_add(&members, make_text(m, "\"cases\": %s", make_list(m, &cases)));
    return make_object(m, &members);
}
