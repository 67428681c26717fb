/* SPDX-License-Identifier: MIT */
/* Lines of a corpus, in the layout that `whvtrace fmt` gives them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "generate.h"

/* Where the device's two pages are for the guest: not next to each other. The header says so. */
#define DEVICE_GPA0 UINT64_C(0xfec00000)
#define DEVICE_GPA1 UINT64_C(0xfed05000)
#define CODE_GPA    0x1000u
#define VECTOR_PF   14u

static const char *const gpr_names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                          "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const segment_names[ORACLE_SREGS] = {"es", "cs", "ss", "ds", "fs", "gs"};

/* Members of the object at hand: a comma before each but the first. */
struct list {
    FILE *out;
    bool has_any;
};

static void separate(struct list *list)
{
    if (list->has_any)
        fputs(", ", list->out);
    list->has_any = true;
}

static void put_hex(struct list *list, const char *key, uint64_t value)
{
    separate(list);
    fprintf(list->out, "\"%s\": \"0x%" PRIx64 "\"", key, value);
}

static void put_bytes(FILE *out, const uint8_t *bytes, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        fprintf(out, "%s%02x", i ? " " : "", bytes[i]);
}

static void put_asm(const struct gen_case *c, FILE *out)
{
    static const struct {
        ZydisMachineMode mode;
        ZydisStackWidth width;
    } modes[] = {{ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64},
                 {ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32},
                 {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16}};
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char text[96];
    ZydisDecoderInit(&decoder, modes[c->in.mode].mode, modes[c->in.mode].width);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, c->in.code, c->in.code_size, &insn, operands)) ||
        insn.length != c->in.code_size ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
            &formatter, &insn, operands, insn.operand_count_visible, text, sizeof(text),
            ZYDIS_RUNTIME_ADDRESS_NONE, ZYAN_NULL)))
        gen_die(c, "the bytes are not one instruction");
    fprintf(out, ", \"asm\": \"%s\"", text);
}

static void put_segments(const struct gen_case *c, struct list *list)
{
    for (enum oracle_sreg i = 0; i < ORACLE_SREGS; i++) {
        const struct oracle_segment *segment = &c->in.segment[i];
        if (c->in.mode == ORACLE_64 || i == ORACLE_CS || segment->kind != ORACLE_DATA)
            continue;
        separate(list);
        fprintf(list->out,
                "\"%s\": {\"sel\": \"0x2b\", \"base\": \"0x%" PRIx64
                "\", \"limit\": \"0x%x\", \"attr\": \"0xf3\"}",
                segment_names[i], segment->base, segment->limit);
    }
}

/* Most significant digit first. */
static void put_xmm(struct list *list, unsigned number, const uint8_t *bytes)
{
    separate(list);
    fprintf(list->out, "\"xmm%u\": \"0x", number);
    for (unsigned i = 16; i > 0; i--)
        fprintf(list->out, "%02x", bytes[i - 1]);
    fputc('"', list->out);
}

static bool is_zero(const uint8_t *bytes)
{
    static const uint8_t zero[16];
    return memcmp(bytes, zero, sizeof(zero)) == 0;
}

static void put_init(const struct gen_case *c, FILE *out)
{
    static const char *const modes[] = {"long64", "prot32", "prot16"};
    struct list list = {out, false};
    fputs(", \"init\": {", out);
    if (c->in.mode != ORACLE_64) {
        separate(&list);
        fprintf(out, "\"mode\": \"%s\"", modes[c->in.mode]);
    }
    for (unsigned i = 0; i < 16; i++) {
        if (c->in.gpr[i] != 0)
            put_hex(&list, gpr_names[i], c->in.gpr[i]);
    }
    if (c->in.rflags != 0)
        put_hex(&list, "rflags", c->in.rflags | 2);
    put_segments(c, &list);
    for (unsigned i = 0; i < 16; i++) {
        if (!is_zero(c->xmm[i]))
            put_xmm(&list, i, c->xmm[i]);
    }
    fputc('}', out);
}

static bool is_device(uint64_t linear)
{
    return linear - GEN_DEVICE < GEN_BLOCK_SIZE;
}

static uint64_t gpa_of(uint64_t linear)
{
    uint64_t offset = linear - GEN_DEVICE;
    return offset < ORACLE_PAGE ? DEVICE_GPA0 + offset : DEVICE_GPA1 + offset - ORACLE_PAGE;
}

/* The first access to the device stopped the processor; without one, the fetch did. */
static void put_exit(const struct gen_case *c, FILE *out)
{
    for (unsigned i = 0; i < c->access_count; i++) {
        const struct gen_access *access = &c->access[i];
        if (!is_device(access->linear))
            continue;
        fprintf(out,
                ", \"exit\": {\"kind\": \"mmio\", \"access\": \"%s\", \"gpa\": \"0x%" PRIx64
                "\", \"gva\": \"0x%" PRIx64 "\"}",
                access->is_write ? "write" : "read", gpa_of(access->linear), access->linear);
        return;
    }
    fprintf(out, ", \"exit\": {\"kind\": \"mmio\", \"access\": \"execute\", \"gpa\": \"0x%x\"}",
            CODE_GPA);
}

