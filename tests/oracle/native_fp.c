/* SPDX-License-Identifier: MIT */
#include "native_fp.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE     4096u
#define RET      0xc3
#define MXCSR    0x1f80u /* as the psABI has it at calls */
#define RFLAGS_1 0x202u

typedef long long xmm_type __attribute__((vector_size(16), aligned(16)));

static uint8_t *page;
static uint8_t *volatile end;         /* behind the instruction that runs */
static volatile uint32_t trap_mxcsr;  /* that the exception left, */
static volatile sig_atomic_t trapped; /* if there was one */

/* The instruction is passed over, and has written nothing. */
static void on_exception(int number, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    (void)number;
    (void)info;
    trap_mxcsr = interrupted->uc_mcontext.fpregs->mxcsr;
    trapped = 1;
    interrupted->uc_mcontext.fpregs->mxcsr = MXCSR;
    interrupted->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)end;
}

bool native_fp_init(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_exception;
    action.sa_flags = SA_SIGINFO;
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && sigaction(SIGFPE, &action, NULL) == 0;
}

/* What the stack pointer, which moves, must not address. */
static uint32_t own_mxcsr;
static uint32_t given_mxcsr;
static uint32_t left_mxcsr;

void native_fp_run(const uint8_t *code, unsigned size, struct native_fp *state)
{
    register xmm_type xmm0 __asm__("xmm0");
    register xmm_type xmm1 __asm__("xmm1");
    xmm_type xmm[2];
    uint64_t rflags = state->rflags | RFLAGS_1;
    memcpy(page, code, size);
    page[size] = RET;
    end = page + size;
    trapped = 0;
    given_mxcsr = state->mxcsr;
    memcpy(xmm, state->xmm, sizeof(xmm));
    xmm0 = xmm[0];
    xmm1 = xmm[1];
    /* Below the stack pointer the compiler may have something. */
    __asm__ volatile(
        "lea -128(%%rsp), %%rsp\n\tstmxcsr %[own]\n\tpush %[rflags]\n\tpopfq\n\t"
        "ldmxcsr %[given]\n\tcall *%[code]\n\tstmxcsr %[left]\n\tldmxcsr %[own]\n\t"
        "pushfq\n\tpop %[rflags]\n\tlea 128(%%rsp), %%rsp"
        : "+x"(xmm0), "+x"(xmm1),
          "+a"(state->rax), [rflags] "+&r"(rflags), [own] "=m"(own_mxcsr), [left] "=m"(left_mxcsr)
        : "c"(state->rcx), [code] "r"(page), [given] "m"(given_mxcsr)
        : "cc", "memory");
    xmm[0] = xmm0;
    xmm[1] = xmm1;
    memcpy(state->xmm, xmm, sizeof(xmm));
    state->rflags = rflags;
    state->traps = trapped != 0;
    state->mxcsr = trapped ? trap_mxcsr : left_mxcsr;
}
