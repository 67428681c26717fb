/* SPDX-License-Identifier: MIT */
/*
 * The context of a recorded call, and the case that comes of it. import.c walks the callbacks in
 * their order and adds what they tell to `struct import`: calls, RAM, pages, and what is known of
 * registers. Here is what needs all of it: the mode, which follows from the execution state, the
 * registers before, the exit, what the call left. A register counts as known with the first value
 * that was seen of it, in the context or in an answer; others are "unknown", so that a replay that
 * asks for one diverges instead of being given 0.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/source.h"
#include "format/take.h"
#include "format/values.h"
#include "import_parts.h"
#include "words/name_lists.h"
#include "words/names.h"

#define STATE_CPL          0x3u
#define STATE_PE           0x4u
#define STATE_AM           0x8u
#define STATE_LMA          0x10u
#define STATE_DEBUG_ACTIVE 0x20u
#define STATE_PENDING      0x40u
#define STATE_SHADOW       0x1000u

#define RFLAGS_VM  UINT64_C(0x20000)
#define CR0_PE     UINT64_C(0x1)
#define CR0_ET     UINT64_C(0x10)
#define CR0_AM     UINT64_C(0x40000)
#define CR0_PG     UINT64_C(0x80000000)
#define EFER_LMA   UINT64_C(0x400)
#define ATTR_L     0x2000u
#define ATTR_D     0x4000u
#define SINGLESTEP 0x10u

#define ACCESS_UNMAPPED 0x4u

#define VECTOR_PF 14u

bool wht_import_fail(struct import *import, const char *what)
{
    snprintf(import->result->error, WHT_IMPORT_ERROR_MAX, "%s", what);
    return false;
}

bool wht_import_register(struct import *import, const struct wht_node *member,
                         WHV_REGISTER_NAME *name, WHV_REGISTER_VALUE *value)
{
    static const struct wht_segment_context context = {.mode = WHT_MODE_LONG64};
    return wht_get_reg_key(&import->check, member, name) &&
           wht_get_reg_value(&import->check, member, *name, &context, value);
}

/* @return the register if its value is known, which that of the mode is not. */
static const struct wht_reg *known(const struct import *import, WHV_REGISTER_NAME name)
{
    const struct wht_init *init = &import->c->init;
    for (size_t i = 0; i < init->reg_count; i++)
        if (init->regs[i].name == name)
            return init->regs[i].is_given ? &init->regs[i] : NULL;
    return NULL;
}

/* What was known first counts. */
static void know(struct import *import, const struct wht_node *member)
{
    WHV_REGISTER_NAME name;
    WHV_REGISTER_VALUE value;
    if (!member || !wht_import_register(import, member, &name, &value) || known(import, name))
        return;
    wht_case_set_reg(import->c, name, value);
    import->known_count++;
}

bool wht_import_know(struct import *import, const struct wht_node *registers)
{
    for (const struct wht_node *child = registers->first; child; child = child->next) {
        if (import->known_count >= WHT_IMPORT_REGS_MAX)
            return wht_import_fail(import, "the call names too many registers");
        know(import, child);
    }
    return true;
}

void wht_import_port_code(struct import *import)
{
    const struct wht_node *context = wht_node_member(import->call->begin, "context");
    const struct wht_node *access = wht_node_member(import->call->begin, "access");
    const uint64_t info = import->exit_info;
    uint64_t port = 0, length = 0, attributes = 0;
    wht_capture_hex(access, "port", &port);
    wht_capture_count(context, "instruction_length", 15, &length);
    wht_capture_hex(wht_node_member(context, "cs"), "attr", &attributes);
    if (!import->is_io || (info & 0x10))
        return;
    const unsigned size = info >> 1 & 7;
    const bool is_wide = import->is_long64 || (attributes & ATTR_D);
    const bool has_66 = (size == 2 && is_wide) || (size == 4 && !is_wide);
    const bool has_imm = port <= 0xff && length == (has_66 ? 3u : 2u);
    const size_t tail = has_imm ? 2 : 1;
    uint8_t opcode = has_imm ? 0xe4 : 0xec;
    if (length < tail + has_66 || (!has_imm && port > 0xffff))
        return;
    opcode = (uint8_t)(opcode | (size > 1) | (info & 1) << 1);
    /* What is longer has prefixes without effect. */
    memset(import->code, has_66 ? 0x66 : 0x2e, (size_t)length - tail);
    import->code[length - tail] = opcode;
    if (has_imm)
        import->code[length - 1] = (uint8_t)port;
    import->code_size = (size_t)length;
}

