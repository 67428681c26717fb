/* SPDX-License-Identifier: MIT */
#include "base/json_build.h"
#include "expand.h"
#include "model.h"
#include "words/name_lists.h"
#include "words/names.h"

static struct wht_node *hresult(struct wht_arena *arena, HRESULT hr)
{
    char text[WHT_NAME_MAX];
    return wht_build_string(arena, wht_hresult_format(hr, text));
}

static void add_access(struct wht_build *object, const struct wht_call *call)
{
    struct wht_arena *arena = object->arena;
    bool is_io = call->kind == WHT_CALL_IO_IN || call->kind == WHT_CALL_IO_OUT;
    bool is_read = call->kind == WHT_CALL_MEM_READ;
    uint64_t value = 0;
    if (is_io)
        wht_build_add(object, "io",
                      wht_build_string(arena, call->kind == WHT_CALL_IO_IN ? "in" : "out"));
    else
        wht_build_add(object, "mem", wht_build_string(arena, is_read ? "read" : "write"));
    wht_build_add(object, is_io ? "port" : "gpa", wht_build_hex(arena, call->address));
    wht_build_add(object, "size", wht_build_count(arena, call->size));
    if (!call->has_data)
        return;
    for (size_t i = 0; is_io && i < call->data.size; i++)
        value |= (uint64_t)call->data.data[i] << 8 * i;
    wht_build_add(object, "data",
                  is_io
                      ? wht_build_hex(arena, value)
                      : wht_build_bytes(arena, call->data.data, call->data.mask, call->data.size));
}

/* What is not written is not compared, or comes from the model: there is no default to fill in. */
static void add_translate(struct wht_build *object, const struct wht_call *call)
{
    struct wht_arena *arena = object->arena;
    struct wht_build flags = wht_build_new(arena, WHT_NODE_LIST);
    wht_build_add(object, "translate", wht_build_hex(arena, call->address));
    for (size_t i = 0; i < WHT_TRANSLATE_FLAGS; i++)
        if (call->flags & wht_translate_flags[i].value)
            wht_build_add(&flags, NULL, wht_build_string(arena, wht_translate_flags[i].name));
    if (call->has_flags)
        wht_build_add(object, "flags", flags.node);
    if (call->has_result)
        wht_build_add(object, "result",
                      wht_build_string(arena, wht_translate_result_name(call->result)));
    if (call->has_gpa)
        wht_build_add(object, "gpa", wht_build_hex(arena, call->gpa));
}

static void add_batch(struct wht_build *object, const struct wht_call *call)
{
    struct wht_arena *arena = object->arena;
    const char *key = call->kind == WHT_CALL_GET ? "get" : "set";
    struct wht_build names = wht_build_new(arena, WHT_NODE_LIST);
    char text[WHT_NAME_MAX];
    for (size_t i = 0; call->names_only && i < call->reg_count; i++)
        wht_build_add(&names, NULL,
                      wht_build_string(arena, wht_reg_name(call->regs[i].name, text)));
    wht_build_add(object, key,
                  call->names_only ? names.node
                                   : wht_expand_wants(arena, call->regs, call->reg_count));
}

static void add_group(struct wht_build *object, const struct wht_call *call,
                      enum wht_expansion expansion)
{
    struct wht_arena *arena = object->arena;
    const char *key = call->kind == WHT_CALL_ANY_ORDER  ? "any_order"
                      : call->kind == WHT_CALL_OPTIONAL ? "optional"
                                                        : "calls";
    if (call->kind == WHT_CALL_REPEAT) {
        wht_build_add(object, "repeat", wht_build_count(arena, call->repeat));
        wht_build_add(object, "step", wht_build_count(arena, call->step));
    }
    wht_build_add(object, key,
                  wht_expand_calls(arena, call->children, call->child_count, expansion));
}

static struct wht_node *expand_call(struct wht_arena *arena, const struct wht_call *call,
                                    enum wht_expansion expansion)
{
    struct wht_build object = wht_build_new(arena, WHT_NODE_OBJECT);
    switch (call->kind) {
    case WHT_CALL_TRANSLATE:
        add_translate(&object, call);
        break;
    case WHT_CALL_GET:
    case WHT_CALL_SET:
        add_batch(&object, call);
        break;
    case WHT_CALL_ANY_ORDER:
    case WHT_CALL_OPTIONAL:
    case WHT_CALL_REPEAT:
        add_group(&object, call, expansion);
        break;
    default:
        add_access(&object, call);
    }
    if (call->has_fail)
        wht_build_add(&object, "fail", hresult(arena, call->fail));
    if (call->note && expansion == WHT_EXPAND_ALL)
        wht_build_add(&object, "note", wht_build_string(arena, call->note));
    return object.node;
}

struct wht_node *wht_expand_calls(struct wht_arena *arena, const struct wht_call *calls,
                                  size_t count, enum wht_expansion expansion)
{
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    for (size_t i = 0; i < count; i++)
        wht_build_add(&list, NULL, expand_call(arena, &calls[i], expansion));
    return list.node;
}
