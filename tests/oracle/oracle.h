/* SPDX-License-Identifier: MIT */
/**
 * @file oracle.h
 * Runs one instruction on this machine's processor and tells what became of it.
 *
 * The instruction runs at CPL 3 in this very process: in 64-bit mode, in 32-bit compatibility mode,
 * or in a 16-bit code segment, which equals real mode where segments do not matter. Whatever is not
 * privileged may be run; what it touches must lie in the arena below, or fault, and where it
 * branches to must be in the page of the instruction, but not on the instruction itself, or where
 * nothing is executable, such as the arena. All of the host's state is back in place when
 * oracle_run returns.
 *
 * Threading: one thread. Handlers of asynchronous signals must not run meanwhile unless they use
 * the alternate stack. Needs x86-64 Linux with FSGSBASE; the modes also modify_ldt and 32-bit
 * support in the kernel: ask oracle_has_mode.
 */
#ifndef WHVTRACE_TESTS_ORACLE_H
#define WHVTRACE_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_PAGE 0x1000u
/** Where blocks may lie; everything else faults. */
#define ORACLE_ARENA      UINT64_C(0x20000000)
#define ORACLE_ARENA_SIZE 0x100000u
/** Bytes of all blocks together. */
#define ORACLE_MEMORY_MAX 0x8000u
#define ORACLE_BLOCKS     8u
#define ORACLE_CODE_MAX   15u
/** Of the instruction in 32- and 64-bit mode. */
#define ORACLE_RIP UINT64_C(0x1ff00800)
/** Base of CS in 16-bit mode. */
#define ORACLE_CODE16 UINT64_C(0x1ff00000)
#define ORACLE_IP16   0x800u
/** The upper half of ESP with a small SS. */
#define ORACLE_SMALL_ESP UINT64_C(0x1ff10000)

/** The flags that an instruction is given and that are reported: CF PF AF ZF SF TF DF OF NT AC ID.
 */
#define ORACLE_RFLAGS UINT64_C(0x244dd5)
#define ORACLE_TF     UINT64_C(0x100)

enum oracle_mode { ORACLE_64, ORACLE_32, ORACLE_16 };

enum oracle_access { ORACLE_NONE, ORACLE_READ, ORACLE_READ_WRITE };

/** General-purpose registers and segments by their numbers in instruction encodings. */
enum oracle_gpr {
    ORACLE_RAX,
    ORACLE_RCX,
    ORACLE_RDX,
    ORACLE_RBX,
    ORACLE_RSP,
    ORACLE_RBP,
    ORACLE_RSI,
    ORACLE_RDI
};
enum oracle_sreg { ORACLE_ES, ORACLE_CS, ORACLE_SS, ORACLE_DS, ORACLE_FS, ORACLE_GS, ORACLE_SREGS };

/** A register of 16 bytes. */
struct oracle_xmm {
    uint64_t low;
    uint64_t high;
};

/**
 * X87, MMX and MXCSR, as FXSAVE64 lays them out. What the processor works out itself is given as it
 * would be: in `status` the bits ES and B, in `control` bit 6.
 */
struct oracle_fx {
    uint16_t control;
    uint16_t status;
    /** Abridged: a bit for each register that is not empty, by its number. */
    uint8_t tag;
    uint8_t reserved;
    /** Of the last instruction, with the addresses of its own and its operand. */
    uint16_t opcode;
    uint64_t ip;
    uint64_t dp;
    uint32_t mxcsr;
    /** Only reported. */
    uint32_t mxcsr_mask;
    /** From the top of the stack, 80 bits each; the rest is 0. */
    struct oracle_xmm st[8];
};

/** What FNINIT leaves. */
#define ORACLE_CONTROL 0x37fu
/** What reset leaves. */
#define ORACLE_MXCSR 0x1f80u

/** Pages of the arena. A block of ORACLE_NONE only reserves room in oracle_out.memory. */
struct oracle_block {
    /** Page aligned. */
    uint64_t address;
    /** A multiple of ORACLE_PAGE. */
    uint32_t size;
    enum oracle_access access;
    /** Contents before; NULL: zeros. */
    const uint8_t *bytes;
};

enum oracle_segment_kind {
    /** Base 0, 4 GiB, data, 32 bits. */
    ORACLE_FLAT,
    /** The null selector; not for SS. */
    ORACLE_NULL_SEGMENT,
    /** A data segment as described. */
    ORACLE_DATA,
    /** A readable code segment as described; not for SS. */
    ORACLE_CODE_DATA
};

