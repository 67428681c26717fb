/* SPDX-License-Identifier: MIT */
/* The oracle gives what the manuals say, for every mode and every kind of fault that it reports. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "oracle.h"

#define DATA      (ORACLE_ARENA + 0x10000) /* one page to read and write */
#define MISSING   (DATA + 0x1000)
#define READ_ONLY (DATA + 0x2000)

#define CODE(...) .code = {__VA_ARGS__}, .code_size = sizeof((uint8_t[]){__VA_ARGS__})
#define RW_SEGMENT(address, bytes)                                                                 \
    {                                                                                              \
        .kind = ORACLE_DATA, .base = (address), .limit = (bytes)-1                                 \
    }

static struct oracle_out out; /* each test has a process of its own */
static uint8_t data_page[ORACLE_PAGE];

static void give_memory(struct oracle_in *in)
{
    for (unsigned i = 0; i < ORACLE_PAGE; i++)
        data_page[i] = (uint8_t)(i ^ i >> 4 ^ 0x80);
    in->block[0] = (struct oracle_block){DATA, ORACLE_PAGE, ORACLE_READ_WRITE, data_page};
    in->block[1] = (struct oracle_block){READ_ONLY, ORACLE_PAGE, ORACLE_READ, data_page};
    in->block_count = 2;
}

static const struct oracle_out *run(struct oracle_in in)
{
    if (!oracle_has_mode(in.mode))
        cr_skip_test("this machine cannot run that mode");
    give_memory(&in);
    cr_assert(oracle_run(&in, &out), "the oracle refuses the input");
    return &out;
}

static uint64_t memory_at(uint64_t address, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, out.memory + (address - DATA), size);
    return value;
}

/* What a page holds at an offset before. */
static uint64_t initial_at(uint64_t offset, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, data_page + offset, size);
    return value;
}

static void expect_fault(const char *name, unsigned trap, uint64_t error, uint64_t address)
{
    cr_expect_not(out.completed, "%s", name);
    cr_expect_eq(out.trap, trap, "%s: vector %u", name, out.trap);
    cr_expect_eq(out.error, error, "%s: error code %#llx", name, (unsigned long long)out.error);
    cr_expect_eq(out.address, address, "%s: cr2 %#llx", name, (unsigned long long)out.address);
}

struct move {
    const char *name;
    struct oracle_in in;
    unsigned reg;
    uint64_t expected;
};

