#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What becomes of files that the program writes, and of standard output.

usage: outputs.py WHVTRACE FAULTY

Whatever happens, what stood at an output's place stands there until all of the new file is written,
nothing lies beside it afterwards, and what is read is never written.
"""

import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

WHVTRACE, FAULTY = map(os.path.abspath, sys.argv[1:3])
HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "data"
OLD = "what stood there\n"
CASE = ('{"id":"%s", "code":"8903", "asm":"%s", "init": {"rbx": "0xfee000b0"}, "exit": {"kind": "mmio", '
        '"access": "write", "gpa": "0xfee000b0"}, "expect": {"regs": {"rip": "+2"}, "calls": [{"mem": '
        '"write", "gpa": "0xfee000b0", "data": "00 00 00 00"}]}}\n')
RIGHT = CASE % ("right", "mov dword ptr [rbx], eax")
WRONG = CASE % ("wrong", "mov dword ptr [rbx], ecx")
HEADER = '{"format":"whv-trace/1.0"}\n'
ENVIRONMENT = dict(os.environ, LC_ALL="C", WHVTRACE_STATE="/nowhere", ASAN_OPTIONS="handle_segv=0:handle_abort=0")
for name in ("GITHUB_STEP_SUMMARY", "WHVTRACE_TRACES"):
    ENVIRONMENT.pop(name, None)

# One command line for each verb, as short as it can be; {folder} is a fresh one.
COMMANDS = {
    "run": ["run", "-q", "store.trace.json"],
    "review": ["review", "store.trace.json"],
    "bless": ["bless", "store.trace.json"],
    "diff": ["diff", "report/old.json", "report/new.json"],
    "merge": ["merge", "-q", "report/better.json"],
    "list": ["list", "store.trace.json"],
    "show": ["show", "store.trace.json"],
    "explain": ["explain", "--traces", "flags/traces"],
    "coverage": ["coverage", "store.trace.json"],
    "compare": ["compare", "builtin", "builtin", "store.trace.json"],
    "check": ["check", "store.trace.json"],
    "fmt": ["fmt", "--check", "store.trace.json"],
    "new": ["new", "--asm", "mov [rbx], eax"],
    "record": ["record", "store.trace.json", "-o", "{folder}/out.trace.jsonl"],
    "import": ["import", "{folder}/tests.MOO", "-o", "{folder}/out.trace.jsonl"],
    "dedupe": ["dedupe", "store.trace.json", "-o", "{folder}/out.trace.jsonl"],
    "redact": ["redact", "secret.trace.json", "-o", "{folder}/out.trace.jsonl"],
    "minimize": ["minimize", "store.trace.json#first", "--emulator", FAULTY + "/wrong_data.so"],
    "debug": ["debug", "store.trace.json#first"],
    "completion": ["completion"],
    "version": ["version"],
    "help": ["help"],
}

# Verbs that write a corpus, and how they name what they read.
CORPUS_VERBS = {
    "record": "in.trace.jsonl",
    "dedupe": "in.trace.jsonl",
    "redact": "in.trace.jsonl",
    "import": "tests.MOO",
}


def run(*arguments, cwd=DATA, limit=None, **options):
    def before():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([WHVTRACE, *map(str, arguments)], cwd=cwd, env=ENVIRONMENT, text=True,
                          stderr=subprocess.PIPE, timeout=100, preexec_fn=before, **options)


class Folder:
    """A fresh folder with something to read for every verb."""

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name)
        subprocess.run([sys.executable, HERE / "make_moo.py", "386", self.path / "tests.MOO"],
                       check=True)
        self.file("in.trace.jsonl", HEADER + RIGHT)  # fmt would write it in another way
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def command(self, verb):
        return [word.format(folder=self.path) for word in COMMANDS[verb]]

    def names(self):
        return sorted(os.listdir(self.path))

    def file(self, name, text=OLD):
        (self.path / name).write_text(text)
        return self.path / name


def expect(condition, what, done=None):
    if condition:
        return
    sys.exit(f"{what}\n{done.args} {done.returncode}\n{done.stdout}{done.stderr}" if done else what)


def verbs():
    """Those that the program says it has."""
    lines = run("help").stdout.split("verbs:\n")[1].split("\n\n")[0].splitlines()
    return [line.split()[0] for line in lines]


# -- standard output ------------------------------------------------------------------------------


def every_verb_says_that_standard_output_is_full():
    for verb in verbs():
        expect(verb in COMMANDS, f"{verb} has no command line in COMMANDS")
        with Folder() as folder:
            for command in (folder.command(verb), [verb, "--help"], ["help", verb]):
                with open("/dev/full", "w", encoding="ascii") as full:
                    done = run(*command, stdout=full)
                told = [line for line in done.stderr.splitlines()
                        if "standard output" in line and "could not be written" in line]
                expect(done.returncode == 7 and len(told) == 1, "a full standard output", done)


def every_verb_says_that_standard_output_is_closed():
    for verb in verbs():
        with Folder() as folder:
            words = " ".join(f"'{word}'" for word in folder.command(verb))
            done = subprocess.run(["sh", "-c", f"'{WHVTRACE}' {words} >&-"], cwd=DATA, text=True,
                                  env=ENVIRONMENT, capture_output=True, timeout=100)
            expect(done.returncode == 7, "a closed standard output", done)


def much_output_that_is_lost_early_is_told():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run("help", "run", stdout=full)
        expect(done.returncode == 7, "help", done)
        done = run("list", HERE.parents[1] / "traces/manual", stdout=full)
        expect(done.returncode == 7 and "standard output" in done.stderr, "list", done)


def without_reader(*command, **options):
    """As in `| head -1` once head is gone. Returns exit code and standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([WHVTRACE, *map(str, command)], cwd=DATA, env=ENVIRONMENT, text=True,
                          stdout=writer, stderr=subprocess.PIPE, timeout=100, **options)
    os.close(writer)
    return done.returncode, done.stderr


