/* SPDX-License-Identifier: MIT */
/* Fault: it says something and writes through a NULL pointer, in every case, after two callbacks.
 */
#include <stdio.h>

#include "emulator.h"

static uint32_t emulate(struct call *call)
{
    volatile uint32_t *volatile nowhere = NULL;
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    printf("storing to %#llx\n", (unsigned long long)call->memory->Gpa);
    fprintf(stderr, "assertion failed: \x1b[31mred\n");
    *nowhere = call->rax;
    return 1;
}
