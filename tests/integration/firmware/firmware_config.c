/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <stddef.h>

/* Items without a row read as zeros, as one that is too short does behind its end. */
static const struct {
    uint16_t selector;
    uint8_t size;
    uint8_t data[68];
} items[] = {
    {0x0000, 4, {'Q', 'E', 'M', 'U'}},
    {0x0001, 4, {1, 0, 0, 0}}, /* features: ports only */
    {0x0005, 2, {1, 0}},       /* processors */
    {0x000e, 2, {1, 0}},       /* a boot menu */
    {0x000f, 2, {1, 0}},
    /* A directory of one file of 8 bytes, by the selector that follows. */
    {0x0019, 68,
     "\0\0\0\1"
     "\0\0\0\x08"
     "\0\x20"
     "\0\0"
     "etc/boot-fail-wait"},
    {0x0020, 8, {0xd0, 0x07}}, /* 2000 ms, then it reboots */
};

uint8_t firmware_config_in(struct firmware_config *config, uint16_t port)
{
    if (port != 0x511)
        return 0xff;
    const uint32_t at = config->at++;
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        if (items[i].selector == config->selector && at < items[i].size)
            return items[i].data[at];
    return 0;
}

void firmware_config_out(struct firmware_config *config, uint16_t value)
{
    config->selector = value;
    config->at = 0;
}
