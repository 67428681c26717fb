/* SPDX-License-Identifier: MIT */
#include "vcpu.h"

int (*whvk_ioctl)(int fd, unsigned long request, ...);

struct whvk_counts whvk_counts;

struct whvk_view whvk_view_of(struct whvk_vcpu *vcpu)
{
    return (struct whvk_view){.memory = vcpu->memory,
                              .sregs = &vcpu->now.sregs,
                              .space = vcpu->run->flags & KVM_RUN_X86_SMM ? 1 : 0};
}
