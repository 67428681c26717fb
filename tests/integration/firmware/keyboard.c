/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <string.h>

#define QUEUE   sizeof(((struct keyboard *)0)->queue)
#define FULL    0x01
#define PASSED  0x04
#define ALLOWED 0x10

static void queue(struct keyboard *keyboard, uint8_t value)
{
    if (keyboard->count < QUEUE)
        keyboard->queue[keyboard->count++] = value;
}

void keyboard_press(struct keyboard *keyboard, uint8_t code)
{
    queue(keyboard, code);
    queue(keyboard, code | 0x80);
}

bool keyboard_has_interrupt(const struct keyboard *keyboard)
{
    return keyboard->count && keyboard->control & 1;
}

uint8_t keyboard_in(struct keyboard *keyboard, uint16_t port)
{
    if (port == 0x64)
        return (uint8_t)((keyboard->count ? FULL : 0) | PASSED | ALLOWED);
    if (!keyboard->count)
        return 0;
    const uint8_t value = keyboard->queue[0];
    memmove(keyboard->queue, keyboard->queue + 1, --keyboard->count);
    return value;
}

static void command(struct keyboard *keyboard, uint8_t value)
{
    switch (value) {
    case 0x20:
        queue(keyboard, keyboard->control);
        break;
    case 0x60:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
        keyboard->command = value;
        break;
    case 0xa7:
        keyboard->control |= 0x20;
        break;
    case 0xa8:
        keyboard->control &= 0xdf;
        break;
    case 0xa9:
        queue(keyboard, 0x01); /* the mouse's clock is stuck: there is none */
        break;
    case 0xaa:
        queue(keyboard, 0x55);
        break;
    case 0xab:
        queue(keyboard, 0);
        break;
    case 0xad:
        keyboard->control |= 0x10;
        break;
    case 0xae:
        keyboard->control &= 0xef;
        break;
    case 0xd0:
        queue(keyboard, 0x03); /* no reset, A20 open */
        break;
    default:
        break;
    }
}

static void key_command(struct keyboard *keyboard, uint8_t value)
{
    queue(keyboard, 0xfa);
    if (keyboard->key_command) {
        keyboard->key_command = 0;
        return;
    }
    switch (value) {
    case 0xed:
    case 0xf0:
    case 0xf3:
        keyboard->key_command = value;
        break;
    case 0xf2:
        queue(keyboard, 0xab);
        queue(keyboard, 0x83);
        break;
    case 0xff:
        queue(keyboard, 0xaa);
        break;
    default:
        break;
    }
}

void keyboard_out(struct keyboard *keyboard, uint16_t port, uint8_t value)
{
    const uint8_t waiting = keyboard->command;
    if (port == 0x64) {
        keyboard->command = 0;
        command(keyboard, value);
        return;
    }
    keyboard->command = 0;
    switch (waiting) {
    case 0x60:
        keyboard->control = value;
        break;
    case 0xd2:
        queue(keyboard, value);
        break;
    case 0xd1:
    case 0xd3:
    case 0xd4: /* to a mouse that is not there */
        break;
    default:
        key_command(keyboard, value);
    }
}
