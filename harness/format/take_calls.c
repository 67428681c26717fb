/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "calls". */
#include <stdlib.h>
#include <string.h>

#include "take.h"
#include "values.h"
#include "words/name_lists.h"

#define PAGE       0x1000u
#define REPEAT_MAX 1048576
#define STEP_MAX   ((INT64_C(1) << 53) - 1)

/* A call while its keys are read: which were there, and what some of them need. */
struct taking {
    struct wht_check *check;
    struct wht_case *c;
    struct wht_call *call;
    const struct wht_node *data;
    const struct wht_node *size;
    const struct wht_node *gpa;
    int64_t size_value; /* 0 unless size is there and right */
};

static bool take_mem(struct wht_check *check, const struct wht_node *node, void *target)
{
    int access = 0;
    bool is_good = wht_get_name(check, node, wht_access_names, 2, "a direction", &access);
    ((struct taking *)target)->call->kind = access ? WHT_CALL_MEM_WRITE : WHT_CALL_MEM_READ;
    return is_good;
}

static bool take_io(struct wht_check *check, const struct wht_node *node, void *target)
{
    int access = 0;
    bool is_good =
        wht_get_name(check, node, wht_port_names, WHT_PORT_NAMES, "a direction", &access);
    ((struct taking *)target)->call->kind = access ? WHT_CALL_IO_OUT : WHT_CALL_IO_IN;
    return is_good;
}

static bool take_address(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->gpa = node;
    return wht_get_hex(check, node, 64, &t->call->address);
}

static bool take_port(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_hex(check, node, 16, &((struct taking *)target)->call->address);
}

static bool take_mem_size(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->size = node;
    return wht_get_count(check, node, 1, 8, &t->size_value);
}

static bool take_io_size(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->size = node;
    if (!wht_get_count(check, node, 1, 4, &t->size_value))
        return false;
    if (t->size_value != 3)
        return true;
    t->size_value = 0;
    return wht_fail(check, node, "found 3, expected 1, 2 or 4");
}

static bool note_data(struct wht_check *check, const struct wht_node *node, void *target)
{
    (void)check;
    ((struct taking *)target)->data = node;
    return true;
}

bool wht_get_hresult(struct wht_check *check, const struct wht_node *node, HRESULT *hr)
{
    const char *names[WHT_HRESULTS];
    uint64_t value = 0;
    int index = 0;
    if (node->kind == WHT_NODE_STRING && strncmp(node->string, "0x", 2) == 0) {
        if (!wht_get_hex(check, node, 32, &value))
            return false;
    } else {
        for (size_t i = 0; i < WHT_HRESULTS; i++)
            names[i] = wht_hresults[i].name;
        if (!wht_get_name(check, node, names, WHT_HRESULTS, "an HRESULT by name or in hex", &index))
            return false;
        value = wht_hresults[index].value;
    }
    *hr = (HRESULT)(uint32_t)value;
    return true;
}

static bool take_fail(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_call *call = ((struct taking *)target)->call;
    call->has_fail = true;
    if (!wht_get_hresult(check, node, &call->fail))
        return false;
    if (call->fail == S_OK)
        return wht_fail(check, node, "found S_OK, expected a failure");
    return true;
}

static bool take_note(struct wht_check *check, const struct wht_node *node, void *target)
{
    const char *text;
    if (!wht_get_string(check, node, &text))
        return false;
    ((struct taking *)target)->call->note = wht_arena_copy(check->arena, text);
    return true;
}

static bool take_translate(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_call *call = ((struct taking *)target)->call;
    call->kind = WHT_CALL_TRANSLATE;
    if (!wht_get_hex(check, node, 64, &call->address))
        return false;
    if (call->address % PAGE != 0)
        return wht_fail(check, node, "found \"%.40s\", expected the start of a page of 4 KiB",
                        node->string);
    return true;
}

static bool take_flags(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_call *call = ((struct taking *)target)->call;
    const char *names[WHT_TRANSLATE_FLAGS];
    bool is_good = true;
    call->has_flags = true;
    if (!wht_get_list(check, node, 0))
        return false;
    for (size_t i = 0; i < WHT_TRANSLATE_FLAGS; i++)
        names[i] = wht_translate_flags[i].name;
    for (const struct wht_node *child = node->first; child; child = child->next) {
        int index = 0;
        if (!wht_get_name(check, child, names, WHT_TRANSLATE_FLAGS, "a translate flag", &index))
            is_good = false;
        else if (call->flags & wht_translate_flags[index].value)
            is_good = wht_fail(check, child, "found \"%s\" a second time, expected it once",
                               names[index]);
        else
            call->flags |= wht_translate_flags[index].value;
    }
    return is_good;
}

static bool take_result(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_call *call = ((struct taking *)target)->call;
    int result = 0;
    call->has_result = true;
    if (!wht_get_name(check, node, wht_result_names, WHT_RESULT_NAMES, "a translate result",
                      &result))
        return false;
    call->result = (WHV_TRANSLATE_GVA_RESULT_CODE)result;
    return true;
}

