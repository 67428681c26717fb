/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <inttypes.h>
#include <string.h>

#include "platform.h"

#define PAGE_MASK UINT64_C(0xfff)

struct named {
    uint32_t value;
    const char *name;
};

enum register_kind { U64, U128, SEGMENT, TABLE };

struct known_register {
    uint32_t number;
    const char *name;
    enum register_kind kind;
};

static const struct known_register known_registers[] = {
#define WHV_REGISTER(prefix, suffix, number, text, kind) {number, text, kind},
#include <whvemu/whv_registers.def>
};

static void add_segment(struct whvc_text *text, const WHV_X64_SEGMENT_REGISTER *segment)
{
    whvc_text_add(
        text, "{\"sel\":\"0x%x\",\"base\":\"0x%" PRIx64 "\",\"limit\":\"0x%x\",\"attr\":\"0x%x\"}",
        (unsigned)segment->Selector, (uint64_t)segment->Base, (unsigned)segment->Limit,
        (unsigned)segment->Attributes);
}

/* A slot holds 128 bits; what a VMM left beside those that its register has is nobody's business.
 */
static void add_value(struct whvc_text *text, enum register_kind kind,
                      const struct whvc_register *reg)
{
    WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = reg->low, .High64 = reg->high}};
    if (kind == SEGMENT)
        add_segment(text, &value.Segment);
    else if (kind == TABLE)
        whvc_text_add(text, "{\"base\":\"0x%" PRIx64 "\",\"limit\":\"0x%x\"}",
                      (uint64_t)value.Table.Base, (unsigned)value.Table.Limit);
    else if (kind == U128 && reg->high != 0)
        whvc_text_add(text, "\"0x%" PRIx64 "%016" PRIx64 "\"", reg->high, reg->low);
    else
        whvc_text_add(text, "\"0x%" PRIx64 "\"", reg->low);
}

/* A register that is named twice in a batch would be a duplicate key: the last one counts. */
static bool comes_again(const struct whvc_registers *registers, uint64_t index)
{
    for (uint64_t i = index + 1; i < registers->count; i++) {
        if (registers->reg[i].name == registers->reg[index].name)
            return true;
    }
    return false;
}

static void add_register_name(struct whvc_text *text, uint32_t number, enum register_kind *kind)
{
    *kind = U128; /* nobody knows how wide one is that has no name here */
    for (size_t i = 0; i < sizeof(known_registers) / sizeof(known_registers[0]); i++) {
        if (known_registers[i].number == number) {
            *kind = known_registers[i].kind;
            whvc_text_add(text, "\"%s\"", known_registers[i].name);
            return;
        }
    }
    whvc_text_add(text, "\"reg:0x%08x\"", (unsigned)number);
}

/* Without values (a Get that failed) only the names. */
static void add_registers(struct whvc_text *text, const struct whvc_registers *registers,
                          bool has_values)
{
    const char *separator = "";
    whvc_text_add(text, has_values ? "{" : "[");
    for (uint64_t i = 0; i < registers->count; i++) {
        enum register_kind kind;
        if (comes_again(registers, i))
            continue;
        whvc_text_add(text, "%s", separator);
        separator = ",";
        add_register_name(text, registers->reg[i].name, &kind);
        if (!has_values)
            continue;
        whvc_text_add(text, ":");
        add_value(text, kind, &registers->reg[i]);
    }
    whvc_text_add(text, has_values ? "}" : "]");
}

static void add_context(struct whvc_text *text, const WHV_VP_EXIT_CONTEXT *context)
{
    whvc_text_add(text,
                  ",\"context\":{\"execution_state\":\"0x%x\",\"instruction_length\":%u,"
                  "\"cr8\":\"0x%x\",\"cs\":",
                  (unsigned)context->ExecutionState.AsUINT16, (unsigned)context->InstructionLength,
                  (unsigned)context->Cr8);
    add_segment(text, &context->Cs);
    whvc_text_add(text, ",\"rip\":\"0x%" PRIx64 "\",\"rflags\":\"0x%" PRIx64 "\"}",
                  (uint64_t)context->Rip, (uint64_t)context->Rflags);
}