static bool take_exit(struct import *import, const struct wht_node *access)
{
    static const char *const registers[] = {"rax", "rcx", "rsi", "rdi", "ds", "es"};
    uint8_t bytes[WHT_IMPORT_CODE_MAX];
    uint64_t count;
    if (!wht_capture_count(access, "byte_count", 255, &count) ||
        wht_capture_bytes(access, "bytes", bytes, sizeof(bytes), NULL) != sizeof(bytes))
        return wht_import_fail(import, "the exit has no instruction bytes");
    import->given = (size_t)count;
    import->code_size = count < sizeof(bytes) ? (size_t)count : sizeof(bytes);
    memcpy(import->code, bytes, import->code_size);
    wht_capture_hex(access, "info", &import->exit_info);
    wht_capture_hex(access, "gva", &import->exit_gva);
    if (!import->is_io && !wht_capture_hex(access, "gpa", &import->exit_gpa))
        return wht_import_fail(import, "the exit has no address");
    if (!import->is_io && (import->exit_info & 3) == 3)
        return wht_import_fail(import, "the exit is of an access type that does not exist");
    for (size_t i = 0; import->is_io && i < sizeof(registers) / sizeof(registers[0]); i++)
        know(import, wht_node_member(access, registers[i]));
    return true;
}

static enum wht_mode mode_of(const struct import *import, uint64_t rflags, uint64_t attributes,
                             enum wht_code *code)
{
    const bool is_32 = (attributes & ATTR_D) != 0;
    *code = is_32 ? WHT_CODE_32 : WHT_CODE_PROT16;
    if (import->is_long64) {
        *code = WHT_CODE_64;
        return WHT_MODE_LONG64;
    }
    if (import->state & STATE_LMA)
        return is_32 ? WHT_MODE_COMPAT32 : WHT_MODE_COMPAT16;
    if (!(import->state & STATE_PE) || (rflags & RFLAGS_VM)) {
        *code = is_32 && !(rflags & RFLAGS_VM) ? WHT_CODE_32 : WHT_CODE_REAL16;
        return import->state & STATE_PE ? WHT_MODE_VM86 : WHT_MODE_REAL16;
    }
    return is_32 ? WHT_MODE_PROT32 : WHT_MODE_PROT16;
}

/* The context tells the mode. */
static void begin_case(struct import *import, const struct wht_node *context, uint64_t attributes)
{
    uint64_t rflags = 0;
    wht_capture_hex(context, "rflags", &rflags);
    const enum wht_mode mode = mode_of(import, rflags, attributes, &import->code_kind);
    const uint8_t cpl = mode == WHT_MODE_REAL16 ? 0
                        : mode == WHT_MODE_VM86 ? 3
                                                : (uint8_t)(import->state & STATE_CPL);
    import->c = wht_case_new("", mode, cpl);
    import->c->init.is_mode_given = true;
    import->c->init.others_unknown = true;
}

bool wht_import_context(struct import *import)
{
    const struct wht_node *begin = import->call->begin;
    const struct wht_node *context = wht_node_member(begin, "context");
    const struct wht_node *access = wht_node_member(begin, "access");
    const struct wht_node *cs = context ? wht_node_member(context, "cs") : NULL;
    const struct wht_node *snapshot = wht_node_member(begin, "init");
    const char *kind = wht_capture_text(begin, "kind");
    uint64_t attributes = 0;
    if (!kind || !context || !access || !cs || access->kind != WHT_NODE_OBJECT ||
        !wht_capture_hex(context, "execution_state", &import->state) ||
        !wht_capture_hex(context, "rip", &import->rip) || !wht_capture_text(context, "rflags") ||
        !wht_capture_hex(cs, "base", &import->cs_base) || !wht_capture_hex(cs, "attr", &attributes))
        return wht_import_fail(import, "the begin lacks a part of the exit context");
    import->is_io = strcmp(kind, "io") == 0;
    import->is_long64 = (import->state & STATE_LMA) && (attributes & ATTR_L);
    begin_case(import, context, attributes);
    know(import, wht_node_member(context, "rip"));
    know(import, wht_node_member(context, "rflags"));
    know(import, cs);
    if (!take_exit(import, access))
        return false;
    return !snapshot || wht_import_know(import, snapshot);
}

