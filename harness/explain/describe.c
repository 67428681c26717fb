/* SPDX-License-Identifier: MIT */
/*
 * The one place where values become words, for whoever prints them: failure blocks, first lines,
 * JSON, `show`. Each function adds to a text and ends without a newline, so that a caller can put
 * several into one sentence; none says whether something is right. What a person would look up is
 * spelled out: flags by name, events as #PF with its code, code as assembler. What comes from a
 * file may hold anything and goes through the cleaning functions of base/text.h, or is quoted for a
 * shell.
 */
#include "describe.h"

#include <inttypes.h>
#include <string.h>

#include "format/case_code.h"
#include "session/match.h"
#include "words/name_lists.h"
#include "words/names.h"

#define VECTOR_PF 14u

/* Registers of a batch that are named on one line. */
#define NAMES_MAX 24u

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
    wht_text_add_hex(text, data, mask, size);
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
        describe_access(text, call->kind, wht_expected_address(expected), call->size);
        if (!call->has_data)
            break;
        wht_text_add(text, ": ");
        if (wht_call_is_io(call->kind))
            wht_describe_port_value(text, call->data.data, call->data.size);
        else
            wht_describe_bytes(text, call->data.data, call->data.mask, call->data.size);
        break;
    }
    if (call->has_fail)
        wht_text_addf(text, " (made to fail with %s)", wht_hresult_format(call->fail, name));
}

static void describe_sent(struct wht_text *text, const struct wht_event *event)
{
    wht_text_add(text, ": ");
    if (wht_call_is_io(event->kind))
        wht_describe_port_value(text, event->data, event->size);
    else
        wht_describe_bytes(text, event->data, NULL, event->size);
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
        for (uint32_t i = 0; i < event->count && i < NAMES_MAX; i++)
            wht_text_addf(text, " %s", wht_reg_name(event->names[i], name));
        if (event->count > NAMES_MAX)
            wht_text_addf(text, " and %" PRIu32 " more", event->count - NAMES_MAX);
        break;
    default:
        describe_access(text, event->kind, event->address, event->size);
        if (event->direction > 1)
            wht_text_addf(text, ", Direction %u", event->direction);
        else if (event->kind == WHT_CALL_MEM_WRITE && event->size <= sizeof(event->data))
            describe_sent(text, event);
        else if (event->kind == WHT_CALL_IO_OUT && event->size <= 4)
            describe_sent(text, event);
        break;
    }
}

/* Of a page fault's code the bits by their letters, e.g. "0x6 [U W]". SDM 3A, 4.7. */
static void describe_error_code(struct wht_text *text, unsigned vector, uint32_t code)
{
    static const char letters[] = "PWURI";
    wht_text_addf(text, " code 0x%x", (unsigned)code);
    if (vector != VECTOR_PF || code == 0 || code >> (sizeof(letters) - 1) != 0)
        return;
    const char *separator = " [";
    for (size_t i = sizeof(letters) - 1; i-- > 0;) {
        if (!(code >> i & 1))
            continue;
        wht_text_addf(text, "%s%c", separator, letters[i]);
        separator = " ";
    }
    wht_text_add(text, "]");
}

void wht_describe_event_register(struct wht_text *text, const WHV_REGISTER_VALUE *value)
{
    const WHV_X64_PENDING_EXCEPTION_EVENT *event = &value->ExceptionEvent;
    char name[WHT_NAME_MAX];
    if (!event->EventPending) {
        wht_text_add(text, "none");
        return;
    }
    if (event->EventType != WHvX64PendingEventException)
        wht_text_addf(text, "type %u ", (unsigned)event->EventType);
    wht_text_add(text, wht_vector_format(event->Vector, name));
    if (event->DeliverErrorCode)
        describe_error_code(text, event->Vector, event->ErrorCode);
    if (event->Vector == VECTOR_PF || event->ExceptionParameter != 0)
        wht_text_addf(text, " address 0x%" PRIx64, event->ExceptionParameter);
}

void wht_describe_fault(struct wht_text *text, const struct wht_want_fault *fault)
{
    char name[WHT_NAME_MAX];
    wht_text_add(text, wht_vector_format(fault->vector, name));
    if (fault->has_code)
        describe_error_code(text, fault->vector, fault->code);
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
    char *no_flags = name == WHvX64RegisterRflags ? strstr(buf, " []") : NULL;
    if (no_flags)
        *no_flags = 0;
    wht_text_add(text, buf);
}

