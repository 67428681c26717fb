/* SPDX-License-Identifier: MIT */
#include "import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/accept.h"
#include "format/take.h"
#include "format/values.h"
#include "import_memory.h"
#include "import_parts.h"
#include "words/name_lists.h"

#define PAGE_MASK UINT64_C(0xfff)

static bool is_in(const struct wht_range *ranges, size_t count, uint64_t gpa)
{
    for (size_t i = 0; i < count; i++) {
        if (gpa >= ranges[i].first && gpa <= ranges[i].last)
            return true;
    }
    return false;
}

static const char *failed_hr(const struct wht_node *node)
{
    const char *hr = wht_capture_text(node, "hr");
    return hr && strcmp(hr, "S_OK") != 0 ? hr : NULL;
}

/* A page whose access failed was nobody's memory. */
static bool note_failures(struct import *import)
{
    for (const struct wht_capture_event *event = import->call->first; event; event = event->next) {
        uint64_t gpa;
        if (!failed_hr(event->node) || !wht_capture_text(event->node, "mem") ||
            !wht_capture_hex(event->node, "gpa", &gpa))
            continue;
        if (import->failed_count == WHT_IMPORT_FAILED_MAX)
            return wht_import_fail(import, "too many accesses failed");
        import->failed_page[import->failed_count++] = gpa & ~PAGE_MASK;
    }
    return true;
}

/* The page of the exit is the device, unless the options know better. */
static bool is_device(const struct import *import, uint64_t gpa)
{
    if (is_in(import->options->ram, import->options->ram_count, gpa))
        return false;
    if (is_in(import->options->device, import->options->device_count, gpa))
        return true;
    for (size_t i = 0; i < import->failed_count; i++) {
        if (import->failed_page[i] == (gpa & ~PAGE_MASK))
            return true;
    }
    return !import->is_io && ((gpa ^ import->exit_gpa) & ~PAGE_MASK) == 0;
}

/* @return the callback as one that is expected, or NULL if it is not: one that failed always is. */
static struct wht_call *expect_call(struct import *import, const struct wht_node *node,
                                    enum wht_call_kind kind, bool is_expected)
{
    bool has_failed = failed_hr(node) != NULL;
    if (!is_expected && !has_failed)
        return NULL;
    struct wht_call *call = wht_case_add_call(import->c, NULL, kind);
    call->has_fail = has_failed;
    if (has_failed)
        wht_get_hresult(&import->check, wht_node_member(node, "hr"), &call->fail);
    return call;
}

/* Bytes that the emulator fetched itself come one after the other. */
static bool take_fetch(struct import *import, bool is_read, uint64_t gpa, const uint8_t *data,
                       size_t size)
{
    if (!is_read || !import->is_fetching || gpa != import->fetch_gpa ||
        import->code_size >= WHT_IMPORT_CODE_MAX)
        return false;
    for (size_t i = 0; i < size && import->code_size < WHT_IMPORT_CODE_MAX; i++)
        import->code[import->code_size++] = data[i];
    import->fetch_gpa += size;
    return true;
}

static bool take_memory(struct import *import, const struct wht_node *node)
{
    uint8_t data[8] = {0}, mask[8];
    bool hidden = false;
    uint64_t gpa, size;
    const bool is_read = strcmp(wht_capture_text(node, "mem"), "read") == 0;
    if (!wht_capture_hex(node, "gpa", &gpa) || !wht_capture_count(node, "size", 8, &size) ||
        size == 0)
        return wht_import_fail(import, "a memory access has no address or a size beyond 1 to 8");
    size_t known = wht_capture_bytes(node, "data", data, sizeof(data), &hidden);
    if (known != 0 && known != size)
        return wht_import_fail(import, "a memory access has data of another size");
    bool is_fetch = known == size && take_fetch(import, is_read, gpa, data, (size_t)size);
    if (!is_fetch)
        import->is_fetching = false;
    import->is_hidden |= hidden && is_read && !is_fetch;
    bool is_unknown = !is_read && (hidden || import->is_hidden);
    bool device = is_device(import, gpa) && !is_fetch;
    if (!device && !is_fetch && !failed_hr(node)) {
        if (is_read)
            wht_ram_read(&import->ram, gpa, data, (size_t)size);
        else
            wht_ram_write(&import->ram, gpa, data, (size_t)size, is_unknown);
    }
    memset(mask, is_unknown ? 0 : 0xff, sizeof(mask));
    struct wht_call *call =
        expect_call(import, node, is_read ? WHT_CALL_MEM_READ : WHT_CALL_MEM_WRITE,
                    device || import->options->is_strict);
    if (!call)
        return true;
    call->address = gpa;
    call->size = (uint32_t)size;
    if (known == size || !failed_hr(node))
        wht_call_set_data(import->c, call, data, mask, (size_t)size);
    return true;
}

