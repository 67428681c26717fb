/* SPDX-License-Identifier: MIT */
/*
 * A main for fuzz targets that needs no libFuzzer: it writes seeds and dictionary, runs inputs from
 * files, and makes a short run that is the same every time.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

#define SEEDS_MAX 16384u
#define SKIPPED   77

struct seeds {
    uint8_t *bytes[SEEDS_MAX];
    size_t size[SEEDS_MAX];
    size_t count;
};

static uint64_t random_state = 1;

/* The input at hand, for whoever has to be told of it. */
static const uint8_t *current;
static size_t current_size;
static char finding[128];

static uint64_t next(void)
{
    /* SplitMix64 */
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t below(size_t end)
{
    return end == 0 ? 0 : (size_t)(next() % end);
}

/* One change of one byte, a run of bytes moved, or bytes put in or taken out. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    size_t at = below(size + 1);
    size_t length = 1 + below(8);
    switch (size == 0 ? 0 : below(6)) {
    case 0:
        if (length > max_size - size)
            length = max_size - size;
        memmove(data + at + length, data + at, size - at);
        for (size_t i = 0; i < length; i++)
            data[at + i] = (uint8_t)next();
        return size + length;
    case 1:
        if (length > size - at)
            length = size - at;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 2:
        data[below(size)] = (uint8_t)next();
        return size;
    case 3:
        data[below(size)] ^= (uint8_t)(1u << below(8));
        return size;
    case 4:
        data[below(size)] = data[below(size)];
        return size;
    default:
        data[below(size)] += (uint8_t)(below(9) - 4);
        return size;
    }
}

static void run(const uint8_t *bytes, size_t size)
{
    /* Exactly as large as the input, so that a byte too many is noticed. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    current = copy;
    current_size = size;
    (void)LLVMFuzzerTestOneInput(copy, size);
    current = NULL;
    free(copy);
}

/* Keeps the input that ended the process, and says how to run it again. */
static void on_death(int number)
{
    static const char saved[] = "\nthe input is in ";
    signal(number, SIG_DFL);
    if (current) {
        int file = open(finding, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (file >= 0 && write(file, current, current_size) == (ssize_t)current_size &&
            write(STDERR_FILENO, saved, sizeof(saved) - 1) > 0 &&
            write(STDERR_FILENO, finding, strlen(finding)) > 0)
            (void)!write(STDERR_FILENO, "\n", 1);
    }
    raise(number);
}

static void catch_death(void)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    snprintf(finding, sizeof(finding), "%s.finding", fuzz_target.name);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], on_death);
}

static void keep_seed(void *user, const uint8_t *bytes, size_t size)
{
    struct seeds *seeds = user;
    if (seeds->count == SEEDS_MAX)
        return;
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    seeds->bytes[seeds->count] = copy;
    seeds->size[seeds->count++] = size;
}

static int smoke(unsigned long runs, unsigned long seed)
{
    static struct seeds seeds;
    uint8_t *input = malloc(fuzz_target.input_max);
    fuzz_target.each_seed(keep_seed, &seeds);
    if (!input)
        return EXIT_FAILURE;
    if (seeds.count == 0) {
        printf("%s: cannot run on this machine\n", fuzz_target.name);
        free(input);
        return SKIPPED;
    }
    random_state = seed;
    for (size_t i = 0; i < seeds.count; i++)
        run(seeds.bytes[i], seeds.size[i]);
    for (unsigned long i = 0; i < runs; i++) {
        size_t which = below(seeds.count);
        size_t size = seeds.size[which];
        memcpy(input, seeds.bytes[which], size);
        for (size_t turn = 1 + below(1 + below(16)); turn > 0; turn--)
            size = LLVMFuzzerCustomMutator(input, size, fuzz_target.input_max, (unsigned)next());
        run(input, size);
    }
    printf("%s: seed %lu: %zu seeds and %lu inputs made of them, no finding\n", fuzz_target.name,
           seed, seeds.count, runs);
    for (size_t i = 0; i < seeds.count; i++)
        free(seeds.bytes[i]);
    free(input);
    if (fuzz_target.has_reached_all())
        return EXIT_SUCCESS;
    fprintf(stderr, "%s: something was never reached\n", fuzz_target.name);
    return EXIT_FAILURE;
}

static int run_file(const char *path)
{
    uint8_t *bytes = malloc(fuzz_target.input_max);
    FILE *file = fopen(path, "rb");
    if (!bytes || !file) {
        fprintf(stderr, "%s: cannot be read\n", path);
        free(bytes);
        return EXIT_FAILURE;
    }
    size_t size = fread(bytes, 1, fuzz_target.input_max, file);
    fclose(file);
    run(bytes, size);
    free(bytes);
    printf("%s: no finding\n", path);
    return EXIT_SUCCESS;
}

struct folder {
    const char *path;
    unsigned count;
};

static void write_seed(void *user, const uint8_t *bytes, size_t size)
{
    struct folder *folder = user;
    char path[4096];
    snprintf(path, sizeof(path), "%s/seed-%05u", folder->path, folder->count++);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(EXIT_FAILURE);
    }
}

static void print_word(void *user, const uint8_t *bytes, size_t size)
{
    (void)user;
    putchar('"');
    for (size_t i = 0; i < size; i++)
        printf("\\x%02x", bytes[i]);
    puts("\"");
}

static int usage(const char *program)
{
    fprintf(stderr,
            "usage: %s --seeds FOLDER      writes the seeds\n"
            "       %s --words             prints libFuzzer's dictionary\n"
            "       %s --size              prints the size of the largest input\n"
            "       %s --smoke RUNS [SEED] runs the seeds, and RUNS inputs made of them\n"
            "       %s FILE...             runs inputs\n",
            program, program, program, program, program);
    return 2;
}

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS;
    catch_death();
    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        fuzz_target.each_seed(write_seed, &(struct folder){.path = argv[2]});
    } else if (argc == 2 && strcmp(argv[1], "--words") == 0) {
        fuzz_target.each_word(print_word, NULL);
    } else if (argc == 2 && strcmp(argv[1], "--size") == 0) {
        printf("%zu\n", fuzz_target.input_max);
    } else if ((argc == 3 || argc == 4) && strcmp(argv[1], "--smoke") == 0) {
        return smoke(strtoul(argv[2], NULL, 0), argc == 4 ? strtoul(argv[3], NULL, 0) : 1);
    } else if (argc < 2 || argv[1][0] == '-') {
        return usage(argv[0]);
    } else {
        for (int i = 1; i < argc; i++)
            status |= run_file(argv[i]);
    }
    return status;
}
