/* SPDX-License-Identifier: MIT */
/* What saves and restores the state of x87, MMX and SSE: SDM 2A, 2B; 1, 10.5. */
#include <string.h>

#include "kernel.h"

#define MXCSR_MASK_DEFAULT 0xffbfu /* where the processor tells none */

#define X87_CONTROL     0x1f3fu
#define X87_CONTROL_ONE 0x0040u /* reads as 1 */
#define X87_SUMMARY     0x8080u /* ES and B */
#define X87_EXCEPTIONS  0x003fu
#define X87_OPCODE      0x07ffu

/* @return whether MXCSR may hold a value. */
static bool is_valid(const union whe_image *image, uint32_t mxcsr)
{
    const uint32_t mask = image->sse.XmmStatusControlMask;
    return (mxcsr & ~(mask ? mask : MXCSR_MASK_DEFAULT)) == 0;
}

enum whe_vector whe_kernel_ldmxcsr(struct whe_work *work)
{
    const uint32_t mxcsr = (uint32_t)work->value[0].u64;
    if (!is_valid(work->image, mxcsr))
        return WHE_VECTOR_GP;
    work->image->sse.XmmStatusControl = mxcsr;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_stmxcsr(struct whe_work *work)
{
    work->value[0].u64 = work->image->sse.XmmStatusControl;
    return WHE_VECTOR_NONE;
}

/* What follows is reserved, and is left alone. XMM8 to XMM15 are 64-bit code's. */
static size_t image_size(const struct whe_work *work)
{
    return sizeof(union whe_image) - (work->mode->code == WHE_CODE64 ? 0 : 8 * sizeof(WHV_UINT128));
}

enum whe_vector whe_kernel_fxsave(struct whe_work *work)
{
    work->block_size = (uint16_t)image_size(work);
    memcpy(work->block, work->image, work->block_size);
    return WHE_VECTOR_NONE;
}

/* Reserved bits of the control word cannot be changed, and the summary of pending exceptions
   follows from the other bits. SDM 1, 8.1.3, 8.1.5. */
static void settle_x87(union whe_image *image)
{
    WHV_X64_FP_CONTROL_STATUS_REGISTER *x87 = &image->x87;
    x87->FpControl = (UINT16)((x87->FpControl & X87_CONTROL) | X87_CONTROL_ONE);
    x87->FpStatus &= (UINT16)~X87_SUMMARY;
    if ((x87->FpStatus & ~(unsigned)x87->FpControl & X87_EXCEPTIONS) != 0)
        x87->FpStatus |= X87_SUMMARY;
    x87->LastFpOp &= X87_OPCODE;
    x87->Reserved = 0;
}

enum whe_vector whe_kernel_fxrstor(struct whe_work *work)
{
    union whe_image image = *work->image;
    memcpy(&image, work->block, image_size(work));
    if (!is_valid(work->image, image.sse.XmmStatusControl))
        return WHE_VECTOR_GP;
    image.sse.XmmStatusControlMask = work->image->sse.XmmStatusControlMask;
    for (unsigned i = 0; i < 8; i++)
        image.st[i].High64 &= 0xffff;
    settle_x87(&image);
    *work->image = image;
    return WHE_VECTOR_NONE;
}
