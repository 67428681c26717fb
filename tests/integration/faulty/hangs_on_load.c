/* SPDX-License-Identifier: MIT */
/* Fault: it never comes to an end while it is loaded. */
#include <unistd.h>

#include "emulator.h"

__attribute__((constructor)) static void load(void)
{
    for (;;)
        sleep(1);
}

static uint32_t emulate(struct call *call)
{
    (void)call;
    return 2;
}
