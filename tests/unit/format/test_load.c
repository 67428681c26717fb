/* SPDX-License-Identifier: MIT */
/* What a valid file becomes: defaults filled in, values resolved. */
#include "files.h"

#include "base/json_node.h"
#include "base/json_write.h"
#include "format/case_code.h"

#define HEAD "{\"format\":\"whv-trace/1.0\",\"id\":\"a\","
#define MMIO "\"exit\":{\"kind\":\"mmio\",\"access\":\"write\",\"gpa\":\"0xfee00010\"},"

static struct wht_case *must_load(const char *text)
{
    struct wht_case *c = load_text(text);
    cr_assert_not_null(c, "%s", messages);
    cr_assert_str_empty(messages);
    return c;
}

static uint64_t init64(const struct wht_case *c, WHV_REGISTER_NAME name)
{
    return wht_init_reg(&c->init, name)->Reg64;
}

Test(load, the_case_of_the_readme)
{
    struct wht_case *c = must_load(
        HEAD "\"asm\":\"mov dword ptr [rbx], eax\",\"code\":\"89 03\","
             "\"init\":{\"mode\":\"long64\",\"rax\":\"0x12345678\",\"rbx\":\"0xfee0_00b0\"},"
             "\"exit\":{\"kind\":\"mmio\",\"access\":\"write\",\"gpa\":\"0xfee000b0\"},"
             "\"expect\":{\"calls\":[{\"mem\":\"write\",\"gpa\":\"0xfee000b0\",\"data\":\"78 56 34 "
             "12\"}],\"regs\":{\"rip\":\"+2\"}}}");
    cr_expect_str_eq(c->id, "a");
    cr_expect_str_eq(c->name, "test.trace.json#a");
    cr_expect_eq(c->code_size, 2);
    cr_expect_eq(c->match, WHT_MATCH_DEVICE);
    cr_expect_eq(c->verdict, WHT_VERDICT_MUST);
    cr_expect_eq(c->api, WHT_API_SHIPPING);
    cr_expect_eq(init64(c, WHvX64RegisterRbx), 0xfee000b0);
    cr_expect_eq(init64(c, WHvX64RegisterRip), 0x1000);
    cr_expect_eq(init64(c, WHvX64RegisterRdx), 0);
    cr_expect_eq(c->exit.gva, 0xfee000b0);
    cr_expect(c->exit.gva_valid && c->exit.gpa_unmapped);
    cr_expect_eq(c->exit.bytes_given, 2);
    cr_expect_eq(c->exit.instr_len, 2);
    cr_expect_eq(c->expect.status, 1);
    cr_expect_eq(c->expect.hr, S_OK);
    cr_assert_eq(c->expect.reg_count, 1);
    cr_expect_eq(c->expect.regs[0].values[0].Reg64, 0x1002);
    cr_assert_eq(c->expect.call_count, 1);
    cr_expect_eq(c->expect.calls[0].size, 4);
    cr_expect_eq(c->expect.calls[0].data.data[3], 0x12);
    wht_case_free(c);
}

Test(load, modes_set_segments_and_control_registers)
{
    static const struct {
        const char *mode;
        uint16_t cs_attributes;
        uint32_t limit;
        uint64_t cr0, efer, rflags;
        unsigned cpl;
    } rows[] = {{"real16", 0x009b, 0xffff, 0x10, 0, 2, 0},
                {"vm86", 0x00fb, 0xffff, 0x11, 0, 0x20002, 3},
                {"prot16", 0x809b, 0xffffffff, 0x11, 0, 2, 0},
                {"prot32", 0xc09b, 0xffffffff, 0x11, 0, 2, 0},
                {"compat16", 0x809b, 0xffffffff, 0x80000011, 0x500, 2, 0},
                {"compat32", 0xc09b, 0xffffffff, 0x80000011, 0x500, 2, 0},
                {"long64", 0xa09b, 0xffffffff, 0x80000011, 0x500, 2, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 HEAD "\"code\":\"90\",\"init\":{\"mode\":\"%s\"}," MMIO
                      "\"expect\":{\"calls\":[]}}",
                 rows[i].mode);
        struct wht_case *c = must_load(text);
        WHV_X64_SEGMENT_REGISTER cs = wht_init_reg(&c->init, WHvX64RegisterCs)->Segment;
        cr_expect_eq(cs.Attributes, rows[i].cs_attributes, "%s: %#x", rows[i].mode, cs.Attributes);
        cr_expect_eq(cs.Limit, rows[i].limit, "%s", rows[i].mode);
        cr_expect_eq(init64(c, WHvX64RegisterCr0), rows[i].cr0, "%s", rows[i].mode);
        cr_expect_eq(init64(c, WHvX64RegisterEfer), rows[i].efer, "%s", rows[i].mode);
        cr_expect_eq(init64(c, WHvX64RegisterRflags), rows[i].rflags, "%s", rows[i].mode);
        cr_expect_eq(c->init.cpl, rows[i].cpl, "%s", rows[i].mode);
        wht_case_free(c);
    }
}

