/* SPDX-License-Identifier: MIT */
/* The table as tools see it. */
#include <string.h>

#include <criterion/criterion.h>

#include <whvemu/instructions.h>

static const struct {
    enum whvemu_code code;
    uint8_t bytes[8];
    size_t count;
    const char *mnemonic; /* NULL: no instruction that has a row */
    bool is_string;
    uint8_t length;
    bool repeats;
    uint8_t element_size;
    uint8_t kinds[WHVEMU_OPERANDS];
    uint8_t sizes[WHVEMU_OPERANDS];
} examples[] = {
    {WHVEMU_CODE_64,
     {0x89, 0x03},
     2,
     "MOV",
     false,
     2,
     false,
     0,
     {WHVEMU_OPERAND_MEMORY, WHVEMU_OPERAND_GPR},
     {4, 4}},
    {WHVEMU_CODE_64,
     {0x48, 0x89, 0x03, 0xff},
     4,
     "MOV",
     false,
     3,
     false,
     0,
     {WHVEMU_OPERAND_MEMORY, WHVEMU_OPERAND_GPR},
     {8, 8}},
    {WHVEMU_CODE_REAL16,
     {0x89, 0x03},
     2,
     "MOV",
     false,
     2,
     false,
     0,
     {WHVEMU_OPERAND_MEMORY, WHVEMU_OPERAND_GPR},
     {2, 2}},
    {WHVEMU_CODE_32, {0x48}, 1, "DEC", false, 1, false, 0, {WHVEMU_OPERAND_GPR}, {4}},
    {WHVEMU_CODE_PROT16,
     {0x0f, 0xb6, 0x07},
     3,
     "MOVZX",
     false,
     3,
     false,
     0,
     {WHVEMU_OPERAND_GPR, WHVEMU_OPERAND_MEMORY},
     {2, 1}},
    {WHVEMU_CODE_32, {0xf3, 0xa5}, 2, "MOVSD", true, 2, true, 4, {0}, {0}},
    {WHVEMU_CODE_64,
     {0x0f, 0x28, 0x03},
     3,
     "MOVAPS",
     false,
     3,
     false,
     0,
     {WHVEMU_OPERAND_XMM, WHVEMU_OPERAND_MEMORY},
     {16, 16}},
    {WHVEMU_CODE_64,
     {0x0f, 0xfc, 0x03},
     3,
     "PADDB",
     false,
     3,
     false,
     0,
     {WHVEMU_OPERAND_MMX, WHVEMU_OPERAND_MEMORY},
     {8, 8}},
    {WHVEMU_CODE_64,
     {0x66, 0x0f, 0x2d, 0xc1},
     4,
     "CVTPD2PI",
     false,
     4,
     false,
     0,
     {WHVEMU_OPERAND_MMX, WHVEMU_OPERAND_XMM},
     {8, 16}},
    {WHVEMU_CODE_64, {0x48}, 1, NULL, false, 0, false, 0, {0}, {0}},       /* a prefix alone */
    {WHVEMU_CODE_64, {0x0f, 0xa2}, 2, NULL, false, 0, false, 0, {0}, {0}}, /* CPUID */
    {WHVEMU_CODE_64, {0xf0, 0x89, 0x03}, 3, NULL, false, 0, false, 0, {0}, {0}},
    {WHVEMU_CODE_64, {0x89}, 0, NULL, false, 0, false, 0, {0}, {0}},
};

Test(instructions, decode_tells_row_length_and_operands)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct whvemu_decoded decoded = {.length = 0xee};
        bool is_known =
            whvemu_decode(examples[i].code, examples[i].bytes, examples[i].count, &decoded);
        cr_assert_eq(is_known, examples[i].mnemonic != NULL, "example %zu", i);
        if (!is_known) {
            cr_assert_eq(decoded.length, 0xee, "example %zu wrote a result", i);
            continue;
        }
        struct whvemu_instruction row = whvemu_instruction(decoded.row);
        cr_assert_str_eq(row.mnemonic, examples[i].mnemonic, "example %zu", i);
        cr_assert_eq(row.is_string, examples[i].is_string, "example %zu", i);
        cr_assert_eq(decoded.length, examples[i].length, "example %zu", i);
        cr_assert_eq(decoded.repeats, examples[i].repeats, "example %zu", i);
        cr_assert_eq(decoded.element_size, examples[i].element_size, "example %zu", i);
        for (size_t j = 0; j < WHVEMU_OPERANDS; j++) {
            cr_assert_eq(decoded.operand[j].kind, examples[i].kinds[j], "example %zu", i);
            cr_assert_eq(decoded.operand[j].size, examples[i].sizes[j], "example %zu", i);
        }
    }
}

Test(instructions, every_trait_of_every_row_has_a_name)
{
    cr_assert_gt(whvemu_instruction_count(), 100);
    for (size_t row = 0; row < whvemu_instruction_count(); row++)
        for (unsigned bit = 0; bit < 32; bit++)
            if (whvemu_instruction(row).traits >> bit & 1)
                cr_assert_not_null(whvemu_trait_name(1u << bit), "%s has the trait %#x",
                                   whvemu_instruction(row).mnemonic, 1u << bit);
    cr_assert_null(whvemu_trait_name(0x80000000));
    cr_assert_null(whvemu_trait_name(0));
}
