/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oracle_guest.h"

struct text {
    char *bytes;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->used += (size_t)length;
    if (text->used >= text->size)
        text->used = text->size - 1;
}

static void differ(struct text *text, const char *what, uint64_t processor, uint64_t emulator)
{
    if (processor != emulator)
        add(text, "  %s: processor %#llx, emulator %#llx\n", what, (unsigned long long)processor,
            (unsigned long long)emulator);
}

static const char *const gpr_names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                          "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

static const char *const sreg_names[ORACLE_SREGS] = {"es", "cs", "ss", "ds", "fs", "gs"};

static void compare_xmm(const struct oracle_out *processor, const struct oracle_out *emulator,
                        struct text *text)
{
    for (unsigned i = 0; i < 16; i++) {
        char name[16];
        snprintf(name, sizeof(name), "xmm%u low", i);
        differ(text, name, processor->xmm[i].low, emulator->xmm[i].low);
        snprintf(name, sizeof(name), "xmm%u high", i);
        differ(text, name, processor->xmm[i].high, emulator->xmm[i].high);
    }
}

/* Where the last instruction of the x87 was is the processor's affair. */
static void compare_fx(const struct oracle_fx *processor, const struct oracle_fx *emulator,
                       struct text *text)
{
    differ(text, "x87 control", processor->control, emulator->control);
    differ(text, "x87 status", processor->status, emulator->status);
    differ(text, "x87 tag", processor->tag, emulator->tag);
    differ(text, "mxcsr", processor->mxcsr, emulator->mxcsr);
    for (unsigned i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof(name), "st%u low", i);
        differ(text, name, processor->st[i].low, emulator->st[i].low);
        snprintf(name, sizeof(name), "st%u high", i);
        differ(text, name, processor->st[i].high, emulator->st[i].high);
    }
}

static void compare_memory(const struct oracle_in *in, const struct oracle_out *processor,
                           const struct oracle_out *emulator, struct text *text)
{
    size_t offset = 0;
    if (memcmp(processor->memory, emulator->memory, processor->memory_size) == 0)
        return;
    for (unsigned i = 0; i < in->block_count; i++) {
        for (size_t k = 0; k < in->block[i].size; k++, offset++) {
            if (processor->memory[offset] == emulator->memory[offset])
                continue;
            add(text, "  first byte of memory that differs: %#llx: processor %02x, emulator %02x\n",
                (unsigned long long)(in->block[i].address + k), processor->memory[offset],
                emulator->memory[offset]);
            return;
        }
    }
}

bool oracle_compare(const struct oracle_in *in, const struct oracle_out *processor,
                    const struct oracle_out *emulator, char *bytes, size_t size)
{
    struct text text = {bytes, size, 0};
    bytes[0] = '\0';
    differ(&text, "completed", processor->completed, emulator->completed);
    differ(&text, "stepped", processor->stepped, emulator->stepped);
    differ(&text, "trap", processor->trap, emulator->trap);
    differ(&text, "error code", processor->error, emulator->error);
    differ(&text, "cr2", processor->address, emulator->address);
    differ(&text, "rip", processor->rip, emulator->rip);
    differ(&text, "rflags", processor->rflags, emulator->rflags);
    for (unsigned i = 0; i < 16; i++)
        differ(&text, gpr_names[i], processor->gpr[i], emulator->gpr[i]);
    for (unsigned i = 0; i < ORACLE_SREGS; i++)
        differ(&text, sreg_names[i], processor->selector[i], emulator->selector[i]);
    if (memcmp(processor->xmm, emulator->xmm, sizeof(processor->xmm)) != 0)
        compare_xmm(processor, emulator, &text);
    compare_fx(&processor->fx, &emulator->fx, &text);
    compare_memory(in, processor, emulator, &text);
    return text.used == 0;
}

static void describe_segment(const struct oracle_in *in, unsigned sreg, struct text *text)
{
    static const char *const kinds[] = {"flat", "null", "data", "code"};
    const struct oracle_segment *segment = &in->segment[sreg];
    if (sreg == ORACLE_CS || (segment->kind == ORACLE_FLAT && in->mode != ORACLE_64))
        return;
    if (in->mode == ORACLE_64) {
        if (sreg >= ORACLE_FS)
            add(text, "  %s base %#llx\n", sreg_names[sreg], (unsigned long long)segment->base);
        return;
    }
    add(text, "  %s %s base %#llx limit %#x%s%s%s\n", sreg_names[sreg], kinds[segment->kind],
        (unsigned long long)segment->base, segment->limit,
        segment->expand_down ? " expand-down" : "", segment->read_only ? " read-only" : "",
        segment->is_small ? " 16-bit" : "");
}

void oracle_describe(const struct oracle_in *in, char *bytes, size_t size)
{
    static const char *const modes[] = {"64", "32", "16"};
    struct text text = {bytes, size, 0};
    bytes[0] = '\0';
    add(&text, "  %s-bit code:", modes[in->mode]);
    for (unsigned i = 0; i < in->code_size; i++)
        add(&text, " %02x", in->code[i]);
    add(&text, "\n  rflags %#llx", (unsigned long long)(in->rflags & ORACLE_RFLAGS));
    for (unsigned i = 0; i < (in->mode == ORACLE_64 ? 16u : 8u); i++)
        add(&text, "%s%s %#llx", i % 4 == 0 ? "\n  " : "  ", gpr_names[i],
            (unsigned long long)in->gpr[i]);
    const struct oracle_fx fx = oracle_fx(in);
    add(&text, "\n  x87 control %#x  status %#x  tag %#x  mxcsr %#x\n", fx.control, fx.status,
        fx.tag, fx.mxcsr);
    for (unsigned i = 0; i < ORACLE_SREGS; i++)
        describe_segment(in, i, &text);
}