/**
 * What a segment register holds in 32- and 16-bit mode. In 64-bit mode only the bases of FS and GS
 * count, whatever the kind; canonical, in the lower half.
 */
struct oracle_segment {
    enum oracle_segment_kind kind;
    /** 32 bits outside 64-bit mode. */
    uint64_t base;
    /** In bytes; above 1 MiB the low 12 bits are ones. */
    uint32_t limit;
    /** Data only: offsets above limit are valid. */
    bool expand_down;
    /** Data only, not for SS. */
    bool read_only;
    /** Code only. */
    bool conforming;
    /** Code only; such a segment cannot be loaded, only tried: oracle_ldt_selector. */
    bool execute_only;
    /** Likewise. */
    bool not_present;
    /** D/B clear: an expand-down segment ends at 64 KiB, a stack uses SP alone. */
    bool is_small;
};

struct oracle_in {
    enum oracle_mode mode;
    /** 1 to 15. */
    uint8_t code_size;
    uint8_t code[ORACLE_CODE_MAX];
    /** Low 32 bits of the first eight outside 64-bit mode; with a small SS only SP is taken, the
     * upper half of ESP is that of ORACLE_SMALL_ESP. */
    uint64_t gpr[16];
    struct oracle_xmm xmm[16];
    /** Otherwise x87 and MXCSR are as after FNINIT and reset. */
    bool has_fx;
    struct oracle_fx fx;
    /** Of these ORACLE_RFLAGS. */
    uint64_t rflags;
    /** That of CS is not used. */
    struct oracle_segment segment[ORACLE_SREGS];
    /** In ascending order, disjoint. */
    struct oracle_block block[ORACLE_BLOCKS];
    unsigned block_count;
};

/**
 * State after the instruction, or at the fault: registers as the handler of the fault sees them.
 */
struct oracle_out {
    /** The end of the code was reached, or the target of a branch. */
    bool completed;
    /** With TF: #DB came after the instruction, or after an iteration of REP. */
    bool stepped;
    /** Otherwise: the signal that Linux made of the fault. */
    int signal;
    /** The vector. */
    unsigned trap;
    /** Its error code. */
    uint64_t error;
    /** And CR2 of a #PF; else 0. */
    uint64_t address;
    uint64_t gpr[16];
    struct oracle_xmm xmm[16];
    struct oracle_fx fx;
    /** Of these ORACLE_RFLAGS. */
    uint64_t rflags;
    /** The offset in CS. */
    uint64_t rip;
    /** A null selector is 0 here, whatever its low two bits. */
    uint16_t selector[ORACLE_SREGS];
    size_t memory_size;
    /** The blocks' contents, one after the other. */
    uint8_t memory[ORACLE_MEMORY_MAX];
};

/** @return whether instructions can be run in this mode on this machine. */
bool oracle_has_mode(enum oracle_mode mode);

/** @return whether the stack of `in` has 16 bits. */
bool oracle_has_small_stack(const struct oracle_in *in);

/** @return what a general-purpose register holds when the instruction starts. */
uint64_t oracle_gpr(const struct oracle_in *in, enum oracle_gpr reg);

/** @return x87 and MXCSR when the instruction starts. */
struct oracle_fx oracle_fx(const struct oracle_in *in);

/** @return which bits MXCSR has on this machine. */
uint32_t oracle_mxcsr_mask(void);

/** @return the selector that a segment register holds while `in` runs. */
uint16_t oracle_selector(const struct oracle_in *in, enum oracle_sreg sreg);

/** @return the selector of a segment, with its descriptor in the LDT; 0 if that cannot be. */
uint16_t oracle_ldt_selector(const struct oracle_segment *segment);

/**
 * Reads the LDT back in the processor's format.
 * @param descriptors receives up to `max` of them.
 * @return how many there are; the limit of LDTR is eight times that, less one.
 */
size_t oracle_ldt(uint64_t *descriptors, size_t max);

/**
 * Runs an instruction.
 * @param out receives everything; of memory, memory_size bytes.
 * @return false if the mode is not there or `in` breaks a rule above; out is untouched then.
 */
bool oracle_run(const struct oracle_in *in, struct oracle_out *out);

#endif
