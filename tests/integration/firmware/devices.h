/* SPDX-License-Identifier: MIT */
/**
 * @file devices.h
 * The devices of the board; each in a file of its own. Zeroed is what they are before X_reset.
 *
 * X_in and X_out take the port, or the register's offset in the device where it says so.
 */
#ifndef FIRMWARE_DEVICES_H
#define FIRMWARE_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

/* pic.c: two 8259A, edge-triggered. */
struct pic {
    struct pic_chip {
        uint8_t request;
        uint8_t service;
        uint8_t mask;
        uint8_t base;
        uint8_t word; /* of the initialisation that comes next, 0: none */
        bool reads_service;
    } chip[2];
};
uint8_t pic_in(const struct pic *pic, uint16_t port);
void pic_out(struct pic *pic, uint16_t port, uint8_t value);
void pic_raise(struct pic *pic, unsigned irq);
bool pic_has_interrupt(const struct pic *pic);
uint8_t pic_acknowledge(struct pic *pic); /* returns the vector */

/* pit.c: an 8254 and port 61h. */
struct pit {
    uint64_t now; /* ns */
    uint8_t control;
    struct pit_channel {
        uint64_t start; /* ns */
        uint32_t reload;
        uint8_t mode;
        uint8_t format; /* 1 low byte, 2 high byte, 3 both */
        bool second;    /* the next byte is the high one */
        bool latched;
        uint16_t latch;
        uint8_t written;
    } channel[3];
    uint64_t raised; /* periods of channel 0 whose interrupt was raised */
};
uint8_t pit_in(struct pit *pit, uint16_t port);
void pit_out(struct pit *pit, uint16_t port, uint8_t value);
bool pit_advance(struct pit *pit, uint64_t now); /* returns whether there is an interrupt */
uint64_t pit_next_event(const struct pit *pit);

/* cmos.c: memory and a clock that stands still. */
struct cmos {
    uint8_t index;
    uint8_t data[128];
};
void cmos_reset(struct cmos *cmos, uint32_t ram_bytes);
uint8_t cmos_in(const struct cmos *cmos, uint16_t port);
void cmos_out(struct cmos *cmos, uint16_t port, uint8_t value);

/* keyboard.c: an 8042 with a keyboard, and no mouse. */
struct keyboard {
    uint8_t control;
    uint8_t command;     /* of the controller, that waits for a byte */
    uint8_t key_command; /* of the keyboard, that waits for a byte */
    uint8_t queue[16];
    uint8_t count;
};
uint8_t keyboard_in(struct keyboard *keyboard, uint16_t port);
void keyboard_out(struct keyboard *keyboard, uint16_t port, uint8_t value);
void keyboard_press(struct keyboard *keyboard, uint8_t code); /* and release; of scan code set 1 */
bool keyboard_has_interrupt(const struct keyboard *keyboard);

/* pci.c: configuration space of bus 0. */
#define PCI_VGA       3
#define PCI_AHCI      4
#define PCI_POWER     5
#define PCI_FUNCTIONS 6
struct pci {
    uint32_t address;
    bool has_power_management;
    uint8_t config[PCI_FUNCTIONS][256];
};
void pci_reset(struct pci *pci, bool has_power_management);
uint32_t pci_in(const struct pci *pci, uint16_t port, uint32_t size);
void pci_out(struct pci *pci, uint16_t port, uint32_t size, uint32_t value);
uint32_t pci_memory(const struct pci *pci, unsigned function); /* its address, or 0: off */
uint16_t pci_power_ports(const struct pci *pci);               /* likewise */
bool pci_has_low_ram(const struct pci *pci); /* below 1 MiB, where flash is at first */

/* disk.c: an ATA disk without a boot sector and an ATAPI drive without a medium, on one cable. */
struct disk {
    uint8_t feature, count, sector, low, high, head;
    uint8_t status[2];
    uint8_t error[2];
    uint8_t control;
    uint8_t sense;
    uint8_t buffer[512];
    uint32_t at, end; /* of what is transferred from or to the buffer */
    uint32_t left;    /* sectors behind the one in the buffer */
    uint32_t lba;
    bool is_packet; /* the buffer waits for a packet */
};
void disk_reset(struct disk *disk);
uint32_t disk_in(struct disk *disk, uint16_t port, uint32_t size);
void disk_out(struct disk *disk, uint16_t port, uint32_t size, uint32_t value);

/* vga.c: registers that keep what is written, and a frame buffer that is plain memory. */
struct vga {
    uint8_t misc;
    uint8_t index[4];
    uint8_t data[4][256];
    bool attribute_data; /* the next byte at 3c0h is data, not an index */
    uint8_t palette[768];
    uint16_t palette_read, palette_write;
    uint8_t retrace;
    uint8_t frame[0x20000];
};
uint8_t vga_in(struct vga *vga, uint16_t port);
void vga_out(struct vga *vga, uint16_t port, uint8_t value);

/* firmware_config.c: QEMU's fw_cfg by ports, without DMA. */
struct firmware_config {
    uint16_t selector;
    uint32_t at;
};
uint8_t firmware_config_in(struct firmware_config *config, uint16_t port);
void firmware_config_out(struct firmware_config *config, uint16_t value);

#endif
