/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <string.h>

#define ROM_BASE  0x30
#define SUBSYSTEM 0x11001af4u /* by which firmware knows QEMU's machines */

static const struct {
    uint8_t slot; /* device * 8 + function */
    uint32_t id;
    uint32_t class_code;
    uint8_t header;
    uint8_t base;  /* the register of its memory, or 0 */
    uint32_t size; /* of that memory; a power of two */
} functions[PCI_FUNCTIONS] = {
    {0x00, 0x12378086, 0x06000002, 0x00, 0, 0}, /* i440FX */
    {0x08, 0x70008086, 0x06010000, 0x80, 0, 0}, /* PIIX3 */
    {0x09, 0x70108086, 0x01018000, 0x00, 0, 0}, /* its IDE function, at the ports of old */
    [PCI_VGA] = {0x10, 0x11111234, 0x03000002, 0x00, ROM_BASE, 0x10000},
    [PCI_POWER] = {0x0b, 0x71138086, 0x06800003, 0x00, 0, 0}, /* PIIX4's power management */
    [PCI_AHCI] = {0x18, 0x29228086, 0x01060102, 0x00, 0x24, 0x1000},
};

static void put(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

void pci_reset(struct pci *pci, bool has_power_management)
{
    memset(pci, 0, sizeof(*pci));
    pci->has_power_management = has_power_management;
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++) {
        put(&pci->config[i][0x00], functions[i].id);
        put(&pci->config[i][0x08], functions[i].class_code);
        pci->config[i][0x0e] = functions[i].header;
        put(&pci->config[i][0x2c], SUBSYSTEM);
    }
}

static unsigned selected(const struct pci *pci)
{
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++)
        if ((pci->address & 0x80ffff00) == (0x80000000u | (uint32_t)functions[i].slot << 8))
            return i == PCI_POWER && !pci->has_power_management ? PCI_FUNCTIONS : i;
    return PCI_FUNCTIONS;
}

uint32_t pci_in(const struct pci *pci, uint16_t port, uint32_t size)
{
    uint32_t value = 0;
    if (port < 0xcfc)
        return size == 4 ? pci->address : 0xffffffff;
    const unsigned function = selected(pci);
    const uint32_t at = (pci->address & 0xfc) + (port & 3u);
    if (function == PCI_FUNCTIONS || (port & 3u) + size > 4)
        return 0xffffffff;
    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)pci->config[function][at + i] << 8 * i;
    return value;
}

static bool is_writable(unsigned function, uint32_t at)
{
    if (at == 0x04 || at == 0x05 || at == 0x0c || at == 0x0d || at == 0x3c || at >= 0x40)
        return true;
    const uint8_t base = functions[function].base;
    return base && at >= base && at < base + 4u;
}

void pci_out(struct pci *pci, uint16_t port, uint32_t size, uint32_t value)
{
    if (port < 0xcfc) {
        if (size == 4 && port == 0xcf8)
            pci->address = value;
        return;
    }
    const unsigned function = selected(pci);
    const uint32_t at = (pci->address & 0xfc) + (port & 3u);
    if (function == PCI_FUNCTIONS || (port & 3u) + size > 4)
        return;
    uint8_t *config = pci->config[function];
    for (uint32_t i = 0; i < size; i++)
        if (is_writable(function, at + i))
            config[at + i] = (uint8_t)(value >> 8 * i);
    /* Bits below its size do not exist, but for the one that turns a ROM on. */
    const uint8_t base = functions[function].base;
    for (unsigned i = 0; base && i < 4; i++)
        config[base + i] &=
            (uint8_t)(~(functions[function].size - 1) >> 8 * i | (i == 0 && base == ROM_BASE));
}

uint32_t pci_memory(const struct pci *pci, unsigned function)
{
    const uint8_t *base = &pci->config[function][functions[function].base];
    const bool answers = pci->config[function][0x04] & 2;
    if (!answers || (functions[function].base == ROM_BASE && !(base[0] & 1)))
        return 0;
    return (base[0] | (uint32_t)base[1] << 8 | (uint32_t)base[2] << 16 | (uint32_t)base[3] << 24) &
           ~(functions[function].size - 1);
}

uint16_t pci_power_ports(const struct pci *pci)
{
    const uint8_t *config = pci->config[PCI_POWER];
    const unsigned base = (config[0x40] & 0xc0u) | (unsigned)config[0x41] << 8;
    return (uint16_t)(config[0x80] & 1 ? base : 0);
}

/* PAM0: reads of F0000h to FFFFFh go to RAM. The segment below is switched with it. */
bool pci_has_low_ram(const struct pci *pci)
{
    return pci->config[0][0x59] & 0x10;
}
