/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD=libwhvcapture-kvm.so records the exits of a VMM that uses KVM, which is neither built
 * again nor asked: its calls of ioctl, mmap, munmap and close pass through here. The guest takes
 * the same course; two things are added. Each access is completed by a KVM_RUN that returns at once
 * (immediate_exit) before the VMM's own goes on, and KVM is said to have no means that would keep
 * accesses from exiting.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exits.h"
#include "platform.h"
#include "record.h"

#define EXPORT    __attribute__((visibility("default")))
#define FDS       65536
#define RUN_BYTES 0x1000u

struct vm {
    struct whvk_memory memory;
    uint32_t processors;
};

static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_munmap)(void *, size_t);
static int (*real_close)(int);

/* Written when a descriptor is made or closed; a descriptor is not used while that happens. */
static struct vm *_Atomic vms[FDS];
static struct whvk_vcpu *_Atomic vcpus[FDS];
static _Atomic int vcpu_fds_end; /* one more than the highest */
static _Atomic bool is_recording;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pid_t process;

/* ISO C has no conversion from an object pointer to a function pointer. */
static void find(const char *name, void *function)
{
    void *address = dlsym(RTLD_NEXT, name);
    memcpy(function, &address, sizeof(address));
}

static void find_all(void)
{
    find("ioctl", &whvk_ioctl);
    find("mmap", &real_mmap);
    find("munmap", &real_munmap);
    find("close", &real_close);
}

static void init(void)
{
    pthread_once(&once, find_all);
}

static struct vm *vm_of(int fd)
{
    return fd >= 0 && fd < FDS ? atomic_load(&vms[fd]) : NULL;
}

static struct whvk_vcpu *vcpu_of(int fd)
{
    return fd >= 0 && fd < FDS ? atomic_load(&vcpus[fd]) : NULL;
}

/* A program that is only on the way to the VMM (a shell) creates no machine and leaves no file. */
static bool start(void)
{
    static _Atomic bool was_tried;
    if (!atomic_exchange(&was_tried, true)) {
        process = getpid();
        atomic_store(&is_recording, whvk_record_start());
    }
    return atomic_load(&is_recording) && process == getpid();
}

static void add_vm(int fd)
{
    if (fd < 0 || fd >= FDS || !start())
        return;
    if (whvk_ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0) {
        whvc_complain("this KVM has no immediate_exit; nothing is recorded");
        return;
    }
    struct vm *vm = calloc(1, sizeof(*vm));
    if (vm)
        pthread_mutex_init(&vm->memory.lock, NULL);
    atomic_store(&vms[fd], vm);
}

static void add_vcpu(struct vm *vm, int fd)
{
    struct whvk_vcpu *vcpu = fd >= 0 && fd < FDS ? calloc(1, sizeof(*vcpu)) : NULL;
    if (!vcpu)
        return;
    vcpu->fd = fd;
    vcpu->memory = &vm->memory;
    vcpu->number = vm->processors++;
    if (!whvk_record_add(vcpu)) {
        free(vcpu);
        return;
    }
    atomic_store(&vcpus[fd], vcpu);
    if (fd >= atomic_load(&vcpu_fds_end)) /* a VMM makes its processors one after the other */
        atomic_store(&vcpu_fds_end, fd + 1);
}

/* Before a slot's memory may go, after it may be used. */
static int set_memory(struct vm *vm, int fd, const struct kvm_userspace_memory_region *region)
{
    if (region->memory_size == 0)
        whvk_memory_set(&vm->memory, region);
    int result = whvk_ioctl(fd, KVM_SET_USER_MEMORY_REGION, region);
    if (result == 0 && region->memory_size != 0 && !whvk_memory_set(&vm->memory, region))
        whvc_complain("more than %u memory slots; instructions there are not explained",
                      WHVK_SLOTS);
    return result;
}

/*
 * Completes the access of the last exit. No signal handler runs meanwhile: a VMM's handler stops
 * the processor by immediate_exit, which must not be lost. @return what KVM_RUN did.
 */
static int complete(struct whvk_vcpu *vcpu)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    __u8 asked = __atomic_exchange_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    int result = whvk_ioctl(vcpu->fd, KVM_RUN, 0);
    int error = errno;
    __atomic_store_n(&vcpu->run->immediate_exit, asked, __ATOMIC_SEQ_CST);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return result;
}

static int run_vcpu(struct whvk_vcpu *vcpu)
{
    if (vcpu->is_pending) {
        whvk_on_answer(vcpu);
        int result = complete(vcpu);
        int error = errno;
        if (result == 0) {
            whvk_on_exit(vcpu, true);
            return 0;
        }
        if (error == EINTR)
            whvk_on_complete(vcpu);
        else
            whvk_abandon(vcpu, &whvk_counts.unexplained);
        vcpu->is_pending = false;
        errno = error;
        if (error != EINTR)
            return result;
    }
    int result = whvk_ioctl(vcpu->fd, KVM_RUN, 0);
    int error = errno;
    if (result == 0)
        whvk_on_exit(vcpu, false);
    errno = error;
    return result;
}

static int on_vcpu(struct whvk_vcpu *vcpu, unsigned long request, void *argument)
{
    if (request == KVM_RUN && vcpu->run && process == getpid())
        return run_vcpu(vcpu);
    /* The VMM changes what the instruction would have ended with. */
    if (request == KVM_SET_REGS || request == KVM_SET_SREGS)
        whvk_abandon(vcpu, &whvk_counts.interrupted);
    return whvk_ioctl(vcpu->fd, request, argument);
}

static bool is_hidden(unsigned long request, const void *argument)
{
    uintptr_t capability = (uintptr_t)argument;
    return request == KVM_CHECK_EXTENSION && atomic_load(&is_recording) &&
           (capability == KVM_CAP_COALESCED_MMIO || capability == KVM_CAP_COALESCED_PIO ||
            capability == KVM_CAP_IOEVENTFD);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    init();
    struct whvk_vcpu *vcpu = vcpu_of(fd);
    if (vcpu)
        return on_vcpu(vcpu, request, argument);
    struct vm *vm = vm_of(fd);
    if (vm && request == KVM_SET_USER_MEMORY_REGION)
        return set_memory(vm, fd, argument);
    if (is_hidden(request, argument))
        return 0;
    int result = whvk_ioctl(fd, request, argument);
    int error = errno;
    if (request == KVM_CREATE_VM)
        add_vm(result);
    else if (vm && request == KVM_CREATE_VCPU)
        add_vcpu(vm, result);
    errno = error;
    return result;
}

static void *map(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    init();
    void *memory = real_mmap(address, size, protection, flags, fd, offset);
    struct whvk_vcpu *vcpu = vcpu_of(fd);
    if (vcpu && memory != MAP_FAILED && offset == 0 && size >= RUN_BYTES) {
        vcpu->run = memory;
        vcpu->run_size = size;
    }
    return memory;
}

EXPORT void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return map(address, size, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return map(address, size, protection, flags, fd, offset);
}

EXPORT int munmap(void *address, size_t size)
{
    init();
    for (int i = 0; i < atomic_load(&vcpu_fds_end); i++) {
        struct whvk_vcpu *vcpu = atomic_load(&vcpus[i]);
        if (vcpu && vcpu->run == address)
            vcpu->run = NULL;
    }
    return real_munmap(address, size);
}

EXPORT int close(int fd)
{
    init();
    /* The memory stays: another thread may still be at its exit. A VMM has few of them. */
    if (fd >= 0 && fd < FDS) {
        atomic_store(&vcpus[fd], NULL);
        atomic_store(&vms[fd], NULL);
    }
    return real_close(fd);
}
