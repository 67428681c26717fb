/* SPDX-License-Identifier: MIT */
#include "exit_defaults.h"

#include "case_code.h"

static bool lacks(unsigned given, enum wht_exit_key key)
{
    return !(given >> key & 1);
}

void wht_exit_fill_in(const struct wht_case *c, struct wht_exit *exit, unsigned given)
{
    struct wht_insn_info info = {.length = 0};
    bool is_io = exit->kind == WHT_EXIT_IO;
    if (lacks(given, WHT_EXIT_KEY_instr_len) ||
        (is_io && (lacks(given, WHT_EXIT_KEY_string) || lacks(given, WHT_EXIT_KEY_rep))))
        wht_insn_info(wht_code_of(c), c->code, c->code_size, &info);
    if (lacks(given, WHT_EXIT_KEY_gva))
        exit->gva = exit->gpa;
    if (lacks(given, WHT_EXIT_KEY_gva_valid))
        exit->gva_valid = true;
    if (lacks(given, WHT_EXIT_KEY_gpa_unmapped))
        exit->gpa_unmapped = true;
    if (lacks(given, WHT_EXIT_KEY_bytes_given))
        exit->bytes_given = c->code_size;
    if (lacks(given, WHT_EXIT_KEY_instr_len))
        exit->instr_len = info.length;
    if (is_io && lacks(given, WHT_EXIT_KEY_string))
        exit->string = info.is_string_io;
    if (is_io && lacks(given, WHT_EXIT_KEY_rep))
        exit->rep = info.is_string_io && info.has_rep;
    if (lacks(given, WHT_EXIT_KEY_interruption_pending))
        exit->interruption_pending = false;
    if (lacks(given, WHT_EXIT_KEY_interrupt_shadow))
        exit->interrupt_shadow = false;
    if (lacks(given, WHT_EXIT_KEY_debug_active))
        exit->debug_active = false;
    if (lacks(given, WHT_EXIT_KEY_cr8))
        exit->cr8 = 0;
}
