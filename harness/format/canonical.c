/* SPDX-License-Identifier: MIT */
#include "canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "case_code.h"
#include "words/names.h"

struct canon {
    struct wht_arena *arena;
    const struct wht_document *document;
};

/* How a value is rebuilt. */
enum how {
    AS_IS,        /* all but white space and escapes stays */
    LOWER,        /* a value whose letters mean the same in either case */
    LOWER_IF_HEX, /* a name in capitals or "0x..." */
    BYTES,        /* pairs of digits; "0x..." for a port */
    VALUE,        /* of a register: a text, or an object of parts */
    REGISTERS,    /* a map, or a list of names */
    OBJECT,       /* of the rule's shape */
    LIST,         /* of objects of the rule's shape */
    EMPTIED       /* a list that somebody else fills */
};

#define RULES_MAX 32 /* of a shape */

struct shape;

struct rule {
    const char *key;
    enum how how;
    const struct shape *shape;
};

/* An object's keys, in their order. */
struct shape {
    const struct rule *rules;
    size_t count;
};

#define SHAPE(name)                                                                                \
    _Static_assert(sizeof(name##_rules) / sizeof(name##_rules[0]) <= RULES_MAX, "see RULES_MAX");  \
    static const struct shape name##_shape = {name##_rules,                                        \
                                              sizeof(name##_rules) / sizeof(name##_rules[0])}

static const struct rule value_rules[] = {
    {"sel", LOWER, NULL},   {"base", LOWER, NULL}, {"limit", LOWER, NULL}, {"attr", LOWER, NULL},
    {"value", VALUE, NULL}, {"mask", LOWER, NULL}, {"undef", AS_IS, NULL}, {"either", VALUE, NULL}};
SHAPE(value);

static const struct rule exit_rules[] = {{"kind", AS_IS, NULL},
                                         {"access", AS_IS, NULL},
                                         {"gpa", LOWER, NULL},
                                         {"gva", LOWER, NULL},
                                         {"gva_valid", AS_IS, NULL},
                                         {"gpa_unmapped", AS_IS, NULL},
                                         {"port", LOWER, NULL},
                                         {"size", AS_IS, NULL},
                                         {"string", AS_IS, NULL},
                                         {"rep", AS_IS, NULL},
                                         {"bytes_given", AS_IS, NULL},
                                         {"instr_len", AS_IS, NULL},
                                         {"interruption_pending", AS_IS, NULL},
                                         {"interrupt_shadow", AS_IS, NULL},
                                         {"debug_active", AS_IS, NULL},
                                         {"cr8", LOWER, NULL}};
SHAPE(exit);

static const struct rule region_rules[] = {{"gpa", LOWER, NULL},
                                           {"size", AS_IS, NULL},
                                           {"data", BYTES, NULL},
                                           {"fill", BYTES, NULL},
                                           {"kind", AS_IS, NULL}};
SHAPE(region);

static const struct rule page_rules[] = {
    {"gva", LOWER, NULL}, {"gpa", LOWER, NULL}, {"result", AS_IS, NULL}, {"for", AS_IS, NULL}};
SHAPE(page);

static const struct rule fault_rules[] = {
    {"vector", LOWER, NULL}, {"code", LOWER, NULL}, {"address", LOWER, NULL}};
SHAPE(fault);

/* The kinds share one order: which keys are there tells the kind. */
static const struct shape call_shape;
static const struct rule call_rules[] = {{"mem", AS_IS, NULL},
                                         {"io", AS_IS, NULL},
                                         {"translate", LOWER, NULL},
                                         {"get", REGISTERS, NULL},
                                         {"set", REGISTERS, NULL},
                                         {"any_order", LIST, &call_shape},
                                         {"optional", LIST, &call_shape},
                                         {"repeat", AS_IS, NULL},
                                         {"step", AS_IS, NULL},
                                         {"flags", AS_IS, NULL},
                                         {"result", AS_IS, NULL},
                                         {"gpa", LOWER, NULL},
                                         {"port", LOWER, NULL},
                                         {"size", AS_IS, NULL},
                                         {"data", BYTES, NULL},
                                         {"fail", LOWER_IF_HEX, NULL},
                                         {"calls", LIST, &call_shape},
                                         {"note", AS_IS, NULL}};
SHAPE(call);

static const struct rule expect_rules[] = {
    {"hr", LOWER_IF_HEX, NULL},      {"status", AS_IS, NULL},         {"regs", REGISTERS, NULL},
    {"memory", LIST, &region_shape}, {"fault", OBJECT, &fault_shape}, {"trap", AS_IS, NULL},
    {"others", AS_IS, NULL},         {"calls", LIST, &call_shape}};
SHAPE(expect);

static const struct rule emulator_rules[] = {
    {"file", AS_IS, NULL}, {"version", AS_IS, NULL}, {"sha256", AS_IS, NULL}};
SHAPE(emulator);

static const struct rule source_rules[] = {
    {"kind", AS_IS, NULL},  {"tool", AS_IS, NULL},    {"vmm", AS_IS, NULL},
    {"os", AS_IS, NULL},    {"cpu", AS_IS, NULL},     {"emulator", OBJECT, &emulator_shape},
    {"guest", AS_IS, NULL}, {"date", AS_IS, NULL},    {"seed", AS_IS, NULL},
    {"from", AS_IS, NULL},  {"redacted", AS_IS, NULL}};
SHAPE(source);

static const struct rule case_rules[] = {{"format", AS_IS, NULL},
                                         {"id", AS_IS, NULL},
                                         {"todo", AS_IS, NULL},
                                         {"code", BYTES, NULL},
                                         {"asm", AS_IS, NULL},
                                         {"api", AS_IS, NULL},
                                         {"init", REGISTERS, NULL},
                                         {"exit", OBJECT, &exit_shape},
                                         {"memory", LIST, &region_shape},
                                         {"pages", LIST, &page_shape},
                                         {"expect", OBJECT, &expect_shape},
                                         {"match", AS_IS, NULL},
                                         {"verdict", AS_IS, NULL},
                                         {"flags", AS_IS, NULL},
                                         {"spec", AS_IS, NULL},
                                         {"deliberate", AS_IS, NULL},
                                         {"tags", AS_IS, NULL},
                                         {"note", AS_IS, NULL},
                                         {"source", OBJECT, &source_shape}};
SHAPE(case);

static const struct rule header_rules[] = {{"format", AS_IS, NULL},
                                           {"suite", AS_IS, NULL},
                                           {"source", OBJECT, &source_shape},
                                           {"defaults", OBJECT, &case_shape},
                                           {"cases", EMPTIED, NULL}};
SHAPE(header);

static const struct wht_node *with_lower_text(const struct canon *canon,
                                              const struct wht_node *from)
{
    const char *first = from->string;
    while (*first && !(*first >= 'A' && *first <= 'Z'))
        first++;
    if (!*first)
        return from;
    struct wht_node *node = wht_arena_take(canon->arena, sizeof(*node));
    char *text = wht_arena_copy(canon->arena, from->string);
    for (char *c = text; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    *node = *from;
    node->string = text;
    return node;
}

/* A number as it is spelled in the file, or was built. */
static const char *number_text(const struct canon *canon, const struct wht_node *from)
{
    if (from->string)
        return from->string;
    const char *text = canon->document->text + from->offset;
    size_t size = strspn(text, "+-.0123456789eE");
    char *copy = wht_arena_take(canon->arena, size + 1);
    memcpy(copy, text, size);
    return copy;
}

/* Recursion is bounded by the document's depth, here and below. */
static struct wht_node *as_is(const struct canon *canon, const struct wht_node *from)
{
    struct wht_build build = wht_build_new(canon->arena, from->kind);
    build.node->boolean = from->boolean;
    if (from->kind == WHT_NODE_STRING)
        build.node->string = from->string;
    else if (from->kind == WHT_NODE_NUMBER)
        build.node->string = number_text(canon, from);
    for (const struct wht_node *child = from->first; child; child = child->next)
        wht_build_add(&build, child->key, as_is(canon, child));
    return build.node;
}

/* @return the value of a hexadecimal digit, 0 for '?'. */
static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 0;
}

static struct wht_node *bytes(const struct canon *canon, const char *text)
{
    size_t capacity = strlen(text) / 2 + 1;
    uint8_t *data = wht_arena_take(canon->arena, capacity);
    uint8_t *mask = wht_arena_take(canon->arena, capacity);
    size_t size = 0;
    for (const char *c = text; c[0] && c[1]; c++) {
        if (*c == ' ')
            continue;
        mask[size] = c[0] == '?' ? 0 : 0xff;
        data[size++] = (uint8_t)(digit(c[0]) << 4 | digit(c[1]));
        c++;
    }
    return wht_build_bytes(canon->arena, data, mask, size);
}

static struct wht_node *remake(const struct canon *canon, const struct wht_node *from,
                               const struct rule *rule);

/* A list of which each element follows a rule of its own. */
static struct wht_node *remake_each(const struct canon *canon, const struct wht_node *from,
                                    enum how how, const struct shape *shape)
{
    const struct rule rule = {NULL, how, shape};
    struct wht_build build = wht_build_new(canon->arena, WHT_NODE_LIST);
    for (const struct wht_node *child = from->first; child; child = child->next)
        wht_build_add(&build, NULL, remake(canon, child, &rule));
    return build.node;
}

/* @return the number of the rule for a key, shape->count if there is none. @param guess where to
 * look first: members mostly stand in order already. */
static size_t rule_of(const struct shape *shape, const char *key, size_t guess)
{
    for (size_t n = 0; n < shape->count; n++) {
        size_t i = guess + n < shape->count ? guess + n : guess + n - shape->count;
        if (shape->rules[i].key[0] == key[0] && strcmp(shape->rules[i].key, key) == 0)
            return i;
    }
    return shape->count;
}

/* `$schema` and `$comment` stand first; keys without a rule stay, in their order, at the end. */
static struct wht_node *remake_object(const struct canon *canon, const struct wht_node *from,
                                      const struct shape *shape)
{
    struct wht_build build = wht_build_new(canon->arena, WHT_NODE_OBJECT);
    const struct wht_node *ruled[RULES_MAX] = {NULL};
    size_t guess = 0;
    for (const struct wht_node *child = from->first; child; child = child->next) {
        size_t i = rule_of(shape, child->key, guess);
        if (i < shape->count)
            ruled[i] = child;
        guess = i < shape->count ? i + 1 : guess;
    }
    const struct wht_node *schema = wht_node_member(from, "$schema");
    const struct wht_node *comment = wht_node_member(from, "$comment");
    if (schema)
        wht_build_add(&build, schema->key, as_is(canon, schema));
    if (comment)
        wht_build_add(&build, comment->key, as_is(canon, comment));
    for (size_t i = 0; i < shape->count; i++)
        if (ruled[i])
            wht_build_add(&build, ruled[i]->key, remake(canon, ruled[i], &shape->rules[i]));
    for (const struct wht_node *child = from->first; child; child = child->next)
        if (child != schema && child != comment && rule_of(shape, child->key, 0) == shape->count)
            wht_build_add(&build, child->key, as_is(canon, child));
    return build.node;
}

/* A member of a register map and its place there: settings of `init`, then registers by number. */
struct place {
    const struct wht_node *member;
    uint64_t number;
};

static uint64_t number_of(const char *key)
{
    static const char *const settings[] = {"mode", "cpl", "others", "interrupt_shadow"};
    WHV_REGISTER_NAME name;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (strcmp(settings[i], key) == 0)
            return i;
    return wht_reg_from_name(key, &name) ? UINT64_C(0x100000000) + (uint32_t)name : UINT64_MAX;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return left->member->offset < right->member->offset ? -1 : 1;
}

/* "reg:0x0000ABCD" is the one key whose letters mean the same in either case. */
static const char *register_key(const struct canon *canon, const char *key)
{
    const struct wht_node name = {.kind = WHT_NODE_STRING, .string = key};
    return with_lower_text(canon, &name)->string;
}

static struct wht_node *remake_registers(const struct canon *canon, const struct wht_node *from)
{
    static const struct rule rule = {NULL, VALUE, NULL};
    size_t count = wht_node_count(from);
    struct place *places = wht_arena_take(canon->arena, (count + 1) * sizeof(*places));
    struct wht_build build = wht_build_new(canon->arena, WHT_NODE_OBJECT);
    size_t i = 0;
    for (const struct wht_node *child = from->first; child; child = child->next)
        places[i++] = (struct place){.member = child, .number = number_of(child->key)};
    qsort(places, count, sizeof(*places), compare_places);
    for (i = 0; i < count; i++)
        wht_build_add(&build, register_key(canon, places[i].member->key),
                      remake(canon, places[i].member, &rule));
    return build.node;
}

static struct wht_node *remake_text(const struct canon *canon, const struct wht_node *from,
                                    enum how how)
{
    bool is_hex = from->string[0] == '0' && from->string[1] == 'x';
    if (how == BYTES && !is_hex)
        return bytes(canon, from->string);
    bool is_lower = how == LOWER || how == VALUE || how == REGISTERS || is_hex;
    return as_is(canon, is_lower && how != AS_IS ? with_lower_text(canon, from) : from);
}

static struct wht_node *remake(const struct canon *canon, const struct wht_node *from,
                               const struct rule *rule)
{
    switch (from->kind) {
    case WHT_NODE_STRING:
        return remake_text(canon, from, rule->how);
    case WHT_NODE_LIST:
        if (rule->how == EMPTIED)
            return wht_build_new(canon->arena, WHT_NODE_LIST).node;
        if (rule->how == LIST)
            return remake_each(canon, from, OBJECT, rule->shape);
        if (rule->how == VALUE || rule->how == REGISTERS)
            return remake_each(canon, from, rule->how, NULL);
        break;
    case WHT_NODE_OBJECT:
        if (rule->how == OBJECT)
            return remake_object(canon, from, rule->shape);
        if (rule->how == VALUE)
            return remake_object(canon, from, &value_shape);
        if (rule->how == REGISTERS)
            return remake_registers(canon, from);
        break;
    default:
        break;
    }
    return as_is(canon, from);
}

/* Puts `asm` behind `code`, or where that would stand. */
static void insert_asm(struct wht_node *object, struct wht_node *value)
{
    struct wht_node **place = &object->first;
    while (*place && (*place)->key[0] == '$')
        place = &(*place)->next;
    for (const struct rule *rule = case_rules; *place && strcmp(rule->key, "asm") != 0; rule++)
        if (strcmp((*place)->key, rule->key) == 0)
            place = &(*place)->next;
    value->key = "asm";
    value->parent = object;
    value->next = *place;
    *place = value;
}

struct wht_node *wht_canonical_case(struct wht_arena *arena, const struct wht_document *document,
                                    const struct wht_node *node, const struct wht_case *c)
{
    const struct canon canon = {.arena = arena, .document = document};
    struct wht_node *made = remake_object(&canon, node, &case_shape);
    struct wht_node *own = wht_node_member(made, "asm");
    char text[256];
    if (!wht_case_disasm(c, text, sizeof(text), NULL))
        return made;
    if (own)
        own->string = wht_arena_copy(arena, text);
    else if (!c->asm_text)
        insert_asm(made, wht_build_string(arena, text));
    return made;
}

struct wht_node *wht_canonical_header(struct wht_arena *arena, const struct wht_document *document,
                                      const struct wht_node *node)
{
    const struct canon canon = {.arena = arena, .document = document};
    return remake_object(&canon, node, &header_shape);
}
