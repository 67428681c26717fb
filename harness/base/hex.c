/* SPDX-License-Identifier: MIT */
#include "hex.h"

char *wht_hex_write(char *to, const uint8_t *bytes, const uint8_t *mask, size_t size, bool blanks)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        bool is_any = mask && mask[i] == 0;
        if (i > 0 && blanks)
            *to++ = ' ';
        *to++ = is_any ? '?' : digits[bytes[i] >> 4];
        *to++ = is_any ? '?' : digits[bytes[i] & 0xf];
    }
    return to;
}
