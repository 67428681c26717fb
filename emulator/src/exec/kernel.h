/* SPDX-License-Identifier: MIT */
/**
 * @file kernel.h
 * What an instruction does: values in, values out, or a fault. A kernel sees neither the guest nor
 * memory; the pipeline has read every operand that is read, and writes those that are written.
 */
#ifndef WHE_KERNEL_H
#define WHE_KERNEL_H

#include "exception.h"
#include "insn.h"
#include "msr.h"

/** The value of an operand: zero-extended; a segment register's is its selector, an XMM register's
 * all 16 bytes, whatever the operand's size. One that is written and not read is 0 before. */
union whe_value {
    uint64_t u64;
    WHV_UINT128 u128;
    uint8_t bytes[64];
};

/**
 * Registers beyond operands, as FXSAVE lays them out (SDM 1, 10.5.1), which is as the platform's
 * registers do. Of the parts that the row's traits do not name nothing is defined.
 */
union whe_image {
    struct {
        /** Control, status, tag; last opcode and address. */
        WHV_X64_FP_CONTROL_STATUS_REGISTER
        x87;
        /** Last operand's address; MXCSR, its mask. */
        WHV_X64_XMM_CONTROL_STATUS_REGISTER sse;
        /** ST(0) to ST(7), 80 bits each. */
        WHV_UINT128 st[8];
        WHV_UINT128 xmm[16];
    };
    WHV_UINT128 slot[26];
};

/** Control registers, as WHE_TRAIT_CONTROL shows them; what a kernel changes is written.
 * WHE_TRAIT_VIF: CR4, which is not. */
struct whe_control {
    uint64_t cr0, cr4, efer;
    /** Of MOV to CR4 that sets PCIDE. */
    uint64_t cr3;
    /** WHE_TRAIT_DEBUG_MOVE. */
    uint64_t dr7;
    /** CS.L, whatever the mode is. */
    bool has_long_code;
};

struct whe_work {
    const struct whe_insn *insn;
    const struct whe_mode *mode;
    /** Before; a kernel leaves it as the instruction does. */
    uint64_t rflags;
    /** Preset to the next instruction; a branch may set it. */
    uint64_t next_rip;
    /** Mask of operands that will be written, preset to those that can be: a kernel takes out what
     * it leaves as it was. */
    uint8_t writes;
    /** Likewise. */
    bool writes_flags;
    /** The error code of an exception that has one; preset to 0. */
    uint32_t code;
    /* Undefined but for rows whose traits ask for them, and blocks. */
    /** WHE_TRAIT_SELECTOR: the selector names one. */
    bool has_descriptor;
    /** Which is this, otherwise 0. */
    uint64_t descriptor;
    /** WHE_TRAIT_MXCSR, _X87, _XMM: what a kernel changes is written. */
    union whe_image *image;
    /** WHE_TRAIT_CONTROL. */
    struct whe_control control;
    /** WHE_TRAIT_HOLDS: it does; preset to false. */
    bool holds;
    /** WHE_TRAIT_MSR: what RCX names. */
    struct whe_msr msr;
    /** Its value; of one that is written only where its rule asks for it. */
    uint64_t msr_value;
    /** That is written; preset to false. */
    bool writes_msr;
    /** WHE_TRAIT_GPRS: rAX, rCX, rDX, rBX, rSP, rBP, rSI, rDI. */
    uint64_t gpr[8];
    /** Mask of these; preset to 0. */
    uint8_t gprs_written;
    /** WHE_TRAIT_FRAME: how much of rSP and rBP addresses the stack. */
    uint64_t stack_mask;
    /** The value of an operand of more than 64 bytes, in place of value[n]. */
    uint8_t *block;
    /** How much of it is written, preset to all. */
    uint16_t block_size;
    /** WHE_TRAIT_BYTES: mask of those of the memory operand that are written, for the kernel to
     * set: whe_chosen_bytes() tells. */
    uint64_t bytes;
    /** By operand; bits above its size are ignored when it is written. */
    union whe_value value[WHE_OPERANDS];
};

