/* SPDX-License-Identifier: MIT */
/* traces/FORMAT.md, "calls". */
#include "print_parts.h"
#include "words/name_lists.h"
#include "words/names.h"

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

struct wht_node *wht_print_hresult(const struct wht_printer *p, HRESULT hr)
{
    char text[WHT_NAME_MAX];
    return wht_build_string(p->arena, wht_hresult_format(hr, text));
}

static bool is_io(const struct wht_call *call)
{
    return call->kind == WHT_CALL_IO_IN || call->kind == WHT_CALL_IO_OUT;
}

static struct wht_node *print_mem(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return wht_build_string(p->arena, call->kind == WHT_CALL_MEM_READ ? "read" : "write");
}

static struct wht_node *print_io(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return wht_build_string(p->arena, call->kind == WHT_CALL_IO_IN ? "in" : "out");
}

static struct wht_node *print_address(const struct wht_printer *p, const void *object)
{
    return wht_build_hex(p->arena, ((const struct wht_call *)object)->address);
}
#define print_translate print_address
#define print_port      print_address

/* Of a translation it is what it must give, and has no default. */
static struct wht_node *print_gpa(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    if (call->kind != WHT_CALL_TRANSLATE)
        return print_address(p, object);
    return call->has_gpa ? wht_build_hex(p->arena, call->gpa) : NULL;
}

/* Of memory the data tell the size. */
static struct wht_node *print_size(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    bool is_known = wht_prints_short(p) && !is_io(call) && call->has_data;
    return is_known ? NULL : wht_build_count(p->arena, call->size);
}

static struct wht_node *print_data(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    uint64_t value = 0;
    if (!call->has_data)
        return NULL;
    if (!is_io(call))
        return wht_build_bytes(p->arena, call->data.data, call->data.mask, call->data.size);
    for (size_t i = 0; i < call->data.size; i++)
        value |= (uint64_t)call->data.data[i] << 8 * i;
    return wht_build_hex(p->arena, value);
}

static struct wht_node *print_flags(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    for (size_t i = 0; i < WHT_TRANSLATE_FLAGS; i++)
        if (call->flags & wht_translate_flags[i].value)
            wht_build_add(&list, NULL, wht_build_string(p->arena, wht_translate_flags[i].name));
    return call->has_flags ? list.node : NULL;
}

static struct wht_node *print_result(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return call->has_result ? wht_build_string(p->arena, wht_translate_result_name(call->result))
                            : NULL;
}

static struct wht_node *print_get(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    struct wht_build names = wht_build_new(p->arena, WHT_NODE_LIST);
    char text[WHT_NAME_MAX];
    if (!call->names_only)
        return wht_print_wants(p, call->regs, call->reg_count);
    for (size_t i = 0; i < call->reg_count; i++)
        wht_build_add(&names, NULL,
                      wht_build_string(p->arena, wht_reg_name(call->regs[i].name, text)));
    return names.node;
}

static struct wht_node *print_set(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return wht_print_wants(p, call->regs, call->reg_count);
}

static struct wht_node *print_calls(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return wht_print_calls(p, call->children, call->child_count);
}
#define print_any_order print_calls
#define print_optional  print_calls

static struct wht_node *print_repeat(const struct wht_printer *p, const void *object)
{
    return wht_build_count(p->arena, ((const struct wht_call *)object)->repeat);
}

static struct wht_node *print_step(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return wht_prints_short(p) && call->step == 0 ? NULL : wht_build_count(p->arena, call->step);
}

static struct wht_node *print_fail(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return call->has_fail ? wht_print_hresult(p, call->fail) : NULL;
}

static struct wht_node *print_note(const struct wht_printer *p, const void *object)
{
    const struct wht_call *call = object;
    return p->form == WHT_PRINT_MEANING ? NULL : wht_print_text(p, call->note);
}

#define PRINTED(key, is_required, how, shape) {#key, print_##key},
static const struct wht_print_key mem_keys[] = {
#define MEM_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key io_keys[] = {
#define IO_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key translate_keys[] = {
#define TRANSLATE_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key get_keys[] = {
#define GET_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key set_keys[] = {
#define SET_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key any_order_keys[] = {
#define ANY_ORDER_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key optional_keys[] = {
#define OPTIONAL_KEY PRINTED
#include "keys.def"
};
static const struct wht_print_key repeat_keys[] = {
#define REPEAT_KEY PRINTED
#include "keys.def"
};

static const struct {
    const struct wht_print_key *keys;
    size_t count;
} kinds[] = {
    [WHT_CALL_MEM_READ] = {mem_keys, COUNT(mem_keys)},
    [WHT_CALL_MEM_WRITE] = {mem_keys, COUNT(mem_keys)},
    [WHT_CALL_IO_IN] = {io_keys, COUNT(io_keys)},
    [WHT_CALL_IO_OUT] = {io_keys, COUNT(io_keys)},
    [WHT_CALL_TRANSLATE] = {translate_keys, COUNT(translate_keys)},
    [WHT_CALL_GET] = {get_keys, COUNT(get_keys)},
    [WHT_CALL_SET] = {set_keys, COUNT(set_keys)},
    [WHT_CALL_ANY_ORDER] = {any_order_keys, COUNT(any_order_keys)},
    [WHT_CALL_OPTIONAL] = {optional_keys, COUNT(optional_keys)},
    [WHT_CALL_REPEAT] = {repeat_keys, COUNT(repeat_keys)},
};

struct wht_node *wht_print_calls(const struct wht_printer *p, const struct wht_call *calls,
                                 size_t count)
{
    struct wht_build list = wht_build_new(p->arena, WHT_NODE_LIST);
    for (size_t i = 0; i < count; i++)
        wht_build_add(
            &list, NULL,
            wht_print_object(p, kinds[calls[i].kind].keys, kinds[calls[i].kind].count, &calls[i]));
    return list.node;
}
