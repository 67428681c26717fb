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

#include "format/values.h"
#include "import_parts.h"
#include "x86/disasm.h"

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

struct wht_node *wht_import_copy(struct wht_arena *arena, const struct wht_node *node)
{
    struct wht_node *copy = wht_arena_take_raw(arena, sizeof(*copy));
    *copy = *node;
    return copy;
}

struct wht_node *wht_import_names(struct wht_arena *arena, const struct wht_node *registers)
{
    struct wht_build list = wht_build_new(arena, WHT_NODE_LIST);
    for (const struct wht_node *child = registers->first; child; child = child->next) {
        const char *name = registers->kind == WHT_NODE_OBJECT ? child->key : child->string;
        if (name)
            wht_build_add(&list, NULL, wht_build_string(arena, name));
    }
    return list.node;
}

static void know(struct import *import, const char *name, const struct wht_node *value)
{
    if (!value || wht_node_member(import->known.node, name))
        return;
    wht_build_add(&import->known, name, wht_import_copy(import->arena, value));
    import->known_count++;
}

bool wht_import_know(struct import *import, const struct wht_node *registers)
{
    for (const struct wht_node *child = registers->first; child; child = child->next) {
        if (import->known_count >= WHT_IMPORT_REGS_MAX)
            return wht_import_fail(import, "the call names too many registers");
        know(import, child->key, child);
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
        know(import, registers[i], wht_node_member(access, registers[i]));
    return true;
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
    import->known = wht_build_new(import->arena, WHT_NODE_OBJECT);
    know(import, "rip", wht_node_member(context, "rip"));
    know(import, "rflags", wht_node_member(context, "rflags"));
    know(import, "cs", cs);
    if (!take_exit(import, access))
        return false;
    return !snapshot || wht_import_know(import, snapshot);
}

static struct wht_node *purposes(struct import *import, const struct wht_node *flags)
{
    static const char *const names[] = {"read", "write", "execute"};
    struct wht_build list = wht_build_new(import->arena, WHT_NODE_LIST);
    for (const struct wht_node *flag = flags ? flags->first : NULL; flag; flag = flag->next) {
        for (size_t i = 0; i < 3; i++) {
            if (flag->kind == WHT_NODE_STRING && strcmp(flag->string, names[i]) == 0)
                wht_build_add(&list, NULL, wht_build_string(import->arena, names[i]));
        }
    }
    return list.node->first ? list.node : NULL;
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
bool wht_import_page(struct import *import, uint64_t gva, uint64_t gpa, const char *result,
                     const struct wht_node *flags)
{
    bool is_identity = gva == gpa && strcmp(result, "success") == 0;
    bool is_known = false;
    for (size_t i = 0; i < import->page_count; i++) {
        const struct import_page *page = &import->page[i];
        if (page->gva != gva)
            continue;
        if (page->gpa == gpa && strcmp(page->result, result) == 0)
            return true;
        is_known = true;
    }
    if (is_identity && !is_known)
        return true;
    if (import->page_count == WHT_IMPORT_PAGES_MAX)
        return wht_import_fail(import, "the instruction touches too many pages");
    *new_page(import) = (struct import_page){.gva = gva, .gpa = gpa, .result = result};
    struct wht_build page = wht_build_new(import->arena, WHT_NODE_OBJECT);
    wht_build_add(&page, "gva", wht_build_hex(import->arena, gva));
    if (strcmp(result, "success") == 0)
        wht_build_add(&page, "gpa", wht_build_hex(import->arena, gpa));
    else
        wht_build_add(&page, "result", wht_build_string(import->arena, result));
    struct wht_node *which = purposes(import, flags);
    if (which)
        wht_build_add(&page, "for", which);
    wht_build_add(&import->pages, NULL, page.node);
    return true;
}

static const char *mode_of(const struct import *import, enum wht_code *code)
{
    uint64_t rflags = 0, attributes = 0;
    wht_capture_hex(import->known.node, "rflags", &rflags);
    wht_capture_hex(wht_node_member(import->known.node, "cs"), "attr", &attributes);
    const bool is_32 = (attributes & ATTR_D) != 0;
    *code = is_32 ? WHT_CODE_32 : WHT_CODE_PROT16;
    if (import->is_long64) {
        *code = WHT_CODE_64;
        return "long64";
    }
    if (import->state & STATE_LMA)
        return is_32 ? "compat32" : "compat16";
    if (!(import->state & STATE_PE) || (rflags & RFLAGS_VM)) {
        *code = is_32 && !(rflags & RFLAGS_VM) ? WHT_CODE_32 : WHT_CODE_REAL16;
        return import->state & STATE_PE ? "vm86" : "real16";
    }
    return is_32 ? "prot32" : "prot16";
}

bool wht_import_lacks_code(const struct import *import)
{
    char mnemonic[32];
    enum wht_code code;
    mode_of(import, &code);
    if (import->code_size > 0 && import->code_size < WHT_IMPORT_CODE_MAX - 1)
        wht_mnemonic_of(code, import->code, import->code_size, mnemonic, sizeof(mnemonic));
    else
        strcpy(mnemonic, import->code_size == 0 ? "none" : "some");
    return strcmp(mnemonic, "none") == 0;
}

static struct wht_node *make_init(struct import *import, const char *mode)
{
    struct wht_build init = wht_build_new(import->arena, WHT_NODE_OBJECT);
    const unsigned cpl = import->state & STATE_CPL;
    uint64_t efer = 0;
    uint64_t cr0 = CR0_ET | (import->state & STATE_LMA ? CR0_PG : 0);
    bool has_cr0 = wht_capture_hex(import->known.node, "cr0", &cr0);
    cr0 = (cr0 & ~(CR0_PE | CR0_AM)) | (import->state & STATE_PE ? CR0_PE : 0) |
          (import->state & STATE_AM ? CR0_AM : 0);
    wht_build_add(&init, "mode", wht_build_string(import->arena, mode));
    if (cpl != 0 && strcmp(mode, "real16") != 0 && strcmp(mode, "vm86") != 0)
        wht_build_add(&init, "cpl", wht_build_count(import->arena, cpl));
    wht_build_add(&init, "others", wht_build_string(import->arena, "unknown"));
    for (const struct wht_node *reg = import->known.node->first; reg; reg = reg->next) {
        if (strcmp(reg->key, "cr0") != 0 && strcmp(reg->key, "efer") != 0)
            wht_build_add(&init, reg->key, wht_import_copy(import->arena, reg));
    }
    /* The context decides where a VMM tells of these registers something else. */
    if (wht_capture_hex(import->known.node, "efer", &efer))
        wht_build_add(&init, "efer",
                      wht_build_hex(import->arena, (efer & ~EFER_LMA) |
                                                       (import->state & STATE_LMA ? EFER_LMA : 0)));
    if (has_cr0 || (import->state & STATE_AM) || !(import->state & STATE_PE) == import->is_long64)
        wht_build_add(&init, "cr0", wht_build_hex(import->arena, cr0));
    return init.node;
}

static void add_exit_of_memory(struct import *import, struct wht_build *exit)
{
    static const char *const accesses[] = {"read", "write", "execute"};
    const uint64_t info = import->exit_info;
    wht_build_add(exit, "kind", wht_build_string(import->arena, "mmio"));
    wht_build_add(exit, "access", wht_build_string(import->arena, accesses[info & 3]));
    wht_build_add(exit, "gpa", wht_build_hex(import->arena, import->exit_gpa));
    wht_build_add(exit, "gva", wht_build_hex(import->arena, import->exit_gva));
    wht_build_add(exit, "gva_valid",
                  wht_build_bool(import->arena, (info & WHT_IMPORT_GVA_VALID) != 0));
    wht_build_add(exit, "gpa_unmapped",
                  wht_build_bool(import->arena, (info & ACCESS_UNMAPPED) != 0));
}

static void add_exit_of_port(struct import *import, struct wht_build *exit)
{
    const struct wht_node *access = wht_node_member(import->call->begin, "access");
    const uint64_t info = import->exit_info;
    uint64_t port = 0;
    wht_capture_hex(access, "port", &port);
    wht_build_add(exit, "kind", wht_build_string(import->arena, "io"));
    wht_build_add(exit, "port", wht_build_hex(import->arena, port));
    wht_build_add(exit, "size", wht_build_count(import->arena, (int64_t)(info >> 1 & 7)));
    wht_build_add(exit, "access", wht_build_string(import->arena, info & 1 ? "write" : "read"));
    wht_build_add(exit, "string", wht_build_bool(import->arena, (info & 0x10) != 0));
    wht_build_add(exit, "rep", wht_build_bool(import->arena, (info & 0x20) != 0));
}

static struct wht_node *make_exit(struct import *import)
{
    const struct wht_node *context = wht_node_member(import->call->begin, "context");
    struct wht_build exit = wht_build_new(import->arena, WHT_NODE_OBJECT);
    uint64_t length = 0, cr8 = 0;
    wht_capture_count(context, "instruction_length", 15, &length);
    wht_capture_hex(context, "cr8", &cr8);
    if (import->is_io)
        add_exit_of_port(import, &exit);
    else
        add_exit_of_memory(import, &exit);
    if (import->given != import->code_size)
        wht_build_add(&exit, "bytes_given", wht_build_count(import->arena, (int64_t)import->given));
    wht_build_add(&exit, "instr_len", wht_build_count(import->arena, (int64_t)length));
    if (import->state & STATE_PENDING)
        wht_build_add(&exit, "interruption_pending", wht_build_bool(import->arena, true));
    if (import->state & STATE_SHADOW)
        wht_build_add(&exit, "interrupt_shadow", wht_build_bool(import->arena, true));
    if (import->state & STATE_DEBUG_ACTIVE)
        wht_build_add(&exit, "debug_active", wht_build_bool(import->arena, true));
    if (cr8 != 0)
        wht_build_add(&exit, "cr8", wht_build_hex(import->arena, cr8));
    return exit.node;
}

/* An exception that was injected, from PendingEvent. */
static struct wht_node *make_fault(struct import *import, const struct wht_node *event)
{
    WHV_UINT128 value;
    bool overflows;
    struct wht_build fault = wht_build_new(import->arena, WHT_NODE_OBJECT);
    if (event->kind != WHT_NODE_STRING || !wht_parse_hex(event->string, &value, &overflows) ||
        !(value.Low64 & 1) || (value.Low64 >> 1 & 7) != 0)
        return NULL;
    const uint64_t vector = value.Low64 >> 16 & 0xffff;
    wht_build_add(&fault, "vector", wht_build_hex(import->arena, vector));
    if (value.Low64 >> 8 & 1)
        wht_build_add(&fault, "code", wht_build_hex(import->arena, value.Low64 >> 32));
    if (vector == VECTOR_PF)
        wht_build_add(&fault, "address", wht_build_hex(import->arena, value.High64));
    return fault.node;
}

static struct wht_node *make_rflags(struct import *import, const struct wht_node *value,
                                    enum wht_code code)
{
    struct wht_build want = wht_build_new(import->arena, WHT_NODE_OBJECT);
    struct wht_build undefined = wht_build_new(import->arena, WHT_NODE_LIST);
    const char *names[WHT_UNDEFINED_MAX];
    size_t count = wht_undefined_flags(code, import->code, import->code_size, names);
    if (count == 0)
        return wht_import_copy(import->arena, value);
    for (size_t i = 0; i < count; i++)
        wht_build_add(&undefined, NULL, wht_build_string(import->arena, names[i]));
    wht_build_add(&want, "value", wht_import_copy(import->arena, value));
    wht_build_add(&want, "undef", undefined.node);
    return want.node;
}

static void add_results(struct import *import, struct wht_build *expect, enum wht_code code)
{
    struct wht_build regs = wht_build_new(import->arena, WHT_NODE_OBJECT);
    for (const struct wht_node *reg = import->set ? import->set->first : NULL; reg;
         reg = reg->next) {
        struct wht_node *fault =
            strcmp(reg->key, "pendingevent") == 0 ? make_fault(import, reg) : NULL;
        uint64_t debug = 0;
        if (fault)
            wht_build_add(expect, "fault", fault);
        else if (strcmp(reg->key, "pendingdebugexception") == 0 &&
                 wht_capture_hex(import->set, reg->key, &debug) && (debug & SINGLESTEP))
            wht_build_add(expect, "trap", wht_build_bool(import->arena, true));
        else if (import->is_hidden && strcmp(reg->key, "rip") != 0)
            wht_build_add(&regs, reg->key, wht_build_string(import->arena, "any"));
        else
            wht_build_add(&regs, reg->key,
                          strcmp(reg->key, "rflags") == 0 ? make_rflags(import, reg, code)
                                                          : wht_import_copy(import->arena, reg));
    }
    if (regs.node->first)
        wht_build_add(expect, "regs", regs.node);
}

static bool add_status(struct import *import, struct wht_build *expect)
{
    const char *hr = wht_capture_text(import->call->end, "hr");
    const struct wht_node *status = wht_node_member(import->call->end, "status");
    if (!hr)
        return wht_import_fail(import, "the end has no result");
    if (strcmp(hr, "S_OK") != 0) {
        wht_build_add(expect, "hr", wht_build_string(import->arena, hr));
        return true;
    }
    if (!status || status->kind != WHT_NODE_LIST || !status->first)
        return wht_import_fail(import, "the status has no bit, which no case can expect");
    for (const struct wht_node *bit = status->first; bit; bit = bit->next) {
        if (bit->kind != WHT_NODE_STRING || strncmp(bit->string, "0x", 2) == 0)
            return wht_import_fail(import, "the status has a bit without a name");
    }
    if (status->first->next || strcmp(status->first->string, "success") != 0)
        wht_build_add(expect, "status", wht_import_copy(import->arena, status));
    return true;
}

static struct wht_node *make_expect(struct import *import, enum wht_code code)
{
    struct wht_build expect = wht_build_new(import->arena, WHT_NODE_OBJECT);
    struct wht_node *written = wht_ram_written(&import->ram, import->arena);
    if (!import->call->end)
        wht_build_add(&expect, "others", wht_build_string(import->arena, "any"));
    else if (!add_status(import, &expect))
        return NULL;
    add_results(import, &expect, code);
    if (written)
        wht_build_add(&expect, "memory", written);
    if (import->calls.node->first || import->call->end)
        wht_build_add(&expect, "calls", import->calls.node);
    return expect.node;
}

static struct wht_node *make_source(struct import *import)
{
    char from[512];
    struct wht_build source = wht_build_new(import->arena, WHT_NODE_OBJECT);
    const char *slash = strrchr(import->call->file, '/');
    bool has_kind = false;
    for (const struct wht_node *child = import->call->source ? import->call->source->first : NULL;
         child; child = child->next) {
        has_kind |= strcmp(child->key, "kind") == 0;
        if (strcmp(child->key, "from") != 0)
            wht_build_add(&source, child->key, wht_import_copy(import->arena, child));
    }
    if (!has_kind)
        wht_build_add(&source, "kind", wht_build_string(import->arena, "captured"));
    snprintf(from, sizeof(from), "%.400s:%u", slash ? slash + 1 : import->call->file,
             import->call->line);
    wht_build_add(&source, "from", wht_build_string(import->arena, from));
    return source.node;
}

static struct wht_node *make_tags(struct import *import)
{
    struct wht_build tags = wht_build_new(import->arena, WHT_NODE_LIST);
    wht_build_add(&tags, NULL, wht_build_string(import->arena, "incomplete"));
    return tags.node;
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

struct wht_node *wht_import_case(struct import *import, const char *prefix, uint64_t number)
{
    struct wht_imported *result = import->result;
    enum wht_code code;
    const char *mode = mode_of(import, &code);
    struct wht_node *expect = make_expect(import, code);
    if (!expect)
        return NULL;
    describe_end(import, result->status, sizeof(result->status));
    wht_mnemonic_of(code, import->code, import->code_size, result->mnemonic,
                    sizeof(result->mnemonic));
    snprintf(result->id, sizeof(result->id), "%.64s-%s-%06" PRIu64, prefix, result->mnemonic,
             number);
    const char *id = result->id;
    const char *api = wht_capture_text(import->call->begin, "api");

    struct wht_build made = wht_build_new(import->arena, WHT_NODE_OBJECT);
    struct wht_node *memory = wht_ram_regions(&import->ram, import->arena);
    wht_build_add(&made, "id", wht_build_string(import->arena, id));
    wht_build_add(&made, "code",
                  wht_build_bytes(import->arena, import->code, NULL, import->code_size));
    if (api && strcmp(api, "shipping") != 0)
        wht_build_add(&made, "api", wht_build_string(import->arena, api));
    wht_build_add(&made, "init", make_init(import, mode));
    wht_build_add(&made, "exit", make_exit(import));
    if (memory)
        wht_build_add(&made, "memory", memory);
    if (import->pages.node->first)
        wht_build_add(&made, "pages", import->pages.node);
    wht_build_add(&made, "expect", expect);
    if (import->options->is_strict && import->calls.node->first && import->call->end)
        wht_build_add(&made, "match", wht_build_string(import->arena, "strict"));
    else if (!import->calls.node->first &&
             !import->call->end) /* what would have come, nobody saw */
        wht_build_add(&made, "match", wht_build_string(import->arena, "effects"));
    if (!import->call->end)
        wht_build_add(&made, "tags", make_tags(import));
    wht_build_add(&made, "source", make_source(import));
    return made.node;
}
