/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#define RAX    BENCH_RAX
#define RCX    BENCH_RCX
#define RDX    BENCH_RDX
#define RBX    BENCH_RBX
#define RSP    BENCH_RSP
#define RSI    BENCH_RSI
#define RDI    BENCH_RDI
#define RFLAGS BENCH_RFLAGS
#define XMM0   BENCH_XMM0

#define SCENARIO(name, exit, size, traits, callbacks, inputs, outputs, ...)                        \
    {                                                                                              \
        name, exit, size, traits, callbacks, inputs, outputs, sizeof((uint8_t[]){__VA_ARGS__}),    \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define READ(name, size, callbacks, inputs, outputs, ...)                                          \
    SCENARIO(name, BENCH_READ, size, BENCH_BY_EXIT, callbacks, inputs, outputs, __VA_ARGS__)
#define WRITE(name, size, callbacks, inputs, outputs, ...)                                         \
    SCENARIO(name, BENCH_WRITE, size, BENCH_BY_EXIT, callbacks, inputs, outputs, __VA_ARGS__)
#define IN(name, size, traits, callbacks, inputs, outputs, ...)                                    \
    SCENARIO(name, BENCH_PORT_READ, size, traits, callbacks, inputs, outputs, __VA_ARGS__)
#define OUT(name, size, traits, callbacks, inputs, outputs, ...)                                   \
    SCENARIO(name, BENCH_PORT_WRITE, size, traits, callbacks, inputs, outputs, __VA_ARGS__)
#define FLASH(name, traits, callbacks, inputs, outputs, ...)                                       \
    SCENARIO(name, BENCH_EXECUTE, 1, BENCH_NO_BYTES | (traits), callbacks, inputs, outputs,        \
             __VA_ARGS__)

const struct bench_scenario bench_scenarios[] = {
    READ("mov al, [rbx]", 1, 3, RAX | RBX, RAX, 0x8a, 0x03),
    READ("mov ax, [rbx]", 2, 3, RAX | RBX, RAX, 0x66, 0x8b, 0x03),
    READ("mov eax, [rbx]", 4, 2, RBX, RAX, 0x8b, 0x03),
    READ("mov rax, [rbx]", 8, 2, RBX, RAX, 0x48, 0x8b, 0x03),
    READ("movzx eax, byte [rbx]", 1, 2, RBX, RAX, 0x0f, 0xb6, 0x03),
    READ("movups xmm0, [rbx]", 16, 4, RBX, XMM0, 0x0f, 0x10, 0x03),
    WRITE("mov [rbx], al", 1, 3, RAX | RBX, 0, 0x88, 0x03),
    WRITE("mov [rbx], ax", 2, 3, RAX | RBX, 0, 0x66, 0x89, 0x03),
    WRITE("mov [rbx], eax", 4, 3, RAX | RBX, 0, 0x89, 0x03),
    WRITE("mov [rbx], rax", 8, 3, RAX | RBX, 0, 0x48, 0x89, 0x03),
    WRITE("mov dword [rbx], 1", 4, 2, RBX, 0, 0xc7, 0x03, 1, 0, 0, 0),
    WRITE("mov [rbx+rdx+8], eax", 4, 3, RAX | RDX | RBX, 0, 0x89, 0x44, 0x13, 0x08),
    WRITE("movups [rbx], xmm0", 16, 4, RBX | XMM0, 0, 0x0f, 0x11, 0x03),

    WRITE("add [rbx], eax", 4, 4, RAX | RBX, RFLAGS, 0x01, 0x03),
    WRITE("or [rbx], eax", 4, 4, RAX | RBX, RFLAGS, 0x09, 0x03),
    WRITE("or dword [rbx], 1", 4, 3, RBX, RFLAGS, 0x83, 0x0b, 1),
    WRITE("inc dword [rbx]", 4, 3, RBX, RFLAGS, 0xff, 0x03),
    WRITE("bts dword [rbx], 3", 4, 3, RBX, RFLAGS, 0x0f, 0xba, 0x2b, 3),
    WRITE("xchg [rbx], eax", 4, 4, RAX | RBX, RAX, 0x87, 0x03),
    WRITE("lock xadd [rbx], eax", 4, 4, RAX | RBX, RAX | RFLAGS, 0xf0, 0x0f, 0xc1, 0x03),
    WRITE("lock cmpxchg [rbx], ecx", 4, 4, RAX | RCX | RBX, RFLAGS, 0xf0, 0x0f, 0xb1, 0x0b),
    SCENARIO("lock cmpxchg not equal", BENCH_WRITE, 4, BENCH_UNEQUAL | BENCH_BY_EXIT, 4,
             RAX | RCX | RBX, RAX | RFLAGS, 0xf0, 0x0f, 0xb1, 0x0b),
    SCENARIO("or [rbx], eax after a read exit", BENCH_READ, 4, 0, 5, RAX | RBX, RFLAGS, 0x09, 0x03),
    READ("cmp [rbx], eax", 4, 3, RAX | RBX, RFLAGS, 0x39, 0x03),
    READ("test [rbx], eax", 4, 3, RAX | RBX, RFLAGS, 0x85, 0x03),
    READ("bt dword [rbx], 3", 4, 2, RBX, RFLAGS, 0x0f, 0xba, 0x23, 3),
    SCENARIO("push qword [rbx]", BENCH_READ, 8, 0, 5, RBX | RSP, RSP, 0xff, 0x33),
    SCENARIO("pop qword [rbx]", BENCH_WRITE, 8, 0, 5, RBX | RSP, RSP, 0x8f, 0x03),

    IN("in al, dx", 1, 0, 2, RAX | RDX, RAX, 0xec),
    IN("in eax, dx", 4, 0, 2, RDX, RAX, 0xed),
    OUT("out dx, al", 1, 0, 2, RAX | RDX, 0, 0xee),
    OUT("out dx, eax", 4, 0, 2, RAX | RDX, 0, 0xef),

    SCENARIO("rep stosd", BENCH_WRITE, 4, BENCH_REP, 1002, RAX | RCX | RDI, RCX | RDI, 0xf3, 0xab),
    SCENARIO("rep movsb", BENCH_WRITE, 1, BENCH_REP, 2003, RCX | RSI | RDI, RCX | RSI | RDI, 0xf3,
             0xa4),
    SCENARIO("rep lodsb", BENCH_READ, 1, BENCH_REP, 1003, RAX | RCX | RSI, RAX | RCX | RSI, 0xf3,
             0xac),
    IN("rep insb", 1, BENCH_REP, 2002, RCX | RDX | RDI, RCX | RDI, 0xf3, 0x6c),
    OUT("rep outsb", 1, BENCH_REP, 2002, RCX | RDX | RSI, RCX | RSI, 0xf3, 0x6e),

    SCENARIO("mov eax, [rbx] no Gva", BENCH_READ, 4, BENCH_NO_GVA, 4, RBX, RAX, 0x8b, 0x03),
    SCENARIO("mov [rbx], eax no Gva", BENCH_WRITE, 4, BENCH_NO_GVA, 4, RAX | RBX, 0, 0x89, 0x03),
    SCENARIO("mov eax, [rbx] page start", BENCH_READ, 4, BENCH_START, 3, RBX, RAX, 0x8b, 0x43,
             0xf0),
    SCENARIO("mov [rbx], eax page start", BENCH_WRITE, 4, BENCH_START, 3, RAX | RBX, 0, 0x89, 0x43,
             0xf0),
    SCENARIO("mov dword [rbx], 1 page start", BENCH_WRITE, 4, BENCH_START, 3, RBX, 0, 0xc7, 0x43,
             0xf0, 1, 0, 0, 0),
    SCENARIO("mov eax, [rbx] page split", BENCH_READ, 4, BENCH_START, 5, RBX, RAX, 0x8b, 0x83, 0xee,
             0x0f, 0, 0),
    SCENARIO("mov eax, [ebx] in 32-bit code", BENCH_READ, 4, BENCH_CODE32 | BENCH_BY_EXIT, 2, RBX,
             RAX, 0x8b, 0x03),
    SCENARIO("mov eax, [rbx] preview form", BENCH_READ, 4, BENCH_PREVIEW | BENCH_BY_EXIT, 2, RBX,
             RAX, 0x8b, 0x03),
    SCENARIO("mov eax, [rbx] bytes fetched", BENCH_READ, 4, BENCH_NO_BYTES | BENCH_BY_EXIT, 4, RBX,
             RAX, 0x8b, 0x03),
    SCENARIO("mov eax, [rbx] decoded anew", BENCH_READ, 4, BENCH_COLD | BENCH_BY_EXIT, 2, RBX, RAX,
             0x8b, 0x03),

    FLASH("jnz from flash", 0, 2, 0, 0, 0x75, 0xfe),
    FLASH("jnz from flash, 32-bit code", BENCH_CODE32, 2, 0, 0, 0x75, 0xfe),
    FLASH("jmp from flash", 0, 2, 0, 0, 0xeb, 0xfe),
    FLASH("dec ecx from flash", 0, 3, RCX, RCX | RFLAGS, 0xff, 0xc9),
    FLASH("dec ecx from flash, 32-bit code", BENCH_CODE32, 3, RCX, RCX | RFLAGS, 0x49),
    FLASH("add eax, ecx from flash", 0, 3, RAX | RCX, RAX | RFLAGS, 0x01, 0xc8),
    FLASH("mov eax, 1 from flash", 0, 2, 0, RAX, 0xb8, 1, 0, 0, 0),
    FLASH("shl eax, 4 from flash", 0, 3, RAX, RAX | RFLAGS, 0xc1, 0xe0, 4),
    FLASH("mov eax, [rbx] from flash", 0, 5, RBX, RAX, 0x8b, 0x03),
    FLASH("push rax from flash", 0, 5, RAX | RSP, RSP, 0x50),
    FLASH("in al, dx from flash", 0, 4, RAX | RDX, RAX, 0xec),
};

const size_t bench_scenario_count = sizeof(bench_scenarios) / sizeof(bench_scenarios[0]);
