/* SPDX-License-Identifier: MIT */
/*
 * Whichever translation is answered in whichever way: the guest gets the fault that the answer
 * stands for, with the right error code and address, or the call fails with the right bit; no
 * device is touched before or after, but by finished elements of a string, whose progress is kept.
 * That the page is a device, or protected by the virtual machine monitor, makes no difference.
 */
#include "expect.h"
#include "property.h"

#define COUNT     30000u
#define PAGE_MASK UINT64_C(0xfff)

#define EFER_NXE 0x800u
#define CR4_SMEP 0x100000u

/* What becomes of a call. */
enum end { PAGE_FAULT, GENERAL_PROTECTION, INTERNAL_FAILURE, NOT_ALIGNED, NO_MATTER };

static const struct {
    const char *name;
    struct guest_answer answer;
    enum end end;
} answers[] = {
    {"not present", {.result = WHvTranslateGvaResultPageNotPresent}, PAGE_FAULT},
    {"a privilege violation", {.result = WHvTranslateGvaResultPrivilegeViolation}, PAGE_FAULT},
    {"invalid flags", {.result = WHvTranslateGvaResultInvalidPageTableFlags}, PAGE_FAULT},
    {"unmapped", {.result = WHvTranslateGvaResultGpaUnmapped}, NO_MATTER},
    {"no read access", {.result = WHvTranslateGvaResultGpaNoReadAccess}, NO_MATTER},
    {"no write access", {.result = WHvTranslateGvaResultGpaNoWriteAccess}, NO_MATTER},
    {"unmapped and nothing else",
     {.result = WHvTranslateGvaResultGpaUnmapped, .leaves_gpa = true},
     INTERNAL_FAILURE},
    {"success and nothing else", {.leaves_gpa = true}, NOT_ALIGNED},
    {"an overlay", {.result = WHvTranslateGvaResultGpaIllegalOverlayAccess}, GENERAL_PROTECTION},
    {"an intercept", {.result = WHvTranslateGvaResultIntercept}, INTERNAL_FAILURE},
    {"a code that does not exist", {.result = (WHV_TRANSLATE_GVA_RESULT_CODE)9}, INTERNAL_FAILURE},
    {"a code far off", {.result = (WHV_TRANSLATE_GVA_RESULT_CODE)0x80000000u}, INTERNAL_FAILURE},
    {"nothing", {.leaves_result = true}, INTERNAL_FAILURE},
    {"bit 0", {.result = WHvTranslateGvaResultSuccess, .gpa_bits = 1}, NOT_ALIGNED},
    {"bit 11", {.result = WHvTranslateGvaResultSuccess, .gpa_bits = 0x800}, NOT_ALIGNED},
    {"a fault and bits",
     {.result = WHvTranslateGvaResultPageNotPresent, .gpa_bits = 0xfff},
     PAGE_FAULT},
};

static struct guest guest;
static struct random_case made;
static struct outcome whole, cut;

static bool is_pending(void)
{
    return guest_reg(&guest, WHvRegisterPendingEvent)->ExceptionEvent.EventPending ||
           guest_reg(&guest, WHvRegisterPendingInterruption)
               ->PendingInterruption.InterruptionPending;
}

/* SDM 3A, 4.7 */
static uint32_t error_code(const struct guest_event *asked, WHV_TRANSLATE_GVA_RESULT_CODE result)
{
    bool is_user = made.exit.vp.ExecutionState.Cpl == 3 || made.mode == GUEST_VM86;
    bool tells_fetch = (guest_get64(&guest, WHvX64RegisterEfer) & EFER_NXE) ||
                       (guest_get64(&guest, WHvX64RegisterCr4) & CR4_SMEP);
    uint32_t code = result != WHvTranslateGvaResultPageNotPresent;
    if (asked->size & WHvTranslateGvaFlagValidateWrite)
        code |= 2;
    if (is_user && !(asked->size & WHvTranslateGvaFlagPrivilegeExempt))
        code |= 4;
    if (result == WHvTranslateGvaResultInvalidPageTableFlags)
        code |= 8;
    if ((asked->size & WHvTranslateGvaFlagValidateExecute) && tells_fetch)
        code |= 16;
    return code;
}

