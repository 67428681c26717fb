/* SPDX-License-Identifier: MIT */
/**
 * @file kinds.h
 * What the words of a trace stand for; name_lists.h has their spelling.
 */
#ifndef WHVTRACE_WORDS_KINDS_H
#define WHVTRACE_WORDS_KINDS_H

/** A processor's mode, as far as it decides how code is read and addresses are made. */
enum wht_mode {
    WHT_MODE_REAL16,
    WHT_MODE_VM86,
    WHT_MODE_PROT16,
    WHT_MODE_PROT32,
    WHT_MODE_COMPAT16,
    WHT_MODE_COMPAT32,
    WHT_MODE_LONG64
};

/** Which of the two entry points an exit belongs to. */
enum wht_exit_kind { WHT_EXIT_MMIO, WHT_EXIT_IO };

/** How a guest accesses an address; of ports READ is IN. */
enum wht_access { WHT_ACCESS_READ, WHT_ACCESS_WRITE, WHT_ACCESS_EXECUTE };

/** What answers at an address. */
enum wht_memory_kind { WHT_MEMORY_RAM, WHT_MEMORY_ROM, WHT_MEMORY_DEVICE, WHT_MEMORY_HOLE };

/** What a page may be translated for: bits of a mask. */
enum wht_page_for { WHT_FOR_READ = 1, WHT_FOR_WRITE = 2, WHT_FOR_EXECUTE = 4, WHT_FOR_ALL = 7 };

/** Which of the two forms of the interface is called. */
enum wht_api { WHT_API_SHIPPING, WHT_API_PREVIEW };

/** Weakest first, so that levels compare with <. */
enum wht_match { WHT_MATCH_EFFECTS, WHT_MATCH_DEVICE, WHT_MATCH_STRICT };

/** What a case that fails means for an emulator. */
enum wht_verdict { WHT_VERDICT_MUST, WHT_VERDICT_MAY };

#endif