_Static_assert(sizeof(union whe_image) == 416, "as FXSAVE has it");

/** @return WHE_VECTOR_NONE, or the exception that it raises: then nothing is written but what it
 * has changed in the image; WHE_VECTOR_REFUSED: `code` is the enum whe_result. */
typedef enum whe_vector whe_kernel_fn(struct whe_work *work);

/**
 * A kernel that is no more than this: the first operand becomes a function of both.
 * @param a, b   the operands, without bits above size; 0 where the instruction has none.
 * @param size   of the first operand: 1, 2, 4 or 8 bytes.
 * @param rflags before and after.
 */
typedef uint64_t whe_binary_fn(uint64_t a, uint64_t b, unsigned size, uint64_t *rflags);

/** By enum whe_insn_id; NULL where a loop over elements takes its place. */
extern whe_kernel_fn *const whe_kernels[WHE_INSN_COUNT];
/** By enum whe_insn_id; NULL where there is more to it. */
extern whe_binary_fn *const whe_binaries[WHE_INSN_COUNT];

/** Every row with a binary function. */
whe_kernel_fn whe_kernel_binary;
/** MOVSX, MOVSXD: move.c. */
whe_kernel_fn whe_kernel_movsx;
/** Move.c. */
whe_kernel_fn whe_kernel_movbe;
/** Move.c. */
whe_kernel_fn whe_kernel_xlat;
/** The moves of 16 bytes: move.c. */
whe_kernel_fn whe_kernel_copy128;
/** MOVSS, MOVSD, MOVD, MOVQ, MOVLPS, MOVLPD: sse.c. */
whe_kernel_fn whe_kernel_copy_low;
/** Operation: is it from the high half? sse.c. */
whe_kernel_fn whe_kernel_copy_high;
/** MOVDIR64B: move.c. */
whe_kernel_fn whe_kernel_copy_line;
/** Operation: enum whe_shift: shift.c. */
whe_kernel_fn whe_kernel_shift;
/** Shift.c. */
whe_kernel_fn whe_kernel_shld;
/** Shift.c. */
whe_kernel_fn whe_kernel_shrd;
/** Operation: is it signed? muldiv.c. */
whe_kernel_fn whe_kernel_mul;
/** Operation: is it signed? muldiv.c. */
whe_kernel_fn whe_kernel_div;
/** Bit.c. */
whe_kernel_fn whe_kernel_bsf;
/** Bit.c. */
whe_kernel_fn whe_kernel_bsr;
/** Exchange.c. */
whe_kernel_fn whe_kernel_xchg;
/** Exchange.c. */
whe_kernel_fn whe_kernel_xadd;
/** Exchange.c. */
whe_kernel_fn whe_kernel_cmpxchg;
/** Exchange.c. */
whe_kernel_fn whe_kernel_cmpxchg_pair;
/** Operation: the condition: condition.c. */
whe_kernel_fn whe_kernel_setcc;
/** Operation: the condition: condition.c. */
whe_kernel_fn whe_kernel_cmovcc;
/** Selector.c. */
whe_kernel_fn whe_kernel_lar;
/** Selector.c. */
whe_kernel_fn whe_kernel_lsl;
/** Operation: is it about writing? selector.c. */
whe_kernel_fn whe_kernel_verify;
/** State.c. */
whe_kernel_fn whe_kernel_ldmxcsr;
/** State.c. */
whe_kernel_fn whe_kernel_stmxcsr;
/** State.c. */
whe_kernel_fn whe_kernel_fxsave;
/** State.c. */
whe_kernel_fn whe_kernel_fxrstor;
/** Flow.c. */
whe_kernel_fn whe_kernel_jmp;
/** Operation: the condition: flow.c. */
whe_kernel_fn whe_kernel_jcc;
/** Stack.c. */
whe_kernel_fn whe_kernel_push;
/** Stack.c. */
whe_kernel_fn whe_kernel_pop;
/** The operation that the opcode tells: x87.c. */
whe_kernel_fn whe_kernel_x87;
/** Simple.c. */
whe_kernel_fn whe_kernel_nothing;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fldcw;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fnstcw;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fnstsw;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fldenv;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fnstenv;
/** x87_state.c. */
whe_kernel_fn whe_kernel_frstor;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fnsave;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fninit;
/** x87_state.c. */
whe_kernel_fn whe_kernel_fnclex;
/** x87_state.c. */
whe_kernel_fn whe_kernel_emms;
/** Mmx.c. */
whe_kernel_fn whe_kernel_cvtpi2pd;
/** Mmx.c. */
whe_kernel_fn whe_kernel_pshufw;
/** fp_native.c */
whe_kernel_fn whe_kernel_mmx_CVTDQ2PS;
/** fp_native.c */
whe_kernel_fn whe_kernel_mmx_CVTPS2DQ;
/** fp_native.c */
whe_kernel_fn whe_kernel_mmx_CVTTPS2DQ;
/** fp_native.c */
whe_kernel_fn whe_kernel_mmx_CVTPD2DQ;
/** fp_native.c */
whe_kernel_fn whe_kernel_mmx_CVTTPD2DQ;
/** fp_native.c */
whe_kernel_fn whe_kernel_VCVTPS2PH;

