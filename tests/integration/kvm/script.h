/* SPDX-License-Identifier: MIT */
/**
 * @file script.h
 * What the fake KVM and the fake VMM do: lines of words, read from the file that FAKE_KVM names.
 *
 *     ram SLOT GPA SIZE          the VMM gives the guest memory      drop SLOT
 *     poke GPA HEX               the VMM writes into it, before the processor runs
 *     regs NAME=VALUE ...        registers from here on; also cs.base, cr0, xmm0 (low half) ...
 *     exit mmio read GPA SIZE    KVM_RUN returns; likewise
 *     exit mmio write GPA SIZE HEX
 *     exit in PORT SIZE COUNT, exit out PORT SIZE HEX
 *     answer HEX                 what the VMM says to the exit before
 *     after NAME=VALUE ...       what completing that access does to registers
 *     more                       completing leads at once to the exit that follows
 *     kick                       a signal arrives before the next KVM_RUN: it is to return EINTR
 *     set NAME=VALUE ...         the VMM sets registers
 *
 * Numbers are hexadecimal.
 */
#ifndef TESTS_KVM_SCRIPT_H
#define TESTS_KVM_SCRIPT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 512
#define WIDTH 256

static char lines[LINES][WIDTH];
static unsigned line_count;

static inline void read_script(void)
{
    const char *path = getenv("FAKE_KVM");
    FILE *file = path ? fopen(path, "re") : NULL;
    while (file && line_count < LINES && fgets(lines[line_count], WIDTH, file)) {
        lines[line_count][strcspn(lines[line_count], "\n")] = 0;
        line_count++;
    }
    if (!file)
        abort();
    fclose(file);
}

/* Whether line `at` begins with the word. */
static inline int is_line(unsigned at, const char *word)
{
    size_t length = strlen(word);
    return at < line_count && strncmp(lines[at], word, length) == 0 &&
           (lines[at][length] == ' ' || lines[at][length] == 0);
}

/* Word `number` of a line as text, or empty. */
static inline const char *word(unsigned at, unsigned number)
{
    const char *text = lines[at];
    for (; number > 0; number--) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    return text;
}

static inline unsigned long long number(unsigned at, unsigned index)
{
    return strtoull(word(at, index), NULL, 16);
}

/* Bytes from hex digits without blanks. */
static inline size_t bytes(const char *text, unsigned char *to, size_t room)
{
    size_t count = 0;
    unsigned value;
    while (count < room && sscanf(text, "%2x", &value) == 1) {
        to[count++] = (unsigned char)value;
        text += 2;
        if (*text == ' ' || *text == 0)
            break;
    }
    return count;
}

#endif