Test(load, short_forms_of_segments)
{
    struct wht_case *c = must_load(
        HEAD "\"code\":\"90\",\"init\":{\"mode\":\"real16\",\"ds\":\"flat\",\"es\":\"null\","
             "\"fs\":\"real:0xf000\",\"gs\":{\"sel\":\"0x1\",\"base\":\"0x2\",\"limit\":\"0x3\","
             "\"attr\":\"0x93\"},\"gdtr\":{\"base\":\"0x6000\",\"limit\":\"0xff\"},"
             "\"interrupt_shadow\":true,\"interruptstate\":\"0x2\"}," MMIO
             "\"expect\":{\"calls\":[]}}");
    cr_expect_eq(wht_init_reg(&c->init, WHvX64RegisterDs)->Segment.Limit, 0xffffffff);
    cr_expect_eq(wht_init_reg(&c->init, WHvX64RegisterEs)->Segment.Attributes, 0);
    cr_expect_eq(wht_init_reg(&c->init, WHvX64RegisterFs)->Segment.Base, 0xf0000);
    cr_expect_eq(wht_init_reg(&c->init, WHvX64RegisterGs)->Segment.Limit, 3);
    cr_expect_eq(wht_init_reg(&c->init, WHvX64RegisterGdtr)->Table.Limit, 0xff);
    cr_expect_eq(init64(c, WHvRegisterInterruptState), 3);
    wht_case_free(c);
}

Test(load, registers_that_were_not_captured_are_unknown)
{
    struct wht_case *c = must_load(HEAD "\"code\":\"90\",\"init\":{\"others\":\"unknown\"}," MMIO
                                        "\"expect\":{\"calls\":[]}}");
    cr_expect_null(wht_init_reg(&c->init, WHvX64RegisterRax));
    cr_expect_not_null(wht_init_reg(&c->init, WHvX64RegisterRip));
    wht_case_free(c);
}

Test(load, port_exits_take_their_form_from_the_code)
{
    static const struct {
        const char *code;
        bool is_string, has_rep;
        unsigned length;
    } rows[] = {{"ec", false, false, 1},
                {"6c", true, false, 1},
                {"f3 6e 90", true, true, 2},
                {"f2 66 6f", true, true, 3}};
    for (size_t i = 0; i < 4; i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 HEAD
                 "\"code\":\"%s\",\"exit\":{\"kind\":\"io\",\"access\":\"read\",\"port\":\"0x60\","
                 "\"size\":1},\"expect\":{\"calls\":[]}}",
                 rows[i].code);
        struct wht_case *c = must_load(text);
        cr_expect_eq(c->exit.string, rows[i].is_string, "%s", rows[i].code);
        cr_expect_eq(c->exit.rep, rows[i].has_rep, "%s", rows[i].code);
        cr_expect_eq(c->exit.instr_len, rows[i].length, "%s", rows[i].code);
        wht_case_free(c);
    }
}

Test(load, expected_registers_in_all_forms)
{
    struct wht_case *c = must_load(
        HEAD "\"code\":\"90\",\"init\":{\"rcx\":\"0x10\"}," MMIO
             "\"expect\":{\"regs\":{\"rax\":\"any\",\"rcx\":\"-0x10\",\"rdx\":{\"either\":[\"0x1\","
             "\"0x2\"]},\"rbx\":{\"value\":\"0x12\",\"mask\":\"0xf\"},"
             "\"rflags\":{\"value\":\"0x2\",\"undef\":[\"af\",\"of\"]},"
             "\"ds\":{\"value\":\"null\",\"mask\":\"0xff\"}},\"calls\":[]}}");
    cr_assert_eq(c->expect.reg_count, 6);
    const struct wht_want_reg *regs = c->expect.regs; /* sorted by number */
    cr_expect_eq(regs[0].kind, WHT_WANT_ANY);
    cr_expect_eq(regs[1].values[0].Reg64, 0);
    cr_expect_eq(regs[2].kind, WHT_WANT_EITHER);
    cr_expect_eq(regs[2].count, 2);
    cr_expect_eq(regs[3].mask.Low64, 0xf);
    cr_expect_eq(regs[4].name, WHvX64RegisterRflags);
    cr_expect_eq(regs[4].mask.Low64, ~UINT64_C(0x810));
    wht_case_free(c);
}

