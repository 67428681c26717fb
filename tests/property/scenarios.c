/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <string.h>

#define R      WHvMemoryAccessRead
#define W      WHvMemoryAccessWrite
#define X      WHvMemoryAccessExecute
#define D      GUEST_DEVICE
#define LO     0xb8000u /* within reach of 32-bit code; 16-bit code has 0xbffe instead */
#define B(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

#define TF 0x100u
#define RF 0x10000u
#define DF 0x400u

const struct scenario scenarios[] = {
    {"mov eax, [rbx]", GUEST_LONG64, B(0x8b, 0x03), R, D, 2, 2, false},
    {"mov [rbx], rax", GUEST_LONG64, B(0x48, 0x89, 0x03), W, D, 3, 2, false},
    {"mov [rbx], rax across a page", GUEST_LONG64, B(0x48, 0x89, 0x03), W, D + 0xffe, 3, 2, false},
    {"mov rax, [rbx] across a page", GUEST_LONG64, B(0x48, 0x8b, 0x03), R, D + 0xffb, 3, 2, false},
    {"mov [rbx], rax after a read exit", GUEST_LONG64, B(0x48, 0x89, 0x03), R, D, 3, 2, false},
    {"mov byte [rbx], imm8", GUEST_LONG64, B(0xc6, 0x03, 0x5a), W, D, 3, 2, false},
    {"mov dword fs:[rbx], imm32", GUEST_LONG64, B(0x64, 0xc7, 0x03, 1, 2, 3, 4), W, D, 7, 2, false},
    {"mov ah, [rbx]", GUEST_LONG64, B(0x8a, 0x23), R, D, 2, 2, false},
    {"movzx ecx, word [rbx]", GUEST_LONG64, B(0x0f, 0xb7, 0x0b), R, D, 3, 2, false},
    {"movsx rcx, byte [rbx]", GUEST_LONG64, B(0x48, 0x0f, 0xbe, 0x0b), R, D, 4, 2, false},
    {"movsxd rcx, dword [rbx]", GUEST_LONG64, B(0x48, 0x63, 0x0b), R, D, 3, 2, false},
    {"mov [rbx], ds", GUEST_LONG64, B(0x8c, 0x1b), W, D, 2, 2, false},
    {"mov ss, [rbx] (null)", GUEST_LONG64, B(0x8e, 0x13), R, 0x9000, 2, 2, false},
    {"mov ds, [rbx] from the GDT", GUEST_PROT32, B(0x8e, 0x1b), R, 0x9008, 2, 2, false},
    {"mov es, [bx]", GUEST_REAL16, B(0x8e, 0x07), R, 0x9008, 2, 2, false},
    {"mov rax, moffs", GUEST_LONG64, B(0x48, 0xa1, 0, 0, 0xe0, 0xfe, 0, 0, 0, 0), R, D, 10, 2,
     false},
    {"fetch all", GUEST_LONG64, B(0x8b, 0x03), R, D, 0, 2, false},
    {"fetch the rest", GUEST_LONG64, B(0xc7, 0x03, 1, 2, 3, 4), W, D, 1, 2, false},
    {"rep movsb", GUEST_LONG64, B(0xf3, 0xa4), W, D, 2, 2, false},
    {"rep movsd across pages", GUEST_LONG64, B(0xf3, 0xa5), W, D + 0xffd, 2, 2, false},
    {"rep movsw down", GUEST_LONG64, B(0x66, 0xf3, 0xa5), W, D + 0x1000, 3, 2 | DF, false},
    {"rep stosq", GUEST_LONG64, B(0xf3, 0x48, 0xab), W, D, 3, 2, false},
    {"stosb", GUEST_PROT32, B(0xaa), W, LO, 1, 2, false},
    {"rep lodsd", GUEST_PROT32, B(0xf3, 0xad), R, LO, 2, 2, false},
    {"rep insb on an execute exit", GUEST_PROT32, B(0xf3, 0x6c), X, 0x1000, 2, 2, false},
    {"rep outsw on a read exit", GUEST_PROT32, B(0x66, 0xf3, 0x6f), R, LO, 3, 2, false},
    {"rep movsb with TF", GUEST_PROT32, B(0xf3, 0xa4), W, LO, 2, 2 | TF, false},
    {"mov with RF and TF", GUEST_PROT32, B(0x89, 0x03), W, LO, 2, 2 | TF | RF, false},
    {"mov in a shadow", GUEST_PROT32, B(0x89, 0x03), W, LO, 2, 2, true},
    {"mov [bx], ax in real mode", GUEST_REAL16, B(0x89, 0x07), W, 0xbffe, 2, 2, false},
    {"mov [bx], ax in vm86", GUEST_VM86, B(0x89, 0x07), W, 0xbffe, 2, 0x20002, false},
    {"a32 mov in 16-bit code", GUEST_PROT16, B(0x67, 0x66, 0x89, 0x03), W, LO, 4, 2, false},
    {"mov in compatibility mode", GUEST_COMPAT32, B(0x89, 0x03), W, LO, 2, 2, false},
    {"mov past the limit (#GP)", GUEST_REAL16, B(0x66, 0x89, 0x07), W, 0xfffd, 3, 2, false},
    {"non-canonical (#GP)", GUEST_LONG64, B(0x8b, 0x03), R, 0x800000000000, 2, 2, false},
    {"lock mov (#UD)", GUEST_LONG64, B(0xf0, 0x89, 0x03), W, D, 3, 2, false},
    {"in al, dx on an execute exit in vm86", GUEST_VM86, B(0xec), X, 0x1000, 1, 0x20002, false},
    {"mov eax, imm32 on an execute exit", GUEST_LONG64, B(0xb8, 1, 2, 3, 4), X, 0x1000, 0, 2,
     false},
    {"add [rbx], rax across a page", GUEST_LONG64, B(0x48, 0x01, 0x03), W, D + 0xffd, 3, 2, false},
    {"lock cmpxchg [rbx], ecx", GUEST_LONG64, B(0xf0, 0x0f, 0xb1, 0x0b), R, D, 4, 2, false},
    {"cmpxchg16b [rbx]", GUEST_LONG64, B(0x48, 0x0f, 0xc7, 0x0b), W, D, 4, 2, false},
    {"bts [rbx], ecx", GUEST_PROT32, B(0x0f, 0xab, 0x0b), W, LO, 3, 2, false},
    {"shld [bx], ax, cl", GUEST_REAL16, B(0x0f, 0xa5, 0x07), W, 0xbffe, 3, 2, false},
    {"div dword [rbx]", GUEST_LONG64, B(0xf7, 0x33), R, D, 2, 2, false},
    {"push qword [rbx]", GUEST_LONG64, B(0xff, 0x33), R, D, 2, 2, false},
    {"pop dword [ebx]", GUEST_PROT32, B(0x8f, 0x03), W, LO, 2, 2, false},
    {"repe cmpsd", GUEST_LONG64, B(0xf3, 0xa7), R, D, 2, 2, false},
    {"repne scasb", GUEST_PROT32, B(0xf2, 0xae), R, LO, 2, 2, false},
    {"movups [rbx], xmm1 across a page", GUEST_LONG64, B(0x0f, 0x11, 0x0b), W, D + 0xff3, 3, 2,
     false},
    {"movdqa xmm1, [rbx]", GUEST_LONG64, B(0x66, 0x0f, 0x6f, 0x0b), R, D, 4, 2, false},
    {"movdir64b rcx, [rbx] across a page", GUEST_LONG64, B(0x66, 0x0f, 0x38, 0xf8, 0x0b), R,
     D + 0xfdc, 5, 2, false},
    {"movbe [rbx], rax across a page", GUEST_LONG64, B(0x48, 0x0f, 0x38, 0xf1, 0x03), W, D + 0xff9,
     5, 2, false},
    {"xchg [rbx], rax across a page", GUEST_LONG64, B(0x48, 0x87, 0x03), R, D + 0xffc, 3, 2, false},
    {"lock xadd [rbx], eax", GUEST_PROT32, B(0xf0, 0x0f, 0xc1, 0x03), W, LO, 4, 2, false},
    {"cmpxchg8b [rbx] across a page", GUEST_COMPAT32, B(0x0f, 0xc7, 0x0b), W, LO + 0xffd, 3, 2,
     false},
    {"imul eax, [rbx], imm8", GUEST_LONG64, B(0x6b, 0x03, 0x05), R, D, 3, 2, false},
    {"cmovz rcx, [rbx] across a page", GUEST_LONG64, B(0x48, 0x0f, 0x44, 0x0b), R, D + 0xffb, 4, 2,
     false},
    {"push word [bx] in real mode", GUEST_REAL16, B(0xff, 0x37), R, 0xbffe, 2, 2, false},
    {"pop qword [rbx] across a page", GUEST_LONG64, B(0x8f, 0x03), W, D + 0xffe, 2, 2, false},
    {"mov ss, [ebx] from the GDT with TF", GUEST_PROT32, B(0x8e, 0x13), R, 0x9008, 2, 2 | TF,
     false},
    {"mov es, [ebx] past the GDT (#GP)", GUEST_COMPAT32, B(0x8e, 0x03), R, 0x9000, 2, 2, false},
    {"movaps [rbx], xmm1 misaligned (#GP)", GUEST_LONG64, B(0x0f, 0x29, 0x0b), W, D + 8, 3, 2,
     false},
    {"div byte [rbx] by 0 (#DE)", GUEST_LONG64, B(0xf6, 0x33), R, 0x4000, 2, 2, false},
    {"push qword [rbx], all fetched", GUEST_LONG64, B(0xff, 0x33), X, 0x1000, 0, 2, false},
    {"mov [ebx], eax with 16-bit code", GUEST_COMPAT16, B(0x67, 0x66, 0x89, 0x03), W, LO, 4, 2,
     false},
    {"rep movsq between two devices", GUEST_LONG64, B(0xf3, 0x48, 0xa5), R, D + 0xff4, 3, 2, false},
    {"xlat", GUEST_LONG64, B(0xd7), R, D, 1, 2, false},
    {"setz [rbx] with TF in a shadow", GUEST_LONG64, B(0x0f, 0x94, 0x03), W, D, 3, 2 | TF, true},
    {"in al, dx", GUEST_LONG64, B(0xec), SCENARIO_IN, 1, 1, 2, false},
    {"in eax, dx with TF in a shadow", GUEST_LONG64, B(0xed), SCENARIO_IN, 4, 1, 2 | TF, true},
    {"out dx, ax", GUEST_REAL16, B(0xef), SCENARIO_OUT, 2, 1, 2, false},
    {"rep insd", GUEST_LONG64, B(0xf3, 0x6d), SCENARIO_IN | SCENARIO_STRING, 4, 2, 2, false},
    {"rep outsb, fetched", GUEST_PROT32, B(0xf3, 0x6e), SCENARIO_OUT | SCENARIO_STRING, 1, 0, 2,
     false},
    {"rep insw across pages with TF", GUEST_PROT32, B(0x66, 0xf3, 0x6d),
     SCENARIO_IN | SCENARIO_STRING, 2, 3, 2 | TF, false},
    {"rep outsd on an execute exit in vm86", GUEST_VM86, B(0x66, 0xf3, 0x6f), X, 0x1000, 3, 0x20002,
     false},
    {"out imm8, al in a shadow", GUEST_REAL16, B(0xe6, 0x80), SCENARIO_OUT, 1, 2, 2 | RF, true},
    {"fs outsb", GUEST_PROT32, B(0x64, 0x6e), SCENARIO_OUT | SCENARIO_STRING, 1, 2, 2, false},
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

/* A GDT at 0x6000 whose third descriptor is writable data, not yet accessed; a TSS whose map allows
 * all. */
static void add_tables(struct guest *guest)
{
    static const uint8_t descriptor[8] = {0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0};
    memcpy(guest->memory + 0x6010, descriptor, sizeof(descriptor));
    guest->memory[0x9008] = 0x10; /* the selector that is loaded */
    WHV_REGISTER_VALUE gdtr = {.Table = {.Base = 0x6000, .Limit = 0xff}};
    *guest_reg(guest, WHvX64RegisterGdtr) = gdtr;
    WHV_REGISTER_VALUE tr = {.Segment = {.Base = 0x7000, .Limit = 0x2fff, .Selector = 0x28}};
    tr.Segment.SegmentType = 0xb;
    tr.Segment.Present = 1;
    *guest_reg(guest, WHvX64RegisterTr) = tr;
    guest->memory[0x7066] = 0x68;
}

struct guest_exit scenario_prepare(const struct scenario *scenario, struct guest *guest)
{
    guest_init(guest, scenario->mode);
    add_tables(guest);
    guest->port_data = 0xdeadbeef;
    memcpy(guest->memory + 0x1000, scenario->code, scenario->size);
    for (unsigned i = 0; i < 64; i++)
        guest->memory[0x8fc0 + 2 * i] = (uint8_t)(0x30 + i);
    guest_set64(guest, WHvX64RegisterRflags, scenario->rflags);
    guest_set64(guest, WHvX64RegisterRax, 0x8877665544332211);
    guest_set64(guest, WHvX64RegisterRcx, 3);
    guest_set64(guest, WHvX64RegisterRdx, 0x1f0);
    guest_set64(guest, WHvX64RegisterRsi, 0x8ffe);
    guest_set64(guest, WHvX64RegisterRsp, 0xa004);
    bool is_memory = scenario->access <= WHvMemoryAccessExecute;
    guest_set64(guest, WHvX64RegisterRbx, is_memory ? scenario->address : 0);
    guest_set64(guest, WHvX64RegisterRdi, is_memory ? scenario->address : 0x5000);

    struct guest_exit exit;
    if (is_memory)
        exit = guest_memory_exit(guest, scenario->mode, (WHV_MEMORY_ACCESS_TYPE)scenario->access,
                                 scenario->address, scenario->code, scenario->given);
    else
        exit = guest_io_exit(guest, scenario->mode, 0x1f0, (unsigned)scenario->address,
                             (scenario->access & SCENARIO_OUT) == SCENARIO_OUT,
                             (scenario->access & SCENARIO_STRING) != 0, scenario->code,
                             scenario->given);
    exit.vp.ExecutionState.InterruptShadow = scenario->shadow;
    if (scenario->shadow)
        guest_set64(guest, WHvRegisterInterruptState, 3);
    return exit;
}
