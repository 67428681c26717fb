/* SPDX-License-Identifier: MIT */
#include "describe.h"

#include <inttypes.h>
#include <string.h>

#include "trace/disasm.h"
#include "trace/names.h"

static const char *const kind_names[] = {
    [WHT_CALL_MEM_READ] = "memory read", [WHT_CALL_MEM_WRITE] = "memory write",
    [WHT_CALL_IO_IN] = "port in",        [WHT_CALL_IO_OUT] = "port out",
    [WHT_CALL_TRANSLATE] = "translate",  [WHT_CALL_GET] = "get registers",
    [WHT_CALL_SET] = "set registers",    [WHT_CALL_ANY_ORDER] = "in any order",
    [WHT_CALL_OPTIONAL] = "optional",    [WHT_CALL_REPEAT] = "repeat",
};

const char *wht_call_kind_name(enum wht_call_kind kind)
{
    return kind_names[kind];
}

void wht_describe_bytes(struct wht_text *text, const uint8_t *data, const uint8_t *mask,
                        size_t size)
{
    for (size_t i = 0; i < size; i++) {
        wht_text_add(text, i > 0 ? " " : "");
        if (mask && mask[i] == 0)
            wht_text_add(text, "??");
        else
            wht_text_addf(text, "%02x", data[i]);
    }
}

void wht_describe_port_value(struct wht_text *text, const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size && i < sizeof(value); i++)
        value |= (uint64_t)data[i] << 8 * i;
    wht_text_addf(text, "0x%" PRIx64, value);
}

static void describe_access(struct wht_text *text, enum wht_call_kind kind, uint64_t address,
                            uint32_t size)
{
    wht_text_addf(text, "%s 0x%" PRIx64 ", %" PRIu32 " byte%s", kind_names[kind], address, size,
                  size == 1 ? "" : "s");
}

static bool is_io(enum wht_call_kind kind)
{
    return kind == WHT_CALL_IO_IN || kind == WHT_CALL_IO_OUT;
}

void wht_describe_expected(struct wht_text *text, const struct wht_expected_call *expected)
{
    const struct wht_call *call = expected->call;
    char name[WHT_NAME_MAX];
    switch (call->kind) {
    case WHT_CALL_TRANSLATE:
        wht_text_addf(text, "translate 0x%" PRIx64, call->address);
        if (call->has_flags)
            wht_text_addf(text, " for %s", wht_translate_flags_format(call->flags, name));
        break;
    case WHT_CALL_GET:
    case WHT_CALL_SET:
        wht_text_add(text, kind_names[call->kind]);
        for (size_t i = 0; i < call->reg_count; i++)
            wht_text_addf(text, " %s", wht_reg_name(call->regs[i].name, name));
        break;
    default:
        describe_access(text, call->kind, call->address + expected->offset, call->size);
        if (!call->has_data)
            break;
        wht_text_add(text, ": ");
        if (is_io(call->kind))
            wht_describe_port_value(text, call->data.data, call->data.size);
        else
            wht_describe_bytes(text, call->data.data, call->data.mask, call->data.size);
        break;
    }
    if (call->has_fail)
        wht_text_addf(text, " (made to fail with %s)", wht_hresult_format(call->fail, name));
}

void wht_describe_event(struct wht_text *text, const struct wht_event *event)
{
    char name[WHT_NAME_MAX];
    switch (event->kind) {
    case WHT_CALL_TRANSLATE:
        wht_text_addf(text, "translate 0x%" PRIx64 " for %s", event->address,
                      wht_translate_flags_format(event->flags, name));
        break;
    case WHT_CALL_GET:
    case WHT_CALL_SET:
        wht_text_add(text, kind_names[event->kind]);
        for (uint32_t i = 0; i < event->count; i++)
            wht_text_addf(text, " %s", wht_reg_name(event->names[i], name));
        break;
    default:
        describe_access(text, event->kind, event->address, event->size);
        if (event->direction > 1)
            wht_text_addf(text, ", Direction %u", event->direction);
        break;
    }
}

static const char *vector_name(unsigned vector)
{
    static const char *const names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD",
                                        "#NM", "#DF", "#09", "#TS", "#NP", "#SS", "#GP",
                                        "#PF", "#15", "#MF", "#AC", "#MC", "#XM"};
    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "vector";
}

void wht_describe_event_register(struct wht_text *text, const WHV_REGISTER_VALUE *value)
{
    const WHV_X64_PENDING_EXCEPTION_EVENT *event = &value->ExceptionEvent;
    if (!event->EventPending) {
        wht_text_add(text, "none");
        return;
    }
    if (event->EventType != WHvX64PendingEventException)
        wht_text_addf(text, "type %u ", (unsigned)event->EventType);
    wht_text_add(text, vector_name(event->Vector));
    if (strcmp(vector_name(event->Vector), "vector") == 0)
        wht_text_addf(text, " 0x%x", (unsigned)event->Vector);
    if (event->DeliverErrorCode)
        wht_text_addf(text, " code 0x%x", (unsigned)event->ErrorCode);
    if (event->Vector == 14 || event->ExceptionParameter != 0)
        wht_text_addf(text, " address 0x%" PRIx64, event->ExceptionParameter);
}

