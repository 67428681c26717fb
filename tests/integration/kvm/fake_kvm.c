/* SPDX-License-Identifier: MIT */
/*
 * Stands where the kernel would: /dev/kvm, a virtual machine and one processor, whose exits come
 * from a script. It completes accesses as KVM does: at the next KVM_RUN, before anything else.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "script.h"

#define EXPORT      __attribute__((visibility("default")))
#define RUN_SIZE    0x3000
#define DATA_OFFSET 0x1000

struct named {
    const char *name;
    size_t offset;
};

#define REG(name)                                                                                  \
    {                                                                                              \
#name, offsetof(struct kvm_regs, name)                                                     \
    }
#define SREG(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct kvm_sregs, name)                                                    \
    }
#define SEGMENT(name)                                                                              \
    {                                                                                              \
#name ".base", offsetof(struct kvm_sregs, name.base)                                       \
    }

static const struct named reg_names[] = {
    REG(rax), REG(rcx), REG(rdx), REG(rbx), REG(rsp), REG(rbp), REG(rsi), REG(rdi),    REG(r8),
    REG(r9),  REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15), REG(rflags), REG(rip)};
static const struct named sreg_names[] = {SREG(cr0),   SREG(cr3),   SREG(cr4),   SREG(efer),
                                          SEGMENT(cs), SEGMENT(ds), SEGMENT(es), SEGMENT(ss),
                                          SEGMENT(fs), SEGMENT(gs)};

static int kvm = -1, vm = -1, vcpu = -1;
static unsigned at;
static bool is_pending;
static bool is_kicked;
static struct kvm_run *run;
static struct kvm_regs regs = {.rflags = 2};
static struct kvm_sregs sregs;
static struct kvm_fpu fpu;
static FILE *log_file;

/* The last exit's, for the log. */
static unsigned char *data;
static size_t data_size;

static bool set_in(const struct named *names, size_t count, void *base, const char *name,
                   uint64_t value)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i].name);
        if (strncmp(names[i].name, name, length) != 0 || name[length] != '=')
            continue;
        memcpy((char *)base + names[i].offset, &value, sizeof(value));
        return true;
    }
    return false;
}

static void set_register(const char *text)
{
    uint64_t value = strtoull(strchr(text, '=') + 1, NULL, 16);
    if (set_in(reg_names, sizeof(reg_names) / sizeof(reg_names[0]), &regs, text, value) ||
        set_in(sreg_names, sizeof(sreg_names) / sizeof(sreg_names[0]), &sregs, text, value))
        return;
    if (strncmp(text, "cs.l=", 5) == 0)
        sregs.cs.l = (__u8)value;
    else if (strncmp(text, "cs.db=", 6) == 0)
        sregs.cs.db = (__u8)value;
    else if (strncmp(text, "es.sel=", 7) == 0)
        sregs.es.selector = (__u16)value;
    else if (strncmp(text, "xmm1=", 5) == 0)
        memcpy(fpu.xmm[1], &value, sizeof(value));
    else
        abort();
}

static void set_registers(unsigned line)
{
    for (unsigned i = 1; *word(line, i); i++)
        set_register(word(line, i));
}

static void deliver_mmio(void)
{
    run->exit_reason = KVM_EXIT_MMIO;
    run->mmio.is_write = strncmp(word(at, 2), "write", 5) == 0;
    run->mmio.phys_addr = number(at, 3);
    run->mmio.len = (__u32)number(at, 4);
    memset(run->mmio.data, 0xee, sizeof(run->mmio.data));
    if (run->mmio.is_write)
        bytes(word(at, 5), run->mmio.data, sizeof(run->mmio.data));
    data = run->mmio.data;
    data_size = run->mmio.len;
}

static void deliver_port(void)
{
    bool is_out = strncmp(word(at, 1), "out", 3) == 0;
    run->exit_reason = KVM_EXIT_IO;
    run->io.direction = is_out ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
    run->io.port = (__u16)number(at, 2);
    run->io.size = (__u8)number(at, 3);
    run->io.count = is_out ? 1 : (__u32)number(at, 4);
    run->io.data_offset = DATA_OFFSET;
    data = (unsigned char *)run + DATA_OFFSET;
    data_size = (size_t)run->io.size * run->io.count;
    memset(data, 0xee, data_size);
    if (is_out)
        bytes(word(at, 4), data, data_size);
}

static int deliver(void)
{
    if (strncmp(word(at, 1), "mmio", 4) == 0)
        deliver_mmio();
    else
        deliver_port();
    is_pending = true;
    at++;
    return 0;
}

static void complete(void)
{
    is_pending = false;
    fprintf(log_file, "completed with");
    for (size_t i = 0; i < data_size; i++)
        fprintf(log_file, " %02x", data[i]);
    fprintf(log_file, "\n");
    for (; is_line(at, "answer") || is_line(at, "after"); at++) {
        if (is_line(at, "after"))
            set_registers(at);
    }
}

static int interrupted(void)
{
    errno = EINTR;
    return -1;
}

static int run_processor(void)
{
    bool stops = run->immediate_exit != 0;
    if (is_pending) {
        complete();
        if (is_line(at, "more")) {
            at++;
            return deliver();
        }
    }
    if (stops)
        return interrupted();
    fprintf(log_file, "runs\n");
    for (; at < line_count; at++) {
        if (is_line(at, "exit"))
            return deliver();
        if (is_line(at, "kick") && !is_kicked) {
            is_kicked = true;
            return interrupted();
        }
        if (is_line(at, "regs"))
            set_registers(at);
        if (is_line(at, "regs") || is_line(at, "kick"))
            is_kicked = false;
    }
    run->exit_reason = KVM_EXIT_HLT;
    return 0;
}

static int on_vcpu(unsigned long request, void *argument)
{
    if (request == KVM_RUN)
        return run_processor();
    if (request == KVM_GET_REGS)
        memcpy(argument, &regs, sizeof(regs));
    else if (request == KVM_SET_REGS)
        memcpy(&regs, argument, sizeof(regs));
    else if (request == KVM_GET_SREGS)
        memcpy(argument, &sregs, sizeof(sregs));
    else if (request == KVM_GET_FPU)
        memcpy(argument, &fpu, sizeof(fpu));
    else
        return -1;
    return 0;
}

static int make_vcpu(void)
{
    vcpu = memfd_create("vcpu", MFD_CLOEXEC);
    if (ftruncate(vcpu, RUN_SIZE) != 0)
        abort();
    run = mmap(NULL, RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    return vcpu;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (fd == vcpu)
        return on_vcpu(request, argument);
    if (fd != kvm && fd != vm)
        return -1;
    if (request == KVM_CREATE_VM)
        return vm = memfd_create("vm", MFD_CLOEXEC);
    if (request == KVM_CREATE_VCPU)
        return make_vcpu();
    if (request == KVM_GET_VCPU_MMAP_SIZE)
        return RUN_SIZE;
    return request == KVM_CHECK_EXTENSION;
}

static int open_really(const char *path, int flags, mode_t mode)
{
    int (*next_open)(const char *, int, ...);
    void *address = dlsym(RTLD_NEXT, "open");
    memcpy(&next_open, &address, sizeof(next_open));
    return next_open(path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (strcmp(path, "/dev/kvm") != 0)
        return open_really(path, flags, mode);
    read_script();
    log_file = fopen(getenv("FAKE_KVM_LOG"), "we");
    if (!log_file)
        abort();
    setvbuf(log_file, NULL, _IOLBF, 0);
    return kvm = memfd_create("kvm", MFD_CLOEXEC);
}
