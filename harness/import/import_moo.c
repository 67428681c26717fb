/* SPDX-License-Identifier: MIT */
/*
 * A test has the state before and after one instruction, and the cycles of the bus between. Nothing
 * is computed here: what the case expects is what the processor left, and masks of the file and of
 * the manuals take away what is not defined. take_transfers() reads the bus: for a memory operand
 * only where the first access went, because RAM before and after says the rest and the case is
 * judged at `effects`; for a port what went through it, put together from the pieces of a narrow
 * bus, which becomes `calls`.
 *
 * A test that an emulator for today's processors must fail is no case: each such reason is a row of
 * WHT_MOO_REASONS, and is counted. The order of the questions in wht_import_moo() is that of the
 * reasons that are told.
 */
#include "import_moo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_build.h"
#include "x86/disasm.h"

#define CODE_MAX     16u
#define FLAG_BITS    0xfd5u /* RFLAGS of real mode without IOPL and NT */
#define MIB          0x100000u
#define SEGMENT_SIZE 0x10000u
#define PAGE         0x1000u

struct moo_import {
    struct wht_arena *arena;
    const struct wht_moo *moo;
    const struct wht_moo_test *test;
    uint8_t code[CODE_MAX];
    size_t code_size;
    uint8_t opcode; /* behind the prefixes */
    bool has_rep;
    bool is_wide; /* operand-size prefix */
    bool is_io;
    bool has_memory;
    struct wht_moo_transfer first; /* to memory */
    bool wraps;
    struct wht_build calls;
    uint16_t port;
};

static const char *const left_texts[] = {
#define WHT_MOO_LEFT(id, text) text,
    WHT_MOO_REASONS(WHT_MOO_LEFT)
#undef WHT_MOO_LEFT
};

const char *wht_moo_left_text(enum wht_moo_left left)
{
    return left_texts[left];
}

static uint32_t initial(const struct moo_import *import, enum wht_moo_reg reg)
{
    return import->test->initial.regs.value[reg];
}

static bool is_cpu(const struct moo_import *import, const char *cpu)
{
    return strcmp(wht_moo_cpu(import->moo), cpu) == 0;
}

/* The 286 and the 386 end each test in a HALT, which counts in the final IP. */
static bool ends_in_halt(const struct moo_import *import)
{
    return is_cpu(import, "C286") || is_cpu(import, "386E");
}

static bool is_before_286(const struct moo_import *import)
{
    return !ends_in_halt(import);
}

static void look_at_opcode(struct moo_import *import)
{
    size_t i = 0;
    for (; i < import->code_size; i++) {
        uint8_t byte = import->code[i];
        if (byte == 0x66)
            import->is_wide = true;
        else if (byte == 0xf2 || byte == 0xf3)
            import->has_rep = true;
        else if (byte != 0x26 && byte != 0x2e && byte != 0x36 && byte != 0x3e && byte != 0x64 &&
                 byte != 0x65 && byte != 0x67 && byte != 0xf0)
            break;
    }
    import->opcode = i < import->code_size ? import->code[i] : 0;
    uint8_t low = import->opcode & 0xfcu;
    import->is_io = low == 0xe4 || low == 0xec || low == 0x6c;
}

/* The instruction, and behind it what the RAM holds there. */
static bool take_code(struct moo_import *import)
{
    const struct wht_moo_test *test = import->test;
    size_t size = test->bytes.size;
    if (size > CODE_MAX)
        return false;
    memcpy(import->code, test->bytes.data, size);
    uint32_t linear = (initial(import, WHT_MOO_CS) & 0xffff) * 16 + initial(import, WHT_MOO_IP);
    for (bool found = true; found && size < CODE_MAX;) {
        uint32_t address;
        uint8_t value;
        found = false;
        for (size_t i = 0; i < wht_moo_ram_count(&test->initial) && !found; i++) {
            wht_moo_ram(&test->initial, i, &address, &value);
            found = address == linear + size;
        }
        if (found)
            import->code[size++] = value;
    }
    import->code_size = size;
    look_at_opcode(import);
    return true;
}

