/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine monitor that does with /dev/kvm what QEMU does, as far as the script tells: it
 * prints each exit, and answers it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "script.h"

#define RAMS 8

static struct kvm_userspace_memory_region rams[RAMS];
static int vm, vcpu;
static struct kvm_run *run;
static unsigned at;

static void add_ram(unsigned line)
{
    struct kvm_userspace_memory_region *ram = &rams[number(line, 1) % RAMS];
    ram->slot = (__u32)number(line, 1);
    ram->guest_phys_addr = number(line, 2);
    ram->memory_size = number(line, 3);
    void *memory =
        mmap(NULL, ram->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ram->userspace_addr = (uintptr_t)memory;
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, ram);
}

/* The memory itself is gone as well: nobody may look at it. */
static void drop_ram(unsigned line)
{
    struct kvm_userspace_memory_region *ram = &rams[number(line, 1) % RAMS];
    uint64_t size = ram->memory_size;
    ram->memory_size = 0;
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, ram);
    munmap((void *)(uintptr_t)ram->userspace_addr, size);
}

static void poke(unsigned line)
{
    uint64_t gpa = number(line, 1);
    for (unsigned i = 0; i < RAMS; i++) {
        uint64_t offset = gpa - rams[i].guest_phys_addr;
        if (gpa >= rams[i].guest_phys_addr && offset < rams[i].memory_size)
            bytes(word(line, 2), (unsigned char *)(uintptr_t)rams[i].userspace_addr + offset,
                  rams[i].memory_size - offset);
    }
}

static void prepare(void)
{
    for (unsigned i = 0; i < line_count; i++) {
        if (is_line(i, "ram"))
            add_ram(i);
        else if (is_line(i, "poke"))
            poke(i);
        else if (is_line(i, "drop"))
            drop_ram(i);
    }
}

static void print(const char *what, uint64_t address, const unsigned char *data, size_t size)
{
    printf("%s %llx", what, (unsigned long long)address);
    for (size_t i = 0; i < size; i++)
        printf(" %02x", data[i]);
    printf("\n");
}

/* The script's next answer. */
static void answer(unsigned char *data, size_t size)
{
    while (at < line_count && !is_line(at, "answer"))
        at++;
    if (at < line_count)
        bytes(word(at++, 1), data, size);
}

static void on_mmio(void)
{
    print(run->mmio.is_write ? "write" : "read", run->mmio.phys_addr, run->mmio.data,
          run->mmio.is_write ? run->mmio.len : 0);
    if (!run->mmio.is_write)
        answer(run->mmio.data, run->mmio.len);
}

static void on_port(void)
{
    unsigned char *data = (unsigned char *)run + run->io.data_offset;
    size_t size = (size_t)run->io.size * run->io.count;
    int is_in = run->io.direction == KVM_EXIT_IO_IN;
    print(is_in ? "in" : "out", run->io.port, data, is_in ? 0 : size);
    if (is_in)
        answer(data, size);
}

/* QEMU does so when a device asks for registers in the middle of an access. */
static void disturb(void)
{
    struct kvm_regs regs;
    if (!getenv("FAKE_VMM_SETS"))
        return;
    ioctl(vcpu, KVM_GET_REGS, &regs);
    ioctl(vcpu, KVM_SET_REGS, &regs);
}

int main(void)
{
    read_script();
    int kvm = open("/dev/kvm", O_RDWR);
    const int wanted[] = {KVM_CAP_USER_MEMORY, KVM_CAP_COALESCED_MMIO, KVM_CAP_COALESCED_PIO,
                          KVM_CAP_IOEVENTFD};
    vm = ioctl(kvm, KVM_CREATE_VM, 0);
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        printf("capability %d: %d\n", wanted[i], ioctl(vm, KVM_CHECK_EXTENSION, wanted[i]));
    vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    prepare();
    for (;;) {
        if (ioctl(vcpu, KVM_RUN, 0) != 0) {
            printf("%s\n", errno == EINTR ? "interrupted" : "failed");
            if (errno != EINTR)
                return 1;
            run->immediate_exit = 0;
            continue;
        }
        if (run->exit_reason == KVM_EXIT_HLT)
            break;
        if (run->exit_reason == KVM_EXIT_MMIO)
            on_mmio();
        else
            on_port();
        disturb();
        run->immediate_exit = getenv("FAKE_VMM_STOPS") != NULL;
    }
    munmap(run, (size_t)size);
    close(vcpu);
    close(vm);
    close(kvm);
    return 0;
}
