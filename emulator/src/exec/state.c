/* SPDX-License-Identifier: MIT */
/* What saves and restores the state of x87, MMX and SSE: SDM 2A, 2B; 1, 10.5. */
#include <string.h>

#include "x87.h"

#define MXCSR_MASK_DEFAULT 0xffbfu /* where the processor tells none */

#define X87_OPCODE 0x07ffu

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

enum whe_vector whe_kernel_fxrstor(struct whe_work *work)
{
    union whe_image image = *work->image;
    memcpy(&image, work->block, image_size(work));
    if (!is_valid(work->image, image.sse.XmmStatusControl))
        return WHE_VECTOR_GP;
    image.sse.XmmStatusControlMask = work->image->sse.XmmStatusControlMask;
    for (unsigned i = 0; i < 8; i++)
        image.st[i].High64 &= 0xffff;
    image.x87.LastFpOp &= X87_OPCODE;
    image.x87.Reserved = 0;
    whe_x87_settle(&image);
    *work->image = image;
    return WHE_VECTOR_NONE;
}
