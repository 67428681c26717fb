/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <criterion/criterion.h>

#include "decode.h"
#include "translate.h"

static const struct whe_mode mode16 = {.code = WHE_CODE16};
static const struct whe_mode mode32 = {.code = WHE_CODE32, .protected_mode = true};
static const struct whe_mode mode64 = {.code = WHE_CODE64, .protected_mode = true};
static const struct whe_mode mode64_user = {.code = WHE_CODE64, .protected_mode = true, .cpl = 3};

static struct whe_insn decode(const struct whe_mode *mode, const uint8_t *bytes, size_t size)
{
    struct whe_insn insn = {.id = WHE_INSN_NONE};
    cr_assert_eq(whe_decode(mode, bytes, size, &insn), WHE_DECODED_OK);
    return insn;
}

#define DECODE(mode, ...)                                                                          \
    decode(mode, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

Test(decode, tells_why_bytes_are_no_instruction)
{
    static const struct {
        uint8_t bytes[15];
        uint8_t count;
        enum whe_decoded expected;
    } rows[] = {
        {{0xc7, 0x03, 1}, 3, WHE_DECODED_MORE},
        {{0x66}, 1, WHE_DECODED_MORE},
        {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66},
         15,
         WHE_DECODED_TOO_LONG},
        {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xc7, 0x03},
         15,
         WHE_DECODED_TOO_LONG},
        {{0xf0, 0x89, 0x03}, 3, WHE_DECODED_BAD_LOCK},
        {{0xf0, 0xa4}, 2, WHE_DECODED_BAD_LOCK},
        {{0x06}, 1, WHE_DECODED_INVALID},             /* PUSH ES does not exist in 64-bit mode */
        {{0x8e, 0x0b}, 2, WHE_DECODED_INVALID},       /* MOV CS */
        {{0x0f, 0x0b}, 2, WHE_DECODED_INVALID},       /* UD2 is there to be invalid */
        {{0x0f, 0xb9, 0x03}, 3, WHE_DECODED_INVALID}, /* UD1 */
        {{0x0f, 0xa2}, 2, WHE_DECODED_OK},            /* CPUID is an instruction, without a row */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct whe_insn insn;
        cr_expect_eq(whe_decode(&mode64, rows[i].bytes, rows[i].count, &insn), rows[i].expected,
                     "row %zu", i);
    }
}

Test(decode, distinguishes_string_movsd_from_sse_movsd)
{
    cr_expect_eq(DECODE(&mode64, 0xa5).id, WHE_INSN_STRING_MOVSD);
    cr_expect_eq(DECODE(&mode64, 0xf2, 0x0f, 0x10, 0x03).id, WHE_INSN_MOVSD);
}

