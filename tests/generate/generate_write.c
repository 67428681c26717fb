/* SPDX-License-Identifier: MIT */
/* Cases of what the processor did, printed as lines of a corpus. */
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "format/model.h"
#include "format/print.h"
#include "generate.h"
#include "x86/disasm.h"

/* Where the device's two pages are for the guest: not next to each other. The header says so. */
#define DEVICE_GPA0 UINT64_C(0xfec00000)
#define DEVICE_GPA1 UINT64_C(0xfed05000)
#define CODE_GPA    0x1000u
#define VECTOR_UD   6u
#define VECTOR_PF   14u
/* #DF, #TS, #NP, #SS, #GP, #PF, #AC. */
#define WITH_CODE 0x27d00u
/* #DE, #GP, #PF, #XM. */
#define CAN_COME   0x86001u
#define MXCSR_MASK 0xffffu
#define DATA_ATTR  0xf3u
#define DATA_SEL   0x2bu

static WHV_REGISTER_NAME name_of(WHV_REGISTER_NAME first, unsigned i)
{
    return (WHV_REGISTER_NAME)(first + (int)i);
}

static WHV_REGISTER_VALUE wide_value(struct oracle_xmm wide)
{
    return (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = wide.low, .High64 = wide.high}};
}

static bool is_same(struct oracle_xmm a, struct oracle_xmm b)
{
    return a.low == b.low && a.high == b.high;
}

static WHV_REGISTER_VALUE x87_value(const struct oracle_fx *fx)
{
    WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = 0}};
    value.FpControlStatus.FpControl = fx->control;
    value.FpControlStatus.FpStatus = fx->status;
    value.FpControlStatus.FpTag = fx->tag;
    return value;
}

static WHV_REGISTER_VALUE mxcsr_value(const struct oracle_fx *fx)
{
    WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = 0}};
    value.XmmControlStatus.XmmStatusControl = fx->mxcsr;
    value.XmmControlStatus.XmmStatusControlMask = MXCSR_MASK;
    return value;
}

static void check_code(const struct gen_case *c)
{
    static const enum wht_code modes[] = {WHT_CODE_64, WHT_CODE_32, WHT_CODE_PROT16};
    struct wht_insn_info info;
    if (!wht_insn_info(modes[c->in.mode], c->in.code, c->in.code_size, &info) ||
        info.length != c->in.code_size)
        gen_die(c, "the bytes are not one instruction");
}

static void set_segments(const struct gen_case *c, struct wht_case *made)
{
    static const WHV_REGISTER_NAME names[ORACLE_SREGS] = {WHvX64RegisterEs, WHvX64RegisterCs,
                                                          WHvX64RegisterSs, WHvX64RegisterDs,
                                                          WHvX64RegisterFs, WHvX64RegisterGs};
    for (enum oracle_sreg i = 0; i < ORACLE_SREGS; i++) {
        const struct oracle_segment *segment = &c->in.segment[i];
        WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = 0}};
        if (c->in.mode == ORACLE_64 || i == ORACLE_CS || segment->kind != ORACLE_DATA)
            continue;
        value.Segment.Base = segment->base;
        value.Segment.Limit = segment->limit;
        value.Segment.Selector = DATA_SEL;
        value.Segment.Attributes = DATA_ATTR;
        wht_case_set_reg(made, names[i], value);
    }
}

static void set_fx(const struct gen_case *c, struct wht_case *made)
{
    if (!c->in.has_fx)
        return;
    for (unsigned i = 0; i < 8; i++) {
        if (!is_same(c->in.fx.st[i], (struct oracle_xmm){0, 0}))
            wht_case_set_reg(made, name_of(WHvX64RegisterFpMmx0, i), wide_value(c->in.fx.st[i]));
    }
    wht_case_set_reg(made, WHvX64RegisterFpControlStatus, x87_value(&c->in.fx));
    wht_case_set_reg(made, WHvX64RegisterXmmControlStatus, mxcsr_value(&c->in.fx));
}

