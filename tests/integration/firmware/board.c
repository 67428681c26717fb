/* SPDX-License-Identifier: MIT */
#include "board.h"

#include <stdlib.h>
#include <string.h>

#include "devices.h"

#define DEBUG_PORT  0x402
#define DEBUG_BYTES 0x10000u
#define VGA_FRAME   0xa0000u
#define ROM_BYTES   0x10000u
#define IO_APIC     0xfec00000u
#define LOCAL_APIC  0xfee00000u
#define PAGE        0x1000u
#define POWER_TIMER 3579545u /* Hz */
#define SECOND      1000000000u
#define AHCI_PORTS  0x0c /* a mask: which of them there are */

enum { TIMER_IRQ = 0, KEYBOARD_IRQ = 1 };

struct board {
    const uint8_t *vga_rom;
    uint32_t vga_rom_bytes;
    struct pic pic;
    struct pit pit;
    struct cmos cmos;
    struct keyboard keyboard;
    struct pci pci;
    struct disk disk;
    struct vga vga;
    struct firmware_config config;
    bool had_key;
    uint8_t fast_a20;
    uint8_t local_apic[PAGE]; /* registers that keep what is written */
    uint8_t ahci[PAGE];       /* likewise: no link ever comes up */
    uint32_t io_apic_index;
    uint32_t io_apic[256];
    uint64_t now; /* ns */
    uint32_t debug_count;
    char debug[DEBUG_BYTES];
};

struct board *board_create(const struct board_setup *setup)
{
    struct board *board = calloc(1, sizeof(*board));
    if (!board)
        return NULL;
    board->vga_rom = setup->vga_rom;
    board->vga_rom_bytes = setup->vga_rom_bytes;
    board->fast_a20 = 2;
    board->io_apic[1] = 0x00170011; /* version 11h, 24 entries */
    board->ahci[AHCI_PORTS] = 1;
    board->local_apic[0x30] = 0x14; /* its version */
    cmos_reset(&board->cmos, setup->ram_bytes);
    pci_reset(&board->pci, setup->has_power_management);
    disk_reset(&board->disk);
    return board;
}

void board_destroy(struct board *board)
{
    free(board);
}

static void follow_keyboard(struct board *board)
{
    const bool has_key = keyboard_has_interrupt(&board->keyboard);
    if (has_key && !board->had_key)
        pic_raise(&board->pic, KEYBOARD_IRQ);
    board->had_key = has_key;
}

void board_press(struct board *board, uint8_t code)
{
    keyboard_press(&board->keyboard, code);
    follow_keyboard(board);
}

void board_set_time(struct board *board, uint64_t now)
{
    board->now = now;
    if (pit_advance(&board->pit, now))
        pic_raise(&board->pic, TIMER_IRQ);
}

uint64_t board_next_event(const struct board *board)
{
    return pit_next_event(&board->pit);
}

bool board_has_interrupt(const struct board *board)
{
    return pic_has_interrupt(&board->pic);
}

uint8_t board_take_interrupt(struct board *board)
{
    return pic_acknowledge(&board->pic);
}

static uint8_t in_byte(struct board *board, uint16_t port)
{
    uint8_t value;
    switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
        return pic_in(&board->pic, port);
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x61:
        return pit_in(&board->pit, port);
    case 0x60:
    case 0x64:
        value = keyboard_in(&board->keyboard, port);
        if (port == 0x60)
            board->had_key = false; /* each byte has an interrupt of its own */
        follow_keyboard(board);
        return value;
    case 0x70:
    case 0x71:
        return cmos_in(&board->cmos, port);
    case 0x92:
        return board->fast_a20;
    case DEBUG_PORT:
        return 0xe9;
    case 0x510:
    case 0x511:
        return firmware_config_in(&board->config, port);
    case 0x177:
    case 0x376:
        return 0x7f; /* no drive is busy where there is none */
    default:
        return port >= 0x3b0 && port < 0x3e0 ? vga_in(&board->vga, port) : 0xff;
    }
}