/* @return the range of RAM that the case touches; size 0 if none. */
static struct gen_access ram_range(const struct gen_case *c, bool writes_only)
{
    uint64_t first = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < c->access_count; i++) {
        const struct gen_access *access = &c->access[i];
        if (is_device(access->linear) || (writes_only && !access->is_write))
            continue;
        if (access->linear < first)
            first = access->linear;
        if (access->linear + access->size > end)
            end = access->linear + access->size;
    }
    if (end == 0)
        return (struct gen_access){.size = 0};
    return (struct gen_access){.linear = first, .size = (uint8_t)(end - first)};
}

static void put_ram(struct gen_access range, const uint8_t *ram, FILE *out)
{
    fprintf(out, "[{\"gpa\": \"0x%" PRIx64 "\", \"data\": \"", range.linear);
    put_bytes(out, ram + (range.linear - GEN_RAM), range.size);
    fputs("\"}]", out);
}

static void put_memory(const struct gen_case *c, FILE *out)
{
    struct gen_access range = ram_range(c, false);
    if (range.size == 0)
        return;
    fputs(", \"memory\": ", out);
    put_ram(range, c->ram, out);
}

static void put_undefined(uint64_t undefined, FILE *out)
{
    static const struct {
        uint64_t flag;
        const char *name;
    } flags[] = {{GEN_CF, "cf"}, {GEN_PF, "pf"}, {GEN_AF, "af"},
                 {GEN_ZF, "zf"}, {GEN_SF, "sf"}, {GEN_OF, "of"}};
    struct list list = {out, false};
    fputs(", \"undef\": [", out);
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (!(undefined & flags[i].flag))
            continue;
        separate(&list);
        fprintf(out, "\"%s\"", flags[i].name);
    }
    fputs("]}", out);
}

static void put_rflags(const struct gen_case *c, const struct oracle_out *result, struct list *list)
{
    uint64_t value = (result->rflags & ~c->undefined) | 2;
    bool changed = result->rflags != c->in.rflags;
    if (result->completed && c->undefined != 0) {
        separate(list);
        fprintf(list->out, "\"rflags\": {\"value\": \"0x%" PRIx64 "\"", value);
        put_undefined(c->undefined, list->out);
    } else if (!result->completed && changed) {
        /* Intel's processors restore what was before the instruction. SDM 2B, "REP". */
        separate(list);
        fprintf(list->out, "\"rflags\": {\"either\": [\"0x%" PRIx64 "\", \"0x%" PRIx64 "\"]}",
                c->in.rflags | 2, result->rflags | 2);
    } else if (changed) {
        put_hex(list, "rflags", value);
    }
}

static void put_regs(const struct gen_case *c, const struct oracle_out *result, struct list *expect)
{
    FILE *out = expect->out;
    struct list list = {out, false};
    separate(expect);
    fputs("\"regs\": {", out);
    for (unsigned i = 0; i < 16; i++) {
        if (result->gpr[i] != c->in.gpr[i])
            put_hex(&list, gpr_names[i], result->gpr[i]);
    }
    if (result->completed) {
        separate(&list);
        fprintf(out, "\"rip\": \"+%u\"", c->in.code_size);
    }
    put_rflags(c, result, &list);
    for (unsigned i = 0; i < 16; i++) {
        if (memcmp(c->xmm[i], c->xmm_after[i], 16) != 0)
            put_xmm(&list, i, c->xmm_after[i]);
    }
    fputc('}', out);
}

static void put_fault(const struct oracle_out *result, struct list *expect)
{
    FILE *out = expect->out;
    static const char *const names[32] = {[0] = "de", [12] = "ss", [13] = "gp", [14] = "pf"};
    const char *name = result->trap < 32 ? names[result->trap] : NULL;
    if (result->completed)
        return;
    separate(expect);
    fprintf(out, "\"fault\": {\"vector\": \"%s\"", name ? name : "?");
    if (result->trap != 0)
        fprintf(out, ", \"code\": \"0x%" PRIx64 "\"", result->error);
    if (result->trap == VECTOR_PF)
        fprintf(out, ", \"address\": \"0x%" PRIx64 "\"", result->address);
    fputc('}', out);
}

/* What memory holds while the case runs, access by access. */
struct image {
    uint8_t bytes[2 * GEN_BLOCK_SIZE]; /* device, RAM: as in oracle_out */
    uint8_t last[16];                  /* what was read last */
};

static uint8_t *image_at(struct image *image, uint64_t linear)
{
    return is_device(linear) ? image->bytes + (linear - GEN_DEVICE)
                             : image->bytes + GEN_BLOCK_SIZE + (linear - GEN_RAM);
}