/* Whether the destination must be asked for, since a part of it stays. SDM 2B. */
Test(decode, knows_which_xmm_registers_are_written_in_part)
{
    static const struct {
        const char *name;
        uint8_t code[5];
        uint8_t size;
        bool is_read;
    } rows[] = {
        {"movss xmm1, [rbx]", {0xf3, 0x0f, 0x10, 0x0b}, 4, false},
        {"movss xmm1, xmm3", {0xf3, 0x0f, 0x10, 0xcb}, 4, true},
        {"movsd xmm1, [rbx]", {0xf2, 0x0f, 0x10, 0x0b}, 4, false},
        {"movsd xmm1, xmm3", {0xf2, 0x0f, 0x10, 0xcb}, 4, true},
        {"movlps xmm1, [rbx]", {0x0f, 0x12, 0x0b}, 3, true},
        {"movhpd xmm1, [rbx]", {0x66, 0x0f, 0x16, 0x0b}, 4, true},
        {"movd xmm1, ebx", {0x66, 0x0f, 0x6e, 0xcb}, 4, false},
        {"movq xmm1, rbx", {0x66, 0x48, 0x0f, 0x6e, 0xcb}, 5, false},
        {"movq xmm1, xmm3", {0xf3, 0x0f, 0x7e, 0xcb}, 4, false},
        {"movups xmm1, xmm3", {0x0f, 0x10, 0xcb}, 3, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct whe_insn insn;
        cr_assert_eq(whe_decode(&mode64, rows[i].code, rows[i].size, &insn), WHE_DECODED_OK);
        cr_expect_neq(insn.id, WHE_INSN_NONE, "%s", rows[i].name);
        cr_expect_eq(whe_set_has(&insn.reads.set, WHE_REG_XMM1), rows[i].is_read, "%s",
                     rows[i].name);
    }
}

Test(decode, has_rows_of_their_own_for_control_and_debug_registers)
{
    cr_expect_eq(DECODE(&mode64, 0x0f, 0x20, 0xc0).id, WHE_INSN_CONTROL_MOV);
    cr_expect_eq(DECODE(&mode64, 0x0f, 0x21, 0xc0).id, WHE_INSN_DEBUG_MOV);
    cr_expect_eq(DECODE(&mode64, 0x0f, 0x20, 0xc0).exits, 1u << WHE_EXIT_EXECUTE);
}

/* Beyond what the exit tells; RIP and RFLAGS are never asked for. */
Test(decode, asks_for_the_registers_that_an_instruction_of_the_system_looks_at)
{
    enum { CR0 = 1, CR4 = 2, EFER = 4, DR7 = 8, SHADOW = 16, GS = 32, KERNEL = 64, AUX = 128 };
    static const struct {
        const char *name;
        const struct whe_mode *mode;
        uint8_t code[5];
        uint8_t size;
        unsigned registers;
    } rows[] = {
        {"mov rax, cr0", &mode64, {0x0f, 0x20, 0xc0}, 3, CR0},
        {"mov cr0, rax", &mode64, {0x0f, 0x22, 0xc0}, 3, CR0 | CR4 | EFER},
        {"mov rax, dr7", &mode64, {0x0f, 0x21, 0xf8}, 3, CR0 | CR4 | EFER | DR7},
        {"cli", &mode64, {0xfa}, 1, 0},
        {"cli", &mode64_user, {0xfa}, 1, CR4},
        {"sti", &mode16, {0xfb}, 1, SHADOW},
        {"sti", &mode64_user, {0xfb}, 1, CR4 | SHADOW},
        {"pushf", &mode64, {0x9c}, 1, 0},
        {"pushf", &mode64_user, {0x9c}, 1, CR4},
        {"swapgs", &mode64, {0x0f, 0x01, 0xf8}, 3, GS | KERNEL},
        {"rdgsbase rax", &mode64, {0xf3, 0x48, 0x0f, 0xae, 0xc8}, 5, CR4 | GS},
        {"wrgsbase rax", &mode64, {0xf3, 0x48, 0x0f, 0xae, 0xd8}, 5, CR0 | CR4 | EFER | GS},
        {"rdpid rax", &mode64, {0xf3, 0x0f, 0xc7, 0xf8}, 4, AUX},
        {"wrmsr", &mode64, {0x0f, 0x30}, 2, CR0 | CR4 | EFER},
        {"wbinvd", &mode64, {0x0f, 0x09}, 2, 0},
        {"stac", &mode64, {0x0f, 0x01, 0xcb}, 3, 0},
    };
    static const unsigned registers[] = {WHE_REG_CR0,
                                         WHE_REG_CR4,
                                         WHE_REG_EFER,
                                         WHE_REG_DR7,
                                         WHE_REG_INTERRUPT_STATE,
                                         WHE_REG_GS,
                                         WHE_REG_KERNEL_GS_BASE,
                                         WHE_REG_TSC_AUX};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct whe_insn insn = decode(rows[i].mode, rows[i].code, rows[i].size);
        cr_expect_neq(insn.id, WHE_INSN_NONE, "%s", rows[i].name);
        for (size_t k = 0; k < sizeof(registers) / sizeof(registers[0]); k++)
            cr_expect_eq(whe_set_has(&insn.reads.set, registers[k]), rows[i].registers >> k & 1,
                         "%s (row %zu): register %zu", rows[i].name, i, k);
    }
}

