/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_MAX 256u

void fuzz_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", fuzz_target.name);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void fuzz_mutate_field(uint8_t *field, size_t size)
{
    uint8_t copy[FIELD_MAX] = {0};
    if (size == 0 || size > FIELD_MAX)
        return;
    memcpy(copy, field, size);
    size_t mutated = LLVMFuzzerMutate(copy, size, size);
    memset(copy + mutated, 0, size - mutated);
    memcpy(field, copy, size);
}