static void out_byte(struct board *board, uint16_t port, uint8_t value)
{
    switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
        pic_out(&board->pic, port, value);
        break;
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x61:
        pit_out(&board->pit, port, value);
        break;
    case 0x60:
    case 0x64:
        keyboard_out(&board->keyboard, port, value);
        follow_keyboard(board);
        break;
    case 0x70:
    case 0x71:
        cmos_out(&board->cmos, port, value);
        break;
    case 0x92:
        board->fast_a20 = value;
        break;
    case DEBUG_PORT:
        if (board->debug_count < DEBUG_BYTES - 1)
            board->debug[board->debug_count++] = (char)value;
        break;
    default:
        if (port >= 0x3b0 && port < 0x3e0)
            vga_out(&board->vga, port, value);
    }
}

static bool is_disk(uint16_t port)
{
    return (port >= 0x1f0 && port <= 0x1f7) || port == 0x3f6;
}

static bool is_pci(uint16_t port)
{
    return port >= 0xcf8 && port <= 0xcff;
}

/* The timer counts 24 bits. ACPI 4.8.2.1. */
static bool is_power_timer(const struct board *board, uint16_t port)
{
    const uint16_t base = pci_power_ports(&board->pci);
    return base && port == base + 8;
}

uint32_t board_in(struct board *board, uint16_t port, uint32_t size)
{
    uint32_t value = 0;
    if (is_pci(port))
        return pci_in(&board->pci, port, size);
    if (is_power_timer(board, port))
        return (uint32_t)(board->now * POWER_TIMER / SECOND & 0xffffff);
    if (is_disk(port))
        return disk_in(&board->disk, port, size);
    for (uint32_t i = 0; i < size; i++) /* the bus asks for bytes */
        value |= (uint32_t)in_byte(board, (uint16_t)(port + i)) << 8 * i;
    return value;
}

void board_out(struct board *board, uint16_t port, uint32_t size, uint32_t value)
{
    if (is_pci(port)) {
        pci_out(&board->pci, port, size, value);
    } else if (is_disk(port)) {
        disk_out(&board->disk, port, size, value);
    } else if (port == 0x510 && size == 2) {
        firmware_config_out(&board->config, (uint16_t)value);
    } else {
        for (uint32_t i = 0; i < size; i++)
            out_byte(board, (uint16_t)(port + i), (uint8_t)(value >> 8 * i));
    }
}

/* Memory of devices that is bytes and nothing more; NULL if there is none. */
static uint8_t *plain(struct board *board, uint64_t gpa)
{
    if (gpa >= VGA_FRAME && gpa < VGA_FRAME + sizeof(board->vga.frame))
        return &board->vga.frame[gpa - VGA_FRAME];
    if (gpa >= LOCAL_APIC && gpa < LOCAL_APIC + PAGE)
        return &board->local_apic[gpa - LOCAL_APIC];
    const uint64_t ahci = pci_memory(&board->pci, PCI_AHCI);
    if (ahci && gpa >= ahci && gpa < ahci + PAGE)
        return &board->ahci[gpa - ahci];
    return NULL;
}

/* The register that an access to the I/O APIC means. */
static uint32_t *io_apic(struct board *board, uint64_t gpa, uint32_t size)
{
    if (gpa == IO_APIC && size == 4)
        return &board->io_apic_index;
    if (gpa == IO_APIC + 0x10 && size == 4)
        return &board->io_apic[board->io_apic_index & 0xff];
    return NULL;
}

static uint8_t load_byte(struct board *board, uint64_t gpa)
{
    const uint64_t rom = pci_memory(&board->pci, PCI_VGA);
    const uint8_t *byte = plain(board, gpa);
    if (byte)
        return *byte;
    if (rom && gpa >= rom && gpa < rom + ROM_BYTES && gpa - rom < board->vga_rom_bytes)
        return board->vga_rom[gpa - rom];
    return 0xff;
}

void board_load(struct board *board, uint64_t gpa, uint32_t size, uint8_t *data)
{
    const uint32_t *word = io_apic(board, gpa, size);
    if (word)
        memcpy(data, word, size);
    for (uint32_t i = 0; !word && i < size; i++)
        data[i] = load_byte(board, gpa + i);
}

void board_store(struct board *board, uint64_t gpa, uint32_t size, const uint8_t *data)
{
    uint32_t *word = io_apic(board, gpa, size);
    if (word)
        memcpy(word, data, size);
    for (uint32_t i = 0; !word && i < size; i++) {
        uint8_t *byte = plain(board, gpa + i);
        if (byte)
            *byte = data[i];
    }
}

const char *board_debug_output(const struct board *board)
{
    return board->debug;
}

bool board_has_low_rom(const struct board *board)
{
    return !pci_has_low_ram(&board->pci);
}