Test(oracle, moves_into_registers_give_what_the_manual_says)
{
    const uint64_t all = UINT64_MAX;
    struct move rows[] = {
        {"mov eax,[rbx] clears the upper half",
         {.mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {all, 0, 0, DATA}},
         ORACLE_RAX,
         0x83828180},
        {"mov rax,[rbx]",
         {.mode = ORACLE_64, CODE(0x48, 0x8b, 0x03), .gpr = {0, 0, 0, DATA}},
         ORACLE_RAX,
         0x8786858483828180},
        {"mov ax,[rbx] keeps the rest",
         {.mode = ORACLE_64, CODE(0x66, 0x8b, 0x03), .gpr = {all, 0, 0, DATA}},
         ORACLE_RAX,
         0xffffffffffff8180},
        {"mov ah,[rbx]",
         {.mode = ORACLE_64, CODE(0x8a, 0x23), .gpr = {0, 0, 0, DATA}},
         ORACLE_RAX,
         0x8000},
        {"mov spl,[rbx] with REX",
         {.mode = ORACLE_64, CODE(0x40, 0x8a, 0x23), .gpr = {0, 0, 0, DATA, all}},
         ORACLE_RSP,
         0xffffffffffffff80},
        {"mov rax,imm64",
         {.mode = ORACLE_64, CODE(0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8)},
         ORACLE_RAX,
         0x0807060504030201},
        {"mov al,moffs64",
         {.mode = ORACLE_64, CODE(0xa0, 0x02, 0x00, 0x01, 0x20, 0, 0, 0, 0), .gpr = {0x100}},
         ORACLE_RAX,
         0x182},
        {"mov eax,[rip+disp]",
         {.mode = ORACLE_64, CODE(0x8b, 0x05, 0xfa, 0xf7, 0x10, 0x00), .gpr = {0}},
         ORACLE_RAX,
         0x83828180},
        {"mov eax,[ebx] with 67h ignores the upper half of rbx",
         {.mode = ORACLE_64, CODE(0x67, 0x8b, 0x03), .gpr = {0, 0, 0, DATA | 0xabcdull << 32}},
         ORACLE_RAX,
         0x83828180},
        {"mov eax,fs:[rbx]",
         {.mode = ORACLE_64,
          CODE(0x64, 0x8b, 0x03),
          .gpr = {0, 0, 0, 4},
          .segment[ORACLE_FS].base = DATA},
         ORACLE_RAX,
         0x87868584},
        {"mov eax,gs:[rbx+r9*8+8]",
         {.mode = ORACLE_64,
          CODE(0x65, 0x42, 0x8b, 0x44, 0xcb, 0x08),
          .gpr = {[3] = 0x10, [9] = all},
          .segment[ORACLE_GS].base = DATA},
         ORACLE_RAX,
         0x92939091},
        {"mov r15d,[rbx]",
         {.mode = ORACLE_64, CODE(0x44, 0x8b, 0x3b), .gpr = {[3] = DATA, [15] = all}},
         15,
         0x83828180},
        {"movzx eax,byte [rbx]",
         {.mode = ORACLE_64, CODE(0x0f, 0xb6, 0x03), .gpr = {all, 0, 0, DATA}},
         ORACLE_RAX,
         0x80},
        {"movzx ax,byte [rbx] keeps the rest",
         {.mode = ORACLE_64, CODE(0x66, 0x0f, 0xb6, 0x03), .gpr = {all, 0, 0, DATA}},
         ORACLE_RAX,
         0xffffffffffff0080},
        {"movsx rax,word [rbx]",
         {.mode = ORACLE_64, CODE(0x48, 0x0f, 0xbf, 0x03), .gpr = {0, 0, 0, DATA}},
         ORACLE_RAX,
         0xffffffffffff8180},
        {"movsx eax,byte [rbx]",
         {.mode = ORACLE_64, CODE(0x0f, 0xbe, 0x03), .gpr = {0, 0, 0, DATA}},
         ORACLE_RAX,
         0xffffff80},
        {"movsxd rax,dword [rbx]",
         {.mode = ORACLE_64, CODE(0x48, 0x63, 0x03), .gpr = {0, 0, 0, DATA}},
         ORACLE_RAX,
         0xffffffff83828180},
        {"lodsb with DF set",
         {.mode = ORACLE_64, CODE(0xac), .gpr = {[0] = 0x100, [6] = DATA}, .rflags = 0x400},
         ORACLE_RSI,
         DATA - 1},
        {"32-bit: mov eax,[ebx]",
         {.mode = ORACLE_32, CODE(0x8b, 0x03), .gpr = {0, 0, 0, DATA}},
         ORACLE_RAX,
         0x83828180},
        {"32-bit: mov eax,[bx] with 67h, based segment",
         {.mode = ORACLE_32,
          CODE(0x67, 0x8b, 0x07),
          .gpr = {0, 0, 0, 0x55550004},
          .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)},
         ORACLE_RAX,
         0x87868584},
        {"32-bit: mov eax,moffs32",
         {.mode = ORACLE_32, CODE(0xa1, 0x04, 0x00, 0x01, 0x20)},
         ORACLE_RAX,
         0x87868584},
        {"32-bit: base and offset wrap at 4 GiB",
         {.mode = ORACLE_32,
          CODE(0x8b, 0x03),
          .gpr = {0, 0, 0, DATA + 0x1000},
          .segment[ORACLE_DS] = {.kind = ORACLE_DATA, .base = 0xfffff000, .limit = UINT32_MAX}},
         ORACLE_RAX,
         0x83828180},
        {"16-bit: mov ax,[bx]",
         {.mode = ORACLE_16,
          CODE(0x8b, 0x07),
          .gpr = {0x11110000, 0, 0, 0x10004},
          .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)},
         ORACLE_RAX,
         0x11118584},
        {"16-bit: mov eax,[bp+si] through SS",
         {.mode = ORACLE_16,
          CODE(0x66, 0x8b, 0x02),
          .gpr = {[5] = 0xfff0, [6] = 0x14},
          .segment[ORACLE_SS] = RW_SEGMENT(DATA, 0x10000)},
         ORACLE_RAX,
         0x87868584},
        {"16-bit: mov al,moffs16",
         {.mode = ORACLE_16,
          CODE(0x26, 0xa0, 0x02, 0x00),
          .segment[ORACLE_ES] = RW_SEGMENT(DATA, 0x1000)},
         ORACLE_RAX,
         0x82},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run(rows[i].in);
        cr_expect(out.completed, "%s: trap %u at %#llx", rows[i].name, out.trap,
                  (unsigned long long)out.address);
        cr_expect_eq(out.gpr[rows[i].reg], rows[i].expected, "%s: %#llx", rows[i].name,
                     (unsigned long long)out.gpr[rows[i].reg]);
        uint64_t start = rows[i].in.mode == ORACLE_16 ? ORACLE_IP16 : ORACLE_RIP;
        cr_expect_eq(out.rip, start + rows[i].in.code_size, "%s", rows[i].name);
    }
}

