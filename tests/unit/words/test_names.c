/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "format/check.h"
#include "words/name_lists.h"
#include "words/names.h"

Test(names, every_register_is_found_by_its_name)
{
    const char *names[256];
    size_t count = wht_reg_names(names, 256);
    cr_assert_gt(count, 80);
    for (size_t i = 0; i < count; i++) {
        WHV_REGISTER_NAME name;
        char buf[WHT_NAME_MAX];
        cr_assert(wht_reg_from_name(names[i], &name), "%s", names[i]);
        cr_expect_str_eq(wht_reg_name(name, buf), names[i]);
    }
}

Test(names, registers_without_a_name_go_by_number)
{
    WHV_REGISTER_NAME name;
    char buf[WHT_NAME_MAX];
    cr_expect(wht_reg_from_name("reg:0x00001234", &name));
    cr_expect_eq(name, (WHV_REGISTER_NAME)0x1234);
    cr_expect_str_eq(wht_reg_name(name, buf), "reg:0x00001234");
    cr_expect(!wht_reg_from_name("reg:0x1234", &name), "eight digits");
    cr_expect(!wht_reg_from_name("reg:0x0000123g", &name));
    cr_expect(!wht_reg_from_name("eax", &name));
}

Test(names, values_are_spelled_out)
{
    char buf[WHT_NAME_MAX];
    WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = 0x246}};
    cr_expect_str_eq(wht_reg_format(WHvX64RegisterRflags, &value, buf), "0x246 [IF ZF PF]");
    cr_expect_str_eq(wht_reg_format(WHvX64RegisterRax, &value, buf), "0x246");
    cr_expect_str_eq(wht_reg_format(WHvX64RegisterXmm0, &value, buf),
                     "0x00000000000000000000000000000246");
    cr_expect_str_eq(wht_status_format(1, buf), "success");
    cr_expect_str_eq(wht_status_format(3, buf), "success+internal-failure");
    cr_expect_str_eq(wht_status_format(0, buf), "0x0");
    cr_expect_str_eq(wht_status_format(0x401, buf), "success+0x400");
    cr_expect_str_eq(wht_hresult_format(E_INVALIDARG, buf), "E_INVALIDARG");
    cr_expect_str_eq(wht_hresult_format((HRESULT)0x80070006, buf), "0x80070006");
    cr_expect_str_eq(wht_translate_flags_format(0x12, buf), "write|set-page-table-bits");
    cr_expect_str_eq(wht_translate_flags_format(0, buf), "none");
    cr_expect_str_eq(wht_vector_format(14, buf), "#PF");
    cr_expect_str_eq(wht_vector_format(32, buf), "vector 0x20");
}