/** @param mask the second operand of an instruction with WHE_TRAIT_BYTES, whose operation is the
 * size of a lane.
 *  @return a mask of the bytes of memory that its signs choose: lanes.c. */
uint64_t whe_chosen_bytes(const struct whe_insn *insn, const union whe_value *mask);

/* lanes.c; operation: the size of a lane, or as vector.def says */
whe_kernel_fn whe_kernel_shuffle;
whe_kernel_fn whe_kernel_shuffle_words;
whe_kernel_fn whe_kernel_shuffle_pair;
whe_kernel_fn whe_kernel_shift_bytes;
whe_kernel_fn whe_kernel_blend;
whe_kernel_fn whe_kernel_palignr;
whe_kernel_fn whe_kernel_insert;
whe_kernel_fn whe_kernel_extract;
whe_kernel_fn whe_kernel_insertps;
whe_kernel_fn whe_kernel_signs;
whe_kernel_fn whe_kernel_mpsadbw;
whe_kernel_fn whe_kernel_store_chosen;
whe_kernel_fn whe_kernel_extrq;
whe_kernel_fn whe_kernel_insertq;

/** compare_text.c. */
whe_kernel_fn whe_kernel_ptest;
/** Operation: of enum whe_text_operation. */
whe_kernel_fn whe_kernel_compare_text;
/** Crypto.c. */
whe_kernel_fn whe_kernel_pclmulqdq;
/** Crypto.c. */
whe_kernel_fn whe_kernel_aeskeygenassist;
/** Crypto.c. */
whe_kernel_fn whe_kernel_sha1rnds4;
/** Galois.c. */
whe_kernel_fn whe_kernel_gf2p8mulb;
/** Operation: of the inverse? galois.c. */
whe_kernel_fn whe_kernel_gf2p8affine;

/* native.c: by their mnemonics */
#define WHE_NATIVE(mnemonic, ...) whe_kernel_fn whe_kernel_##mnemonic;
#include "native.def"
/* fp_native.c: by their mnemonics */
#define WHE_FP(mnemonic, ...) whe_kernel_fn whe_kernel_##mnemonic;
#include "fp.def"
/** Flow.c. */
whe_kernel_fn whe_kernel_call;
/** Flow.c. */
whe_kernel_fn whe_kernel_ret;
/** Operation: enum whe_loop: flow.c. */
whe_kernel_fn whe_kernel_loop;
/** Flow.c. */
whe_kernel_fn whe_kernel_jcxz;

/* stack.c */
whe_kernel_fn whe_kernel_pusha;
whe_kernel_fn whe_kernel_popa;
whe_kernel_fn whe_kernel_pushf;
whe_kernel_fn whe_kernel_popf;
whe_kernel_fn whe_kernel_enter;
whe_kernel_fn whe_kernel_leave;

