/* SPDX-License-Identifier: MIT */
/*
 * XMM registers, MXCSR and the x87 go in and come out, and stack segments of 16 bits use SP alone.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "oracle.h"

#define STACK (ORACLE_ARENA + 0x10000) /* sixteen pages: what SP can reach */

#define CODE(...) .code = {__VA_ARGS__}, .code_size = sizeof((uint8_t[]){__VA_ARGS__})
#define SMALL_STACK                                                                                \
    {                                                                                              \
        .kind = ORACLE_DATA, .base = STACK, .limit = 0xffff, .is_small = true                      \
    }

static struct oracle_out out; /* each test has a process of its own */
static const uint8_t line[ORACLE_PAGE] = {[8] = 1, 2, 3, 4, 5, 6, 7, 8};

static void run(struct oracle_in in, uint64_t page)
{
    if (!oracle_has_mode(in.mode))
        cr_skip_test("this machine cannot run that mode");
    in.block[0] = (struct oracle_block){page, ORACLE_PAGE, ORACLE_READ_WRITE, line};
    in.block_count = 1;
    cr_assert(oracle_run(&in, &out), "the oracle refuses the input");
}

static uint64_t memory_at(size_t offset, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, out.memory + offset, size);
    return value;
}

static void give_xmm(struct oracle_in *in)
{
    for (unsigned i = 0; i < 16; i++)
        in->xmm[i] = (struct oracle_xmm){UINT64_C(0x1111111111111111) * i, ~(uint64_t)i};
}

Test(oracle_state, xmm_registers_are_loaded_and_reported)
{
    struct oracle_in in = {.mode = ORACLE_64, CODE(0x44, 0x0f, 0x10, 0x0b), .gpr = {[3] = STACK}};
    give_xmm(&in);
    run(in, STACK);
    in.xmm[9] = (struct oracle_xmm){0, 0x0807060504030201};
    cr_expect_arr_eq(out.xmm, in.xmm, sizeof(in.xmm), "movups xmm9,[rbx]");

    in.code_size = 5;
    memcpy(in.code, (uint8_t[]){0x66, 0x44, 0x0f, 0x7f, 0x3b}, 5);
    in.gpr[3] = STACK + 0x10;
    run(in, STACK);
    cr_expect_arr_eq(out.memory + 0x10, &in.xmm[15], 16, "movdqa [rbx],xmm15");
    cr_expect_arr_eq(out.xmm, in.xmm, sizeof(in.xmm));
    in.gpr[3]++;
    run(in, STACK);
    cr_expect_eq(out.trap, 13u, "misaligned: vector %u", out.trap);
}

Test(oracle_state, xmm_registers_survive_in_every_mode)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++) {
        struct oracle_in in = {.mode = mode, CODE(0x0f, 0x28, 0xd1)};
        give_xmm(&in);
        run(in, STACK);
        in.xmm[2] = in.xmm[1];
        cr_expect_arr_eq(out.xmm, in.xmm, sizeof(in.xmm), "movaps xmm2,xmm1");
    }
}

/* Two registers are in use, precision and a condition are told, nothing is pending. */
static const struct oracle_fx busy = {
    .control = 0xb7f,
    .status = 0x3120,
    .tag = 0xc0,
    .mxcsr = 0xffa1,
    .st = {{UINT64_C(0x8000000000000000), 0x3fff}, {UINT64_C(0xc000000000000000), 0x4000}}};

static void expect_fx(const struct oracle_fx *fx, enum oracle_mode mode)
{
    cr_expect_eq(out.fx.control, fx->control, "mode %d: %#x", (int)mode, out.fx.control);
    cr_expect_eq(out.fx.status, fx->status, "mode %d: %#x", (int)mode, out.fx.status);
    cr_expect_eq(out.fx.tag, fx->tag, "mode %d: %#x", (int)mode, out.fx.tag);
    cr_expect_eq(out.fx.mxcsr, fx->mxcsr, "mode %d: %#x", (int)mode, out.fx.mxcsr);
    cr_expect_arr_eq(out.fx.st, fx->st, sizeof(fx->st), "mode %d", (int)mode);
}

Test(oracle_state, x87_and_mxcsr_are_loaded_and_reported_in_every_mode)
{
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++) {
        struct oracle_in in = {.mode = mode, CODE(0xde, 0xc1), .has_fx = true, .fx = busy};
        in.fx.status = 0x3000;
        run(in, STACK);
        cr_expect(out.completed, "faddp: vector %u", out.trap);
        in.fx.status = 0x3800;
        in.fx.tag = 0x80;
        in.fx.st[0] = (struct oracle_xmm){UINT64_C(0x8000000000000000), 0x4001};
        in.fx.st[1] = in.fx.st[7] = (struct oracle_xmm){0, 0};
        out.fx.st[7] = in.fx.st[7]; /* what is empty */
        expect_fx(&in.fx, mode);

        in.code_size = 1;
        in.code[0] = 0x90;
        in.fx = busy;
        run(in, STACK);
        expect_fx(&busy, mode);
    }
}

Test(oracle_state, without_a_state_it_is_that_of_reset)
{
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x90)}, STACK);
    expect_fx(&(struct oracle_fx){.control = ORACLE_CONTROL, .mxcsr = ORACLE_MXCSR}, ORACLE_64);
}