/* @return room for one more. */
static struct import_page *new_page(struct import *import)
{
    if (import->page_count == import->page_room) {
        size_t room = import->page_room ? 2 * import->page_room : 4;
        struct import_page *pages = wht_arena_take(import->arena, room * sizeof(*pages));
        for (size_t i = 0; i < import->page_count; i++)
            pages[i] = import->page[i];
        import->page = pages;
        import->page_room = room;
    }
    return &import->page[import->page_count++];
}

/* A page with one answer serves every purpose; once it has two, each purpose has its own. */
bool wht_import_page(struct import *import, const struct import_page *page, unsigned purposes)
{
    bool is_success = page->result == WHvTranslateGvaResultSuccess;
    bool is_known = false;
    for (size_t i = 0; i < import->page_count; i++) {
        const struct import_page *other = &import->page[i];
        if (page->gva != other->gva)
            continue;
        if (page->gpa == other->gpa && page->result == other->result)
            return true;
        is_known = true;
    }
    if (page->gva == page->gpa && is_success && !is_known)
        return true;
    if (import->page_count == WHT_IMPORT_PAGES_MAX)
        return wht_import_fail(import, "the instruction touches too many pages");
    *new_page(import) = *page;
    wht_case_add_page(import->c, &(struct wht_page){.gva = page->gva,
                                                    .gpa = is_success ? page->gpa : page->gva,
                                                    .result = page->result,
                                                    .purposes = purposes ? purposes : WHT_FOR_ALL});
    return true;
}

bool wht_import_lacks_code(const struct import *import)
{
    char mnemonic[32];
    if (import->code_size > 0 && import->code_size < WHT_IMPORT_CODE_MAX - 1)
        wht_mnemonic_of(import->code_kind, import->code, import->code_size, mnemonic,
                        sizeof(mnemonic));
    else
        strcpy(mnemonic, import->code_size == 0 ? "none" : "some");
    return strcmp(mnemonic, "none") == 0;
}

/* The context decides where a VMM tells of these registers something else. */
static void finish_init(struct import *import)
{
    const struct wht_reg *efer = known(import, WHvX64RegisterEfer);
    const struct wht_reg *known_cr0 = known(import, WHvX64RegisterCr0);
    uint64_t cr0 =
        known_cr0 ? known_cr0->value.Reg64 : CR0_ET | (import->state & STATE_LMA ? CR0_PG : 0);
    cr0 = (cr0 & ~(CR0_PE | CR0_AM)) | (import->state & STATE_PE ? CR0_PE : 0) |
          (import->state & STATE_AM ? CR0_AM : 0);
    bool is_cr0_told =
        known_cr0 || (import->state & STATE_AM) || !(import->state & STATE_PE) == import->is_long64;
    if (efer)
        wht_case_set_reg64(import->c, WHvX64RegisterEfer,
                           (efer->value.Reg64 & ~EFER_LMA) |
                               (import->state & STATE_LMA ? EFER_LMA : 0));
    if (is_cr0_told)
        wht_case_set_reg64(import->c, WHvX64RegisterCr0, cr0);
}

#define GIVEN(key) (1u << WHT_EXIT_KEY_##key)

static void make_exit_of_memory(struct import *import, struct wht_exit *exit)
{
    const uint64_t info = import->exit_info;
    exit->kind = WHT_EXIT_MMIO;
    exit->access = (enum wht_access)(info & 3);
    exit->gpa = import->exit_gpa;
    exit->gva = import->exit_gva;
    exit->gva_valid = (info & WHT_IMPORT_GVA_VALID) != 0;
    exit->gpa_unmapped = (info & ACCESS_UNMAPPED) != 0;
    exit->given = GIVEN(gva) | GIVEN(gva_valid) | GIVEN(gpa_unmapped);
}

