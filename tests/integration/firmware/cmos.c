/* SPDX-License-Identifier: MIT */
#include "devices.h"

#define KIB 1024u

void cmos_reset(struct cmos *cmos, uint32_t ram_bytes)
{
    const uint32_t extended = ram_bytes / KIB - KIB; /* KiB above 1 MiB */
    const uint32_t low = extended < 0xffff ? extended : 0xffff;
    const uint32_t high =
        ram_bytes > 16 * KIB * KIB ? (ram_bytes - 16 * KIB * KIB) / (64 * KIB) : 0;
    /* A fixed time in BCD: it is half past ten, 1 December 2025, a Monday. */
    static const uint8_t clock[14] = {0,    0,    0x30, 0,    0x10, 0, 2,
                                      0x01, 0x12, 0x25, 0x26, 0x02, 0, 0x80};
    for (unsigned i = 0; i < sizeof(clock); i++)
        cmos->data[i] = clock[i];
    cmos->data[0x14] = 0x06; /* a coprocessor and a display */
    cmos->data[0x15] = 640 & 0xff;
    cmos->data[0x16] = 640 >> 8;
    cmos->data[0x17] = cmos->data[0x30] = (uint8_t)low;
    cmos->data[0x18] = cmos->data[0x31] = (uint8_t)(low >> 8);
    cmos->data[0x32] = 0x20; /* century */
    cmos->data[0x34] = (uint8_t)high;
    cmos->data[0x35] = (uint8_t)(high >> 8);
    cmos->data[0x38] = 0x01; /* do not ask for a boot signature of floppies */
    cmos->data[0x3d] = 0x32; /* boot from the disk, then from the CD drive */
}

uint8_t cmos_in(const struct cmos *cmos, uint16_t port)
{
    return port & 1 ? cmos->data[cmos->index] : 0xff;
}

void cmos_out(struct cmos *cmos, uint16_t port, uint8_t value)
{
    if (!(port & 1))
        cmos->index = value & 0x7f;
    else if (cmos->index > 0x0d || cmos->index == 0x0b)
        cmos->data[cmos->index] = value;
}