Test(decode, takes_addresses_apart)
{
    struct whe_insn insn =
        DECODE(&mode64, 0x48, 0x89, 0x44, 0x8b, 0xf8); /* mov [rbx+rcx*4-8], rax */
    cr_expect_eq(insn.memory[0].address.base, WHE_REG_RBX);
    cr_expect_eq(insn.memory[0].address.index, WHE_REG_RCX);
    cr_expect_eq(insn.memory[0].address.scale, 2);
    cr_expect_eq(insn.memory[0].address.displacement, (uint64_t)-8);
    cr_expect_eq(insn.memory[0].place.size, 8);
    cr_expect_eq(insn.memory[0].place.intent, WHE_INTENT_WRITE);
    cr_expect_eq(insn.address_mask, UINT64_MAX);

    insn = DECODE(&mode64, 0x8b, 0x05, 0x10, 0, 0, 0); /* mov eax, [rip+0x10] */
    cr_expect_eq(insn.memory[0].address.base, WHE_REG_RIP);
    cr_expect_eq(insn.memory[0].address.displacement, 0x16, "relative to the next instruction");

    insn = DECODE(&mode16, 0x8b, 0x42, 0x80); /* mov ax, [bp+si-0x80] */
    cr_expect_eq(insn.memory[0].address.base, WHE_REG_RBP);
    cr_expect_eq(insn.memory[0].address.index, WHE_REG_RSI);
    cr_expect_eq(insn.address_mask, 0xffff);
    cr_expect_eq(insn.memory[0].place.segment, WHE_REG_SS);
    cr_expect(insn.memory[0].place.is_stack);
}

Test(decode, no_base_means_no_base_whatever_rex_says)
{
    struct whe_insn insn =
        DECODE(&mode64, 0x67, 0x43, 0x8b, 0x04, 0xbd, 0x15, 0x6b, 0x07, 0x20); /* [r15d*4+disp32] */
    cr_expect_eq(insn.memory[0].address.base, WHE_REG_ZERO);
    cr_expect_eq(insn.memory[0].address.index, WHE_REG_R15);
    cr_expect_eq(insn.memory[0].address.displacement, 0x20076b15);
    cr_expect_eq(insn.reads.count, 1);
    cr_expect_eq(insn.reads.reg[0], WHE_REG_R15);
    insn = DECODE(&mode64, 0x67, 0x43, 0x8b, 0x44, 0xbd, 0x10); /* [r13d+r15d*4+0x10] */
    cr_expect_eq(insn.memory[0].address.base, WHE_REG_R13);
}

Test(decode, knows_which_segment_counts)
{
    cr_expect_eq(DECODE(&mode32, 0x8b, 0x45, 0).memory[0].place.segment, WHE_REG_SS);
    cr_expect_eq(DECODE(&mode32, 0x3e, 0x8b, 0x45, 0).memory[0].place.segment, WHE_REG_DS);
    cr_expect(!DECODE(&mode32, 0x3e, 0x8b, 0x45, 0).memory[0].place.is_stack);
    cr_expect(DECODE(&mode32, 0x36, 0x8b, 0x03).memory[0].place.is_stack);
    cr_expect(DECODE(&mode64, 0x8b, 0x45, 0).memory[0].place.is_stack);
    cr_expect(DECODE(&mode64, 0x3e, 0x8b, 0x45, 0).memory[0].place.is_stack,
              "ignored in 64-bit mode");
    cr_expect(!DECODE(&mode64, 0x36, 0x8b, 0x03).memory[0].place.is_stack,
              "ignored in 64-bit mode");
    cr_expect(!DECODE(&mode64, 0x64, 0x8b, 0x45, 0).memory[0].place.is_stack);
    cr_expect(!DECODE(&mode64, 0x41, 0x8b, 0x45, 0).memory[0].place.is_stack, "r13 is not rbp");
    cr_expect(DECODE(&mode64, 0x8b, 0x04, 0x24).memory[0].place.is_stack);
    cr_expect_eq(DECODE(&mode64, 0x64, 0x8b, 0x03).memory[0].place.segment, WHE_REG_FS);
    cr_expect(DECODE(&mode64, 0x8b, 0x03).memory[0].place.is_flat);
    cr_expect(!DECODE(&mode64, 0x64, 0x8b, 0x03).memory[0].place.is_flat);
    cr_expect(!DECODE(&mode32, 0x8b, 0x03).memory[0].place.is_flat);
}