static void make_exit_of_port(struct import *import, struct wht_exit *exit)
{
    const uint64_t info = import->exit_info;
    uint64_t port = 0;
    wht_capture_hex(wht_node_member(import->call->begin, "access"), "port", &port);
    exit->kind = WHT_EXIT_IO;
    exit->access = info & 1 ? WHT_ACCESS_WRITE : WHT_ACCESS_READ;
    exit->port = (uint16_t)port;
    exit->size = (uint8_t)(info >> 1 & 7);
    exit->string = (info & 0x10) != 0;
    exit->rep = (info & 0x20) != 0;
    exit->given = GIVEN(string) | GIVEN(rep);
}

/* What the processor told is written, though it may be what follows from the code. */
static void make_exit(struct import *import)
{
    const struct wht_node *context = wht_node_member(import->call->begin, "context");
    struct wht_exit *exit = &import->c->exit;
    uint64_t length = 0, cr8 = 0;
    wht_capture_count(context, "instruction_length", 15, &length);
    wht_capture_hex(context, "cr8", &cr8);
    if (import->is_io)
        make_exit_of_port(import, exit);
    else
        make_exit_of_memory(import, exit);
    exit->bytes_given = (uint8_t)import->given;
    exit->instr_len = (uint8_t)length;
    exit->given |= GIVEN(instr_len);
    exit->interruption_pending = (import->state & STATE_PENDING) != 0;
    exit->interrupt_shadow = (import->state & STATE_SHADOW) != 0;
    exit->debug_active = (import->state & STATE_DEBUG_ACTIVE) != 0;
    exit->cr8 = (uint8_t)cr8;
}

/* An exception that was injected, from PendingEvent. @return whether it is one. */
static bool make_fault(struct import *import, WHV_UINT128 event)
{
    const uint64_t vector = event.Low64 >> 16 & 0xffff;
    struct wht_want_fault *fault = &import->c->expect.fault;
    if (!(event.Low64 & 1) || (event.Low64 >> 1 & 7) != 0)
        return false;
    if (vector > 0xff)
        wht_import_fail(import, "an exception was injected that has no vector");
    import->c->expect.has_fault = true;
    fault->vector = (uint8_t)vector;
    fault->has_code = event.Low64 >> 8 & 1;
    fault->code = fault->has_code ? (uint32_t)(event.Low64 >> 32) : 0;
    fault->has_address = vector == VECTOR_PF;
    fault->address = fault->has_address ? event.High64 : 0;
    return true;
}

/* Flags that the manuals leave undefined are not compared. */
static void leave_flags_open(struct import *import, struct wht_want_reg *want)
{
    const char *names[WHT_UNDEFINED_MAX];
    size_t count = wht_undefined_flags(import->code_kind, import->code, import->code_size, names);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < WHT_RFLAGS; j++)
            if (strcmp(names[i], wht_rflags_names[j].name) == 0)
                want->mask.Low64 &= ~(uint64_t)wht_rflags_names[j].value;
}

static void make_results(struct import *import)
{
    for (const struct wht_node *reg = import->set ? import->set->first : NULL; reg;
         reg = reg->next) {
        WHV_REGISTER_NAME name;
        WHV_REGISTER_VALUE value;
        if (!wht_import_register(import, reg, &name, &value))
            continue; /* all were checked */
        if (name == WHvRegisterPendingEvent && make_fault(import, value.Reg128))
            continue;
        if (name == WHvX64RegisterPendingDebugException && (value.Reg64 & SINGLESTEP)) {
            import->c->expect.trap = true;
            continue;
        }
        bool is_open = import->is_hidden && name != WHvX64RegisterRip;
        struct wht_want_reg *want = wht_case_want(import->c, name, is_open ? NULL : &value);
        if (name == WHvX64RegisterRflags && !is_open)
            leave_flags_open(import, want);
    }
}

