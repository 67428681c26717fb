/* SPDX-License-Identifier: MIT */
/**
 * @file spellings.h
 * Words of assembler that mean the same.
 */
#ifndef WHVTRACE_X86_SPELLINGS_H
#define WHVTRACE_X86_SPELLINGS_H

#define WHT_SPELLING_MAX 32

/** Replaces a mnemonic in lower case by the one that Zydis has for it: "je" by "jz"; others stay.
 */
void wht_usual_mnemonic(char word[WHT_SPELLING_MAX]);

#endif