/* @return whether an address is the first byte of an access on the page that was asked for. */
/* MASKMOVDQU has two halves; behind the end of the address size the second is elsewhere. */
static bool is_second_half(const struct model_access *access, uint64_t address)
{
    const bool is_halved = made.model.insn.mnemonic == ZYDIS_MNEMONIC_MASKMOVDQU ||
                           made.model.insn.mnemonic == ZYDIS_MNEMONIC_VMASKMOVDQU;
    const unsigned width = made.model.insn.address_width;
    const uint64_t wrap = width == 64 ? 0 : UINT64_C(1) << width;
    const uint64_t mask = made.mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    for (uint64_t byte = 8; is_halved && byte < access->size; byte++) {
        if (address == ((access->linear + byte) & mask) ||
            address == ((access->linear + byte - wrap) & mask))
            return byte == 8 || (address & PAGE_MASK) == 0;
    }
    return false;
}

static bool is_first_byte(const struct guest_event *asked, uint64_t elements, uint64_t address)
{
    struct model_access access[MODEL_ACCESSES];
    uint64_t mask = made.mode == GUEST_LONG64 ? UINT64_MAX : UINT32_MAX;
    if ((address & ~PAGE_MASK) != asked->address)
        return false;
    if (asked->size & WHvTranslateGvaFlagPrivilegeExempt)
        return true; /* descriptors and the TSS have tests of their own */
    if (asked->size & WHvTranslateGvaFlagValidateExecute) {
        uint64_t first = (made.start + made.exit.memory.InstructionByteCount) & mask;
        return address == ((first & ~PAGE_MASK) == asked->address ? first : asked->address);
    }
    size_t count = model_accesses(&made.model, &guest, elements, access);
    for (size_t i = 0; i < count; i++) {
        uint32_t intent = (access[i].is_read ? 1u : 0u) | (access[i].is_written ? 2u : 0u);
        uint64_t last = (access[i].linear + access[i].size - 1) & mask;
        if ((asked->size & 3) != intent)
            continue;
        if (address == access[i].linear || is_second_half(&access[i], address))
            return true;
        if (address == asked->address && (last & ~PAGE_MASK) == asked->address)
            return true;
    }
    return false;
}

/* Elements that were finished before the fault; without REP none. */
static uint64_t finished(void)
{
    return model_repeats(&made.model) ? expect_elements(&made.model, &guest, &cut) : 0;
}

/* MOV to a segment register reads its operand before it knows which descriptor it needs. */
static uint64_t accessed_elements(const struct guest_event *asked)
{
    bool is_system = (asked->size & WHvTranslateGvaFlagPrivilegeExempt) != 0;
    bool has_port = made.model.insn.meta.category == ZYDIS_CATEGORY_IO ||
                    made.model.insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    if (is_system && !has_port)
        return 1;
    return finished();
}

static bool has_right_pointers(uint64_t elements)
{
    const bool goes_down = made.exit.vp.Rflags & 0x400;
    unsigned width = made.model.insn.address_width;
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    for (size_t i = 0; i < made.accesses && model_repeats(&made.model); i++) {
        WHV_REGISTER_NAME name = (WHV_REGISTER_NAME)model_name(made.access[i].operand->mem.base);
        uint64_t distance = elements * made.access[i].size;
        uint64_t moved = outcome_reg(&cut, name)->Reg64 - guest_get64(&guest, name);
        if (((moved - (goes_down ? 0 - distance : distance)) & mask) != 0)
            return false;
    }
    return true;
}

static const char *judge_event(const struct guest_event *asked, size_t answer)
{
    WHV_X64_PENDING_EXCEPTION_EVENT event =
        outcome_reg(&cut, WHvRegisterPendingEvent)->ExceptionEvent;
    bool is_page_fault = answers[answer].end == PAGE_FAULT;
    uint32_t code = is_page_fault ? error_code(asked, answers[answer].answer.result) : 0;
    if (outcome_vector(&cut) != (is_page_fault ? 14 : 13) || !event.EventPending ||
        event.EventType != WHvX64PendingEventException)
        return "not the fault that the answer stands for";
    if (event.DeliverErrorCode != (made.mode != GUEST_REAL16))
        return "an error code where there is none, or none where there is one";
    if (event.ErrorCode != code)
        return "another error code";
    if (is_page_fault && !is_first_byte(asked, finished(), event.ExceptionParameter))
        return "an address that is not the first byte of the access on the page";
    if (!is_page_fault && event.ExceptionParameter != 0)
        return "an address without a page fault";
    if (!has_right_pointers(finished()))
        return "the pointers of a string are not those of its finished elements";
    if (!expect_accesses(&made.model, &guest, &cut, made.start, accessed_elements(asked)))
        return "accesses of an element that was not finished";
    return NULL;
}

