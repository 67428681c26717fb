/* SPDX-License-Identifier: MIT */
#include "spellings.h"

#include <stdio.h>
#include <string.h>

struct spelling {
    const char *other;
    const char *usual;
};

/* SDM 1, appendix B. */
static const struct spelling conditions[] = {
    {"e", "z"},   {"ne", "nz"}, {"c", "b"},   {"nae", "b"}, {"nc", "nb"},
    {"ae", "nb"}, {"na", "be"}, {"a", "nbe"}, {"nge", "l"}, {"ge", "nl"},
    {"ng", "le"}, {"g", "nle"}, {"pe", "p"},  {"po", "np"},
};

static const struct spelling mnemonics[] = {
    {"sal", "shl"},     {"retn", "ret"},      {"xlatb", "xlat"}, {"wait", "fwait"},
    {"loopz", "loope"}, {"loopnz", "loopne"}, {"movabs", "mov"},
};

static const char *find(const struct spelling *list, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].other, word) == 0)
            return list[i].usual;
    return NULL;
}

void wht_usual_mnemonic(char word[WHT_SPELLING_MAX])
{
    static const char *const conditional[] = {"j", "set", "cmov"};
    const char *usual = find(mnemonics, sizeof(mnemonics) / sizeof(mnemonics[0]), word);
    if (usual)
        snprintf(word, WHT_SPELLING_MAX, "%s", usual);
    for (size_t i = 0; i < sizeof(conditional) / sizeof(conditional[0]); i++) {
        const size_t size = strlen(conditional[i]);
        usual = strncmp(word, conditional[i], size) == 0
                    ? find(conditions, sizeof(conditions) / sizeof(conditions[0]), word + size)
                    : NULL;
        if (usual)
            snprintf(word + size, WHT_SPELLING_MAX - size, "%s", usual);
    }
}