uint64_t wht_compared_bits(const struct wht_want_reg *want)
{
    return wht_reg_kind(want->name) == WHT_REG_U64 ? want->mask.Low64 : UINT64_MAX;
}

/* Bits that are not compared are not shown; they are named after the value. */
static void describe_partial(struct wht_text *text, const struct wht_want_reg *want)
{
    char buf[WHT_NAME_MAX];
    uint64_t open = ~wht_compared_bits(want);
    if (want->name != WHvX64RegisterRflags || open > UINT32_MAX) {
        wht_text_addf(text, " mask 0x%" PRIx64, ~open);
        return;
    }
    const char *flags = strchr(wht_rflags_format(open, buf), '[');
    wht_text_addf(text, ", %.*s undefined", (int)strlen(flags) - 2, flags + 1);
}

void wht_describe_want(struct wht_text *text, const struct wht_want_reg *want)
{
    if (want->kind == WHT_WANT_ANY) {
        wht_text_add(text, "anything");
        return;
    }
    bool is_partial = wht_compared_bits(want) != UINT64_MAX;
    for (size_t i = 0; i < want->count; i++) {
        WHV_REGISTER_VALUE value = want->values[i];
        if (is_partial)
            value.Reg64 &= want->mask.Low64;
        wht_text_add(text, i > 0 ? " or " : "");
        wht_describe_value(text, want->name, &value);
    }
    if (is_partial)
        describe_partial(text, want);
}

void wht_describe_inputs(struct wht_text *text, const struct wht_case *c)
{
    WHV_REGISTER_NAME names[WHT_READS_MAX];
    char name[WHT_NAME_MAX];
    size_t count = wht_case_reads(c, names);
    for (size_t i = 0; i < count; i++) {
        const WHV_REGISTER_VALUE *value = wht_init_reg(&c->init, names[i]);
        wht_text_addf(text, "%s%s ", i > 0 ? ", " : "", wht_reg_name(names[i], name));
        if (value)
            wht_describe_value(text, names[i], value);
        else
            wht_text_add(text, "not captured");
    }
}

void wht_describe_exit(struct wht_text *text, const struct wht_case *c)
{
    if (c->exit.kind == WHT_EXIT_IO) {
        wht_text_addf(text, "%s port 0x%x, %u byte%s%s%s",
                      c->exit.access == WHT_ACCESS_WRITE ? "out" : "in", c->exit.port, c->exit.size,
                      c->exit.size == 1 ? "" : "s", c->exit.string ? ", string" : "",
                      c->exit.rep ? ", rep" : "");
        return;
    }
    wht_text_addf(text, "memory %s at 0x%" PRIx64, wht_access_names[c->exit.access], c->exit.gpa);
    if (!c->exit.gva_valid)
        wht_text_add(text, ", gva not valid");
    else if (c->exit.gva != c->exit.gpa)
        wht_text_addf(text, ", gva 0x%" PRIx64, c->exit.gva);
}

void wht_describe_code(struct wht_text *text, const struct wht_case *c)
{
    char assembly[256];
    uint8_t length = 0;
    wht_case_disasm(c, assembly, sizeof(assembly), &length);
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
    wht_case_disasm(c, assembly, sizeof(assembly), NULL);
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

/* Control characters need the shell's $'...', in which they can be written as numbers. */
static void add_shell_escaped(struct wht_text *text, const char *word)
{
    wht_text_add(text, "$'");
    for (; *word; word++) {
        unsigned char byte = (unsigned char)*word;
        if (byte < 0x20 || byte >= 0x7f)
            wht_text_addf(text, "\\x%02x", byte);
        else
            wht_text_addf(text, "%s%c", byte == '\'' || byte == '\\' ? "\\" : "", byte);
    }
    wht_text_add(text, "'");
}

static bool is_clean(const char *word)
{
    struct wht_text clean = {.text = NULL};
    wht_text_add_clean(&clean, word);
    bool is_same = strcmp(wht_text_get(&clean), word) == 0;
    wht_text_free(&clean);
    return is_same;
}

void wht_describe_shell_word(struct wht_text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    if (*word && word[strspn(word, plain)] == 0) {
        wht_text_add(text, word);
        return;
    }
    if (!is_clean(word)) {
        add_shell_escaped(text, word);
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
