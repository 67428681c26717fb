/* SPDX-License-Identifier: MIT */
#include "devices.h"

#define CASCADE 2

/* @return the number of the most important request that is let through, or 8. */
static unsigned first_request(const struct pic_chip *chip)
{
    const unsigned wanted = chip->request & ~chip->mask;
    for (unsigned i = 0; i < 8; i++) {
        if (chip->service & 1u << i)
            return 8;
        if (wanted & 1u << i)
            return i;
    }
    return 8;
}

static struct pic_chip with_cascade(const struct pic *pic)
{
    struct pic_chip master = pic->chip[0];
    if (first_request(&pic->chip[1]) < 8)
        master.request |= 1u << CASCADE;
    return master;
}

bool pic_has_interrupt(const struct pic *pic)
{
    const struct pic_chip master = with_cascade(pic);
    return first_request(&master) < 8;
}

static uint8_t take(struct pic_chip *chip, unsigned number)
{
    chip->request &= (uint8_t) ~(1u << number);
    chip->service |= (uint8_t)(1u << number);
    return (uint8_t)(chip->base + number);
}

uint8_t pic_acknowledge(struct pic *pic)
{
    const struct pic_chip master = with_cascade(pic);
    const unsigned number = first_request(&master);
    if (number == 8)
        return (uint8_t)(pic->chip[0].base + 7); /* spurious */
    const uint8_t vector = take(&pic->chip[0], number);
    return number == CASCADE ? take(&pic->chip[1], first_request(&pic->chip[1])) : vector;
}

void pic_raise(struct pic *pic, unsigned irq)
{
    pic->chip[irq / 8].request |= (uint8_t)(1u << irq % 8);
}

uint8_t pic_in(const struct pic *pic, uint16_t port)
{
    const struct pic_chip *chip = &pic->chip[port >> 7 & 1];
    if (port & 1)
        return chip->mask;
    return chip->reads_service ? chip->service : chip->request;
}

static void end_of_interrupt(struct pic_chip *chip, uint8_t value)
{
    if (value & 0x40)
        chip->service &= (uint8_t) ~(1u << (value & 7));
    else
        chip->service &= (uint8_t)(chip->service - 1u); /* the most important one */
}

static void command(struct pic_chip *chip, uint8_t value)
{
    if (value & 0x10)
        *chip = (struct pic_chip){.word = 2};
    else if ((value & 0x18) == 8 && value & 2)
        chip->reads_service = value & 1;
    else if (!(value & 0x18) && value & 0x20)
        end_of_interrupt(chip, value);
}

void pic_out(struct pic *pic, uint16_t port, uint8_t value)
{
    struct pic_chip *chip = &pic->chip[port >> 7 & 1];
    if (!(port & 1)) {
        command(chip, value);
        return;
    }
    switch (chip->word) {
    case 2:
        chip->base = value & 0xf8;
        chip->word = 3;
        break;
    case 3:
        chip->word = 4;
        break;
    case 4:
        chip->word = 0;
        break;
    default:
        chip->mask = value;
    }
}