/* What a processor of today does in another way, or does not know. */
static bool is_old(const struct moo_import *import)
{
    uint8_t op = import->opcode;
    uint8_t group = op & 0xf6u;
    if (!is_before_286(import))
        return false;
    bool counts_in_cl = op == 0xd2 || op == 0xd3;
    bool is_8086 = is_cpu(import, "8088") || is_cpu(import, "8086");
    bool is_alias = (op >= 0x60 && op <= 0x6f) || op == 0xc0 || op == 0xc1 || op == 0xc8 ||
                    op == 0xc9 || op == 0x0f;
    return (counts_in_cl && (initial(import, WHT_MOO_CX) & 0xff) > 31) || op == 0x54 ||
           (import->has_rep && group == 0xf6) || (is_8086 && is_alias) || (!is_8086 && op == 0x0f);
}

/* A division that went through interrupt 0, in files that have no EXCP. */
static bool was_interrupted(const struct moo_import *import)
{
    uint8_t op = import->opcode;
    bool may_trap = (op & 0xfe) == 0xf6 || op == 0xd4 || op == 0x62 || (op >= 0xcc && op <= 0xce);
    return import->test->has_exception ||
           (may_trap && (import->test->final.regs.present >> WHT_MOO_CS & 1));
}

static void add_call(struct moo_import *import, const char *way, const uint8_t *data, size_t size)
{
    struct wht_build call = wht_build_new(import->arena, WHT_NODE_OBJECT);
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)data[i] << 8 * i;
    wht_build_add(&call, "io", wht_build_string(import->arena, way));
    wht_build_add(&call, "port", wht_build_hex(import->arena, import->port));
    wht_build_add(&call, "size", wht_build_count(import->arena, (int64_t)size));
    wht_build_add(&call, "data", wht_build_hex(import->arena, value));
    wht_build_add(&import->calls, NULL, call.node);
}

static size_t io_size(const struct moo_import *import)
{
    return !(import->opcode & 1) ? 1 : import->is_wide ? 4 : 2;
}

static bool is_out(const struct moo_import *import)
{
    return import->opcode & 2;
}

/* Reads the bus. Returns whether what it shows can be a port instruction's, or is none of one. */
static bool take_transfers(struct moo_import *import)
{
    struct wht_moo_transfer transfer;
    uint8_t data[4];
    size_t gathered = 0, at = 0;
    uint32_t last = 0;
    bool is_good = true, has_port = false;
    while (wht_moo_transfer(import->moo, import->test, &at, &transfer)) {
        if (transfer.bus == WHT_MOO_MEMR || transfer.bus == WHT_MOO_MEMW) {
            if (!import->has_memory)
                import->first = transfer;
            import->wraps |= import->has_memory && last - transfer.address == SEGMENT_SIZE - 1;
            import->has_memory = true;
            last = transfer.address;
        } else if (transfer.bus == WHT_MOO_IOR || transfer.bus == WHT_MOO_IOW) {
            is_good &= import->is_io && is_out(import) == (transfer.bus == WHT_MOO_IOW);
            if (!has_port)
                import->port = (uint16_t)transfer.address;
            has_port = true;
            is_good &= (uint16_t)transfer.address == (uint16_t)(import->port + gathered);
            for (size_t i = 0; is_good && i < transfer.size && gathered < sizeof(data); i++)
                data[gathered++] = transfer.data[i];
            if (is_good && gathered >= io_size(import)) {
                is_good = gathered == io_size(import);
                add_call(import, is_out(import) ? "out" : "in", data, gathered);
                gathered = 0;
            }
        }
    }
    return is_good && gathered == 0 && has_port == import->is_io;
}

static const struct {
    const char *name;
    enum wht_moo_reg reg;
    bool is_segment;
} registers[] = {{"rax", WHT_MOO_AX, false}, {"rcx", WHT_MOO_CX, false}, {"rdx", WHT_MOO_DX, false},
                 {"rbx", WHT_MOO_BX, false}, {"rsp", WHT_MOO_SP, false}, {"rbp", WHT_MOO_BP, false},
                 {"rsi", WHT_MOO_SI, false}, {"rdi", WHT_MOO_DI, false}, {"es", WHT_MOO_ES, true},
                 {"cs", WHT_MOO_CS, true},   {"ss", WHT_MOO_SS, true},   {"ds", WHT_MOO_DS, true},
                 {"fs", WHT_MOO_FS, true},   {"gs", WHT_MOO_GS, true}};

#define REGISTERS (sizeof(registers) / sizeof(registers[0]))