Test(oracle_state, floating_point_exceptions_that_are_not_masked_come_back)
{
    const uint32_t divisions = 0x1f80 & ~0x200u; /* ZM */
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++) {
        struct oracle_in in = {.mode = mode, CODE(0xf3, 0x0f, 0x5e, 0xc1), .has_fx = true};
        in.fx = (struct oracle_fx){.control = ORACLE_CONTROL, .mxcsr = divisions};
        in.xmm[0].low = 0x3f800000;
        run(in, STACK);
        cr_expect_eq(out.trap, 19u, "divss xmm0,xmm1: vector %u", out.trap);
        cr_expect_eq(out.fx.mxcsr, divisions | 4, "%#x", out.fx.mxcsr);
        cr_expect_arr_eq(out.xmm, in.xmm, sizeof(in.xmm));

        memcpy(in.code, (uint8_t[]){0xd9, 0xe8}, in.code_size = 2);
        in.fx = (struct oracle_fx){.control = 0x37b, .status = 0x8084, .mxcsr = ORACLE_MXCSR};
        run(in, STACK);
        cr_expect_eq(out.trap, 16u, "fld1: vector %u", out.trap);
        expect_fx(&in.fx, mode);
    }
}

Test(oracle_state, reserved_bits_of_mxcsr_are_refused)
{
    struct oracle_in in = {
        .mode = ORACLE_64, CODE(0x90), .has_fx = true, .fx = {.mxcsr = 1u << 31}};
    if (!oracle_has_mode(ORACLE_64))
        cr_skip_test("this machine cannot run that mode");
    cr_expect_not(oracle_run(&in, &out));
}

Test(oracle_state, a_small_stack_uses_sp_alone)
{
    for (enum oracle_mode mode = ORACLE_32; mode <= ORACLE_16; mode++) {
        struct oracle_in in = {.mode = mode,
                               CODE(0x50), /* push eax, push ax */
                               .gpr = {[ORACLE_RAX] = 0x12345678, [ORACLE_RSP] = 0xabcd0000},
                               .segment[ORACLE_SS] = SMALL_STACK};
        unsigned size = mode == ORACLE_32 ? 4 : 2;
        run(in, STACK + 0xf000);
        cr_expect(out.completed);
        cr_expect_eq(out.gpr[ORACLE_RSP], ORACLE_SMALL_ESP + 0x10000 - size, "SP wraps: %#llx",
                     (unsigned long long)out.gpr[ORACLE_RSP]);
        cr_expect_eq(memory_at(0x1000 - size, size), mode == ORACLE_32 ? 0x12345678u : 0x5678u);
        in.gpr[ORACLE_RSP]++;
        run(in, STACK + 0xf000);
        cr_expect_eq(out.trap, 12u, "across the end: vector %u", out.trap);
    }
}

Test(oracle_state, a_trap_follows_each_iteration)
{
    struct oracle_in in = {.mode = ORACLE_64,
                           CODE(0xf3, 0xaa), /* rep stosb */
                           .gpr = {[1] = 2, [7] = STACK},
                           .rflags = ORACLE_TF};
    run(in, STACK);
    cr_expect(out.stepped && !out.completed);
    cr_expect_eq(out.gpr[ORACLE_RCX], 1u);
    cr_expect_eq(out.rip, ORACLE_RIP);
    in.gpr[1] = 1;
    run(in, STACK);
    cr_expect(out.stepped && out.completed);
    cr_expect_eq(out.rip, ORACLE_RIP + 2);
    in.rflags = 0;
    run(in, STACK);
    cr_expect(!out.stepped && out.completed);
}

Test(oracle_state, branches_end_at_their_target)
{
    struct oracle_in in = {.mode = ORACLE_64, CODE(0xe8, 0xfb, 0, 0, 0), .gpr = {[4] = STACK + 16}};
    run(in, STACK);
    cr_expect(out.completed, "call: vector %u", out.trap);
    cr_expect_eq(out.rip, ORACLE_RIP + 0x100);
    cr_expect_eq(out.gpr[ORACLE_RSP], STACK + 8);
    cr_expect_eq(memory_at(8, 8), ORACLE_RIP + 5);

    in = (struct oracle_in){.mode = ORACLE_16, CODE(0x74, 0xf0), .rflags = 0x40}; /* jz */
    run(in, STACK);
    cr_expect(out.completed, "jz: vector %u", out.trap);
    cr_expect_eq(out.rip, ORACLE_IP16 - 14u);
    in.rflags = 0;
    run(in, STACK);
    cr_expect(out.completed);
    cr_expect_eq(out.rip, ORACLE_IP16 + 2u, "not taken");
}

Test(oracle_state, branches_to_where_no_code_is_end_there_too)
{
    struct oracle_in in = {.mode = ORACLE_64, CODE(0xff, 0xe0), .gpr = {STACK + 8}}; /* jmp rax */
    run(in, STACK);
    cr_expect(out.completed, "data: vector %u", out.trap);
    cr_expect_eq(out.rip, STACK + 8);
    in.rflags = ORACLE_TF;
    run(in, STACK);
    cr_expect(out.completed && out.stepped);
    cr_expect_eq(out.rip, STACK + 8);
    in.rflags = 0;
    in.gpr[ORACLE_RAX] = ORACLE_CODE16 + ORACLE_PAGE - 1;
    run(in, STACK);
    cr_expect(out.completed, "the last byte of the page: vector %u", out.trap);
    cr_expect_eq(out.rip, ORACLE_CODE16 + ORACLE_PAGE - 1);
    in.gpr[ORACLE_RAX] = UINT64_C(1) << 47;
    run(in, STACK);
    cr_expect(!out.completed, "not canonical");
    cr_expect_eq(out.trap, 13u);
    cr_expect_eq(out.rip, ORACLE_RIP);

    in = (struct oracle_in){.mode = ORACLE_16, CODE(0xff, 0xe0), .gpr = {0xfff0}}; /* jmp ax */
    run(in, STACK);
    cr_expect(out.completed, "past the page: vector %u", out.trap);
    cr_expect_eq(out.rip, 0xfff0u);
}
