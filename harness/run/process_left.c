/* SPDX-License-Identifier: MIT */
#include "process_left.h"

#include <stdio.h>
#include <string.h>

void wht_process_left_take(struct wht_process_left *left, const void *shared,
                           const struct wht_said *said)
{
    snprintf(left->how, sizeof(left->how), "did not end");
    memset(left->shared, 0, sizeof(left->shared));
    if (shared)
        memcpy(left->shared, shared, sizeof(left->shared));
    wht_said_get(said, left->said);
}
