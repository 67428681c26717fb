/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <string.h>

#define SECTORS   2016u /* 2 cylinders, 16 heads, 63 sectors */
#define READY     0x50u
#define WANTS     0x08u
#define FAILED    0x01u
#define ABORTED   0x04u
#define NO_MEDIUM 0x3au /* additional sense code; its key is 2, not ready */

static unsigned drive(const struct disk *disk)
{
    return disk->head >> 4 & 1;
}

/* The signature by which an ATAPI drive is told from a disk. */
static void sign(struct disk *disk)
{
    disk->count = 1;
    disk->sector = 1;
    disk->low = drive(disk) ? 0x14 : 0;
    disk->high = drive(disk) ? 0xeb : 0;
}

void disk_reset(struct disk *disk)
{
    memset(disk, 0, sizeof(*disk));
    disk->status[0] = READY;
    sign(disk);
}

static void finish(struct disk *disk, uint8_t error)
{
    disk->error[drive(disk)] = error;
    disk->status[drive(disk)] = (uint8_t)(READY | (error ? FAILED : 0));
    disk->at = disk->end = 0;
    disk->left = 0;
    disk->is_packet = false;
}

static void transfer(struct disk *disk, uint32_t size)
{
    disk->at = 0;
    disk->end = size;
    disk->error[drive(disk)] = 0;
    disk->status[drive(disk)] = READY | WANTS;
}

static void put_word(struct disk *disk, unsigned word, uint32_t value)
{
    disk->buffer[word * 2] = (uint8_t)value;
    disk->buffer[word * 2 + 1] = (uint8_t)(value >> 8);
}

static void identify(struct disk *disk, const char *model)
{
    memset(disk->buffer, 0, sizeof(disk->buffer));
    for (unsigned i = 0; i < 40; i++) /* bytes of a word are swapped */
        disk->buffer[54 + (i ^ 1)] = (uint8_t)(i < strlen(model) ? model[i] : ' ');
    put_word(disk, 80, 0x1e); /* up to ATA-4 */
    transfer(disk, sizeof(disk->buffer));
}

static void identify_disk(struct disk *disk)
{
    identify(disk, "disk without a boot sector");
    put_word(disk, 0, 0x40);
    put_word(disk, 1, SECTORS / 16 / 63);
    put_word(disk, 3, 16);
    put_word(disk, 6, 63);
    put_word(disk, 49, 0x200); /* LBA */
    put_word(disk, 60, SECTORS);
}

/* Contents that tell where they are from; the mark of a boot sector is not among them. */
static void fill_sector(struct disk *disk)
{
    for (uint32_t i = 0; i < sizeof(disk->buffer); i++)
        disk->buffer[i] = (uint8_t)(disk->lba * 29 + i + (i >> 8));
    disk->buffer[510] = 0;
    transfer(disk, sizeof(disk->buffer));
}

static void read_sectors(struct disk *disk)
{
    const uint32_t head = disk->head & 15u;
    const uint32_t cylinder = (uint32_t)disk->high << 8 | disk->low;
    const uint32_t count = disk->count ? disk->count : 256u;
    disk->lba = disk->head & 0x40 ? head << 24 | cylinder << 8 | disk->sector
                                  : (cylinder * 16 + head) * 63 + disk->sector - 1u;
    if (disk->lba >= SECTORS || count > SECTORS - disk->lba) {
        finish(disk, 0x10); /* no such sector */
        return;
    }
    disk->left = count - 1;
    fill_sector(disk);
}

static void disk_command(struct disk *disk, uint8_t command)
{
    switch (command) {
    case 0x20:
    case 0x21:
        read_sectors(disk);
        break;
    case 0xec:
        identify_disk(disk);
        break;
    case 0xa1:
    case 0xa0:
        sign(disk);
        finish(disk, ABORTED);
        break;
    default:
        finish(disk, ABORTED);
    }
}