static bool make_status(struct import *import)
{
    const struct wht_node *hr = wht_node_member(import->call->end, "hr");
    const struct wht_node *status = wht_node_member(import->call->end, "status");
    struct wht_expect *expect = &import->c->expect;
    if (!hr || !wht_get_hresult(&import->check, hr, &expect->hr))
        return wht_import_fail(import, "the end has no result");
    if (expect->hr != S_OK)
        return true;
    if (!status || status->kind != WHT_NODE_LIST || !status->first)
        return wht_import_fail(import, "the status has no bit, which no case can expect");
    expect->status = 0;
    for (const struct wht_node *bit = status->first; bit; bit = bit->next) {
        int i = 0;
        while (i < WHT_STATUS_NAMES &&
               (bit->kind != WHT_NODE_STRING || strcmp(bit->string, wht_status_names[i]) != 0))
            i++;
        if (i == WHT_STATUS_NAMES)
            return wht_import_fail(import, "the status has a bit without a name");
        expect->status |= 1u << i;
    }
    return true;
}

static bool make_expect(struct import *import)
{
    struct wht_expect *expect = &import->c->expect;
    bool has_end = import->call->end != NULL;
    expect->others_any = !has_end;
    if (has_end && !make_status(import))
        return false;
    make_results(import);
    wht_ram_written(&import->ram, import->c);
    expect->has_calls = expect->call_count > 0 || has_end;
    if (import->options->is_strict && expect->call_count > 0 && has_end)
        import->c->match = WHT_MATCH_STRICT;
    else if (!expect->has_calls) /* what would have come, nobody saw */
        import->c->match = WHT_MATCH_EFFECTS;
    return !import->result->error[0];
}

static void make_source(struct import *import)
{
    char from[512];
    struct wht_source *source = &import->c->source;
    const char *slash = strrchr(import->call->file, '/');
    struct wht_check check = import->check;
    check.arena = import->c->arena;
    if (import->call->source)
        wht_take_source(&check, import->call->source, source);
    source->is_given = true;
    if (!source->kind)
        source->kind = wht_case_text(import->c, "captured");
    snprintf(from, sizeof(from), "%.400s:%u", slash ? slash + 1 : import->call->file,
             import->call->line);
    source->from = wht_case_text(import->c, from);
}

/* How the call ended, in a few words; nothing where it did so with success alone. */
static void describe_end(const struct import *import, char *text, size_t size)
{
    const struct wht_node *end = import->call->end;
    const char *hr = wht_capture_text(end, "hr");
    size_t used = 0;
    if (!end || !hr || strcmp(hr, "S_OK") != 0) {
        snprintf(text, size, "%s", hr ? hr : "no end");
        return;
    }
    const struct wht_node *first = wht_node_member(end, "status")->first;
    if (strcmp(first->string, "success") == 0 && !first->next)
        return;
    for (const struct wht_node *bit = first; bit && used < size; bit = bit->next)
        used += (size_t)snprintf(text + used, size - used, "%s%s", bit == first ? "" : "+",
                                 bit->string);
    const char *reason = wht_capture_text(end, "reason");
    if (!reason || used >= size)
        return;
    used += (size_t)snprintf(text + used, size - used, ": ");
    for (; *reason && used < size - 1; reason++)
        text[used++] = *reason >= ' ' && *reason <= '~' ? *reason : '?';
    if (used < size)
        text[used] = 0;
}

bool wht_import_case(struct import *import, const char *prefix, uint64_t number)
{
    struct wht_imported *result = import->result;
    struct wht_case *c = import->c;
    const char *api = wht_capture_text(import->call->begin, "api");
    if (!make_expect(import))
        return false;
    describe_end(import, result->status, sizeof(result->status));
    wht_mnemonic_of(import->code_kind, import->code, import->code_size, result->mnemonic,
                    sizeof(result->mnemonic));
    snprintf(result->id, sizeof(result->id), "%.64s-%s-%06" PRIu64, prefix, result->mnemonic,
             number);
    c->id = wht_case_text(c, result->id);
    wht_case_set_code(c, import->code, import->code_size);
    c->api = api && strcmp(api, "preview") == 0 ? WHT_API_PREVIEW : WHT_API_SHIPPING;
    finish_init(import);
    make_exit(import);
    wht_ram_regions(&import->ram, c);
    if (!import->call->end)
        wht_case_add_string(c, &c->tags, "incomplete");
    make_source(import);
    return true;
}
