/* SPDX-License-Identifier: MIT */
#include "devices.h"

enum { ATTRIBUTE, SEQUENCER, GRAPHICS, CRT };

static uint8_t *indexed(struct vga *vga, unsigned group)
{
    return &vga->data[group][vga->index[group]];
}

uint8_t vga_in(struct vga *vga, uint16_t port)
{
    switch (port) {
    case 0x3c0:
        return vga->index[ATTRIBUTE];
    case 0x3c1:
        return vga->data[ATTRIBUTE][vga->index[ATTRIBUTE] & 0x1f];
    case 0x3c2:
        return 0x10; /* a monitor is connected */
    case 0x3c4:
        return vga->index[SEQUENCER];
    case 0x3c5:
        return *indexed(vga, SEQUENCER);
    case 0x3c9: {
        const uint8_t value = vga->palette[vga->palette_read];
        vga->palette_read = (uint16_t)((vga->palette_read + 1) % sizeof(vga->palette));
        return value;
    }
    case 0x3cc:
        return vga->misc;
    case 0x3ce:
        return vga->index[GRAPHICS];
    case 0x3cf:
        return *indexed(vga, GRAPHICS);
    case 0x3b4:
    case 0x3d4:
        return vga->index[CRT];
    case 0x3b5:
    case 0x3d5:
        return *indexed(vga, CRT);
    case 0x3ba:
    case 0x3da:
        vga->attribute_data = false;
        vga->retrace ^= 9; /* whoever waits for either state gets it */
        return vga->retrace;
    default:
        return 0xff;
    }
}

static void attribute_out(struct vga *vga, uint8_t value)
{
    if (vga->attribute_data)
        vga->data[ATTRIBUTE][vga->index[ATTRIBUTE] & 0x1f] = value;
    else
        vga->index[ATTRIBUTE] = value & 0x3f;
    vga->attribute_data = !vga->attribute_data;
}

void vga_out(struct vga *vga, uint16_t port, uint8_t value)
{
    switch (port) {
    case 0x3c0:
        attribute_out(vga, value);
        break;
    case 0x3c2:
        vga->misc = value;
        break;
    case 0x3c4:
        vga->index[SEQUENCER] = value;
        break;
    case 0x3c5:
        *indexed(vga, SEQUENCER) = value;
        break;
    case 0x3c7:
        vga->palette_read = (uint16_t)(value * 3);
        break;
    case 0x3c8:
        vga->palette_write = (uint16_t)(value * 3);
        break;
    case 0x3c9:
        vga->palette[vga->palette_write] = value & 0x3f;
        vga->palette_write = (uint16_t)((vga->palette_write + 1) % sizeof(vga->palette));
        break;
    case 0x3ce:
        vga->index[GRAPHICS] = value;
        break;
    case 0x3cf:
        *indexed(vga, GRAPHICS) = value;
        break;
    case 0x3b4:
    case 0x3d4:
        vga->index[CRT] = value;
        break;
    case 0x3b5:
    case 0x3d5:
        *indexed(vga, CRT) = value;
        break;
    default:
        break;
    }
}