void wht_describe_fault(struct wht_text *text, const struct wht_want_fault *fault)
{
    wht_text_add(text, vector_name(fault->vector));
    if (strcmp(vector_name(fault->vector), "vector") == 0)
        wht_text_addf(text, " 0x%x", fault->vector);
    if (fault->has_code)
        wht_text_addf(text, " code 0x%x", (unsigned)fault->code);
    if (fault->has_address)
        wht_text_addf(text, " address 0x%" PRIx64, fault->address);
}

void wht_describe_value(struct wht_text *text, WHV_REGISTER_NAME name,
                        const WHV_REGISTER_VALUE *value)
{
    char buf[WHT_NAME_MAX];
    if (name == WHvRegisterPendingEvent) {
        wht_describe_event_register(text, value);
        return;
    }
    if (name == WHvX64RegisterRflags)
        wht_rflags_format(value->Reg64, buf);
    else
        wht_reg_format(name, value, buf);
    char *no_flags = strstr(buf, " []");
    if (no_flags)
        *no_flags = 0;
    wht_text_add(text, buf);
}

void wht_describe_want(struct wht_text *text, const struct wht_want_reg *want)
{
    if (want->kind == WHT_WANT_ANY)
        wht_text_add(text, "anything");
    for (size_t i = 0; want->kind != WHT_WANT_ANY && i < want->count; i++) {
        wht_text_add(text, i > 0 ? " or " : "");
        wht_describe_value(text, want->name, &want->values[i]);
    }
    bool is_partial = wht_reg_kind(want->name) == WHT_REG_U64 && want->mask.Low64 != UINT64_MAX;
    char buf[WHT_NAME_MAX];
    if (want->kind == WHT_WANT_ANY || !is_partial)
        return;
    const char *letters = strchr(wht_rflags_format(~want->mask.Low64, buf), '[');
    if (want->name == WHvX64RegisterRflags && letters && ~want->mask.Low64 <= UINT32_MAX)
        wht_text_addf(text, " but for %s", letters);
    else
        wht_text_addf(text, " mask 0x%" PRIx64, want->mask.Low64);
}

void wht_describe_exit(struct wht_text *text, const struct wht_case *c)
{
    static const char *const access[] = {
        [WHT_ACCESS_READ] = "read", [WHT_ACCESS_WRITE] = "write", [WHT_ACCESS_EXECUTE] = "execute"};
    if (c->exit.kind == WHT_EXIT_IO) {
        wht_text_addf(text, "%s port 0x%x, %u byte%s%s%s",
                      c->exit.access == WHT_ACCESS_WRITE ? "out" : "in", c->exit.port, c->exit.size,
                      c->exit.size == 1 ? "" : "s", c->exit.string ? ", string" : "",
                      c->exit.rep ? ", rep" : "");
        return;
    }
    wht_text_addf(text, "memory %s at 0x%" PRIx64, access[c->exit.access], c->exit.gpa);
    if (!c->exit.gva_valid)
        wht_text_add(text, ", gva not valid");
    else if (c->exit.gva != c->exit.gpa)
        wht_text_addf(text, ", gva 0x%" PRIx64, c->exit.gva);
}

void wht_describe_code(struct wht_text *text, const struct wht_case *c)
{
    char assembly[256];
    uint8_t length = 0;
    wht_disasm(c, assembly, sizeof(assembly), &length);
    wht_describe_bytes(text, c->code, NULL, length > 0 ? length : c->code_size);
    wht_text_addf(text, "  %s", assembly);
}

static bool is_prefix(const char *word, size_t size)
{
    static const char *const prefixes[] = {"rep", "repe", "repne", "repz", "repnz", "lock", "bnd"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strlen(prefixes[i]) == size && strncmp(word, prefixes[i], size) == 0)
            return true;
    return false;
}

void wht_mnemonic(const struct wht_case *c, char *buf, size_t n)
{
    char assembly[256];
    wht_disasm(c, assembly, sizeof(assembly), NULL);
    const char *word = assembly;
    size_t size = strcspn(word, " ");
    while (is_prefix(word, size) && word[size] == ' ') {
        word += size + 1;
        size = strcspn(word, " ");
    }
    if (*word == '(')
        size = strlen(word);
    if (size >= n)
        size = n - 1;
    memcpy(buf, word, size);
    buf[size] = 0;
}

void wht_describe_shell_word(struct wht_text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    if (*word && word[strspn(word, plain)] == 0) {
        wht_text_add(text, word);
        return;
    }
    wht_text_add(text, "'");
    for (; *word; word++) {
        if (*word == '\'')
            wht_text_add(text, "'\\''");
        else
            wht_text_addf(text, "%c", *word);
    }
    wht_text_add(text, "'");
}