static unsigned piece_size(uint64_t linear, unsigned left)
{
    unsigned room = (unsigned)(ORACLE_PAGE - linear % ORACLE_PAGE);
    unsigned size = left < room ? left : room;
    return size < 8 ? size : 8;
}

struct calls {
    struct list list;
    unsigned count;
    unsigned fail_at;
};

/* @return false once the callback that fails was written. */
static bool put_call(struct calls *calls, bool is_write, uint64_t linear, const uint8_t *data,
                     unsigned size)
{
    FILE *out = calls->list.out;
    bool fails = ++calls->count == calls->fail_at;
    separate(&calls->list);
    fprintf(out, "{\"mem\": \"%s\", \"gpa\": \"0x%" PRIx64 "\", ", is_write ? "write" : "read",
            gpa_of(linear));
    if (fails && !is_write) {
        fprintf(out, "\"size\": %u, \"fail\": \"E_FAIL\"}", size);
        return false;
    }
    fputs("\"data\": \"", out);
    put_bytes(out, data, size);
    fprintf(out, "\"%s}", fails ? ", \"fail\": \"E_FAIL\"" : "");
    return !fails;
}

static bool put_access(const struct gen_access *access, const struct oracle_out *result,
                       struct image *image, struct calls *calls)
{
    const uint8_t *after = result->memory + (image_at(image, access->linear) - image->bytes);
    uint8_t *now = image_at(image, access->linear);
    if (access->is_write)
        memcpy(now, access->is_copy ? image->last : after, access->size);
    else
        memcpy(image->last, now, access->size);
    for (unsigned at = 0; is_device(access->linear) && at < access->size;) {
        unsigned size = piece_size(access->linear + at, access->size - at);
        if (!put_call(calls, access->is_write, access->linear + at, now + at, size))
            return false;
        at += size;
    }
    return true;
}

static void put_calls(const struct gen_case *c, const struct oracle_out *result, FILE *out)
{
    static struct image image;
    struct calls calls = {{out, false}, 0, c->fail_at};
    memcpy(image.bytes, c->device, GEN_BLOCK_SIZE);
    memcpy(image.bytes + GEN_BLOCK_SIZE, c->ram, GEN_BLOCK_SIZE);
    fputs("\"calls\": [", out);
    bool goes_on = true;
    for (unsigned i = 0; goes_on && i < c->access_count; i++)
        goes_on = put_access(&c->access[i], result, &image, &calls);
    fputc(']', out);
    if (goes_on && memcmp(image.bytes, result->memory, sizeof(image.bytes)) != 0)
        gen_die(c, "the accesses do not explain the processor's memory");
}

static bool changes_regs(const struct gen_case *c, const struct oracle_out *result)
{
    return result->completed || result->rflags != c->in.rflags ||
           memcmp(result->gpr, c->in.gpr, sizeof(result->gpr)) != 0;
}

static void put_expect(const struct gen_case *c, const struct oracle_out *result, FILE *out)
{
    struct gen_access range = ram_range(c, true);
    struct list list = {out, false};
    fputs(", \"expect\": {", out);
    if (c->fail_at != 0) {
        separate(&list);
        fputs("\"status\": [\"mem-failed\"]", out);
    } else {
        if (changes_regs(c, result))
            put_regs(c, result, &list);
        if (range.size != 0) {
            separate(&list);
            fputs("\"memory\": ", out);
            put_ram(range, result->memory + GEN_BLOCK_SIZE, out);
        }
        put_fault(result, &list);
    }
    separate(&list);
    put_calls(c, result, out);
    fputc('}', out);
}

static void note_page(struct gen_writer *writer, uint64_t linear)
{
    uint64_t page = (linear - GEN_DEVICE) / ORACLE_PAGE;
    if (page <= GEN_HOLE / ORACLE_PAGE)
        writer->pages |= 1u << page;
}

static void note_pages(struct gen_writer *writer, const struct oracle_out *out)
{
    const struct gen_case *c = &writer->made;
    for (unsigned i = 0; i < c->access_count; i++) {
        note_page(writer, c->access[i].linear);
        note_page(writer, c->access[i].linear + c->access[i].size - 1);
    }
    if (!out->completed && out->trap == VECTOR_PF)
        note_page(writer, out->address);
}

void gen_emit_result(struct gen_writer *writer, const struct oracle_out *out)
{
    const struct gen_case *c = &writer->made;
    FILE *file = writer->out;
    if (!out->completed && out->trap != 0 && out->trap != 13 && out->trap != VECTOR_PF)
        gen_die(c, "a fault that is not expected");
    fprintf(file, "{\"id\": \"%s\", \"code\": \"", c->id);
    put_bytes(file, c->in.code, c->in.code_size);
    fputc('"', file);
    put_asm(c, file);
    put_init(c, file);
    put_exit(c, file);
    put_memory(c, file);
    put_expect(c, out, file);
    fputs("}\n", file);
    note_pages(writer, out);
    writer->count++;
}
