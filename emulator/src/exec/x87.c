/* SPDX-License-Identifier: MIT */
/*
 * Operations of the x87 are this machine's own. The guest's state is loaded with FXRSTOR, the
 * instruction runs, and FXSAVE takes the state back; this machine's own state is saved before and
 * restored after, within one asm statement, so that no code of the compiler's comes between.
 *
 * An instruction is found by its opcode: exec_x87_register and exec_x87_memory hold every one that
 * there can be, each with a return behind it. A row decides which of them are ever run.
 *
 * What the processor says of the last instruction's addresses is about this program: the pipeline
 * puts the guest's in its place (whe_extras_keep). MXCSR is not the guest's either. A pending
 * exception was seen before, so that nothing traps here; what the instruction raises stays pending.
 */
#include "x87.h"
#include "fp.h"

#ifdef __x86_64__

#include <string.h>

#include "rflags.h"

#ifdef _WIN32
#define BEGIN_CODE ".section .text$whe_x87,\"x\"\n\t"
#define END_CODE   ".text"
#define HIDDEN(name)
#else
#define BEGIN_CODE   ".pushsection .text.whe_x87,\"ax\",@progbits\n\t"
#define END_CODE     ".popsection"
#define HIDDEN(name) ".hidden " name "\n\t"
#endif

#define STUB_SIZE 4

/* Of each two bytes, RET and one that is never reached: with registers, by the last 9 bits of the
   opcode without those that say so; with memory at rSI, by opcode and reg field. */
__asm__(BEGIN_CODE ".globl exec_x87_register\n\t" HIDDEN(
    "exec_x87_register") ".balign 16\n"
                         "exec_x87_register:\n\t"
                         ".set exec_x87_n, 0\n\t"
                         ".rept 512\n\t"
                         ".byte 0xd8 + exec_x87_n / 64, 0xc0 + exec_x87_n % 64, 0xc3, 0xcc\n\t"
                         ".set exec_x87_n, exec_x87_n + 1\n\t"
                         ".endr\n\t"
                         ".globl exec_x87_memory\n\t" HIDDEN(
                             "exec_x87_memory") "exec_x87_memory:\n\t"
                                                ".set exec_x87_n, 0\n\t"
                                                ".rept 64\n\t"
                                                ".byte 0xd8 + exec_x87_n / 8, 0x06 + exec_x87_n % "
                                                "8 * 8, 0xc3, 0xcc\n\t"
                                                ".set exec_x87_n, exec_x87_n + 1\n\t"
                                                ".endr\n\t" END_CODE);

#ifdef _WIN32
extern const uint8_t exec_x87_register[512 * STUB_SIZE], exec_x87_memory[64 * STUB_SIZE];
#else
extern const uint8_t exec_x87_register[512 * STUB_SIZE] __attribute__((visibility("hidden")));
extern const uint8_t exec_x87_memory[64 * STUB_SIZE] __attribute__((visibility("hidden")));
#endif

/* What FXSAVE writes. */
struct area {
    _Alignas(16) union whe_image image;
    uint8_t reserved[512 - sizeof(union whe_image)];
};

/* The stack pointer steps over the red zone before anything is pushed. */
static void run(struct area *guest, const uint8_t *stub, void *memory, uint64_t *flags)
{
    struct area own;
    uint64_t changed = *flags;
    __asm__ volatile("fxsave64 %[own]\n\t"
                     "fxrstor64 %[guest]\n\t"
                     "lea -128(%%rsp), %%rsp\n\t"
                     "pushq %[flags]\n\t"
                     "popfq\n\t"
                     "notrack call *%[stub]\n\t"
                     "pushfq\n\t"
                     "popq %[flags]\n\t"
                     "lea 128(%%rsp), %%rsp\n\t"
                     "fxsave64 %[guest]\n\t"
                     "fxrstor64 %[own]"
                     : [own] "=m"(own), [guest] "+m"(*guest), [flags] "+r"(changed)
                     : [stub] "r"(stub), "S"(memory)
                     : "cc", "memory");
    *flags = changed;
}

static void load(struct area *guest, const union whe_image *image)
{
    memset(guest, 0, sizeof(*guest));
    guest->image.x87.FpControl = image->x87.FpControl;
    guest->image.x87.FpStatus = image->x87.FpStatus;
    guest->image.x87.FpTag = image->x87.FpTag;
    guest->image.sse.XmmStatusControl = WHE_MXCSR_MASKS;
    memcpy(guest->image.st, image->st, sizeof(image->st));
}

static void keep(const struct area *guest, union whe_image *image)
{
    image->x87.FpControl = guest->image.x87.FpControl;
    image->x87.FpStatus = guest->image.x87.FpStatus;
    image->x87.FpTag = guest->image.x87.FpTag;
    for (unsigned i = 0; i < 8; i++)
        image->st[i] = (WHV_UINT128){.Low64 = guest->image.st[i].Low64,
                                     .High64 = guest->image.st[i].High64 & 0xffff};
}

/* @return where a memory operand's value is. */
static void *value_of_memory(struct whe_work *work)
{
    return work->insn->memory_count > 0 ? work->value[work->insn->memory[0].operand].bytes : NULL;
}

static const uint8_t *stub_of(const struct whe_insn *insn)
{
    const unsigned opcode = insn->opcode >> 8 & 7;
    const unsigned modrm = insn->opcode & 0xff;
    if (insn->memory_count > 0)
        return &exec_x87_memory[(opcode * 8 + (modrm >> 3 & 7)) * STUB_SIZE];
    return &exec_x87_register[(opcode * 64 + (modrm & 63)) * STUB_SIZE];
}

enum whe_vector whe_kernel_x87(struct whe_work *work)
{
    const unsigned no_store = WHE_FSW_INVALID | WHE_FSW_OVERFLOW | WHE_FSW_UNDERFLOW;
    struct area guest;
    uint64_t flags = work->rflags & WHE_RFLAGS_STATUS;
    load(&guest, work->image);
    run(&guest, stub_of(work->insn), value_of_memory(work), &flags);
    keep(&guest, work->image);
    work->rflags = (work->rflags & ~WHE_RFLAGS_STATUS) | (flags & WHE_RFLAGS_STATUS);
    /* An operand that cannot be stored is not, unless the exception is masked. SDM 1, 8.5. */
    if (work->insn->memory_count > 0 && (whe_x87_pending(&work->image->x87) & no_store))
        work->writes &= (uint8_t) ~(1u << work->insn->memory[0].operand);
    return WHE_VECTOR_NONE;
}

#else

/* The decoder has refused it. */
enum whe_vector whe_kernel_x87(struct whe_work *work)
{
    (void)work;
    return WHE_VECTOR_NONE;
}

#endif
