/* SPDX-License-Identifier: MIT */
/**
 * @file board.h
 * What is at which port and address: an i440FX machine as far as firmware looks.
 *
 * Time is what the caller says; the same accesses at the same times get the same answers. What is
 * not there reads as ones.
 */
#ifndef FIRMWARE_BOARD_H
#define FIRMWARE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

struct board;

struct board_setup {
    uint32_t ram_bytes;
    /** Of vga_rom_bytes; must outlive the board. */
    const uint8_t *vga_rom;
    uint32_t vga_rom_bytes;
    /** The chipset's power management, with its timer. */
    bool has_power_management;
};

/** @return NULL without memory. */
struct board *board_create(const struct board_setup *setup);
void board_destroy(struct board *board);

/** Nanoseconds since the start; devices follow. */
void board_set_time(struct board *board, uint64_t now);

/** @return when a device will want something next. */
uint64_t board_next_event(const struct board *board);

/** @return whether the processor is to be interrupted. */
bool board_has_interrupt(const struct board *board);

/** Acknowledges the interrupt with the highest priority. @return its vector. */
uint8_t board_take_interrupt(struct board *board);

/** @param size 1, 2 or 4 bytes. */
uint32_t board_in(struct board *board, uint16_t port, uint32_t size);
void board_out(struct board *board, uint16_t port, uint32_t size, uint32_t value);

/** @param size 1 to 8 bytes within a page. */
void board_load(struct board *board, uint64_t gpa, uint32_t size, uint8_t *data);
void board_store(struct board *board, uint64_t gpa, uint32_t size, const uint8_t *data);

/** @return whether the chipset shows flash below 1 MiB; else it is RAM. */
bool board_has_low_rom(const struct board *board);

/** Presses and releases a key. @param code its number in scan code set 1. */
void board_press(struct board *board, uint8_t code);

/** @return what the firmware printed on its debug port; a string. */
const char *board_debug_output(const struct board *board);

#endif
