/* SPDX-License-Identifier: MIT */
#include "decode_processor.h"

#include <Zydis/Zydis.h>

#ifdef __x86_64__

#include <cpuid.h>
#include <stdatomic.h>

#include "control.h"

enum answer { EAX, EBX, ECX, EDX, ANSWERS };

static const struct {
    ZydisISASet set;
    unsigned leaf;
    enum answer answer;
    unsigned bit;
    unsigned xcr0;
} features[] = {
#define WHE_FEATURE(set, leaf, answer, bit, xcr0) {ZYDIS_ISA_SET_##set, leaf, answer, bit, xcr0},
#include "processor.def"
};

#define FEATURES (sizeof(features) / sizeof(features[0]))
#define KNOWN    0x80000000u

_Static_assert(FEATURES < 31, "sets of features are kept in 31 bits");

/* XCR0, or 0 where it cannot be read. */
static unsigned enabled_state(void)
{
    unsigned value[ANSWERS] = {0};
    (void)__get_cpuid_count(1, 0, &value[EAX], &value[EBX], &value[ECX], &value[EDX]);
    if (!(value[ECX] & bit_OSXSAVE))
        return 0;
    __asm__("xgetbv" : "=a"(value[EAX]), "=d"(value[EDX]) : "c"(0));
    return value[EAX];
}

static unsigned ask_processor(void)
{
    const unsigned enabled = enabled_state();
    unsigned found = KNOWN;
    for (unsigned i = 0; i < FEATURES; i++) {
        unsigned value[ANSWERS] = {0};
        (void)__get_cpuid_count(features[i].leaf, 0, &value[EAX], &value[EBX], &value[ECX],
                                &value[EDX]);
        const bool is_enabled = (features[i].xcr0 & ~enabled) == 0;
        found |= (value[features[i].answer] >> features[i].bit & is_enabled) << i;
    }
    return found;
}

/* CPUID is slow where a hypervisor answers it. Whoever asks first keeps what all would find. */
static unsigned features_of_processor(void)
{
    static atomic_uint kept;
    unsigned found = atomic_load_explicit(&kept, memory_order_relaxed);
    if (found == 0) {
        found = ask_processor();
        atomic_store_explicit(&kept, found, memory_order_relaxed);
    }
    return found;
}

bool whe_processor_has(unsigned isa_set)
{
    for (unsigned i = 0; i < FEATURES; i++) {
        if (features[i].set == isa_set)
            return features_of_processor() >> i & 1;
    }
    return true;
}

#else

bool whe_processor_has(unsigned isa_set)
{
    (void)isa_set;
    return false;
}

#endif