static void add_memory_access(struct whvc_text *text, const WHV_MEMORY_ACCESS_CONTEXT *access)
{
    whvc_text_add(
        text, ",\"access\":{\"byte_count\":%u,\"bytes\":", (unsigned)access->InstructionByteCount);
    whvc_text_add_bytes(text, access->InstructionBytes, sizeof(access->InstructionBytes), false);
    whvc_text_add(text, ",\"info\":\"0x%x\",\"gpa\":\"0x%" PRIx64 "\",\"gva\":\"0x%" PRIx64 "\"}",
                  (unsigned)access->AccessInfo.AsUINT32, (uint64_t)access->Gpa,
                  (uint64_t)access->Gva);
}

static void add_port_access(struct whvc_text *text, const WHV_X64_IO_PORT_ACCESS_CONTEXT *access)
{
    whvc_text_add(
        text, ",\"access\":{\"byte_count\":%u,\"bytes\":", (unsigned)access->InstructionByteCount);
    whvc_text_add_bytes(text, access->InstructionBytes, sizeof(access->InstructionBytes), false);
    whvc_text_add(
        text,
        ",\"info\":\"0x%x\",\"port\":\"0x%x\",\"rax\":\"0x%" PRIx64 "\",\"rcx\":\"0x%" PRIx64
        "\",\"rsi\":\"0x%" PRIx64 "\",\"rdi\":\"0x%" PRIx64 "\",\"ds\":",
        (unsigned)access->AccessInfo.AsUINT32, (unsigned)access->PortNumber, (uint64_t)access->Rax,
        (uint64_t)access->Rcx, (uint64_t)access->Rsi, (uint64_t)access->Rdi);
    add_segment(text, &access->Ds);
    whvc_text_add(text, ",\"es\":");
    add_segment(text, &access->Es);
    whvc_text_add(text, "}");
}

static void add_begin(struct whvc_text *text, const struct whvc_begin *begin,
                      const struct whvc_registers *snapshot)
{
    whvc_text_add(
        text, "{\"cap\":\"begin\",\"n\":%" PRIu64 ",\"vp\":%u,\"api\":\"shipping\",\"kind\":\"%s\"",
        begin->n, (unsigned)begin->vp, begin->is_io ? "io" : "mmio");
    add_context(text, &begin->context);
    if (begin->is_io)
        add_port_access(text, &begin->io);
    else
        add_memory_access(text, &begin->memory);
    if (snapshot && snapshot->count > 0) {
        whvc_text_add(text, ",\"init\":");
        add_registers(text, snapshot, true);
    }
    if (begin->is_reconstructed)
        whvc_text_add(text, ",\"reconstructed\":true");
    whvc_text_add(text, "}\n");
}

static void add_hresult(struct whvc_text *text, HRESULT hr)
{
    static const struct named names[] = {
        {(uint32_t)S_OK, "S_OK"},           {(uint32_t)S_FALSE, "S_FALSE"},
        {(uint32_t)E_FAIL, "E_FAIL"},       {(uint32_t)E_INVALIDARG, "E_INVALIDARG"},
        {(uint32_t)E_ABORT, "E_ABORT"},     {(uint32_t)E_OUTOFMEMORY, "E_OUTOFMEMORY"},
        {(uint32_t)E_NOTIMPL, "E_NOTIMPL"}, {(uint32_t)E_UNEXPECTED, "E_UNEXPECTED"},
        {(uint32_t)E_POINTER, "E_POINTER"}, {(uint32_t)E_ACCESSDENIED, "E_ACCESSDENIED"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].value == (uint32_t)hr) {
            whvc_text_add(text, ",\"hr\":\"%s\"", names[i].name);
            return;
        }
    }
    whvc_text_add(text, ",\"hr\":\"0x%08x\"", (unsigned)hr);
}

