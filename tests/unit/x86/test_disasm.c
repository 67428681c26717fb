/* SPDX-License-Identifier: MIT */
/* What a failure shows of the state before the instruction: the registers that it reads. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "format/case_code.h"
#include "unit/format/files.h"
#include "words/names.h"

static const struct {
    const char *code;
    const char *mode;
    const char *reads;
} rows[] = {
    {"89 03", "long64", "rbx rax"},            /* mov [rbx], eax */
    {"8b 04 8b", "long64", "rbx rcx"},         /* mov eax, [rbx+4*rcx] */
    {"88 23", "long64", "rbx rax"},            /* mov [rbx], ah */
    {"8a 23", "long64", "rax rbx"},            /* mov ah, [rbx]: the rest of rax stays */
    {"8b 0b", "prot32", "rbx"},                /* mov ecx, [ebx] */
    {"66 44 8b 0b", "long64", "r9 rbx"},       /* mov r9w, [rbx] */
    {"8b 05 00 00 00 00", "long64", ""},       /* mov eax, [rip] */
    {"10 07", "long64", "rdi rax rflags"},     /* adc [rdi], al: CF */
    {"00 07", "long64", "rdi rax"},            /* add [rdi], al */
    {"f3 a5", "prot32", "rdi rsi rcx rflags"}, /* rep movsd: DF */
    {"0f b1 0b", "long64", "rbx rcx rax"},     /* cmpxchg [rbx], ecx */
    {"64 8b 03", "long64", "fs rbx"},          /* mov eax, fs:[rbx]: FS has a base */
    {"0f 11 0b", "long64", "rbx xmm1"},        /* movups [rbx], xmm1 */
    {"ff 33", "long64", "rbx rsp"},            /* push [rbx] */
    {"06", "long64", ""},                      /* none */
};

Test(disasm, the_registers_that_an_instruction_reads)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char json[512];
        char list[256] = "";
        WHV_REGISTER_NAME names[WHT_READS_MAX];
        struct wht_case *c;
        size_t errors;
        int size = snprintf(
            json, sizeof(json),
            "{ \"format\": \"whv-trace/1.0\", \"id\": \"a\", \"code\": \"%s\", \"init\": { "
            "\"mode\": "
            "\"%s\", \"fs\": { \"sel\": \"0x10\", \"base\": \"0x1000\", \"limit\": \"0xffff\", "
            "\"attr\": \"0x93\" } }, \"exit\": { \"kind\": \"mmio\", \"access\": \"read\", "
            "\"gpa\": "
            "\"0x1000\" }, \"expect\": { \"calls\": [] } }",
            rows[i].code, rows[i].mode);
        write_file("a.trace.json", json, (size_t)size);
        cr_assert_eq(load_file(&c, 1, &errors), 1, "%s", messages);
        size_t count = wht_case_reads(c, names);
        for (size_t j = 0; j < count; j++) {
            char name[WHT_NAME_MAX];
            snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", j > 0 ? " " : "",
                     wht_reg_name(names[j], name));
        }
        /* Their order is the decoder's. */
        cr_expect_eq(strlen(list), strlen(rows[i].reads), "%s: %s", rows[i].code, list);
        char wanted[256];
        snprintf(wanted, sizeof(wanted), "%s", rows[i].reads);
        for (char *word = strtok(wanted, " "); word; word = strtok(NULL, " "))
            cr_expect(strstr(list, word), "%s: %s", rows[i].code, list);
        wht_case_free(c);
    }
}