Test(oracle, stores_change_memory_and_nothing_else)
{
    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0x88, 0x23), .gpr = {0x1234, 0, 0, DATA + 5}, .rflags = 0x8d5});
    cr_expect_eq(memory_at(DATA + 4, 3), (initial_at(4, 3) & 0xff00ff) | 0x1200, "mov [rbx],ah");
    cr_expect_eq(out.rflags, 0x8d5u);

    run((struct oracle_in){.mode = ORACLE_16,
                           CODE(0xc7, 0x07, 0x34, 0x12),
                           .gpr = {[3] = 2},
                           .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)});
    cr_expect_eq(memory_at(DATA, 4), (initial_at(0, 4) & 0xffff) | 0x12340000, "mov word [bx],imm");

    struct oracle_in store_ds = {.mode = ORACLE_32, CODE(0x8c, 0x1b), .gpr = {[3] = DATA}};
    run(store_ds);
    cr_expect_eq(memory_at(DATA, 4),
                 (initial_at(0, 4) & 0xffff0000) | oracle_selector(&store_ds, ORACLE_DS),
                 "mov [ebx],ds writes 16 bits");
}

Test(oracle, repeated_string_instructions_run_to_their_end)
{
    run((struct oracle_in){.mode = ORACLE_64,
                           CODE(0xf3, 0xa4),
                           .gpr = {[1] = 16, [6] = DATA + 0x0f, [7] = DATA + 0x11f},
                           .rflags = 0x400});
    cr_expect_arr_eq(out.memory + 0x110, data_page, 16, "rep movsb, DF = 1");
    cr_expect_eq(out.gpr[ORACLE_RSI], DATA - 1);
    cr_expect_eq(out.gpr[ORACLE_RDI], DATA + 0x10f);
    cr_expect_eq(out.gpr[ORACLE_RCX], 0u);

    run((struct oracle_in){.mode = ORACLE_64,
                           CODE(0xf3, 0x48, 0xab),
                           .gpr = {[0] = 0x1122334455667788, [1] = 4, [7] = DATA}});
    cr_expect_eq(memory_at(DATA + 24, 8), 0x1122334455667788u, "rep stosq");
    cr_expect_eq(memory_at(DATA + 32, 8), initial_at(32, 8));

    run((struct oracle_in){.mode = ORACLE_16,
                           CODE(0xf2, 0xad),
                           .gpr = {[1] = 0x70003, [6] = 8},
                           .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)});
    cr_expect_eq(out.gpr[ORACLE_RAX], initial_at(12, 2), "repne lodsw");
    cr_expect_eq(out.gpr[ORACLE_RCX], 0x70000u, "16-bit addresses count in CX");
    cr_expect_eq(out.gpr[ORACLE_RSI], 14u);

    run((struct oracle_in){.mode = ORACLE_32, CODE(0xf3, 0xa5), .gpr = {[6] = 0, [7] = 0}});
    cr_expect(out.completed, "count 0 touches nothing");
}