static bool take_port(struct import *import, const struct wht_node *node)
{
    uint64_t port, size, data = 0;
    import->is_fetching = false;
    if (!wht_capture_hex(node, "port", &port) || port > 0xffff ||
        !wht_capture_count(node, "size", 4, &size))
        return wht_import_fail(import, "a port access has no port or no size");
    wht_capture_hex(node, "data", &data);
    const bool is_in_port = strcmp(wht_capture_text(node, "io"), "in") == 0;
    struct wht_call *call =
        expect_call(import, node, is_in_port ? WHT_CALL_IO_IN : WHT_CALL_IO_OUT, true);
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(data >> 8 * i);
    call->address = port;
    wht_call_set_data(import->c, call, bytes, NULL, (size_t)size);
    return true;
}

static uint32_t flags_of(const struct wht_node *flags)
{
    uint32_t mask = 0;
    for (const struct wht_node *flag = flags ? flags->first : NULL; flag; flag = flag->next)
        for (size_t i = 0; flag->kind == WHT_NODE_STRING && i < WHT_TRANSLATE_FLAGS; i++)
            if (strcmp(flag->string, wht_translate_flags[i].name) == 0)
                mask |= wht_translate_flags[i].value;
    return mask;
}

static WHV_TRANSLATE_GVA_RESULT_CODE result_of(const char *text)
{
    int i = 0;
    while (i < WHT_RESULT_NAMES - 1 && strcmp(wht_result_names[i], text) != 0)
        i++;
    return (WHV_TRANSLATE_GVA_RESULT_CODE)i;
}

/* Where the first byte that is missing lies, once the page of the code is known. */
static void begin_fetch(struct import *import, uint64_t gva_page, uint64_t gpa_page)
{
    uint64_t next = import->rip + import->cs_base + import->code_size;
    if (!import->is_long64)
        next = (uint32_t)next;
    import->is_fetching = (next & ~PAGE_MASK) == gva_page;
    import->fetch_gpa = gpa_page | (next & PAGE_MASK);
}

static bool take_translate(struct import *import, const struct wht_node *node)
{
    uint64_t gva, gpa = 0;
    const char *result = wht_capture_text(node, "result");
    const struct wht_node *list = wht_node_member(node, "flags");
    const uint32_t flags = flags_of(list);
    if (!wht_capture_hex(node, "translate", &gva))
        return wht_import_fail(import, "a translation has no address");
    bool has_gpa = wht_capture_hex(node, "gpa", &gpa);
    import->is_fetching = false;
    if ((flags & WHvTranslateGvaFlagValidateExecute) && has_gpa)
        begin_fetch(import, gva & ~PAGE_MASK, gpa & ~PAGE_MASK);
    if (result && strncmp(result, "0x", 2) == 0)
        return wht_import_fail(import,
                               "a translation was answered with a result that does not exist");
    bool is_answered = !failed_hr(node) && result;
    const struct import_page page = {
        .gva = gva, .gpa = gpa, .result = is_answered ? result_of(result) : 0};
    if (is_answered && !wht_import_page(import, &page, flags & WHT_FOR_ALL))
        return false;
    struct wht_call *call =
        expect_call(import, node, WHT_CALL_TRANSLATE, import->options->is_strict);
    if (!call)
        return true;
    call->address = gva;
    call->has_flags = import->options->is_strict && list;
    call->flags = call->has_flags ? flags : 0;
    call->has_result = is_answered && page.result != WHvTranslateGvaResultSuccess;
    call->result = page.result;
    return true;
}

/* Of a get its names are expected: what it answers is in `init`. */
static bool expect_registers(struct import *import, const struct wht_node *registers,
                             struct wht_call *call)
{
    call->names_only = call->kind == WHT_CALL_GET;
    for (const struct wht_node *child = registers->first; child; child = child->next) {
        WHV_REGISTER_NAME name;
        WHV_REGISTER_VALUE value;
        if (call->kind == WHT_CALL_SET && !wht_import_register(import, child, &name, &value))
            return wht_import_fail(import, "found no registers in a get or set");
        if (call->kind == WHT_CALL_GET && !wht_get_reg_key(&import->check, child, &name))
            return wht_import_fail(import, "found no registers in a get or set");
        wht_call_want(import->c, call, name, call->names_only ? NULL : &value);
    }
    return true;
}