static bool take_result_gpa(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_call *call = ((struct taking *)target)->call;
    call->has_gpa = true;
    return wht_get_hex(check, node, 64, &call->gpa);
}

static bool take_names(struct wht_check *check, const struct wht_node *node, struct taking *t)
{
    struct wht_call *call = t->call;
    bool is_good = true;
    call->names_only = true;
    call->regs = wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(*call->regs));
    for (const struct wht_node *child = node->first; child; child = child->next) {
        struct wht_want_reg *reg = &call->regs[call->reg_count];
        const char *text;
        if (!wht_get_string(check, child, &text)) {
            is_good = false;
            continue;
        }
        reg->kind = WHT_WANT_ANY;
        reg->pos = wht_node_pos(check, child);
        if (wht_get_reg_key(check, child, &reg->name))
            call->reg_count++;
        else
            is_good = false;
    }
    wht_sort_want_regs(call->regs, call->reg_count);
    return wht_check_regs_once(check, node) && is_good;
}

/* A map gives the values that the callback answers: plain ones. */
static bool take_get(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    struct wht_call *call = t->call;
    call->kind = WHT_CALL_GET;
    if (node->kind == WHT_NODE_LIST)
        return take_names(check, node, t);
    if (node->kind != WHT_NODE_OBJECT)
        return wht_fail(check, node, "found %s, expected a list of names or an object of values",
                        wht_node_kind_name(node));
    return wht_get_answer_regs(check, node, &t->c->init, &call->regs, &call->reg_count);
}

static bool take_set(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct taking *t = target;
    t->call->kind = WHT_CALL_SET;
    return wht_get_want_regs(check, node, &t->c->init, &t->call->regs, &t->call->reg_count);
}

static bool take_children(struct wht_check *check, const struct wht_node *node, struct taking *t)
{
    if (!wht_get_list(check, node, 1))
        return false;
    return wht_take_calls(check, node, t->c, &t->call->children, &t->call->child_count);
}

static bool take_any_order(struct wht_check *check, const struct wht_node *node, void *target)
{
    ((struct taking *)target)->call->kind = WHT_CALL_ANY_ORDER;
    return take_children(check, node, target);
}

static bool take_optional(struct wht_check *check, const struct wht_node *node, void *target)
{
    ((struct taking *)target)->call->kind = WHT_CALL_OPTIONAL;
    return take_children(check, node, target);
}

static bool take_calls(struct wht_check *check, const struct wht_node *node, void *target)
{
    return take_children(check, node, target);
}

static bool take_repeat(struct wht_check *check, const struct wht_node *node, void *target)
{
    struct wht_call *call = ((struct taking *)target)->call;
    int64_t turns = 1;
    call->kind = WHT_CALL_REPEAT;
    bool is_good = wht_get_count(check, node, 1, REPEAT_MAX, &turns);
    call->repeat = (uint32_t)turns;
    return is_good;
}

static bool take_step(struct wht_check *check, const struct wht_node *node, void *target)
{
    return wht_get_count(check, node, -STEP_MAX, STEP_MAX, &((struct taking *)target)->call->step);
}

static bool finish_mem(struct taking *t)
{
    struct wht_call *call = t->call;
    bool is_good = !t->data || wht_get_bytes(t->check, t->data, true, 8, &call->data);
    size_t size = t->size_value ? (size_t)t->size_value : call->data.size;
    call->has_data = t->data != NULL;
    call->size = (uint32_t)size;
    if (call->data.size > 0 && call->data.size != size)
        is_good = wht_fail(t->check, t->size,
                           "found size %zu beside %zu bytes of data, expected them to agree", size,
                           call->data.size);
    if (call->address % PAGE + size > PAGE)
        is_good = wht_fail(t->check, t->gpa,
                           "found an access of %zu bytes at 0x%llx, expected one that does not "
                           "cross a page",
                           size, (unsigned long long)call->address);
    if (call->kind == WHT_CALL_MEM_READ && call->data.mask)
        is_good =
            wht_fail(t->check, t->data, "found \"??\" in what a read answers, expected bytes");
    return is_good;
}

static bool finish_io(struct taking *t)
{
    struct wht_call *call = t->call;
    uint64_t value = 0;
    unsigned size = t->size_value ? (unsigned)t->size_value : 4;
    call->size = size;
    call->has_data = t->data != NULL;
    if (!t->data)
        return true;
    if (!wht_get_hex(t->check, t->data, 8 * size, &value))
        return false;
    call->data.size = size;
    call->data.data = wht_arena_take(t->check->arena, 8);
    for (unsigned i = 0; i < 4; i++)
        call->data.data[i] = (uint8_t)(value >> (8 * i));
    return true;
}

struct form {
    const char *key;
    const struct wht_field *fields;
    size_t count;
};

static const struct wht_field mem_fields[] = {
    {"mem", take_mem, true},    {"gpa", take_address, true}, {"size", take_mem_size, false},
    {"data", note_data, false}, {"fail", take_fail, false},  {"note", take_note, false}};
