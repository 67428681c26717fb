/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a floating-point instruction in XMM registers. It runs with all exceptions
 * masked; its flags then tell which of them the guest has not masked. SDM 1, 11.5.2 and 11.5.3: I,
 * D and Z come before the computation, so that with one of them nothing else is told; O, U and P
 * after it.
 */
#include "fp.h"

#ifdef __x86_64__

#include "fp_masked.h"
#include "rflags.h"

bool whe_fp_judge(const struct whe_fp_row *row, struct whe_fp *fp, uint32_t mxcsr, unsigned *flags)
{
    const unsigned open = whe_fp_open(mxcsr);
    const struct whe_fp before = *fp;
    unsigned raised = whe_fp_masked(row, fp, mxcsr);
    if (raised & open & WHE_FP_BEFORE) {
        *flags = raised & WHE_FP_BEFORE;
        return true;
    }
    if (raised & open & (WHE_MXCSR_OE | WHE_MXCSR_UE))
        raised = (raised & ~(unsigned)WHE_MXCSR_PE) | whe_fp_precision(row, &before, mxcsr);
    *flags = raised;
    return (raised & open) != 0;
}

/* A register's 16 bytes; of memory no more than there is. */
static whe_xmm source_of(const struct whe_operand *operand, const union whe_value *value)
{
    if (operand->kind == WHE_OPERAND_XMM || operand->size == sizeof(whe_xmm))
        return whe_xmm_from_value(value);
    return (whe_xmm){(long long)value->u64, 0};
}

static struct whe_fp take(const struct whe_work *work)
{
    const struct whe_insn *insn = work->insn;
    const union whe_value *value = work->value;
    struct whe_fp fp = {.b = source_of(&insn->operand[1], &value[1]), .general = value[1].u64};
    if (insn->operand[0].kind == WHE_OPERAND_XMM)
        fp.a = whe_xmm_from_value(&value[0]);
    /* Of those that convert from or to an integer. */
    fp.is_wide = insn->operand[insn->operand[0].kind == WHE_OPERAND_XMM].size == 8;
    if (insn->operand_count == 3)
        fp.immediate = (uint8_t)value[2].u64;
    return fp;
}

static void give(struct whe_work *work, const struct whe_fp *fp)
{
    if (work->writes_flags)
        work->rflags = (work->rflags & ~WHE_RFLAGS_STATUS) | fp->order;
    else if (work->insn->operand[0].kind == WHE_OPERAND_XMM)
        whe_xmm_to_value(fp->a, &work->value[0]);
    else
        work->value[0].u64 = fp->general;
}

/* One stage of an instruction. @return whether it is an exception. */
static bool is_trapped(struct whe_work *work, const struct whe_fp_row *row, struct whe_fp *fp)
{
    UINT32 *mxcsr = &work->image->sse.XmmStatusControl;
    unsigned flags;
    const bool traps = whe_fp_judge(row, fp, *mxcsr, &flags);
    *mxcsr |= flags;
    return traps;
}

enum whe_vector whe_fp_kernel(struct whe_work *work, const struct whe_fp_row *row)
{
    struct whe_fp fp = take(work);
    if (is_trapped(work, row, &fp))
        return WHE_VECTOR_XM;
    give(work, &fp);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_fp_quiet(struct whe_work *work, whe_fp_run *run)
{
    struct whe_fp fp = take(work);
    fp.control = WHE_MXCSR_MASKS;
    run(&fp);
    give(work, &fp);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_fp_pair(struct whe_work *work, const struct whe_fp_row *row)
{
    const struct whe_operand *operand = work->insn->operand;
    struct whe_fp fp = {.general = 0};
    memcpy(&fp.b, work->value[1].bytes, operand[1].size);
    if (is_trapped(work, row, &fp))
        return WHE_VECTOR_XM;
    memcpy(work->value[0].bytes, &fp.a, operand[0].size);
    return WHE_VECTOR_NONE;
}

/* @return the elements that a mask tells, and +0 in place of the others. */
static whe_xmm selected(whe_xmm from, unsigned element, unsigned mask)
{
    uint8_t bytes[sizeof(from)];
    memcpy(bytes, &from, sizeof(from));
    for (unsigned i = 0; i < sizeof(from); i++)
        bytes[i] = mask >> (i / element) & 1 ? bytes[i] : 0;
    memcpy(&from, bytes, sizeof(from));
    return from;
}

/* The processor computes in stages, the first that is an exception ends it. SDM 2A, "DPPS". */
enum whe_vector whe_fp_dot(struct whe_work *work, const struct whe_fp_row *multiply,
                           const struct whe_fp_row *add, unsigned times)
{
    struct whe_fp fp = take(work);
    fp.a = selected(fp.a, add->element, fp.immediate >> 4);
    fp.b = selected(fp.b, add->element, fp.immediate >> 4);
    if (is_trapped(work, multiply, &fp))
        return WHE_VECTOR_XM;
    for (unsigned i = 0; i < times; i++) {
        fp.b = fp.a;
        if (is_trapped(work, add, &fp))
            return WHE_VECTOR_XM;
    }
    fp.a = selected(fp.a, add->element, fp.immediate);
    give(work, &fp);
    return WHE_VECTOR_NONE;
}

#else

/* ISO C wants something in every file. */
typedef int whe_fp_is_not_here;

#endif