Test(load, calls_of_every_kind)
{
    struct wht_case *c = must_load(
        HEAD "\"code\":\"90\"," MMIO
             "\"expect\":{\"calls\":[{\"get\":[\"rax\"]},{\"get\":{\"rbx\":\"0x5\"}},"
             "{\"translate\":\"0x5000\",\"flags\":[\"read\"],\"result\":\"page-not-present\"},"
             "{\"io\":\"out\",\"port\":\"0x60\",\"size\":2,\"data\":\"0x1234\"},"
             "{\"mem\":\"write\",\"gpa\":\"0x10\",\"data\":\"?? 01\"},"
             "{\"mem\":\"read\",\"gpa\":\"0x10\",\"size\":4,\"fail\":\"E_FAIL\"},"
             "{\"repeat\":3,\"step\":-4,\"calls\":[{\"optional\":[{\"any_order\":["
             "{\"set\":{\"rip\":\"+1\"},\"note\":\"n\"}]}]}]}]}}");
    cr_assert_eq(c->expect.call_count, 7);
    const struct wht_call *calls = c->expect.calls;
    cr_expect(calls[0].names_only);
    cr_expect_eq(calls[1].regs[0].values[0].Reg64, 5);
    cr_expect_eq(calls[2].result, WHvTranslateGvaResultPageNotPresent);
    cr_expect_eq(calls[3].data.data[1], 0x12);
    cr_expect_eq(calls[4].data.mask[0], 0);
    cr_expect(calls[5].has_fail && !calls[5].has_data);
    cr_expect_eq(calls[6].step, -4);
    cr_expect_eq(calls[6].children[0].children[0].children[0].kind, WHT_CALL_SET);
    wht_case_free(c);
}

Test(load, memory_is_sorted_and_filled)
{
    struct wht_case *c = must_load(
        HEAD
        "\"code\":\"90\"," MMIO "\"memory\":[{\"gpa\":\"0x9000\",\"size\":5,\"fill\":\"01 02\"},"
        "{\"gpa\":\"0x5000\",\"data\":\"aa\"},{\"gpa\":\"0xa000\",\"size\":4096,"
        "\"kind\":\"hole\"}],\"pages\":[{\"gva\":\"0x1000\",\"gpa\":\"0x2000\",\"for\":\"read\"},"
        "{\"gva\":\"0x1000\",\"for\":[\"write\",\"execute\"],\"result\":\"intercept\"}],"
        "\"expect\":{\"calls\":[],\"memory\":[{\"gpa\":\"0x9000\",\"data\":\"01 ??\"}]}}");
    cr_assert_eq(c->memory_count, 3);
    cr_expect_eq(c->memory[0].gpa, 0x5000);
    cr_expect_eq(c->memory[1].data[4], 1);
    cr_expect_null(c->memory[2].data);
    cr_assert_eq(c->page_count, 2);
    cr_expect_eq(c->pages[1].purposes, WHT_FOR_WRITE | WHT_FOR_EXECUTE);
    cr_expect_eq(c->pages[1].gpa, 0x1000);
    wht_case_free(c);
}

Test(load, defaults_are_merged_and_register_values_replaced)
{
    struct wht_case *cases[4] = {NULL};
    size_t errors;
    const char *text =
        "{\"format\":\"whv-trace/1.0\",\"suite\":\"s\",\"defaults\":{\"code\":\"89 03\","
        "\"init\":{\"mode\":\"prot32\",\"rbx\":\"0x10\",\"ds\":{\"sel\":\"0x1\",\"base\":\"0x0\","
        "\"limit\":\"0x2\",\"attr\":\"0x93\"}},\"tags\":[\"x\"],"
        "\"exit\":{\"kind\":\"mmio\",\"access\":\"write\",\"gpa\":\"0x10\"}},"
        "\"cases\":[{\"id\":\"a\",\"expect\":{\"calls\":[]}},"
        "{\"id\":\"b\",\"init\":{\"ds\":\"null\"},\"exit\":{\"gpa\":\"0x20\"},\"tags\":[],"
        "\"expect\":{\"calls\":[]}}]}";
    write_file("suite.trace.json", text, strlen(text));
    cr_assert_eq(load_file(cases, 4, &errors), 2, "%s", messages);
    cr_expect_eq(init64(cases[1], WHvX64RegisterRbx), 0x10);
    cr_expect_eq(wht_init_reg(&cases[0]->init, WHvX64RegisterDs)->Segment.Limit, 2);
    cr_expect_eq(wht_init_reg(&cases[1]->init, WHvX64RegisterDs)->Segment.Limit, 0);
    cr_expect_eq(cases[1]->exit.gpa, 0x20);
    cr_expect_eq(cases[1]->exit.access, WHT_ACCESS_WRITE);
    cr_expect_eq(cases[0]->tags.count, 1);
    cr_expect_eq(cases[1]->tags.count, 0);
    cr_expect_eq(cases[1]->ordinal, 1);
    wht_case_free(cases[0]);
    wht_case_free(cases[1]);
}

