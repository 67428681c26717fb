/* SPDX-License-Identifier: MIT */
#include "devices.h"

#define HERTZ  1193182ULL
#define SECOND 1000000000ULL

static uint64_t ticks(const struct pit *pit, unsigned channel)
{
    return (pit->now - pit->channel[channel].start) * HERTZ / SECOND;
}

static bool is_periodic(const struct pit_channel *channel)
{
    return channel->mode == 2 || channel->mode == 3;
}

static uint16_t counter(const struct pit *pit, unsigned number)
{
    const struct pit_channel *channel = &pit->channel[number];
    const uint64_t passed = ticks(pit, number);
    if (!channel->reload)
        return 0;
    if (is_periodic(channel))
        return (uint16_t)(channel->reload - passed % channel->reload);
    return (uint16_t)(channel->reload - passed);
}

static bool output(const struct pit *pit, unsigned number)
{
    const struct pit_channel *channel = &pit->channel[number];
    if (!channel->reload)
        return false;
    if (channel->mode == 3)
        return ticks(pit, number) % channel->reload < channel->reload / 2;
    return ticks(pit, number) >= channel->reload;
}

uint8_t pit_in(struct pit *pit, uint16_t port)
{
    if (port == 0x61)
        return (uint8_t)((pit->control & 0x0fu) | (output(pit, 2) ? 0x20u : 0u) |
                         (pit->now >> 14 & 1 ? 0x10u : 0u));
    if (port == 0x43)
        return 0xff;
    struct pit_channel *channel = &pit->channel[port & 3];
    const uint16_t value = channel->latched ? channel->latch : counter(pit, port & 3);
    const bool high = channel->format == 2 || (channel->format == 3 && channel->second);
    if (channel->format == 3)
        channel->second = !channel->second;
    if (high || channel->format == 1)
        channel->latched = false;
    return (uint8_t)(high ? value >> 8 : value);
}

static void start(struct pit *pit, unsigned number, uint16_t reload)
{
    struct pit_channel *channel = &pit->channel[number];
    channel->reload = reload ? reload : 0x10000;
    channel->start = pit->now;
    if (number == 0)
        pit->raised = 0;
}

static void command(struct pit *pit, uint8_t value)
{
    struct pit_channel *channel = &pit->channel[value >> 6];
    if (value >> 6 == 3)
        return; /* read-back: of the 8254 alone */
    if (!(value & 0x30)) {
        channel->latch = counter(pit, value >> 6);
        channel->latched = true;
        return;
    }
    *channel = (struct pit_channel){.mode = value >> 1 & 7, .format = value >> 4 & 3};
    if (channel->mode > 5)
        channel->mode &= 3;
}

void pit_out(struct pit *pit, uint16_t port, uint8_t value)
{
    if (port == 0x61) {
        pit->control = value;
        return;
    }
    if (port == 0x43) {
        command(pit, value);
        return;
    }
    struct pit_channel *channel = &pit->channel[port & 3];
    if (channel->format == 3 && !channel->second) {
        channel->written = value;
        channel->second = true;
        return;
    }
    channel->second = false;
    uint16_t reload = value;
    if (channel->format == 3)
        reload = (uint16_t)(value << 8 | channel->written);
    else if (channel->format == 2)
        reload = (uint16_t)(value << 8);
    start(pit, port & 3, reload);
}

static uint64_t periods(const struct pit *pit)
{
    const struct pit_channel *channel = &pit->channel[0];
    if (!channel->reload)
        return 0;
    const uint64_t passed = ticks(pit, 0) / channel->reload;
    return is_periodic(channel) || !passed ? passed : 1;
}

bool pit_advance(struct pit *pit, uint64_t now)
{
    pit->now = now;
    const uint64_t passed = periods(pit);
    const bool is_new = passed != pit->raised;
    pit->raised = passed;
    return is_new;
}

uint64_t pit_next_event(const struct pit *pit)
{
    const struct pit_channel *channel = &pit->channel[0];
    if (!channel->reload || (!is_periodic(channel) && pit->raised))
        return UINT64_MAX;
    return channel->start + ((pit->raised + 1) * channel->reload * SECOND + HERTZ - 1) / HERTZ;
}