static const struct wht_field io_fields[] = {
    {"io", take_io, true},      {"port", take_port, true},  {"size", take_io_size, true},
    {"data", note_data, false}, {"fail", take_fail, false}, {"note", take_note, false}};
static const struct wht_field translate_fields[] = {
    {"translate", take_translate, true}, {"flags", take_flags, false},
    {"result", take_result, false},      {"gpa", take_result_gpa, false},
    {"fail", take_fail, false},          {"note", take_note, false}};
static const struct wht_field get_fields[] = {
    {"get", take_get, true}, {"fail", take_fail, false}, {"note", take_note, false}};
static const struct wht_field set_fields[] = {
    {"set", take_set, true}, {"fail", take_fail, false}, {"note", take_note, false}};
static const struct wht_field any_order_fields[] = {{"any_order", take_any_order, true},
                                                    {"note", take_note, false}};
static const struct wht_field optional_fields[] = {{"optional", take_optional, true},
                                                   {"note", take_note, false}};
static const struct wht_field repeat_fields[] = {{"repeat", take_repeat, true},
                                                 {"step", take_step, false},
                                                 {"calls", take_calls, true},
                                                 {"note", take_note, false}};

#define FORM(key, fields)                                                                          \
    {                                                                                              \
        key, fields, sizeof(fields) / sizeof(fields[0])                                            \
    }

static const struct form forms[] = {FORM("mem", mem_fields),
                                    FORM("io", io_fields),
                                    FORM("translate", translate_fields),
                                    FORM("get", get_fields),
                                    FORM("set", set_fields),
                                    FORM("any_order", any_order_fields),
                                    FORM("optional", optional_fields),
                                    FORM("repeat", repeat_fields)};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static const struct form *form_of(const struct wht_node *member)
{
    for (size_t i = 0; i < FORMS; i++) {
        if (strcmp(forms[i].key, member->key) == 0)
            return &forms[i];
    }
    return NULL;
}

/* Without a kind nobody can say which keys belong: those of no kind at all are unknown. */
static void report_no_form(struct wht_check *check, const struct wht_node *node)
{
    struct wht_field all[FORMS + 16] = {{.key = NULL}};
    size_t count = 0;
    for (size_t i = 0; i < FORMS; i++)
        all[count++].key = forms[i].key;
    for (size_t i = 0; i < FORMS; i++) {
        for (size_t j = 1; j < forms[i].count; j++) {
            size_t k = 0;
            while (k < count && strcmp(all[k].key, forms[i].fields[j].key) != 0)
                k++;
            if (k == count)
                all[count++].key = forms[i].fields[j].key;
        }
    }
    wht_take_object(check, node, all, count, NULL);
    wht_fail(check, node,
             "found no kind of call, expected one of mem, io, translate, get, set, any_order, "
             "optional, repeat");
}

/* An element has exactly one kind. */
static const struct form *find_form(struct wht_check *check, const struct wht_node *node)
{
    const struct form *found = NULL;
    for (const struct wht_node *member = node->first; member; member = member->next) {
        const struct form *form = form_of(member);
        if (!form)
            continue;
        if (found && found != form) {
            wht_fail_key(check, member, "found \"%s\" beside \"%s\", expected one kind", form->key,
                         found->key);
            return NULL;
        }
        found = form;
    }
    if (!found)
        report_no_form(check, node);
    return found;
}

/* Rules between the keys of an access, as far as each key is right by itself. */
static bool finish_access(struct taking *t, const struct wht_node *node, bool is_mem)
{
    bool is_good = true;
    if (!t->data && !t->call->has_fail)
        is_good = wht_fail_missing(t->check, node, "data");
    else if (is_mem && !t->data && !t->size)
        is_good = wht_fail(t->check, node,
                           "found neither \"data\" nor \"size\", expected one of them to tell the "
                           "size");
    return (is_mem ? finish_mem(t) : finish_io(t)) && is_good;
}

static bool take_call(struct wht_check *check, const struct wht_node *node, struct wht_case *c,
                      struct wht_call *call)
{
    struct taking t = {.check = check, .c = c, .call = call};
    if (!wht_get_object(check, node))
        return false;
    const struct form *form = find_form(check, node);
    if (!form)
        return false;
    call->pos = wht_node_pos(check, node);
    bool is_good = wht_take_object(check, node, form->fields, form->count, &t);
    bool is_mem = form->fields == mem_fields;
    if (is_mem || form->fields == io_fields)
        is_good &= finish_access(&t, node, is_mem);
    return is_good;
}

bool wht_take_calls(struct wht_check *check, const struct wht_node *node, struct wht_case *c,
                    struct wht_call **calls, size_t *count)
{
    bool is_good = true;
    if (!wht_get_list(check, node, 0))
        return false;
    *calls = wht_arena_take(check->arena, (wht_node_count(node) + 1) * sizeof(**calls));
    *count = 0;
    for (const struct wht_node *child = node->first; child; child = child->next)
        is_good &= take_call(check, child, c, &(*calls)[(*count)++]);
    return is_good;
}