Test(oracle, a_count_of_zero_with_67h_differs_between_makers)
{
    run((struct oracle_in){.mode = ORACLE_64,
                           CODE(0xf3, 0x67, 0xab),
                           .gpr = {[1] = 0xabcd00000000, [7] = 0x123400000000 | DATA}});
    cr_expect(out.completed);
    bool cleared = out.gpr[ORACLE_RCX] == 0;
    cr_expect(cleared || out.gpr[ORACLE_RCX] == 0xabcd00000000);
    fprintf(stderr, "67h rep stosd, ecx = 0: rcx %s, rdi %s\n", cleared ? "cleared" : "kept",
            out.gpr[ORACLE_RDI] == DATA ? "cleared" : "kept");
}

Test(oracle, page_faults_carry_address_and_error_code)
{
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = MISSING}});
    expect_fault("read of a missing page", 14, 4, MISSING);
    cr_expect_eq(out.rip, ORACLE_RIP);
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = MISSING - 2}});
    expect_fault("read across an edge", 14, 4, MISSING);
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x89, 0x03), .gpr = {[3] = MISSING - 1}});
    expect_fault("write across an edge", 14, 6, MISSING);
    cr_expect_arr_eq(out.memory, data_page, ORACLE_PAGE, "nothing of it is written");
    run((struct oracle_in){.mode = ORACLE_32, CODE(0x89, 0x03), .gpr = {[3] = READ_ONLY - 2}});
    expect_fault("write across an edge, both pages refuse", 14, 6, READ_ONLY - 2);
    run((struct oracle_in){.mode = ORACLE_32, CODE(0x88, 0x03), .gpr = {[3] = READ_ONLY + 9}});
    expect_fault("write to a read-only page", 14, 7, READ_ONLY + 9);
    run((struct oracle_in){.mode = ORACLE_16,
                           CODE(0x8a, 0x07),
                           .gpr = {[3] = 0x1001},
                           .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x10000)});
    expect_fault("16-bit: read of a missing page", 14, 4, MISSING + 1);
    cr_expect_eq(out.rip, ORACLE_IP16);
}

Test(oracle, a_fault_in_a_repetition_keeps_the_finished_part)
{
    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0xf3, 0xab), .gpr = {[0] = 0xcafe, [1] = 10, [7] = MISSING - 10}});
    expect_fault("rep stosd into a missing page", 14, 6, MISSING);
    cr_expect_eq(out.gpr[ORACLE_RCX], 8u);
    cr_expect_eq(out.gpr[ORACLE_RDI], MISSING - 2);
    cr_expect_eq(memory_at(MISSING - 10, 8), 0x0000cafe0000cafeu);
    cr_expect_eq(memory_at(MISSING - 2, 2), initial_at(0xffe, 2));
}

