/* SPDX-License-Identifier: MIT */
/* Fault: at one address it closes every file of the process. */
#include <unistd.h>

#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    for (int fd = 0; call->memory->Gpa == 0xfee000b4 && fd < 64; fd++)
        close(fd);
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}