Test(load, disassembles_in_the_mode_of_the_case)
{
    static const struct {
        const char *mode, *text;
        unsigned length;
    } rows[] = {{"long64", "mov dword ptr [rbx], eax", 2},
                {"prot32", "mov dword ptr [ebx], eax", 2},
                {"real16", "mov word ptr [bp+di], ax", 2}};
    for (size_t i = 0; i < 3; i++) {
        char text[512], buf[128];
        uint8_t length;
        snprintf(text, sizeof(text),
                 HEAD "\"code\":\"89 03\",\"init\":{\"mode\":\"%s\"}," MMIO
                      "\"expect\":{\"calls\":[]}}",
                 rows[i].mode);
        struct wht_case *c = must_load(text);
        cr_expect(wht_case_disasm(c, buf, sizeof(buf), &length));
        if (i < 2)
            cr_expect_str_eq(buf, rows[i].text);
        cr_expect_eq(length, rows[i].length);
        wht_case_free(c);
    }
}

static void append_text(void *user, const char *bytes, size_t size)
{
    strncat(user, bytes, size);
}

/* Reads the last file; the text of each case that is valid goes to its own line. */
static void read_texts(char *texts)
{
    const struct wht_writer writer = {.write = append_text, .user = texts};
    struct wht_reader *reader = wht_reader_open(file_path, NULL);
    texts[0] = 0;
    cr_assert_not_null(reader);
    for (struct wht_case *c; (c = wht_reader_next(reader)) != NULL; wht_case_free(c)) {
        wht_write_line(&writer, wht_reader_text(reader));
    }
    wht_reader_close(reader);
    unlink(file_path);
}

#define WRITTEN(id, spelling)                                                                      \
    "{\"id\": \"" id "\", \"code\": \"89 03\", " MMIO_SPACED                                       \
    ", \"expect\": {\"calls\": []}, \"x-n\": " spelling                                            \
    ", \"source\": {\"x-of\": 1.50, \"kind\": \"hand\"}}\n"
#define MMIO_SPACED "\"exit\": {\"kind\": \"mmio\", \"access\": \"write\", \"gpa\": \"0xfee00010\"}"

/* What the file says of every case is merged in; a number is written as it was spelt, and a line
 * that is no case shifts nothing. */
Test(load, a_case_comes_with_the_text_of_its_author)
{
    static const char suite[] =
        "{\"format\":\"whv-trace/1.0\",\"suite\":\"s\","
        "\"defaults\":{\"source\":{\"x-of\":1.50,\"kind\":\"hand\"}},\"cases\":["
        "{\"id\":\"a\",\"code\":\"89 03\"," MMIO "\"expect\":{\"calls\":[]},\"x-n\":1e2},"
        "{\"id\":\"b\",\"code\":\"89 03\"," MMIO "\"expect\":{\"calls\":[]},\"x-n\":-0.10}]}";
    static const char corpus[] =
        "{\"format\":\"whv-trace/1.0\",\"source\":{\"kind\":\"hand\"},"
        "\"defaults\":{\"source\":{\"x-of\":1.50}}}\n\n{\n"
        "{\"id\":\"a\",\"code\":\"89 03\"," MMIO "\"expect\":{\"calls\":[]},\"x-n\":1e2}\n"
        "{\"id\":\"b\",\"code\":\"89 03\"," MMIO "\"expect\":{\"calls\":[]},\"x-n\":-0.10}\n";
    char texts[4096];
    write_file("test.trace.json", suite, strlen(suite));
    read_texts(texts);
    cr_expect_str_eq(texts, WRITTEN("a", "1e2") WRITTEN("b", "-0.10"));
    write_file("test.trace.jsonl", corpus, strlen(corpus));
    read_texts(texts);
    cr_expect_str_eq(texts, WRITTEN("a", "1e2") WRITTEN("b", "-0.10"));
}