static bool take_registers(struct import *import, const struct wht_node *node, const char *key)
{
    const struct wht_node *registers = wht_node_member(node, key);
    const bool is_get = strcmp(key, "get") == 0;
    import->is_fetching = false;
    if (registers->kind != WHT_NODE_OBJECT && registers->kind != WHT_NODE_LIST)
        return wht_import_fail(import, "found no registers in a get or set");
    if (is_get && registers->kind == WHT_NODE_OBJECT && !wht_import_know(import, registers))
        return false;
    if (!is_get && registers->kind == WHT_NODE_OBJECT && !failed_hr(node))
        import->set = registers;
    struct wht_call *call =
        expect_call(import, node, is_get ? WHT_CALL_GET : WHT_CALL_SET, import->options->is_strict);
    return !call || expect_registers(import, registers, call);
}

static bool take_event(struct import *import, const struct wht_capture_event *event)
{
    const struct wht_node *node = event->node;
    /* Only the callback during which the process died has not returned. */
    if (!wht_capture_text(node, "hr") && (event->next || import->call->end))
        return wht_import_fail(import, "a callback has no result, yet the call went on");
    if (wht_capture_text(node, "mem"))
        return take_memory(import, node);
    if (wht_capture_text(node, "io"))
        return take_port(import, node);
    if (wht_capture_text(node, "translate"))
        return take_translate(import, node);
    if (wht_node_member(node, "get"))
        return take_registers(import, node, "get");
    if (wht_node_member(node, "set"))
        return take_registers(import, node, "set");
    return wht_import_fail(import, "found a callback of no kind that is known");
}

static bool take_events(struct import *import)
{
    for (const struct wht_capture_event *event = import->call->first; event; event = event->next) {
        if (!take_event(import, event)) {
            char what[WHT_IMPORT_ERROR_MAX - 32];
            snprintf(what, sizeof(what), "%.900s", import->result->error);
            snprintf(import->result->error, WHT_IMPORT_ERROR_MAX, "line %u: %s",
                     (unsigned)event->line, what);
            return false;
        }
    }
    return true;
}

/* The exit's own translation serves for the code if that lies in the page of the exit. */
static void begin_fetch_at_exit(struct import *import)
{
    if (!import->is_io && (import->exit_info & WHT_IMPORT_GVA_VALID) &&
        wht_import_lacks_code(import))
        begin_fetch(import, import->exit_gva & ~PAGE_MASK, import->exit_gpa & ~PAGE_MASK);
}

static bool make(struct import *import, const char *prefix, uint64_t number)
{
    if (!wht_import_context(import) || !note_failures(import))
        return false;
    begin_fetch_at_exit(import);
    if (!take_events(import))
        return false;
    if (import->ram.is_full)
        wht_import_fail(import, "the instruction touches too many pages");
    else if (import->code_size == 0)
        wht_import_port_code(import);
    if (!import->ram.is_full && import->code_size == 0)
        wht_import_fail(import, "the instruction's bytes are not in the capture");
    return !import->result->error[0] && wht_import_case(import, prefix, number);
}

bool wht_import_call(struct wht_arena *arena, const struct wht_capture_call *call,
                     const struct wht_import_options *options, const char *prefix, uint64_t number,
                     struct wht_imported *result)
{
    const struct wht_document document = {.arena = arena, .first_line = 1};
    struct import import = {
        .arena = arena,
        .check = {.file = "", .document = &document, .case_number = 1, .arena = arena},
        .call = call,
        .options = options,
        .result = result,
        .ram = {.arena = arena}};
    char error[WHT_ACCEPT_ERROR_MAX];
    *result = (struct wht_imported){.made = NULL};
    if (call->damage)
        return wht_import_fail(&import, call->damage);
    if (call->dropped > 0)
        return wht_import_fail(&import,
                               "callbacks were dropped, so nobody knows what the instruction did");
    if (make(&import, prefix, number)) {
        result->made = wht_accept_case(arena, import.c, error);
        if (!result->made)
            snprintf(result->error, WHT_IMPORT_ERROR_MAX, "no case can say this: %s", error);
    }
    wht_case_free(import.c);
    return result->made != NULL;
}
