/* SPDX-License-Identifier: MIT */
#include "operands.h"

#include <stdio.h>
#include <string.h>

#include "decode.h"

/* @return the register that holds this one; -1 for flags, and for one that a case has no name for.
 */
static int name_of(ZydisRegister reg)
{
    WHV_REGISTER_NAME name;
    return wht_reg_from_zydis(reg, &name) && name != WHvX64RegisterRflags ? (int)name : -1;
}

static void add_once(WHV_REGISTER_NAME *list, size_t *count, int name)
{
    for (size_t i = 0; i < *count; i++)
        if ((int)list[i] == name)
            return;
    if (name >= 0 && name != WHvX64RegisterRip && *count < WHT_REGISTERS_MAX)
        list[(*count)++] = (WHV_REGISTER_NAME)name;
}

static void take_memory(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *from,
                        struct wht_operands *to)
{
    bool is_stack = from->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
                    name_of(from->mem.base) == WHvX64RegisterRsp;
    if (is_stack && from->size <= 64) {
        to->stack_size = (uint8_t)(from->size / 8);
        to->is_stack_written = (from->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    }
    if (from->mem.type == ZYDIS_MEMOP_TYPE_AGEN || is_stack || to->place_count == WHT_PLACES_MAX)
        return;
    struct wht_operand_place *place = &to->places[to->place_count++];
    place->base = name_of(from->mem.base);
    place->index = name_of(from->mem.index);
    place->scale = from->mem.scale;
    place->displacement = from->mem.disp.value;
    if (place->base == WHvX64RegisterRip)
        place->displacement += insn->length;
    place->segment = name_of(from->mem.segment);
    place->address_bits = insn->address_width;
    place->size = (uint16_t)(from->size / 8);
    place->is_read = (from->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    place->is_written = (from->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    bool is_string = insn->meta.category == ZYDIS_CATEGORY_STRINGOP ||
                     insn->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    if (is_string) /* moves its pointers */
        add_once(to->writes, &to->write_count, place->base);
}

static void take_register(const ZydisDecodedOperand *from, struct wht_operands *to)
{
    int name = name_of(from->reg.value);
    if (from->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        add_once(to->reads, &to->read_count, name);
    if (from->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        add_once(to->writes, &to->write_count, name);
}

static void take_port(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands,
                      struct wht_operands *to)
{
    bool is_simple = insn->mnemonic == ZYDIS_MNEMONIC_IN || insn->mnemonic == ZYDIS_MNEMONIC_OUT;
    to->is_string_port = insn->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    to->is_port = is_simple || to->is_string_port;
    to->port = -1;
    if (!to->is_port)
        return;
    to->is_port_read =
        insn->mnemonic == ZYDIS_MNEMONIC_IN || insn->mnemonic == ZYDIS_MNEMONIC_INSB ||
        insn->mnemonic == ZYDIS_MNEMONIC_INSW || insn->mnemonic == ZYDIS_MNEMONIC_INSD;
    for (size_t i = 0; i < insn->operand_count; i++) {
        if (is_simple && operands[i].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
            continue; /* the flags: IOPL is read */
        if (operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            to->port = (int)(operands[i].imm.value.u & 0xff);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY ||
                 (is_simple && operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                  operands[i].reg.value != ZYDIS_REGISTER_DX))
            to->port_size =
                (uint8_t)(operands[i].size / 8 <= 4 ? operands[i].size / 8 : to->port_size);
    }
}

static void add_to_slug(struct wht_operands *to, const char *word, unsigned bits)
{
    size_t used = strlen(to->slug);
    if (bits > 0)
        snprintf(to->slug + used, sizeof(to->slug) - used, "-%s%u", word, bits);
    else
        snprintf(to->slug + used, sizeof(to->slug) - used, "%s%s", used > 0 ? "-" : "", word);
}

static void name_form(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands,
                      struct wht_operands *to)
{
    if (insn->attributes & ZYDIS_ATTRIB_HAS_LOCK)
        add_to_slug(to, "lock", 0);
    if (to->has_rep)
        add_to_slug(to, insn->attributes & ZYDIS_ATTRIB_HAS_REPNE ? "repne" : "rep", 0);
    add_to_slug(to, ZydisMnemonicGetString(insn->mnemonic), 0);
    for (size_t i = 0; i < insn->operand_count_visible; i++) {
        ZydisRegister reg = operands[i].reg.value;
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            add_to_slug(to, "m", operands[i].size);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            add_to_slug(to, "imm", 0);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                 ZydisRegisterGetClass(reg) <= ZYDIS_REGCLASS_GPR64 && !to->is_port)
            add_to_slug(to, "r", operands[i].size);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            add_to_slug(to, ZydisRegisterGetString(reg), 0);
    }
}

bool wht_operands(enum wht_code code, const uint8_t *bytes, size_t count, struct wht_operands *to)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!wht_decode(code, bytes, count, &insn, operands))
        return false;
    *to = (struct wht_operands){.length = insn.length};
    to->is_branch = insn.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;
    to->has_rep = wht_decoded_rep(&insn);
    to->writes_flags = insn.cpu_flags && (insn.cpu_flags->modified | insn.cpu_flags->set_0 |
                                          insn.cpu_flags->set_1 | insn.cpu_flags->undefined);
    take_port(&insn, operands, to);
    for (size_t i = 0; i < insn.operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            take_memory(&insn, &operands[i], to);
        else if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            take_register(&operands[i], to);
    }
    name_form(&insn, operands, to);
    return true;
}
