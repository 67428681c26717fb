/* SPDX-License-Identifier: MIT */
#include "said.h"

size_t wht_said_add(struct wht_said *said, char *bytes, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == 0) {
            said->count = 0;
            continue;
        }
        bytes[kept++] = bytes[i];
        said->bytes[said->at] = bytes[i];
        said->at = (said->at + 1) % WHT_SAID_MAX;
        said->count += said->count < WHT_SAID_MAX;
    }
    return kept;
}

void wht_said_get(const struct wht_said *said, char *text)
{
    size_t from = (said->at + WHT_SAID_MAX - said->count) % WHT_SAID_MAX;
    for (size_t i = 0; i < said->count; i++)
        text[i] = said->bytes[(from + i) % WHT_SAID_MAX];
    text[said->count] = 0;
}