Test(oracle, segmentation_faults_name_the_segment)
{
    static const struct oracle_segment down = {
        .kind = ORACLE_DATA, .base = DATA - 0x8000, .limit = 0x7fff, .expand_down = true};
    struct oracle_segment down16 = down;
    down16.is_small = true;
    struct oracle_segment read_only = RW_SEGMENT(DATA, 0x1000);
    read_only.read_only = true;
    struct oracle_segment readable = RW_SEGMENT(DATA, 0x1000);
    readable.kind = ORACLE_CODE_DATA;
    const struct {
        const char *name;
        struct oracle_in in;
        unsigned trap; /* 0: completes */
    } rows[] = {
        {"last byte within the limit",
         {.mode = ORACLE_32,
          CODE(0x8b, 0x03),
          .gpr = {[3] = 0xffc},
          .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)},
         0},
        {"last byte past the limit",
         {.mode = ORACLE_32,
          CODE(0x8b, 0x03),
          .gpr = {[3] = 0xffd},
          .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)},
         13},
        {"a stack segment",
         {.mode = ORACLE_32,
          CODE(0x8b, 0x45, 0x00),
          .gpr = {[5] = 0xffd},
          .segment[ORACLE_SS] = RW_SEGMENT(DATA, 0x1000)},
         12},
        {"an override away from the stack",
         {.mode = ORACLE_32,
          CODE(0x3e, 0x8b, 0x45, 0x00),
          .gpr = {[5] = 0xffd},
          .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)},
         13},
        {"an override to the stack",
         {.mode = ORACLE_32,
          CODE(0x36, 0x8b, 0x03),
          .gpr = {[3] = 0xffd},
          .segment[ORACLE_SS] = RW_SEGMENT(DATA, 0x1000)},
         12},
        {"16 bits: an operand at offset ffffh does not wrap",
         {.mode = ORACLE_16,
          CODE(0x8b, 0x07),
          .gpr = {[3] = 0xffff},
          .segment[ORACLE_DS] = RW_SEGMENT(DATA - 0xf000, 0x10000)},
         13},
        {"null segment",
         {.mode = ORACLE_32,
          CODE(0x8b, 0x03),
          .gpr = {[3] = DATA},
          .segment[ORACLE_DS] = {.kind = ORACLE_NULL_SEGMENT}},
         13},
        {"write to a read-only segment",
         {.mode = ORACLE_32, CODE(0x89, 0x03), .segment[ORACLE_DS] = read_only},
         13},
        {"read of a read-only segment",
         {.mode = ORACLE_32, CODE(0x8b, 0x03), .segment[ORACLE_DS] = read_only},
         0},
        {"read of a readable code segment",
         {.mode = ORACLE_32, CODE(0x8b, 0x03), .segment[ORACLE_DS] = readable},
         0},
        {"write to a code segment",
         {.mode = ORACLE_32, CODE(0x89, 0x03), .segment[ORACLE_DS] = readable},
         13},
        {"expand-down: at the limit",
         {.mode = ORACLE_32, CODE(0x8a, 0x03), .gpr = {[3] = 0x7fff}, .segment[ORACLE_DS] = down},
         13},
        {"expand-down: above the limit",
         {.mode = ORACLE_32, CODE(0x8a, 0x03), .gpr = {[3] = 0x8000}, .segment[ORACLE_DS] = down},
         0},
        {"expand-down, 32 bits: far above",
         {.mode = ORACLE_32, CODE(0x8a, 0x03), .gpr = {[3] = 0x10000}, .segment[ORACLE_DS] = down},
         14},
        {"expand-down, 16 bits: above 64 KiB",
         {.mode = ORACLE_32,
          CODE(0x8a, 0x03),
          .gpr = {[3] = 0x10000},
          .segment[ORACLE_DS] = down16},
         13},
        {"16-bit code: stack limit",
         {.mode = ORACLE_16,
          CODE(0x8b, 0x46, 0x00),
          .gpr = {[5] = 0xfff},
          .segment[ORACLE_SS] = RW_SEGMENT(DATA, 0x1000)},
         12},
        {"64-bit: not canonical",
         {.mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = UINT64_C(1) << 47}},
         13},
        {"64-bit: not canonical, stack",
         {.mode = ORACLE_64, CODE(0x8b, 0x45, 0x00), .gpr = {[5] = UINT64_C(1) << 47}},
         12},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        run(rows[i].in);
        cr_expect_eq(out.completed, rows[i].trap == 0, "%s: trap %u", rows[i].name, out.trap);
        cr_expect_eq(out.trap, rows[i].trap, "%s: trap %u", rows[i].name, out.trap);
        if (rows[i].trap == 12 || rows[i].trap == 13)
            expect_fault(rows[i].name, rows[i].trap, 0, 0);
    }
}

Test(oracle, alignment_checks_apply_with_ac_and_their_rank_is_known)
{
    const uint64_t ac = 0x40000;
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = DATA + 1}});
    cr_expect(out.completed, "without AC");
    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = DATA + 4}, .rflags = ac});
    cr_expect(out.completed, "aligned");
    cr_expect_eq(out.rflags, ac);
    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = DATA + 1}, .rflags = ac});
    expect_fault("misaligned", 17, 0, 0);
    run((struct oracle_in){.mode = ORACLE_32,
                           CODE(0x8b, 0x03),
                           .gpr = {[3] = 0xffd},
                           .rflags = ac,
                           .segment[ORACLE_DS] = RW_SEGMENT(DATA, 0x1000)});
    expect_fault("misaligned and past the limit", 13, 0, 0);

    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = MISSING + 1}, .rflags = ac});
    fprintf(stderr, "misaligned in a missing page: vector %u\n", out.trap);
    cr_expect(out.trap == 14 || out.trap == 17);
    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0x8b, 0x03), .gpr = {[3] = MISSING - 2}, .rflags = ac});
    fprintf(stderr, "misaligned into a missing second page: vector %u\n", out.trap);
    cr_expect(out.trap == 14 || out.trap == 17);
}