Test(decode, high_byte_registers_exist_without_rex_only)
{
    struct whe_insn insn = DECODE(&mode64, 0x8a, 0x23); /* mov ah, [rbx] */
    cr_expect_eq(insn.operand[0].reg, WHE_REG_RAX);
    cr_expect_eq(insn.operand[0].shift, 8);
    insn = DECODE(&mode64, 0x40, 0x8a, 0x23); /* mov spl, [rbx] */
    cr_expect_eq(insn.operand[0].reg, WHE_REG_RSP);
    cr_expect_eq(insn.operand[0].shift, 0);
    insn = DECODE(&mode64, 0x44, 0x8a, 0x23); /* mov r12b, [rbx] */
    cr_expect_eq(insn.operand[0].reg, WHE_REG_R12);
}

Test(decode, every_repeat_prefix_repeats_string_moves)
{
    cr_expect(DECODE(&mode64, 0xf3, 0xa4).repeats);
    cr_expect(DECODE(&mode64, 0xf2, 0xa4).repeats, "REPNE acts as REP");
    cr_expect(DECODE(&mode16, 0xf2, 0xa4).repeats);
    cr_expect(DECODE(&mode16, 0xf2, 0x6c).repeats);
    cr_expect(!DECODE(&mode64, 0xa4).repeats);
    struct whe_insn insn = DECODE(&mode64, 0xf3, 0xaa);
    cr_expect(whe_set_has(&insn.reads.set, WHE_REG_RCX));
    cr_expect_eq(DECODE(&mode64, 0x64, 0xa4).memory[0].place.segment, WHE_REG_FS);
    cr_expect_eq(DECODE(&mode32, 0x26, 0xac).memory[0].place.segment, WHE_REG_ES);
}

/* What the pipeline makes of operands depends on their order. */
Test(decode, operands_are_explicit_ones_then_implicit_ones)
{
    static const struct {
        const char *name;
        uint8_t bytes[5];
        uint8_t count;
        const char *operands; /* m, g(pr), i(mmediate), s(egment), x(mm), p: stack pointer */
        uint8_t writes;
        uint8_t
            memories[WHE_MEMORIES]; /* the numbers of those in memory, in the order of planning */
    } rows[] = {
        {"mov [rbx], eax", {0x89, 0x03}, 2, "mg", 1, {0}},
        {"mul dword [rbx]", {0xf7, 0x23}, 2, "mgg", 6, {0}},
        {"imul eax, [rbx], 5", {0x6b, 0x03, 5}, 3, "gmi", 1, {1}},
        {"cmpxchg [rbx], ecx", {0x0f, 0xb1, 0x0b}, 3, "mgg", 5, {0}},
        {"cmpxchg16b [rbx]", {0x48, 0x0f, 0xc7, 0x0b}, 4, "mgggg", 7, {0}},
        {"shl dword [rbx], 1", {0xd1, 0x23}, 2, "mi", 1, {0}},
        {"cmp [rbx], eax", {0x39, 0x03}, 2, "mg", 0, {0}},
        {"inc dword [rbx]", {0xff, 0x03}, 2, "m", 1, {0}},
        {"push qword [rbx]: the operand, then the stack", {0xff, 0x33}, 2, "mpm", 6, {0, 2}},
        {"pop qword [rbx]: the stack, then the operand", {0x8f, 0x03}, 2, "mpm", 3, {2, 0}},
        {"xlat", {0xd7}, 1, "mg", 2, {0}},
        {"mov ds, [rbx]", {0x8e, 0x1b}, 2, "sm", 1, {1}},
        {"movaps xmm1, [rbx]", {0x0f, 0x28, 0x0b}, 3, "xm", 1, {1}},
        {"movdir64b rax, [rbx]", {0x66, 0x0f, 0x38, 0xf8, 0x03}, 5, "gmm", 4, {1, 2}},
    };
    static const char letters[] = "?gsxmi??p";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct whe_insn insn = decode(&mode64, rows[i].bytes, rows[i].count);
        char operands[WHE_OPERANDS + 1] = "";
        for (unsigned k = 0; k < insn.operand_count; k++)
            operands[k] = letters[insn.operand[k].kind];
        cr_expect_str_eq(operands, rows[i].operands, "%s: %s", rows[i].name, operands);
        cr_expect_eq(insn.writes, rows[i].writes, "%s: %u", rows[i].name, insn.writes);
        for (unsigned k = 0; k < insn.memory_count; k++)
            cr_expect_eq(insn.memory[k].operand, rows[i].memories[k], "%s", rows[i].name);
    }
}

