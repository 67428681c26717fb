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
    SCENARIO(name, BENCH_READ, size, 0, callbacks, inputs, outputs, __VA_ARGS__)
#define WRITE(name, size, callbacks, inputs, outputs, ...)                                         \
    SCENARIO(name, BENCH_WRITE, size, 0, callbacks, inputs, outputs, __VA_ARGS__)
#define IN(name, size, traits, callbacks, inputs, outputs, ...)                                    \
    SCENARIO(name, BENCH_PORT_READ, size, traits, callbacks, inputs, outputs, __VA_ARGS__)
#define OUT(name, size, traits, callbacks, inputs, outputs, ...)                                   \
    SCENARIO(name, BENCH_PORT_WRITE, size, traits, callbacks, inputs, outputs, __VA_ARGS__)

/* A read-modify-write exits for its read, so that its page is translated for writing as well. */
const struct bench_scenario bench_scenarios[] = {
    READ("mov al, [rbx]", 1, 3, RAX | RBX, RAX, 0x8a, 0x03),
    READ("mov ax, [rbx]", 2, 3, RAX | RBX, RAX, 0x66, 0x8b, 0x03),
    READ("mov eax, [rbx]", 4, 3, RBX, RAX, 0x8b, 0x03),
    READ("mov rax, [rbx]", 8, 3, RBX, RAX, 0x48, 0x8b, 0x03),
    READ("movzx eax, byte [rbx]", 1, 3, RBX, RAX, 0x0f, 0xb6, 0x03),
    READ("movups xmm0, [rbx]", 16, 4, RBX, XMM0, 0x0f, 0x10, 0x03),
    WRITE("mov [rbx], al", 1, 3, RAX | RBX, 0, 0x88, 0x03),
    WRITE("mov [rbx], ax", 2, 3, RAX | RBX, 0, 0x66, 0x89, 0x03),
    WRITE("mov [rbx], eax", 4, 3, RAX | RBX, 0, 0x89, 0x03),
    WRITE("mov [rbx], rax", 8, 3, RAX | RBX, 0, 0x48, 0x89, 0x03),
    WRITE("mov dword [rbx], 1", 4, 3, RBX, 0, 0xc7, 0x03, 1, 0, 0, 0),
    WRITE("mov [rbx+rdx+8], eax", 4, 3, RAX | RDX | RBX, 0, 0x89, 0x44, 0x13, 0x08),
    WRITE("movups [rbx], xmm0", 16, 4, RBX | XMM0, 0, 0x0f, 0x11, 0x03),

    READ("add [rbx], eax", 4, 5, RAX | RBX, RFLAGS, 0x01, 0x03),
    READ("or [rbx], eax", 4, 5, RAX | RBX, RFLAGS, 0x09, 0x03),
    READ("inc dword [rbx]", 4, 5, RBX, RFLAGS, 0xff, 0x03),
    READ("bts dword [rbx], 3", 4, 5, RBX, RFLAGS, 0x0f, 0xba, 0x2b, 3),
    READ("xchg [rbx], eax", 4, 5, RAX | RBX, RAX, 0x87, 0x03),
    READ("lock cmpxchg [rbx], ecx", 4, 5, RAX | RCX | RBX, RFLAGS, 0xf0, 0x0f, 0xb1, 0x0b),
    READ("cmp [rbx], eax", 4, 3, RAX | RBX, RFLAGS, 0x39, 0x03),
    READ("test [rbx], eax", 4, 3, RAX | RBX, RFLAGS, 0x85, 0x03),
    READ("bt dword [rbx], 3", 4, 3, RBX, RFLAGS, 0x0f, 0xba, 0x23, 3),
    READ("push qword [rbx]", 8, 5, RBX | RSP, RSP, 0xff, 0x33),
    WRITE("pop qword [rbx]", 8, 5, RBX | RSP, RSP, 0x8f, 0x03),

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

    READ("mov eax, [rbx+0xffe]", 4, 5, RBX, RAX, 0x8b, 0x83, 0xfe, 0x0f, 0, 0),
    SCENARIO("mov eax, [ebx] in 32-bit code", BENCH_READ, 4, BENCH_CODE32, 3, RBX, RAX, 0x8b, 0x03),
    SCENARIO("mov eax, [rbx] preview form", BENCH_READ, 4, BENCH_PREVIEW, 3, RBX, RAX, 0x8b, 0x03),
    SCENARIO("mov eax, [rbx] bytes fetched", BENCH_READ, 4, BENCH_NO_BYTES, 5, RBX, RAX, 0x8b,
             0x03),
    SCENARIO("mov eax, [rbx] decoded anew", BENCH_READ, 4, BENCH_COLD, 3, RBX, RAX, 0x8b, 0x03),
};

const size_t bench_scenario_count = sizeof(bench_scenarios) / sizeof(bench_scenarios[0]);