static void packet_drive_command(struct disk *disk, uint8_t command)
{
    switch (command) {
    case 0xa1:
        identify(disk, "drive without a medium");
        put_word(disk, 0, 0x8580); /* packets of 12 bytes, CD, removable */
        break;
    case 0xa0:
        transfer(disk, 12);
        disk->is_packet = true;
        break;
    case 0xec:
        sign(disk);
        finish(disk, ABORTED);
        break;
    default:
        finish(disk, ABORTED);
    }
}

static void reply(struct disk *disk, uint32_t size)
{
    const uint32_t wanted = disk->buffer[4];
    transfer(disk, wanted && wanted < size ? wanted : size);
}

static void packet(struct disk *disk)
{
    disk->is_packet = false;
    switch (disk->buffer[0]) {
    case 0x03: /* REQUEST SENSE */
        memset(disk->buffer + 5, 0, sizeof(disk->buffer) - 5);
        reply(disk, 18);
        memcpy(disk->buffer, (const uint8_t[]){0x70, 0, (uint8_t)(disk->sense ? 2 : 0), 0, 0}, 5);
        disk->buffer[7] = 10;
        disk->buffer[12] = disk->sense;
        disk->sense = 0;
        break;
    case 0x12: /* INQUIRY */
        memset(disk->buffer + 5, 0, sizeof(disk->buffer) - 5);
        reply(disk, 36);
        memcpy(disk->buffer, (const uint8_t[]){5, 0x80, 0, 0x21, 31}, 5);
        break;
    default: /* everything else needs a medium */
        disk->sense = NO_MEDIUM;
        finish(disk, 0x20);
    }
}

static void transferred(struct disk *disk)
{
    if (disk->is_packet) {
        packet(disk);
    } else if (disk->left) {
        disk->left--;
        disk->lba++;
        fill_sector(disk);
    } else {
        finish(disk, 0);
    }
}

static uint32_t data_in(struct disk *disk, uint32_t size)
{
    uint32_t value = 0;
    if (disk->is_packet)
        return 0;
    for (uint32_t i = 0; i < size && disk->at < disk->end; i++)
        value |= (uint32_t)disk->buffer[disk->at++] << 8 * i;
    if (disk->end && disk->at >= disk->end)
        transferred(disk);
    return value;
}

uint32_t disk_in(struct disk *disk, uint16_t port, uint32_t size)
{
    switch (port) {
    case 0x1f0:
        return data_in(disk, size);
    case 0x1f1:
        return disk->error[drive(disk)];
    case 0x1f2:
        return disk->count;
    case 0x1f3:
        return disk->sector;
    case 0x1f4:
        return disk->low;
    case 0x1f5:
        return disk->high;
    case 0x1f6:
        return disk->head;
    default:
        return disk->status[drive(disk)];
    }
}

static void data_out(struct disk *disk, uint32_t size, uint32_t value)
{
    if (!disk->is_packet)
        return;
    for (uint32_t i = 0; i < size && disk->at < disk->end; i++)
        disk->buffer[disk->at++] = (uint8_t)(value >> 8 * i);
    if (disk->at >= disk->end)
        transferred(disk);
}

static void control(struct disk *disk, uint8_t value)
{
    if (disk->control & 4 && !(value & 4)) { /* a reset of both drives has ended */
        disk_reset(disk);
        disk->error[0] = disk->error[1] = 1;
    }
    disk->control = value;
}

static void command(struct disk *disk, uint8_t value)
{
    finish(disk, 0);
    if (drive(disk))
        packet_drive_command(disk, value);
    else
        disk_command(disk, value);
}

void disk_out(struct disk *disk, uint16_t port, uint32_t size, uint32_t value)
{
    const uint8_t byte = (uint8_t)value;
    switch (port) {
    case 0x1f0:
        data_out(disk, size, value);
        break;
    case 0x1f1:
        disk->feature = byte;
        break;
    case 0x1f2:
        disk->count = byte;
        break;
    case 0x1f3:
        disk->sector = byte;
        break;
    case 0x1f4:
        disk->low = byte;
        break;
    case 0x1f5:
        disk->high = byte;
        break;
    case 0x1f6:
        disk->head = byte;
        break;
    case 0x1f7:
        command(disk, byte);
        break;
    default:
        control(disk, byte);
    }
}