static void add_memory(struct whvc_text *text, const struct whvc_memory *call, bool hidden)
{
    const WHV_EMULATOR_MEMORY_ACCESS_INFO *info = &call->info;
    bool has_data = info->Direction != 0 || (call->record.is_answered && call->record.hr == S_OK);
    whvc_text_add(text, ",\"mem\":\"%s\",\"gpa\":\"0x%" PRIx64 "\",\"size\":%u",
                  info->Direction != 0 ? "write" : "read", (uint64_t)info->GpaAddress,
                  (unsigned)info->AccessSize);
    if (!has_data || info->AccessSize == 0 || info->AccessSize > sizeof(info->Data))
        return;
    whvc_text_add(text, ",\"data\":");
    whvc_text_add_bytes(text, info->Data, info->AccessSize, hidden);
}

static void add_port(struct whvc_text *text, const struct whvc_port *call)
{
    const WHV_EMULATOR_IO_ACCESS_INFO *info = &call->info;
    whvc_text_add(text, ",\"io\":\"%s\",\"port\":\"0x%x\",\"size\":%u",
                  info->Direction != 0 ? "out" : "in", (unsigned)info->Port,
                  (unsigned)info->AccessSize);
    if (info->Direction != 0 || (call->record.is_answered && call->record.hr == S_OK))
        whvc_text_add(text, ",\"data\":\"0x%x\"", (unsigned)info->Data);
}

static void add_translate(struct whvc_text *text, const struct whvc_translate *call)
{
    static const struct named flags[] = {{0x1, "read"},
                                         {0x2, "write"},
                                         {0x4, "execute"},
                                         {0x8, "privilege-exempt"},
                                         {0x10, "set-page-table-bits"},
                                         {0x100, "enforce-smap"},
                                         {0x200, "override-smap"}};
    static const char *const results[] = {
        "success",      "page-not-present", "privilege-violation", "invalid-page-table-flags",
        "gpa-unmapped", "gpa-no-read",      "gpa-no-write",        "gpa-illegal-overlay",
        "intercept"};
    const char *separator = "";
    whvc_text_add(text, ",\"translate\":\"0x%" PRIx64 "\",\"flags\":[", call->gva);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (call->flags & flags[i].value) {
            whvc_text_add(text, "%s\"%s\"", separator, flags[i].name);
            separator = ",";
        }
    }
    whvc_text_add(text, "]");
    if (!call->record.is_answered || call->record.hr != S_OK)
        return;
    if ((uint32_t)call->result < sizeof(results) / sizeof(results[0]))
        whvc_text_add(text, ",\"result\":\"%s\"", results[call->result]);
    else
        whvc_text_add(text, ",\"result\":\"0x%x\"", (unsigned)call->result);
    whvc_text_add(text, ",\"gpa\":\"0x%" PRIx64 "\"", call->gpa);
}

/* The page of the exit is the device; everything else may be somebody's memory. */
static bool is_private(const struct whvc_begin *begin, const struct whvc_memory *call)
{
    return begin->is_io || ((call->info.GpaAddress ^ begin->memory.Gpa) & ~PAGE_MASK) != 0;
}

static void add_callback(struct whvc_text *text, const struct whvc_begin *begin,
                         const struct whvc_record *record, bool redact)
{
    bool has_values = record->kind == WHVC_SET || (record->is_answered && record->hr == S_OK);
    whvc_text_add(text, "{\"n\":%" PRIu64, begin->n);
    if (record->is_answered)
        add_hresult(text, record->hr);
    if (record->kind == WHVC_MEMORY) {
        const struct whvc_memory *call = (const struct whvc_memory *)record;
        add_memory(text, call, redact && !record->is_code && is_private(begin, call));
    } else if (record->kind == WHVC_PORT) {
        add_port(text, (const struct whvc_port *)record);
    } else if (record->kind == WHVC_TRANSLATE) {
        add_translate(text, (const struct whvc_translate *)record);
    } else {
        whvc_text_add(text, record->kind == WHVC_SET ? ",\"set\":" : ",\"get\":");
        add_registers(text, (const struct whvc_registers *)record, has_values);
    }
    whvc_text_add(text, "}\n");
}