/* A page that the exit tells has its address whatever the callback says of a device. */
static bool is_page_of_exit(const struct guest_event *asked)
{
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &made.exit.memory;
    return !made.exit.is_io && memory->AccessInfo.GvaValid &&
           (memory->Gva & ~PAGE_MASK) == asked->address;
}

static enum end end_of(const struct guest_event *asked, size_t answer)
{
    const bool is_unmapped = answers[answer].answer.result == WHvTranslateGvaResultGpaUnmapped;
    if (is_unmapped && is_page_of_exit(asked))
        return NO_MATTER;
    return answers[answer].end;
}

/* @return whether a page can be reached for what it is asked for. */
static bool can_be_reached(const struct guest_event *asked)
{
    return asked->address != CASES_MISSING &&
           (asked->address != CASES_READ_ONLY || !(asked->size & WHvTranslateGvaFlagValidateWrite));
}

static const char *judge_no_matter(const struct guest_event *asked)
{
    static char difference[256];
    if (can_be_reached(asked) &&
        !outcome_equal(&whole, &cut, 0, made.start, difference, sizeof(difference)))
        return difference;
    return NULL;
}

static size_t sets_in(const struct outcome *outcome)
{
    return outcome_count(outcome, GUEST_SET);
}

static const char *judge(const struct guest_event *asked, size_t at, size_t answer)
{
    const enum end end = end_of(asked, answer);
    bool is_fault = end <= GENERAL_PROTECTION;
    uint32_t status = 2;
    if (!cut.broken && end == NO_MATTER)
        return judge_no_matter(asked);
    if (end == NOT_ALIGNED)
        status = 0x20;
    else if (is_fault)
        status = is_pending() ? 0x200 : 1;
    if (cut.broken)
        return cut.broken;
    if (cut.result.status != status)
        return "another status than the answer stands for";
    if (!is_fault && cut.event_count != at + 1)
        return "a callback after the answer";
    for (size_t i = at + 1; i < cut.event_count; i++) {
        if (cut.event[i].kind != GUEST_GET && cut.event[i].kind != GUEST_SET)
            return "a device or a page is touched after the answer";
    }
    if (status == 1)
        return judge_event(asked, answer);
    return sets_in(&cut) == 0 ? NULL : "a failed call has written registers";
}

static bool try_case(struct property *property, uint64_t index, WHV_EMULATOR_HANDLE emulator)
{
    unsigned translation = 0;
    char text[320];
    for (size_t at = 0; at < whole.event_count; at++) {
        if (whole.event[at].kind != GUEST_TRANSLATE)
            continue;
        translation++;
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
            guest.answer = answers[i].answer;
            guest.answer.at = translation;
            outcome_run(&guest, emulator, &made.exit, &cut);
            guest.answer.at = 0;
            const char *broken = judge(&whole.event[at], at, i);
            if (!broken)
                continue;
            snprintf(text, sizeof(text), "translation %u answers %s: %s", translation,
                     answers[i].name, broken);
            property_fail(property, index, &made, text);
            return false;
        }
    }
    return translation > 0;
}

Test(translations, end_as_their_answers_say)
{
    struct property property = property_begin("translations", COUNT);
    WHV_EMULATOR_HANDLE emulator = guest_create_emulator();
    uint64_t with_translations = 0;
    cases_init(&guest, property.seed);
    for (uint64_t i = property.first; i < property.end; i++) {
        cases_make(&guest, property.seed, i, i, &made);
        made.exit.memory.InstructionByteCount = made.given;
        made.exit.io.InstructionByteCount = made.given;
        outcome_run(&guest, emulator, &made.exit, &whole);
        property_count(&property, &whole);
        with_translations += try_case(&property, i, emulator);
        cases_clear(&guest, &made);
    }
    WHvEmulatorDestroyEmulator(emulator);
    property_end(&property);
    if (property.end - property.first >= 1000)
        cr_expect_gt(with_translations, (property.end - property.first) / 3);
}