static void set_init(const struct gen_case *c, struct wht_case *made)
{
    made->init.is_given = true;
    for (unsigned i = 0; i < 16; i++) {
        if (c->in.gpr[i] != 0)
            wht_case_set_reg64(made, name_of(WHvX64RegisterRax, i), c->in.gpr[i]);
    }
    if (c->in.rflags != 0)
        wht_case_set_reg64(made, WHvX64RegisterRflags, c->in.rflags | 2);
    set_segments(c, made);
    for (unsigned i = 0; i < 16; i++) {
        if (!is_same(c->in.xmm[i], (struct oracle_xmm){0, 0}))
            wht_case_set_reg(made, name_of(WHvX64RegisterXmm0, i), wide_value(c->in.xmm[i]));
    }
    set_fx(c, made);
    for (unsigned i = 0; i < c->given_count; i++)
        wht_case_set_reg(made, c->given[i].name, c->given[i].value);
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
static void set_exit(const struct gen_case *c, struct wht_case *made)
{
    made->exit.access = WHT_ACCESS_EXECUTE;
    made->exit.gpa = CODE_GPA;
    for (unsigned i = c->access_count; i > 0; i--) {
        const struct gen_access *access = &c->access[i - 1];
        if (!is_device(access->linear))
            continue;
        made->exit.access = access->is_write ? WHT_ACCESS_WRITE : WHT_ACCESS_READ;
        made->exit.gpa = gpa_of(access->linear);
        made->exit.gva = access->linear;
        made->exit.given = 1u << WHT_EXIT_KEY_gva;
    }
    wht_case_finish_exit(made);
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

static void want_rflags(const struct gen_case *c, const struct oracle_out *result,
                        struct wht_case *made)
{
    uint64_t value = (result->rflags & ~c->undefined) | 2;
    bool changed = result->rflags != c->in.rflags;
    if (result->completed && c->undefined != 0) {
        wht_case_want64(made, WHvX64RegisterRflags, value)->mask.Low64 &= ~c->undefined;
    } else if (!result->completed && changed) {
        /* Intel's processors restore what was before the instruction. SDM 2B, "REP". */
        const WHV_REGISTER_VALUE after = {.Reg128 = {.Low64 = result->rflags | 2}};
        wht_case_want_either(made, wht_case_want64(made, WHvX64RegisterRflags, c->in.rflags | 2),
                             after);
    } else if (changed) {
        wht_case_want64(made, WHvX64RegisterRflags, value);
    }
}

/* What an x87 instruction leaves of its own address, opcode and operand, makers do not agree on. */
static void want_x87(const struct gen_case *c, const struct oracle_fx *fx, struct wht_case *made)
{
    const WHV_REGISTER_VALUE state = x87_value(fx), mxcsr = mxcsr_value(fx);
    WHV_REGISTER_VALUE mask = {.Reg128 = {.Low64 = 0}};
    mask.FpControlStatus.FpControl = UINT16_MAX;
    mask.FpControlStatus.FpStatus = c->x87_status;
    mask.FpControlStatus.FpTag = UINT8_MAX;
    struct wht_want_reg *want = wht_case_want(made, WHvX64RegisterFpControlStatus, &state);
    want->mask.Low64 = mask.Reg128.Low64;
    want->mask.High64 = 0;
    want->values[0].Reg128.Low64 &= mask.Reg128.Low64;
    wht_case_want(made, WHvX64RegisterXmmControlStatus, &mxcsr)->mask.Low64 = 0;
}

static bool changes_fx(const struct gen_case *c, const struct oracle_out *result)
{
    return c->in.has_fx && memcmp(&c->in.fx, &result->fx, sizeof(c->in.fx)) != 0;
}

static void want_fx(const struct gen_case *c, const struct oracle_out *result,
                    struct wht_case *made)
{
    const WHV_REGISTER_VALUE x87 = x87_value(&result->fx), mxcsr = mxcsr_value(&result->fx);
    for (unsigned i = 0; i < 8; i++) {
        const WHV_REGISTER_VALUE after = wide_value(result->fx.st[i]);
        if (!is_same(c->in.fx.st[i], result->fx.st[i]))
            wht_case_want(made, name_of(WHvX64RegisterFpMmx0, i), &after);
    }
    if (c->x87_status != 0) {
        want_x87(c, &result->fx, made);
        return;
    }
    if (c->in.fx.tag != result->fx.tag || c->in.fx.status != result->fx.status)
        wht_case_want(made, WHvX64RegisterFpControlStatus, &x87);
    if (c->in.fx.mxcsr != result->fx.mxcsr)
        wht_case_want(made, WHvX64RegisterXmmControlStatus, &mxcsr);
}

/* The oracle's address of the instruction is the case's only if it was given. */
static void want_rip(const struct gen_case *c, const struct oracle_out *result,
                     struct wht_case *made)
{
    const uint64_t start = c->in.mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
    const WHV_REGISTER_VALUE *rip = wht_init_reg(&made->init, WHvX64RegisterRip);
    if (result->rip == start + c->in.code_size)
        wht_case_want64(made, WHvX64RegisterRip, rip->Reg64 + c->in.code_size)->is_distance = true;
    else if (rip->Reg64 == start)
        wht_case_want64(made, WHvX64RegisterRip, result->rip);
    else
        gen_die(c, "a branch from where the instruction is not");
}

static void want_regs(const struct gen_case *c, const struct oracle_out *result,
                      struct wht_case *made)
{
    for (unsigned i = 0; i < 16; i++) {
        if (result->gpr[i] != c->in.gpr[i])
            wht_case_want64(made, name_of(WHvX64RegisterRax, i), result->gpr[i]);
    }
    if (result->completed)
        want_rip(c, result, made);
    want_rflags(c, result, made);
    for (unsigned i = 0; i < 16; i++) {
        const WHV_REGISTER_VALUE after = wide_value(result->xmm[i]);
        if (!is_same(c->in.xmm[i], result->xmm[i]))
            wht_case_want(made, name_of(WHvX64RegisterXmm0, i), &after);
    }
    if (c->in.has_fx)
        want_fx(c, result, made);
    for (unsigned i = 0; i < c->wanted_count; i++)
        wht_case_want(made, c->wanted[i].name, &c->wanted[i].value);
}

static void want_fault(const struct oracle_out *result, struct wht_case *made)
{
    struct wht_want_fault *fault = &made->expect.fault;
    made->expect.has_fault = true;
    fault->vector = (uint8_t)result->trap;
    fault->has_code = WITH_CODE >> result->trap & 1;
    fault->code = (uint32_t)result->error;
    fault->has_address = result->trap == VECTOR_PF;
    fault->address = result->address;
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
    struct wht_case *made;
    unsigned fail_at;
};

/* @return false once the callback that fails was added. */
static bool want_call(struct calls *calls, bool is_write, uint64_t linear, const uint8_t *data,
                      unsigned size)
{
    struct wht_call *call =
        wht_case_add_call(calls->made, NULL, is_write ? WHT_CALL_MEM_WRITE : WHT_CALL_MEM_READ);
    call->address = gpa_of(linear);
    call->size = size;
    call->has_fail = calls->made->expect.call_count == calls->fail_at;
    call->fail = call->has_fail ? E_FAIL : S_OK;
    if (is_write || !call->has_fail)
        wht_call_set_data(calls->made, call, data, NULL, size);
    return !call->has_fail;
}

static bool want_access(const struct gen_access *access, const struct oracle_out *result,
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
        if (!want_call(calls, access->is_write, access->linear + at, now + at, size))
            return false;
        at += size;
    }
    return true;
}

static void want_calls(const struct gen_case *c, const struct oracle_out *result,
                       struct wht_case *made)
{
    static struct image image;
    struct calls calls = {made, c->fail_at};
    memcpy(image.bytes, c->device, GEN_BLOCK_SIZE);
    memcpy(image.bytes + GEN_BLOCK_SIZE, c->ram, GEN_BLOCK_SIZE);
    made->expect.has_calls = true;
    bool goes_on = true;
    for (unsigned i = 0; goes_on && i < c->access_count; i++)
        goes_on = want_access(&c->access[i], result, &image, &calls);
    if (goes_on && memcmp(image.bytes, result->memory, sizeof(image.bytes)) != 0)
        gen_die(c, "the accesses do not explain the processor's memory");
}

static bool changes_regs(const struct gen_case *c, const struct oracle_out *result)
{
    return result->completed || result->rflags != c->in.rflags || changes_fx(c, result) ||
           memcmp(result->gpr, c->in.gpr, sizeof(result->gpr)) != 0;
}

static void want(const struct gen_case *c, const struct oracle_out *result, struct wht_case *made)
{
    const struct gen_access range = ram_range(c, true);
    const uint8_t *ram = result->memory + GEN_BLOCK_SIZE;
    const WHV_EMULATOR_STATUS failed = {.MemoryCallbackFailed = 1};
    if (c->fail_at != 0) {
        made->expect.status = failed.AsUINT32;
    } else {
        if (changes_regs(c, result))
            want_regs(c, result, made);
        if (range.size != 0)
            wht_case_want_memory(made, range.linear, ram + (range.linear - GEN_RAM), NULL,
                                 range.size);
        if (!result->completed)
            want_fault(result, made);
    }
    want_calls(c, result, made);
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

static void append(void *user, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, user);
}

static void print(struct gen_writer *writer, const struct wht_case *made)
{
    const struct wht_writer line = {.write = append, .user = writer->out};
    struct wht_arena *arena = wht_arena_new();
    wht_write_line(&line, wht_print_case(arena, made, WHT_PRINT_SHORT));
    wht_arena_free(arena);
}

void gen_emit_result(struct gen_writer *writer, const struct oracle_out *out)
{
    static const enum wht_mode modes[] = {WHT_MODE_LONG64, WHT_MODE_PROT32, WHT_MODE_PROT16};
    const struct gen_case *c = &writer->made;
    const struct gen_access range = ram_range(c, false);
    if (!out->completed && out->trap == VECTOR_UD) {
        writer->is_lacking = true;
        return;
    }
    if (!out->completed && !(CAN_COME >> out->trap & 1))
        gen_die(c, "a fault that is not expected");
    check_code(c);
    struct wht_case *made = wht_case_new(c->id, modes[c->in.mode], 0);
    wht_case_set_code(made, c->in.code, c->in.code_size);
    set_init(c, made);
    set_exit(c, made);
    if (range.size != 0)
        wht_case_add_memory(made, WHT_MEMORY_RAM, range.linear, c->ram + (range.linear - GEN_RAM),
                            range.size);
    want(c, out, made);
    print(writer, made);
    wht_case_free(made);
    note_pages(writer, out);
    writer->count++;
}