static struct wht_node *register_value(struct moo_import *import, size_t i, uint32_t value)
{
    char text[24];
    if (!registers[i].is_segment)
        return wht_build_hex(import->arena, value);
    snprintf(text, sizeof(text), "real:0x%x", (unsigned)(value & 0xffff));
    return wht_build_string(import->arena, text);
}

static struct wht_node *make_init(struct moo_import *import)
{
    struct wht_build init = wht_build_new(import->arena, WHT_NODE_OBJECT);
    wht_build_add(&init, "mode", wht_build_string(import->arena, "real16"));
    for (size_t i = 0; i < REGISTERS; i++)
        if (import->test->initial.regs.present >> registers[i].reg & 1)
            wht_build_add(&init, registers[i].name,
                          register_value(import, i, initial(import, registers[i].reg)));
    wht_build_add(&init, "rip", wht_build_hex(import->arena, initial(import, WHT_MOO_IP)));
    wht_build_add(&init, "rflags",
                  wht_build_hex(import->arena, (initial(import, WHT_MOO_FLAGS) & FLAG_BITS) | 2));
    return init.node;
}

static struct wht_node *make_exit(struct moo_import *import)
{
    struct wht_build exit = wht_build_new(import->arena, WHT_NODE_OBJECT);
    bool is_read = import->is_io ? !is_out(import) : import->first.bus == WHT_MOO_MEMR;
    wht_build_add(&exit, "kind", wht_build_string(import->arena, import->is_io ? "io" : "mmio"));
    wht_build_add(&exit, "access", wht_build_string(import->arena, is_read ? "read" : "write"));
    if (import->is_io) {
        wht_build_add(&exit, "port", wht_build_hex(import->arena, import->port));
        wht_build_add(&exit, "size", wht_build_count(import->arena, (int64_t)io_size(import)));
        return exit.node;
    }
    wht_build_add(&exit, "gpa", wht_build_hex(import->arena, import->first.address));
    /* The linear address is not known where addresses have 20 bits: let it be translated. */
    wht_build_add(&exit, "gva_valid", wht_build_bool(import->arena, false));
    return exit.node;
}

struct ram_byte {
    uint32_t address;
    uint8_t value;
};

static int compare_bytes(const void *a, const void *b)
{
    const struct ram_byte *left = a;
    const struct ram_byte *right = b;
    return left->address < right->address ? -1 : left->address > right->address;
}

/* Sorts, and drops all but the first of equal addresses. Bytes of the same address stand in the
 * order of the list, since those of the final state are only there for addresses of their own. */
static size_t sort_bytes(struct ram_byte *bytes, size_t count)
{
    size_t kept = 0;
    qsort(bytes, count, sizeof(*bytes), compare_bytes);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || bytes[kept - 1].address != bytes[i].address)
            bytes[kept++] = bytes[i];
    return kept;
}

/* Runs of adjacent bytes as a list of {gpa, data}. */
static struct wht_node *regions(struct moo_import *import, const struct ram_byte *bytes,
                                size_t count)
{
    struct wht_build list = wht_build_new(import->arena, WHT_NODE_LIST);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && bytes[end].address == bytes[i].address + (end - i); end++)
            continue;
        uint8_t *data = wht_arena_take(import->arena, end - i);
        for (size_t j = i; j < end; j++)
            data[j - i] = bytes[j].value;
        struct wht_build region = wht_build_new(import->arena, WHT_NODE_OBJECT);
        wht_build_add(&region, "gpa", wht_build_hex(import->arena, bytes[i].address));
        wht_build_add(&region, "data", wht_build_bytes(import->arena, data, NULL, end - i));
        wht_build_add(&list, NULL, region.node);
    }
    return list.node->first ? list.node : NULL;
}

static size_t list_ram(const struct wht_moo_state *state, struct ram_byte *bytes)
{
    size_t count = wht_moo_ram_count(state);
    for (size_t i = 0; i < count; i++)
        wht_moo_ram(state, i, &bytes[i].address, &bytes[i].value);
    return count;
}

static struct ram_byte *new_list(struct moo_import *import, size_t count)
{
    return wht_arena_take(import->arena, (count + 1) * sizeof(struct ram_byte));
}