/* Where the exit's own address can be the operand's, the address registers are not among those that
   are loaded. */
Test(decode, tells_addresses_from_values)
{
    static const struct {
        const char *name;
        uint8_t bytes[6];
        uint8_t count;
        bool is_by_exit;
        uint8_t reads, values;
    } rows[] = {
        {"mov eax, [rbx]", {0x8b, 0x03}, 2, true, 1, 0},
        {"mov al, [rbx]", {0x8a, 0x03}, 2, true, 2, 1},
        {"mov [rbx+rcx*4], ebx", {0x89, 0x1c, 0x8b}, 3, true, 2, 1},
        {"mov dword gs:[rbx], imm", {0x65, 0xc7, 0x03, 1, 0, 0}, 6, true, 2, 0},
        {"bts [rbx], 3", {0x0f, 0xba, 0x2b, 3}, 4, true, 1, 0},
        {"bts [rbx], eax", {0x0f, 0xab, 0x03}, 3, false, 2, 1},
        {"mov ds, [rbx]", {0x8e, 0x1b}, 2, false, 3, 2},
        {"push qword [rbx]", {0xff, 0x33}, 2, false, 2, 1},
        {"xlat", {0xd7}, 1, false, 2, 1},
        {"movsb", {0xa4}, 1, false, 2, 2},
        {"mov eax, ebx", {0x8b, 0xc3}, 2, false, 1, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[8] = {0};
        memcpy(bytes, rows[i].bytes, sizeof(rows[i].bytes));
        const struct whe_insn insn = decode(&mode64, bytes, 8);
        cr_expect_eq(insn.is_by_exit, rows[i].is_by_exit, "%s", rows[i].name);
        cr_expect_eq(insn.reads.count, rows[i].reads, "%s: %u", rows[i].name, insn.reads.count);
        cr_expect_eq(insn.values.count, rows[i].values, "%s: %u", rows[i].name, insn.values.count);
    }
}

Test(decode, says_which_exits_an_instruction_can_cause)
{
    static const struct {
        const char *name;
        const struct whe_mode *mode;
        uint8_t bytes[6];
        uint8_t count;
        const char *exits; /* r, w, i; all can be fetched from a device */
    } rows[] = {
        {"a load", &mode64, {0x8b, 0x03}, 2, "r"},
        {"a store", &mode64, {0x89, 0x03}, 2, "w"},
        {"a register move", &mode64, {0x8b, 0xc3}, 2, ""},
        {"cmp", &mode64, {0x39, 0x03}, 2, "r"},
        {"or", &mode64, {0x09, 0x03}, 2, "rw"},
        {"lea", &mode64, {0x8d, 0x03}, 2, ""},
        {"nop with an operand", &mode64, {0x0f, 0x1f, 0x00}, 3, "r"},
        {"prefetch", &mode64, {0x0f, 0x18, 0x08}, 3, "r"},
        {"invlpg", &mode64, {0x0f, 0x01, 0x38}, 3, ""},
        {"clflush is checked as a read", &mode64, {0x0f, 0xae, 0x38}, 3, "r"},
        {"movsb", &mode64, {0xa4}, 1, "rw"},
        {"stosb", &mode64, {0xaa}, 1, "w"},
        {"lodsb", &mode64, {0xac}, 1, "r"},
        {"insb", &mode64, {0x6c}, 1, "wi"},
        {"insb reads the permission map", &mode64_user, {0x6c}, 1, "rwi"},
        {"outsb", &mode64, {0x6e}, 1, "ri"},
        {"in", &mode64, {0xec}, 1, ""},
        {"in reads the permission map", &mode64_user, {0xec}, 1, "r"},
        {"push", &mode64, {0x50}, 1, "w"},
        {"push of memory", &mode64, {0xff, 0x33}, 2, "rw"},
        {"pop", &mode64, {0x58}, 1, "r"},
        {"call", &mode64, {0xe8}, 5, "w"},
        {"ret", &mode64, {0xc3}, 1, "r"},
        {"enter", &mode64, {0xc8, 0, 0, 1}, 4, "rw"},
        {"leave", &mode64, {0xc9}, 1, "r"},
        {"xlat", &mode64, {0xd7}, 1, "r"},
        {"maskmovdqu", &mode64, {0x66, 0x0f, 0xf7, 0xc1}, 4, "w"},
        {"a segment load reads and marks a descriptor", &mode64, {0x8e, 0xd8}, 2, "rw"},
        {"a segment load of real mode does not", &mode16, {0x8e, 0xd8}, 2, ""},
        {"a store of a segment register", &mode64, {0x8c, 0xd8}, 2, ""},
        {"lar of a register reads a descriptor", &mode64, {0x0f, 0x02, 0xc1}, 3, "r"},
        {"ltr marks it busy", &mode64, {0x0f, 0x00, 0xd8}, 3, "rw"},
        {"a far return", &mode64, {0xcb}, 1, "rw"},
        {"a far return of real mode", &mode16, {0xcb}, 1, "r"},
        {"int3", &mode16, {0xcc}, 1, "rw"},
        {"fld of memory has no row", &mode64, {0xd9, 0x03}, 2, "r"},
        {"hlt has no row", &mode64, {0xf4}, 1, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned exits = 1u << WHE_EXIT_EXECUTE;
        exits |= strchr(rows[i].exits, 'r') ? 1u << WHE_EXIT_READ : 0;
        exits |= strchr(rows[i].exits, 'w') ? 1u << WHE_EXIT_WRITE : 0;
        exits |= strchr(rows[i].exits, 'i') ? 1u << WHE_EXIT_IO : 0;
        cr_expect_eq(decode(rows[i].mode, rows[i].bytes, rows[i].count).exits, exits, "%s",
                     rows[i].name);
    }
}

Test(decode, with_rex_b_a_pause_is_an_exchange)
{
    const struct whe_insn pause = DECODE(&mode64, 0xf3, 0x90);
    cr_expect_eq(pause.id, WHE_INSN_PAUSE);
    const struct whe_insn exchange = DECODE(&mode64, 0xf3, 0x41, 0x90);
    cr_expect_eq(exchange.id, WHE_INSN_XCHG);
    cr_expect_eq(exchange.length, 3);
    cr_expect_eq(exchange.operand[0].reg, WHE_REG_R8);
    const struct whe_insn wide = DECODE(&mode64, 0xf3, 0x66, 0x49, 0x90);
    cr_expect_eq(wide.id, WHE_INSN_XCHG);
    cr_expect_eq(wide.length, 4);
    cr_expect_eq(wide.operand[0].size, 8);
    cr_expect_eq(DECODE(&mode64, 0xf3, 0x41, 0xf3, 0x90).id, WHE_INSN_PAUSE, "no REX counts there");
}
