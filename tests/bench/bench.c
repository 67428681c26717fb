/* SPDX-License-Identifier: MIT */
/*
 * bench list      the compiler, and the scenarios: name, iterations and callbacks of one call
 * bench check     whether each scenario asks of its callbacks what the table says, and allocates
 * nothing bench measure   for callgrind: see measure.h
 */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "check.h"
#include "guest.h"
#include "measure.h"

#if defined(__clang__)
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void measure(const struct bench_scenario *scenario)
{
    struct bench_call call;
    bench_call_begin(&call, scenario, bench_callbacks(scenario), (void *)scenario);
    bench_measure(scenario, bench_call_repeat, &call);
    bench_call_end(&call);
}

static void list(const struct bench_scenario *scenario)
{
    printf("%s\t%u\t%u\n", scenario->name, bench_elements(scenario), scenario->callbacks);
}

int main(int argc, char **argv)
{
    const char *verb = argc >= 2 ? argv[1] : "";
    const char *only = argc >= 3 ? argv[2] : NULL;
    bool is_good = true;
    if (strcmp(verb, "list") == 0)
        printf("%s\n", COMPILER);
    for (size_t i = 0; i < bench_scenario_count; i++) {
        const struct bench_scenario *scenario = &bench_scenarios[i];
        if (only && strcmp(scenario->name, only) != 0)
            continue;
        if (strcmp(verb, "list") == 0)
            list(scenario);
        else if (strcmp(verb, "measure") == 0)
            measure(scenario);
        else if (strcmp(verb, "check") == 0)
            is_good = bench_check(scenario) && is_good;
        else
            is_good = false;
    }
    return is_good ? 0 : 1;
}
