/* SPDX-License-Identifier: MIT */
/*
 * Into the instruction by IRETQ, which sets CS, RIP, RFLAGS, SS and RSP at once in every mode, and
 * back by whatever signal it ends in. The signal handler cannot be C: until it has run, FS has no
 * thread-local storage, and alignment checks may be on.
 */
        .text

#define ENTRY_AT 0x1ff14000             /* ORACLE_ENTRY */
#define GPR(n) ENTRY_AT + 8 * (n)
#define ENTRY(offset) ENTRY_AT + (offset)

        .globl  oracle_enter
        .hidden oracle_enter
        .type   oracle_enter, @function
oracle_enter:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        stmxcsr saved_mxcsr(%rip)
        fnstcw  saved_fcw(%rip)
        rdfsbase %rax
        movq    %rax, saved_fs_base(%rip)
        rdgsbase %rax
        movq    %rax, saved_gs_base(%rip)
        movw    %ds, saved_ds(%rip)
        movw    %es, saved_es(%rip)
        movw    %fs, saved_fs(%rip)
        movw    %gs, saved_gs(%rip)
        movq    %rsp, saved_rsp(%rip)
        movl    $1, is_active(%rip)

        movw    ENTRY(192), %ds
        movw    ENTRY(194), %es
        movw    ENTRY(196), %fs
        movw    ENTRY(198), %gs
        cmpq    $0, ENTRY(184)
        je      1f
        movq    ENTRY(168), %rax
        wrfsbase %rax
        movq    ENTRY(176), %rax
        wrgsbase %rax
1:
        fxrstor64 ENTRY(208)
        movq    GPR(0), %rax
        movq    GPR(1), %rcx
        movq    GPR(2), %rdx
        movq    GPR(3), %rbx
        movq    GPR(5), %rbp
        movq    GPR(6), %rsi
        movq    GPR(7), %rdi
        movq    GPR(8), %r8
        movq    GPR(9), %r9
        movq    GPR(10), %r10
        movq    GPR(11), %r11
        movq    GPR(12), %r12
        movq    GPR(13), %r13
        movq    GPR(14), %r14
        movq    GPR(15), %r15
        movl    $ENTRY(128), %esp
        iretq
        .size   oracle_enter, . - oracle_enter

/* void oracle_on_signal(int signal, siginfo_t *info, void *context), on the alternate stack. */
        .globl  oracle_on_signal
        .hidden oracle_on_signal
        .type   oracle_on_signal, @function
oracle_on_signal:
        pushfq
        andl    $~0x44000, (%rsp)       /* AC, and NT, with which IRETQ faults */
        popfq
        cmpl    $0, is_active(%rip)
        je      oracle_on_foreign_signal
        movl    $0, is_active(%rip)
        movl    %edi, oracle_signal(%rip)
        movw    %ds, oracle_selectors(%rip)
        movw    %es, oracle_selectors+2(%rip)
        movw    %fs, oracle_selectors+4(%rip)
        movw    %gs, oracle_selectors+6(%rip)
        movw    saved_ds(%rip), %ds
        movw    saved_es(%rip), %es
        movw    saved_fs(%rip), %fs
        movw    saved_gs(%rip), %gs
        movq    saved_fs_base(%rip), %rax
        wrfsbase %rax
        movq    saved_gs_base(%rip), %rax
        wrgsbase %rax
        movq    %rdx, %rax
        movq    saved_rsp(%rip), %rsp
        ldmxcsr saved_mxcsr(%rip)
        fldcw   saved_fcw(%rip)
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   oracle_on_signal, . - oracle_on_signal

        .bss
        .balign 8
saved_rsp:      .skip 8
saved_fs_base:  .skip 8
saved_gs_base:  .skip 8
is_active:      .skip 4
saved_mxcsr:    .skip 4
saved_fcw:      .skip 2
saved_ds:       .skip 2
saved_es:       .skip 2
saved_fs:       .skip 2
saved_gs:       .skip 2

        .section .note.GNU-stack, "", @progbits