def a_broken_pipe_is_quiet():
    manual = HERE.parents[1] / "traces/manual"
    for command in (["run", "-v", manual], ["list", manual], ["show", manual],
                    ["run", "--report", "tap", manual], ["list", "--instructions", manual]):
        code, error = without_reader(*command)
        expect((code, error) == (-signal.SIGPIPE, ""), f"{command}: {code} {error}")


def a_broken_pipe_is_quiet_where_the_signal_is_ignored():
    manual = HERE.parents[1] / "traces/manual"
    for command in (["run", "-v", manual], ["list", manual]):
        code, error = without_reader(
            *command, restore_signals=False,
            preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
        expect((code, error) == (7, ""), f"{command}: {code} {error}")


def a_broken_pipe_leaves_the_other_reports_whole():
    with Folder() as folder:
        report = folder.path / "report.tap"
        manual = HERE.parents[1] / "traces/manual"
        code, error = without_reader("run", "-v", "--report", "pretty", "--report", f"tap={report}",
                                    manual)
        expect((code, error) == (-signal.SIGPIPE, ""), f"{code} {error}")
        lines = report.read_text().splitlines()
        count = int(lines[-1].split("..")[1]) if lines[-1].startswith("1..") else 0
        expect(count > 100 and len(lines) >= count, f"a cut report: {lines[-1]}")


# -- what is read ---------------------------------------------------------------------------------


def refused(done, *names):
    expect(done.returncode == 2 and all(str(name) in done.stderr for name in names),
           f"expected a refusal that names {names}", done)


def spellings(folder, name):
    """Other names of a file: hard link, link, link to a link, another spelling."""
    suffix = ".trace.jsonl"
    source = folder.path / name
    os.link(source, folder.path / f"hard{suffix}")
    (folder.path / f"soft{suffix}").symlink_to(name)
    (folder.path / f"softer{suffix}").symlink_to(f"soft{suffix}")
    yield from (folder.path / f"{link}{suffix}" for link in ("hard", "soft", "softer"))
    if name.endswith(suffix):
        (folder.path / "sub").mkdir()
        yield folder.path / "sub" / ".." / name


def no_corpus_verb_writes_what_it_reads():
    for verb, name in CORPUS_VERBS.items():
        with Folder() as folder:
            before = (folder.path / name).read_bytes()
            for output in spellings(folder, name):
                for option in ([], ["--force"]):
                    refused(run(verb, folder.path / name, "-o", output, *option), output, name)
                    expect((folder.path / name).read_bytes() == before, f"{verb} wrote its input")
            expect(not [x for x in folder.names() if x.startswith(".")], f"{folder.names()}")


def an_input_found_in_a_folder_counts():
    for verb in ("record", "dedupe", "redact"):
        with Folder() as folder:
            (folder.path / "tests.MOO").unlink()
            deep = folder.path / "deep/er"
            deep.mkdir(parents=True)
            shutil.move(folder.path / "in.trace.jsonl", deep)
            os.link(deep / "in.trace.jsonl", folder.path / "x.trace.jsonl.old")
            (folder.path / "x.trace.jsonl").symlink_to("x.trace.jsonl.old")
            refused(run(verb, folder.path / "deep", "-o", folder.path / "x.trace.jsonl"), "in.trace")


def what_rules_a_run_is_read_as_well():
    with Folder() as folder:
        traces = folder.path / "traces"
        shutil.copytree(DATA / "flags" / "traces", traces)
        case = next(traces.rglob("*.trace.json"))
        library = shutil.copy(pathlib.Path(FAULTY) / "good.so", folder.path)
        gaps = folder.file("gaps.json", "[]")
        read = [case, traces / "flags.json", library, gaps]
        for i, name in enumerate(read):
            link = folder.path / f"link{i}.json"
            os.link(name, link)
            before = pathlib.Path(name).read_bytes()
            for output in (name, link):
                done = run("run", case, "--emulator", library, "--expectations", gaps,
                           "--report", f"json={output}")
                refused(done, output)
                expect(pathlib.Path(name).read_bytes() == before, f"{name} was written")
        link = folder.path / "link.trace.jsonl"
        os.link(library, link)
        for verb in ("record", "dedupe", "redact"):
            refused(run(verb, case, "--emulator", library, "-o", link), link, "good.so")


def two_outputs_are_not_one_file():
    with Folder() as folder:
        one = folder.file("one")
        two = folder.path / "two"
        os.link(one, two)
        new = folder.path / "new"
        for left, right in ((one, two), (one, one), (new, folder.path / "." / "new")):
            refused(run("run", "store.trace.json", "--report", f"json={left}", "--report",
                        f"tap={right}"), right)
        expect(one.read_text() == OLD and folder.names() == ["in.trace.jsonl", "one", "tests.MOO",
                                                             "two"], f"{folder.names()}")
        with open(one, "a", encoding="ascii") as stdout:
            refused(run("run", "store.trace.json", "--report", f"json={two}", stdout=stdout), two)


def a_pipe_a_device_and_standard_output_are_written_directly():
    with Folder() as folder:
        pipe = folder.path / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
            done = run("run", "-q", "store.trace.json", "--report", f"tap={pipe}")
            expect("1..3" in reader.communicate()[0] and stat.S_ISFIFO(os.stat(pipe).st_mode),
                   "a pipe", done)
        done = run("run", "-q", "store.trace.json", "--report", "tap=/dev/stdout")
        expect("1..3" in done.stdout, "a pipe as /dev/stdout", done)
        for report in ("tap", "junit"):
            with open(folder.path / "log", "w", encoding="ascii") as log:
                done = run("run", "-q", "store.trace.json", "--report", f"{report}=/dev/stdout",
                           stdout=log)
            expect(done.returncode == 0 and (folder.path / "log").stat().st_size > 0,
                   "a file as /dev/stdout", done)
        for verb, name in CORPUS_VERBS.items():
            for device, code in (("null", 0), ("full", 7)):
                output = folder.path / f"{device}.trace.jsonl"
                if not output.is_symlink():
                    output.symlink_to(f"/dev/{device}")
                done = run(verb, folder.path / name, "-o", output)
                # What is written to /dev/null does not replay.
                expect(done.returncode == code or verb == "record", f"/dev/{device}", done)
                expect(output.is_symlink() and output.is_char_device(), f"/dev/{device}", done)


# -- a file in its place --------------------------------------------------------------------------


def links_and_permissions_stay():
    for verb, name in CORPUS_VERBS.items():
        with Folder() as folder:
            real = folder.file("real.trace.jsonl", "")
            real.chmod(0o640)
            link = folder.path / "link.trace.jsonl"
            link.symlink_to("real.trace.jsonl")
            run(verb, folder.path / name, "-o", link)
            expect(link.is_symlink() and real.stat().st_size > 0, f"{verb}: {folder.names()}")
            expect(stat.S_IMODE(real.stat().st_mode) == 0o640, f"{verb}: permissions")
            ahead = folder.path / "ahead.trace.jsonl"
            ahead.symlink_to("made.trace.jsonl")
            old = os.umask(0o027)
            run(verb, folder.path / name, "-o", ahead)
            os.umask(old)
            made = folder.path / "made.trace.jsonl"
            expect(ahead.is_symlink() and made.is_file(), f"{verb}: {folder.names()}")
            expect(stat.S_IMODE(made.stat().st_mode) == 0o640, f"{verb}: umask")


def a_failure_leaves_the_old_file():
    with Folder() as folder:
        run("dedupe", folder.path / "in.trace.jsonl", "-o", folder.path / "out.trace.jsonl")
        old = (folder.path / "out.trace.jsonl").read_bytes()
        bad = folder.file("bad.trace.jsonl", '{"format": "whv-trace/1.0"}\n{"id": 1}\n')
        bad_test = folder.file("bad.MOO", "MOO")
        names = folder.names()
        failures = [[verb, bad_test if verb == "import" else bad] for verb in CORPUS_VERBS]
        failures += [[verb, folder.path / "in.trace.jsonl", "--emulator", folder.path / "none.so"]
                     for verb in ("record", "dedupe", "redact")]
        failures += [["record", folder.path / "in.trace.jsonl", "-k", "nothing"]]
        for command in failures:
            done = run(*command, "-o", folder.path / "out.trace.jsonl")
            expect(done.returncode not in (0, 2), "expected a failure", done)
            expect((folder.path / "out.trace.jsonl").read_bytes() == old, "the old file went", done)
            expect(folder.names() == names, f"{folder.names()}", done)
        report = folder.file("report.json")
        done = run("run", "store.trace.json", "--report", f"json={report}", "--report",
                   f"tap={folder.path}/no/folder")
        expect(done.returncode == 2 and report.read_text() == OLD, "a report was begun", done)


def a_disk_without_room_leaves_the_old_file():
    """A limit for files stands for it; /dev/full cannot be renamed to."""
    for verb in [*CORPUS_VERBS, "run", "fmt", "new"]:
        with Folder() as folder:
            output = folder.path / "out.trace.jsonl"
            command = [verb, folder.path / CORPUS_VERBS.get(verb, "in.trace.jsonl"), "-o", output]
            if verb == "run":
                command = [*command[:2], "--report", f"json={output}", "--report", f"html={output}2"]
            elif verb == "fmt":
                output = folder.path / "in.trace.jsonl"
                command = [verb, output]
            elif verb == "new":
                command = [verb, "--asm", "mov [rbx], eax", folder.path / "new.trace.json"]
            if verb != "fmt":
                folder.file("out.trace.jsonl", "")
            before = output.read_bytes()
            names = folder.names()
            done = run(*command, limit=20)
            told = [line for line in done.stderr.splitlines() if "left out" not in line]
            expect(done.returncode == 7 and len(told) <= 2, "no room", done)
            expect(output.read_bytes() == before and folder.names() == names, f"{folder.names()}",
                   done)


def wait_for(condition, what):
    end = time.monotonic() + 20
    while not condition():
        expect(time.monotonic() < end, f"waited in vain for {what}")
        time.sleep(0.02)


def a_signal_leaves_nothing():
    """In a verb that waits for its input, in those that run an emulator that does not end, and in one
    that has much to do."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for verb in ("import", "record", "dedupe", "fmt"):
            with Folder() as folder:
                output = folder.path / "out.trace.jsonl"
                run("dedupe", folder.path / "in.trace.jsonl", "-o", output)
                if verb == "fmt":
                    many = "".join(RIGHT.replace("right", f"c{i}", 1) for i in range(30000))
                    folder.file(output.name, HEADER + many)
                before = output.read_bytes()
                os.mkfifo(folder.path / "endless.MOO")
                names = folder.names()
                command = [verb, "store.trace.json", "--emulator", f"{FAULTY}/endless.so", "-o",
                           output]
                if verb == "import":
                    command = [verb, folder.path / "endless.MOO", "-o", output]
                elif verb == "fmt":
                    command = [verb, output]
                with subprocess.Popen([WHVTRACE, *map(str, command)], cwd=DATA, env=ENVIRONMENT,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    try:
                        wait_for(lambda: folder.names() != names, f"a file of {verb}")
                        time.sleep(0 if verb == "fmt" else 0.3)
                        process.send_signal(number)
                        code = process.wait(timeout=60)
                    finally:
                        process.kill()
                ended = -number if verb in ("import", "fmt") else 130
                expect(code == ended, f"{verb}: exit code {code}")
                expect(folder.names() == names and output.read_bytes() == before,
                       f"{verb}: {folder.names()}")


# -- what was edited ------------------------------------------------------------------------------


def an_edited_corpus_is_not_overwritten():
    for verb, name in CORPUS_VERBS.items():
        with Folder() as folder:
            output = folder.path / "out.trace.jsonl"
            command = [verb, folder.path / name, "-o", output]
            for _ in range(2):
                expect(run(*command).returncode == 0, f"{verb}: what nobody edited")
            made = output.read_text()
            head, rest = made.split("\n", 1)
            edits = {
                "a case": made.replace('"code": "', '"code": "9', 1),
                "the header": head.replace("1.0", "1.1") + "\n" + rest,
                "a key in the header": head.replace("{", '{"suite": "x", ', 1) + "\n" + rest,
                "the end": made + rest.splitlines()[-1] + "\n",
                "the length": "\n".join(made.splitlines()[:-1]) + "\n",
                "line ends": made.replace("\n", "\r\n"),
                "no mark": '{"format": "whv-trace/1.0"}\n' + rest,
                "another file": OLD,
                "no line": "{",
            }
            for what, text in edits.items():
                output.write_bytes(text.encode())
                done = run(*command)
                refused(done, "--force", output)
                expect(output.read_bytes() == text.encode(), f"{what} went", done)
            expect(run(*command, "--force").returncode == 0, f"{verb}: --force")
            expect(run("fmt", output).returncode == 0, "fmt")
            expect(run(*command).returncode == 0, f"{verb}: what fmt left as it was")
            output.write_text("")
            expect(run(*command).returncode == 0, f"{verb}: an empty file")


def what_check_rejects_is_not_written():
    with Folder() as folder:
        output = folder.path / "out.trace.jsonl"
        spoilt = folder.file("wrong.trace.jsonl", HEADER + WRONG + RIGHT)
        expect(run("check", spoilt).returncode == 3, "check")
        for verb in ("dedupe", "record", "redact"):
            done = run(verb, spoilt, "-o", output)
            expect(run("check", output).returncode == 0, "an output that check rejects", done)
            expect(run("fmt", "--check", output).returncode == 0, "another form", done)
            expect(verb != "dedupe" or (done.returncode == 3 and "wrong.trace.jsonl#wrong" in done.stderr
                                        and "/asm" in done.stderr), "nobody is told", done)
            expect("right" in output.read_text(), "the valid case is lost", done)


TESTS = [
    every_verb_says_that_standard_output_is_full,
    every_verb_says_that_standard_output_is_closed,
    much_output_that_is_lost_early_is_told,
    a_broken_pipe_is_quiet,
    a_broken_pipe_is_quiet_where_the_signal_is_ignored,
    a_broken_pipe_leaves_the_other_reports_whole,
    no_corpus_verb_writes_what_it_reads,
    an_input_found_in_a_folder_counts,
    what_rules_a_run_is_read_as_well,
    two_outputs_are_not_one_file,
    a_pipe_a_device_and_standard_output_are_written_directly,
    links_and_permissions_stay,
    a_failure_leaves_the_old_file,
    a_disk_without_room_leaves_the_old_file,
    a_signal_leaves_nothing,
    an_edited_corpus_is_not_overwritten,
    what_check_rejects_is_not_written,
]

if __name__ == "__main__":
    for test in TESTS:
        print(test.__name__.replace("_", " "), flush=True)
        test()