Test(oracle, movsxd_with_66h_reads_as_much_as_the_maker_decided)
{
    run((struct oracle_in){
        .mode = ORACLE_64, CODE(0x66, 0x63, 0x03), .gpr = {[0] = UINT64_MAX, [3] = DATA}});
    cr_expect(out.completed);
    cr_expect_eq(out.gpr[ORACLE_RAX], 0xffffffffffff8180u, "16 bits are written");
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x66, 0x63, 0x03), .gpr = {[3] = MISSING - 2}});
    fprintf(stderr, "movsxd ax,[rbx] reads %u bits\n", out.completed ? 16u : 32u);
    cr_expect(out.completed || out.trap == 14);
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x63, 0x03), .gpr = {[3] = MISSING - 2}});
    expect_fault("movsxd eax,[rbx] reads 32 bits", 14, 4, MISSING);
}

static _Thread_local unsigned thread_local_value = 0x5eed;

Test(oracle, the_state_of_the_host_is_as_before)
{
    uint64_t flags;
    uint32_t mxcsr, odd_mxcsr = 0x3f80; /* another rounding mode */
    __asm__ volatile("ldmxcsr %0" : : "m"(odd_mxcsr));
    run((struct oracle_in){.mode = ORACLE_32,
                           CODE(0xf3, 0xa4),
                           .rflags = 0x40cd5,
                           .gpr = {[1] = 3, [4] = 1, [6] = DATA + 9, [7] = DATA + 5},
                           .segment[ORACLE_FS] = RW_SEGMENT(DATA, 0x1000),
                           .segment[ORACLE_GS] = {.kind = ORACLE_NULL_SEGMENT}});
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    cr_expect_eq(flags & 0x40400, 0u, "DF and AC are clear");
    cr_expect_eq(mxcsr & 0xffc0, odd_mxcsr);
    cr_expect_eq(thread_local_value, 0x5eedu, "FS is the thread's");
    for (enum oracle_mode mode = ORACLE_64; mode <= ORACLE_16; mode++) {
        run((struct oracle_in){.mode = mode, CODE(0x0f, 0x0b), .rflags = 0x40cd5});
        expect_fault("ud2", 6, 0, 0);
        cr_expect_eq(thread_local_value, 0x5eedu);
    }
}

Test(oracle, other_faults_come_back_too)
{
    run((struct oracle_in){.mode = ORACLE_64, CODE(0xf7, 0xf1), .gpr = {[0] = 1}});
    expect_fault("div by zero", 0, 0, 0);
    run((struct oracle_in){.mode = ORACLE_64, CODE(0xec)});
    expect_fault("in at CPL 3", 13, 0, 0);
    run((struct oracle_in){.mode = ORACLE_32, CODE(0xf4)});
    expect_fault("hlt at CPL 3", 13, 0, 0);
    run((struct oracle_in){.mode = ORACLE_64, CODE(0x8b, 0x03, 0x90), .gpr = {[3] = DATA}});
    cr_expect(out.completed, "bytes after an instruction run too");
}

Test(oracle, bad_input_is_refused)
{
    const struct oracle_in good = {.mode = ORACLE_32, CODE(0x90)};
    struct oracle_in in = good;
    if (!oracle_has_mode(ORACLE_32))
        cr_skip_test("this machine cannot run that mode");
    in.code_size = 0;
    cr_expect_not(oracle_run(&in, &out), "no code");
    in = good;
    in.segment[ORACLE_SS].kind = ORACLE_NULL_SEGMENT;
    cr_expect_not(oracle_run(&in, &out), "null SS");
    in = good;
    in.segment[ORACLE_DS] = (struct oracle_segment){.kind = ORACLE_DATA, .limit = 0x100001};
    cr_expect_not(oracle_run(&in, &out), "a limit that no descriptor can have");
    in = good;
    in.block[0] = (struct oracle_block){ORACLE_ARENA - ORACLE_PAGE, ORACLE_PAGE, ORACLE_READ, NULL};
    in.block_count = 1;
    cr_expect_not(oracle_run(&in, &out), "a block outside the arena");
    in.block[0].address = ORACLE_ARENA + 1;
    cr_expect_not(oracle_run(&in, &out), "a block that is not page aligned");
}