/* What was written and never read is in the final state alone: RAM that holds 0 before. */
static struct wht_node *make_memory(struct moo_import *import)
{
    const struct wht_moo_test *test = import->test;
    size_t written = wht_moo_ram_count(&test->final);
    struct ram_byte *before = new_list(import, wht_moo_ram_count(&test->initial) + written);
    size_t count = sort_bytes(before, list_ram(&test->initial, before));
    struct ram_byte *after = new_list(import, written);
    size_t known = count;
    list_ram(&test->final, after);
    for (size_t i = 0; i < written; i++) {
        after[i].value = 0;
        if (!bsearch(&after[i], before, known, sizeof(*before), compare_bytes))
            before[count++] = after[i];
    }
    return regions(import, before, sort_bytes(before, count));
}

static struct wht_node *make_wanted_memory(struct moo_import *import)
{
    struct ram_byte *after = new_list(import, wht_moo_ram_count(&import->test->final));
    return regions(import, after, sort_bytes(after, list_ram(&import->test->final, after)));
}

/* Addresses of 20 bits begin anew at 1 MiB. */
static struct wht_node *make_pages(struct moo_import *import)
{
    static const enum wht_moo_reg segments[] = {WHT_MOO_CS, WHT_MOO_SS, WHT_MOO_DS, WHT_MOO_ES};
    struct wht_build list = wht_build_new(import->arena, WHT_NODE_LIST);
    bool reaches = false;
    for (size_t i = 0; i < 4; i++)
        reaches |= (initial(import, segments[i]) & 0xffff) * 16 + SEGMENT_SIZE > MIB;
    for (uint32_t at = 0; reaches && is_before_286(import) && at < SEGMENT_SIZE; at += PAGE) {
        struct wht_build page = wht_build_new(import->arena, WHT_NODE_OBJECT);
        wht_build_add(&page, "gva", wht_build_hex(import->arena, MIB + at));
        wht_build_add(&page, "gpa", wht_build_hex(import->arena, at));
        wht_build_add(&list, NULL, page.node);
    }
    return list.node->first ? list.node : NULL;
}

/* The bits of a register that the file's masks leave. */
static uint32_t defined(const struct moo_import *import, enum wht_moo_reg reg)
{
    const struct wht_moo_regs *masks[] = {wht_moo_mask(import->moo), &import->test->mask};
    uint32_t mask = UINT32_MAX;
    for (size_t i = 0; i < 2; i++)
        if (masks[i]->present >> reg & 1)
            mask &= masks[i]->value[reg];
    return mask;
}

static struct wht_node *masked(struct moo_import *import, uint32_t value, uint32_t mask)
{
    struct wht_build want = wht_build_new(import->arena, WHT_NODE_OBJECT);
    wht_build_add(&want, "value", wht_build_hex(import->arena, value & mask));
    wht_build_add(&want, "mask", wht_build_hex(import->arena, mask));
    return want.node;
}

static uint32_t undefined_flags(const struct moo_import *import)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } bits[] = {{"cf", 1}, {"pf", 4}, {"af", 0x10}, {"zf", 0x40}, {"sf", 0x80}, {"of", 0x800}};
    const char *names[WHT_UNDEFINED_MAX];
    uint32_t mask = 0;
    size_t count = wht_undefined_flags(WHT_CODE_REAL16, import->code, import->code_size, names);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof(bits) / sizeof(bits[0]); j++)
            if (strcmp(names[i], bits[j].name) == 0)
                mask |= bits[j].bit;
    return mask;
}

static struct wht_node *make_regs(struct moo_import *import)
{
    const struct wht_moo_regs *final = &import->test->final.regs;
    struct wht_build regs = wht_build_new(import->arena, WHT_NODE_OBJECT);
    for (size_t i = 0; i < REGISTERS; i++) {
        uint32_t mask = defined(import, registers[i].reg);
        if (!(final->present >> registers[i].reg & 1))
            continue;
        uint32_t value = final->value[registers[i].reg];
        bool is_whole = registers[i].is_segment || mask == UINT32_MAX;
        wht_build_add(&regs, registers[i].name,
                      is_whole ? register_value(import, i, value) : masked(import, value, mask));
    }
    uint32_t ip = initial(import, WHT_MOO_IP);
    if (final->present >> WHT_MOO_IP & 1)
        ip = (final->value[WHT_MOO_IP] - ends_in_halt(import)) & 0xffff;
    wht_build_add(&regs, "rip", wht_build_hex(import->arena, ip));
    uint32_t flags = initial(import, WHT_MOO_FLAGS);
    if (final->present >> WHT_MOO_FLAGS & 1)
        flags = final->value[WHT_MOO_FLAGS];
    uint32_t mask = FLAG_BITS & defined(import, WHT_MOO_FLAGS) & ~undefined_flags(import);
    wht_build_add(&regs, "rflags", masked(import, flags, mask));
    return regs.node;
}