/* system.c */
/** LDS and its kin. */
whe_kernel_fn whe_kernel_far_load;
whe_kernel_fn whe_kernel_bound;
whe_kernel_fn whe_kernel_arpl;
whe_kernel_fn whe_kernel_cli;
/** SGDT, SIDT. */
whe_kernel_fn whe_kernel_store_table;
/** LGDT, LIDT. */
whe_kernel_fn whe_kernel_load_table;
/** LLDT, LTR. */
whe_kernel_fn whe_kernel_load_selector;
whe_kernel_fn whe_kernel_lmsw;
whe_kernel_fn whe_kernel_clts;
whe_kernel_fn whe_kernel_move_control;
whe_kernel_fn whe_kernel_invpcid;
/** MOV to and from debug registers. */
whe_kernel_fn whe_kernel_move_debug;
whe_kernel_fn whe_kernel_sti;
/** #UD: RSM. */
whe_kernel_fn whe_kernel_undefined;

/* msr_move.c */
whe_kernel_fn whe_kernel_rdmsr;
whe_kernel_fn whe_kernel_wrmsr;
whe_kernel_fn whe_kernel_xgetbv;
whe_kernel_fn whe_kernel_xsetbv;
/** WRFSBASE, WRGSBASE. */
whe_kernel_fn whe_kernel_write_base;
whe_kernel_fn whe_kernel_swapgs;

/* bmi.c */
whe_kernel_fn whe_kernel_crc32;
/** Operation: the place of the carry. */
whe_kernel_fn whe_kernel_adx;
whe_kernel_fn whe_kernel_andn;
whe_kernel_fn whe_kernel_bextr;
whe_kernel_fn whe_kernel_blsi;
whe_kernel_fn whe_kernel_blsmsk;
whe_kernel_fn whe_kernel_blsr;
whe_kernel_fn whe_kernel_bzhi;
whe_kernel_fn whe_kernel_pdep;
whe_kernel_fn whe_kernel_pext;
whe_kernel_fn whe_kernel_mulx;
/** Operation: enum whe_shift. */
whe_kernel_fn whe_kernel_shift_to;
whe_binary_fn whe_binary_popcnt;
whe_binary_fn whe_binary_lzcnt;
whe_binary_fn whe_binary_tzcnt;

/* simple.c */
whe_kernel_fn whe_kernel_lea;
/** CWD, CDQ, CQO. */
whe_kernel_fn whe_kernel_sign;
whe_kernel_fn whe_kernel_lahf;
whe_kernel_fn whe_kernel_sahf;
/** Operation: the flag's place. */
whe_kernel_fn whe_kernel_clear_flag;
/** Likewise. */
whe_kernel_fn whe_kernel_set_flag;
/** Likewise. */
whe_kernel_fn whe_kernel_change_flag;
/** Operation: DAS? */
whe_kernel_fn whe_kernel_adjust_packed;
/** Operation: AAS? */
whe_kernel_fn whe_kernel_adjust_digit;
whe_kernel_fn whe_kernel_aam;
whe_kernel_fn whe_kernel_aad;
whe_kernel_fn whe_kernel_salc;
whe_binary_fn whe_binary_bswap;

/* binary.c */
whe_binary_fn whe_binary_copy;
whe_binary_fn whe_binary_add;
whe_binary_fn whe_binary_adc;
whe_binary_fn whe_binary_sub;
whe_binary_fn whe_binary_sbb;
whe_binary_fn whe_binary_and;
whe_binary_fn whe_binary_or;
whe_binary_fn whe_binary_xor;
whe_binary_fn whe_binary_inc;
whe_binary_fn whe_binary_dec;
whe_binary_fn whe_binary_neg;
whe_binary_fn whe_binary_not;
whe_binary_fn whe_binary_bt;
whe_binary_fn whe_binary_bts;
whe_binary_fn whe_binary_btr;
whe_binary_fn whe_binary_btc;

#endif
