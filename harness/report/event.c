/* SPDX-License-Identifier: MIT */
#include "event.h"

static const struct {
    const char *name;
    const char *word;
    const char *text;
} outcomes[] = {
#define WHT_OUTCOME(id, name, word, text) [WHT_OUTCOME_##id] = {name, word, text},
#include "outcome.def"
};

const char *wht_outcome_name(enum wht_case_outcome outcome)
{
    return outcomes[outcome].name;
}

const char *wht_outcome_word(enum wht_case_outcome outcome)
{
    return outcomes[outcome].word;
}

const char *wht_outcome_text(enum wht_case_outcome outcome)
{
    return outcomes[outcome].text;
}

const char *wht_ending_name(enum wht_ending ending)
{
    static const char *const names[] = {
        [WHT_ENDED_NORMALLY] = "normal", [WHT_CRASHED] = "crash", [WHT_TIMED_OUT] = "timeout"};
    return names[ending];
}

const char *wht_run_ending_name(enum wht_run_ending ending)
{
    static const char *const names[] = {[WHT_RUN_DONE] = "done",
                                        [WHT_RUN_STOPPED] = "stopped",
                                        [WHT_RUN_INTERRUPTED] = "interrupted",
                                        [WHT_RUN_GAVE_UP] = "gave-up",
                                        [WHT_RUN_BROKEN] = "broken"};
    return names[ending];
}
