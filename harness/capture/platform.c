/* SPDX-License-Identifier: MIT */
/* What needs no system of its own. */
#include "platform.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
/* The brand string. SDM 2A, "CPUID", leaves 80000002H to 80000004H. */
void whvc_describe_cpu(char *text, size_t size)
{
    unsigned words[13] = {0};
    for (unsigned i = 0; i < 3; i++)
        __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                    &words[4 * i + 3]);
    const char *brand = (const char *)words;
    snprintf(text, size, "%s", brand + strspn(brand, " "));
    for (size_t end = strlen(text); end > 0 && text[end - 1] == ' '; end--)
        text[end - 1] = 0;
}
#endif

void whvc_complain(const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "whvcapture: %s\n", line);
    fflush(stderr);
}