static void add_end(struct whvc_text *text, const struct whvc_begin *begin,
                    const struct whvc_end *end)
{
    static const char *const bits[] = {
        "success",          "internal-failure", "io-failed",
        "mem-failed",       "translate-failed", "translate-unaligned",
        "get-regs-failed",  "set-regs-failed",  "interrupt-caused-intercept",
        "cannot-be-faulted"};
    const char *separator = "";
    whvc_text_add(text, "{\"cap\":\"end\",\"n\":%" PRIu64, begin->n);
    add_hresult(text, end->record.hr);
    if (end->record.hr == S_OK) {
        whvc_text_add(text, ",\"status\":[");
        for (unsigned i = 0; i < 32; i++) {
            if (!(end->status >> i & 1))
                continue;
            if (i < sizeof(bits) / sizeof(bits[0]))
                whvc_text_add(text, "%s\"%s\"", separator, bits[i]);
            else
                whvc_text_add(text, "%s\"0x%08x\"", separator, 1u << i);
            separator = ",";
        }
        whvc_text_add(text, "]");
    }
    if (memchr(end->reason, 0, sizeof(end->reason)) && end->reason[0]) {
        whvc_text_add(text, ",\"reason\":");
        whvc_text_add_string(text, end->reason);
    }
    if (end->is_reconstructed)
        whvc_text_add(text, ",\"reconstructed\":true");
    whvc_text_add(text, "}\n");
}

void whvc_event_call(struct whvc_text *text, const struct whvc_ring *ring, bool redact)
{
    uint64_t at = 0;
    const struct whvc_begin *begin = (const struct whvc_begin *)whvc_ring_next(ring, &at);
    if (!begin || begin->record.kind != WHVC_BEGIN)
        return;
    const struct whvc_record *record = whvc_ring_next(ring, &at);
    const struct whvc_registers *snapshot = NULL;
    if (record && record->kind == WHVC_SNAPSHOT) {
        snapshot = (const struct whvc_registers *)record;
        record = whvc_ring_next(ring, &at);
    }
    add_begin(text, begin, snapshot);
    const struct whvc_record *end = NULL;
    for (; record; record = whvc_ring_next(ring, &at)) {
        if (record->kind == WHVC_END)
            end = record;
        else if (record->kind > WHVC_SNAPSHOT)
            add_callback(text, begin, record, redact);
    }
    if (ring->dropped > 0)
        whvc_text_add(text, "{\"cap\":\"dropped\",\"n\":%" PRIu64 ",\"calls\":%" PRIu64 "}\n",
                      begin->n, ring->dropped);
    if (end)
        add_end(text, begin, (const struct whvc_end *)end);
}

static void add_pair(struct whvc_text *text, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    whvc_text_add(text, ",\"%s\":", name);
    whvc_text_add_string(text, value);
}

static void begin_header(struct whvc_text *text, const char *tool)
{
    whvc_text_add(text,
                  "{\"cap\":\"hdr\",\"format\":\"whv-capture/1.0\",\"source\":{"
                  "\"kind\":\"captured\",\"tool\":\"%s " WHVTRACE_VERSION "\"",
                  tool ? tool : "whvcapture");
}

void whvc_event_bare_header(struct whvc_text *text)
{
    begin_header(text, NULL);
    whvc_text_add(text, "}}\n");
}

void whvc_event_header(struct whvc_text *text, const struct whvc_provenance *provenance)
{
    char words[256], date[WHVC_DATE], file[WHVC_PATH_MAX], version[64];
    whvc_date(date);
    begin_header(text, provenance->tool);
    whvc_describe_program(words, sizeof(words));
    add_pair(text, "vmm", provenance->vmm && *provenance->vmm ? provenance->vmm : words);
    whvc_describe_system(words, sizeof(words));
    add_pair(text, "os", words);
    whvc_describe_cpu(words, sizeof(words));
    add_pair(text, "cpu", words);
    add_pair(text, "guest", provenance->guest);
    add_pair(text, "date", date);
    if (provenance->emulator) {
        whvc_describe_library(provenance->emulator, file, sizeof(file), version, sizeof(version));
        whvc_text_add(text, ",\"emulator\":{\"file\":");
        whvc_text_add_string(text, file);
        add_pair(text, "version", version);
        whvc_text_add(text, "}");
    }
    whvc_text_add(text, "}}\n");
}