static struct wht_node *make_source(struct moo_import *import, const char *from)
{
    struct wht_build source = wht_build_new(import->arena, WHT_NODE_OBJECT);
    const struct wht_moo_span *hash = &import->test->hash;
    char text[300];
    wht_build_add(&source, "kind", wht_build_string(import->arena, "captured"));
    snprintf(text, sizeof(text), "SingleStepTests MOO %s", wht_moo_version(import->moo));
    wht_build_add(&source, "tool", wht_build_string(import->arena, text));
    wht_build_add(&source, "cpu", wht_build_string(import->arena, wht_moo_cpu(import->moo)));
    snprintf(text, sizeof(text), "%.200s:%u", from, (unsigned)import->test->index);
    wht_build_add(&source, "from", wht_build_string(import->arena, text));
    if (hash->size == 20)
        wht_build_add(&source, "x-hash",
                      wht_build_bytes(import->arena, hash->data, NULL, hash->size));
    return source.node;
}

/* The test's name is a disassembly; anything may stand there. */
static struct wht_node *make_note(struct moo_import *import)
{
    char text[128];
    size_t size =
        import->test->name.size < sizeof(text) - 1 ? import->test->name.size : sizeof(text) - 1;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = import->test->name.data[i];
        text[i] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    text[size] = 0;
    return size > 0 ? wht_build_string(import->arena, text) : NULL;
}

static void add_if(struct wht_build *build, const char *key, struct wht_node *node)
{
    if (node)
        wht_build_add(build, key, node);
}

static struct wht_node *make_case(struct moo_import *import, const char *prefix, uint64_t number,
                                  const char *from)
{
    struct wht_build made = wht_build_new(import->arena, WHT_NODE_OBJECT);
    struct wht_build expect = wht_build_new(import->arena, WHT_NODE_OBJECT);
    char id[96];
    snprintf(id, sizeof(id), "%.64s-%06" PRIu64, prefix, number);
    wht_build_add(&made, "id", wht_build_string(import->arena, id));
    wht_build_add(&made, "code",
                  wht_build_bytes(import->arena, import->code, NULL, import->code_size));
    wht_build_add(&made, "init", make_init(import));
    wht_build_add(&made, "exit", make_exit(import));
    add_if(&made, "memory", make_memory(import));
    add_if(&made, "pages", make_pages(import));
    wht_build_add(&expect, "regs", make_regs(import));
    add_if(&expect, "memory", make_wanted_memory(import));
    if (import->is_io)
        wht_build_add(&expect, "calls", import->calls.node);
    wht_build_add(&made, "expect", expect.node);
    wht_build_add(&made, "match",
                  wht_build_string(import->arena, import->is_io ? "device" : "effects"));
    add_if(&made, "note", make_note(import));
    wht_build_add(&made, "source", make_source(import, from));
    return made.node;
}

enum wht_moo_left wht_import_moo(struct wht_arena *arena, const struct wht_moo *moo,
                                 const struct wht_moo_test *test, const char *prefix,
                                 uint64_t number, const char *from, struct wht_node **made)
{
    struct moo_import import = {.arena = arena, .moo = moo, .test = test};
    import.calls = wht_build_new(arena, WHT_NODE_LIST);
    if (wht_moo_mode(moo) != 0)
        return WHT_MOO_LEFT_MODE;
    if (!take_code(&import))
        return WHT_MOO_LEFT_CODE;
    if (was_interrupted(&import))
        return WHT_MOO_LEFT_EXCEPTION;
    if (is_old(&import))
        return WHT_MOO_LEFT_OLD;
    bool is_known;
    bool touches = wht_touches_memory(WHT_CODE_REAL16, import.code, import.code_size, &is_known);
    if (!is_known)
        return WHT_MOO_LEFT_CODE;
    if (!touches && !import.is_io)
        return WHT_MOO_LEFT_NO_ACCESS;
    if (!take_transfers(&import) || (!import.is_io && !import.has_memory))
        return WHT_MOO_LEFT_CYCLES;
    if (import.wraps)
        return WHT_MOO_LEFT_WRAPS;
    *made = make_case(&import, prefix, number, from);
    return WHT_MOO_LEFT_NONE;
}
