#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the recorder leaves behind, whatever becomes of the process that it records.

usage: run.py VMM VMM_PLAIN PRELOAD SCHEMA WHVTRACE
"""

import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile

import jsonschema

VMM, PLAIN, PRELOAD = sys.argv[1:4]
WHVTRACE = sys.argv[5]
SCHEMA = jsonschema.Draft202012Validator(json.loads(pathlib.Path(sys.argv[4]).read_text()))
GET = 3  # the kind of a record in a ring
VALIDATED = 8  # lines of a file; the validator is slow, and the rest is more of the same
SANITIZED = {"ASAN_OPTIONS": "handle_segv=0:handle_abort=0:verify_asan_link_order=0"}


class Capture:
    """A folder in which VMMs are recorded."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def run(self, *scenarios, program=VMM, limit=None, **options):
        env = dict(os.environ, **SANITIZED)
        env.update({"WHV_CAPTURE_" + name: str(value) for name, value in options.items()})
        if program == PLAIN:
            env["LD_PRELOAD"] = PRELOAD
        before = limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        return subprocess.run([program, *scenarios], cwd=self.folder, env=env, text=True,
                              capture_output=True, timeout=60, preexec_fn=before)

    def files(self, pattern="*.cap.jsonl"):
        return sorted(self.folder.glob(pattern))

    def events(self, file=None):
        text = (self.folder / (file or "whv.cap.jsonl")).read_text()
        assert text.endswith("\n"), "the last line is whole"
        events = [json.loads(line) for line in text.splitlines()]
        for event in events[:VALIDATED]:
            SCHEMA.validate(event)
        return events

    def cases(self, file=None):
        """The calls, each as a list of its events."""
        cases = []
        for event in self.events(file):
            if event.get("cap") == "begin":
                cases.append([event])
            elif event.get("cap") != "hdr":
                assert event["n"] == cases[-1][0]["n"]
                cases[-1].append(event)
        return cases


def kinds(case):
    return [event.get("cap") or next(k for k in ("mem", "io", "get", "set", "translate") if k in event)
            for event in case]


def test_a_call_is_recorded_as_it_was(capture):
    done = capture.run("store", "load", "copy", "out", "fetch")
    assert done.returncode == 0 and not done.stderr
    header, *_ = capture.events()
    assert header["format"] == "whv-capture/1.0" and header["source"]["emulator"]["file"]
    store, load, copy, out, fetch = capture.cases()
    assert kinds(store) == ["begin", "get", "mem", "set", "end"]
    begin, get, mem, set_, end = store
    assert begin["context"]["rip"] == "0x8100" and begin["context"]["cs"]["attr"] == "0xa09b"
    assert begin["access"]["bytes"].startswith("89 03 00") and begin["access"]["info"] == "0x9"
    assert begin["init"]["rbx"] == "0xfee000b0"
    assert get["get"] == {"rax": "0x12345678"}  # the exit tells the address
    assert mem == {"n": 0, "hr": "S_OK", "mem": "write", "gpa": "0xfee000b0", "size": 4,
                   "data": "78 56 34 12"}
    assert set_["set"] == {"rip": "0x8102"} and end["status"] == ["success"]
    assert load[1]["data"] == "b0 b1 b2 b3"
    assert kinds(copy) == ["begin", "get", "translate"] + 6 * ["mem"] + ["set", "end"]
    assert copy[2]["flags"] == ["read", "set-page-table-bits"] and copy[2]["gpa"] == "0x8000"
    assert out[0]["kind"] == "io" and out[0]["access"]["port"] == "0x64"
    assert out[1] == {"n": 3, "hr": "S_OK", "io": "out", "port": "0x64", "size": 1, "data": "0x41"}
    assert kinds(fetch)[:4] == ["begin", "translate", "mem", "get"]  # one piece was enough


def test_failures_say_how(capture):
    done = capture.run("unsupported", "failing")
    assert "unsupported: status 0x2\nfailing: status 0x8\n" == done.stdout
    unsupported, failing = capture.cases()
    assert kinds(unsupported) == ["begin", "end"]
    assert unsupported[1]["status"] == ["internal-failure"]
    assert unsupported[1]["reason"] == "the bytes at CS:RIP are no instruction that is known"
    assert "reason" not in failing[-1]
    assert failing[-1]["status"] == ["mem-failed"] and failing[-2]["hr"] == "E_FAIL"


def test_repetitions_are_left_out(capture):
    capture.run("store=1000", "copy=1000", KEEP=3)
    assert len(capture.cases()) == 6


def test_counts_are_told_when_asked_for(capture):
    done = capture.run("store=1000", "copy", KEEP=3, VERBOSE=1)
    assert done.stderr == "whvcapture: 1001 calls; 4 cases written, 997 repeated, 0 lost\n", done


def test_only_failures(capture):
    capture.run("store=10", "failing", "load", ONLY_FAILURES=1)
    assert [case[-1]["status"] for case in capture.cases()] == [["mem-failed"]]


def test_only_failures_keeps_the_fatal_call(capture):
    capture.run("store=10", "kill", ONLY_FAILURES=1)
    capture.run()
    assert [kinds(case) for case in capture.cases()] == [["begin", "get", "mem"]]


def test_a_process_that_exits_in_a_callback(capture):
    assert capture.run("store", "exit").returncode == 3
    assert kinds(capture.cases()[-1]) == ["begin", "get", "mem"]
    assert "hr" not in capture.cases()[-1][-1], "the callback has not returned"
    assert not capture.files("*.ring")


def dies(capture, scenario, number):
    done = capture.run("store", "load", scenario)
    assert done.returncode == -number, done
    assert [kinds(case)[-1] for case in capture.cases()] == ["end", "end"]
    assert len(capture.files("*.ring")) == 1
    capture.run("out")
    assert [kinds(case)[-1] for case in capture.cases()] == ["end", "end", "mem", "end"]
    assert "hr" not in capture.cases()[2][-1]
    assert not capture.files("*.ring")


def test_a_process_that_aborts_in_a_callback(capture):
    dies(capture, "abort", signal.SIGABRT)


def test_a_process_that_is_killed_in_a_callback(capture):
    dies(capture, "kill", signal.SIGKILL)


def test_a_process_that_dies_between_calls_leaves_an_empty_ring(capture):
    capture.run("store", "kill", KEEP=100000)
    ring, = capture.files("*.ring")
    data = bytearray(ring.read_bytes())
    data[16:24] = bytes(8)  # used
    ring.write_bytes(data)
    capture.run("load")
    assert len(capture.cases()) == 2 and not capture.files("*.ring")


def test_rings_that_were_never_made_are_cleared(capture):
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name, size in (("-0", 0), ("-1", 20), ("-2", 1 << 20)):
        (capture.folder / f"whv-{gone.pid}{name}.ring").write_bytes(bytes(size))
    kept = [f"whv-{os.getpid()}-0.ring", "whv-notes.ring", f"whv-{gone.pid}-0.ring.bak"]
    for name in kept:
        (capture.folder / name).write_bytes(b"")
    capture.run("store")
    assert [file.name for file in capture.files("*.ring*")] == sorted(kept)
    assert len(capture.cases()) == 1


def test_captures_and_rings_are_their_owners(capture):
    before = os.umask(0)
    capture.run("store", "kill")
    os.umask(before)
    assert [file.stat().st_mode & 0o777 for file in capture.files("*")] == [0o600, 0o600]


def test_a_line_that_was_cut_gets_its_end_from_the_next_run(capture):
    capture.run("store")
    file = capture.folder / "whv.cap.jsonl"
    file.write_text(file.read_text()[:-20])
    capture.run("load")
    lines = file.read_text().splitlines()
    assert json.loads(lines[6])["cap"] == "hdr", lines[5:7]
    assert imported(capture, code=3) == "2 cases in whv.trace.jsonl, 1 incomplete, 1 error"


def test_calls_of_two_processes_that_died_are_two(capture):
    capture.run("kill")
    ring, = capture.files("*.ring")
    whole = ring.read_bytes()
    capture.run("store")
    for process in (4194302, 4194303):  # beyond what Linux gives by default
        (capture.folder / f"whv-{process}-0.ring").write_bytes(whole)
    assert imported(capture) == "4 cases in whv.trace.jsonl, 3 incomplete"


def test_only_what_no_emulator_told_is_reconstructed(capture):
    capture.run(*EVERYTHING, *reversed(EVERYTHING))
    assert not any("reconstructed" in event for event in capture.events())


def test_a_register_has_its_own_bits_alone(capture):
    capture.run("rubbish", "store")
    assert capture.cases()[0][1]["get"] == {"rax": "0x12345678"}
    assert "5a5a" not in (capture.folder / "whv.cap.jsonl").read_text()
    imported(capture)


def test_damaged_rings_do_no_harm(capture):
    capture.run("kill")
    ring, = capture.files("*.ring")
    whole = ring.read_bytes()
    for at in range(0, 700, 4):
        data = bytearray(whole)
        data[at:at + 4] = b"\xff\xff\xff\xff"
        ring.write_bytes(data[:len(data) - at % 64])
        done = capture.run("store")
        assert done.returncode == 0, (at, done)
        for line in (capture.folder / "whv.cap.jsonl").read_text().splitlines():
            json.loads(line)
        for left in capture.files("*.ring"):
            left.unlink()


def test_a_ring_that_names_too_many_registers(capture):
    capture.run("kill", RING_BYTES="16M")
    ring, = capture.files("*.ring")
    data = bytearray(ring.read_bytes())
    used, count = int.from_bytes(data[16:24], "little"), 600_000
    size = 24 + 24 * count
    at = 48 + used  # behind the header and the records that are there
    data[at:at + 24] = struct.pack("<IBBxxIIQ", size, GET, True, 0, 0, count)
    data[16:24] = (used + size).to_bytes(8, "little")
    ring.write_bytes(data)
    capture.run("store")
    assert [kinds(case) for case in capture.cases()] == [["begin", "get", "mem"],
                                                         ["begin", "get", "mem", "set", "end"]]
    assert not capture.files("*.ring")


def test_a_child_made_by_fork_records_nothing(capture):
    done = capture.run("fork", "store")
    assert done.stdout.count("fork: status 0x1") == 2
    assert [kinds(case) for case in capture.cases()] == 2 * [["begin", "get", "mem", "set", "end"]]


def test_two_processes_record_into_two_files(capture):
    env = dict(os.environ, **SANITIZED)
    many = [subprocess.Popen([VMM, *(4 * ["store=20000", "load=20000", "copy=5000"])], env=env,
                             cwd=capture.folder, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=60) for process in many] == [0, 0]
    cases = [capture.cases(file.name) for file in capture.files()]
    assert all(kinds(case)[-1] == "end" for file in cases for case in file)
    assert sum(len(file) for file in cases) == 2 * 3 * 16


def test_a_second_run_appends(capture):
    capture.run("store")
    capture.run("load")
    assert [event.get("cap") for event in capture.events()].count("hdr") == 2
    assert len(capture.cases()) == 2


def test_limits(capture):
    done = capture.run("store=100", KEEP=100, MAX_CASES=5)
    assert done.returncode == 0 and done.stderr.count("number of cases is reached") == 1
    assert len(capture.cases()) == 5


def test_limit_of_bytes(capture):
    done = capture.run("store=100", KEEP=100, MAX_BYTES="8k")
    assert done.stderr.count("number of bytes is reached") == 1
    assert (capture.folder / "whv.cap.jsonl").stat().st_size <= 8192


def test_a_folder_is_rotated(capture):
    (capture.folder / "all").mkdir()
    capture.run("store=40", KEEP=40, PATH="all", FILE_BYTES="8k")
    files = capture.files("all/*.cap.jsonl")
    assert len(files) > 3
    cases = [capture.cases(file) for file in files]
    assert sum(len(file) for file in cases) == 40
    assert all(capture.events(file)[0]["cap"] == "hdr" for file in files)


def test_a_rep_that_fills_the_ring_is_cut(capture):
    capture.run("long", RING_BYTES="64k")
    case, = capture.cases()
    assert case[-2]["cap"] == "dropped" and case[-2]["calls"] > 0
    assert case[-1] == {"cap": "end", "n": 0, "hr": "S_OK", "status": ["success"]}
    kept = len(case) - len(["begin", "dropped", "end"])
    # One Get, one page beside that of the exit, a read and a write for each byte, one Set.
    assert kept + case[-2]["calls"] == 1 + 1 + 2 * 0xe00 + 1, (kept, case[-2])


def test_redacted_memory_is_not_written(capture):
    capture.run("copy", REDACT=1)
    case, = capture.cases()
    data = [(event["mem"], event["data"]) for event in case if "mem" in event]
    assert data == 3 * [("read", "??"), ("write", "00")]


def test_redacted_memory_is_not_recovered_either(capture):
    capture.run("killcopy", REDACT=1)
    capture.run("store")
    assert [event["data"] for event in capture.cases()[0] if event.get("mem") == "read"] == ["??"]


def test_snapshots(capture):
    capture.run("store", SNAPSHOT="all")
    init = capture.cases()[0][0]["init"]
    assert {"rax", "gs", "cr4", "xcr0", "xmm15", "mmx7", "pendingevent"} <= set(init)
    capture.run("load", SNAPSHOT="none")
    assert "init" not in capture.cases()[1][0]


def test_control_registers_are_taken_where_the_instruction_may_depend_on_them(capture):
    scenarios = ("store", "out_bare", "movups", "vmovups", "fetch", "early_fetch", "secretive")
    done = capture.run(*scenarios)
    assert done.returncode == 0 and not done.stderr
    told = {"cr0": "0x80010033", "cr4": "0x406a0", "xcr0": "0x7"}
    wanted = ("", "", "cr0 cr4", "cr0 cr4 xcr0", "cr0 cr4 xcr0", "cr0 cr4", "cr0")
    inits = [case[0]["init"] for case in capture.cases()]
    assert all("rbx" in init for init in inits)
    assert [{name: init[name] for name in told if name in init} for init in inits] == \
        [{name: told[name] for name in names.split()} for names in wanted]


def test_poison_changes_no_result(capture):
    done = capture.run("store", "load", "copy", "unsupported", POISON=1)
    assert done.stdout == "store: status 0x1\nload: status 0x1\ncopy: status 0x1\nunsupported: status 0x2\n"


def test_a_path_that_cannot_be_written(capture):
    for path in ("no/such/folder/x.cap.jsonl", "/dev/full", "/dev/null/x.cap.jsonl"):
        done = capture.run("store", "load", PATH=path)
        assert done.stdout == "store: status 0x1\nload: status 0x1\n", done
        assert done.stderr.startswith(f"whvcapture: {path}: "), done
        assert done.stderr.count("\n") == 1, done


def test_a_file_that_cannot_grow(capture):
    capture.run("load")
    done = capture.run("store=100", KEEP=100, limit=8192)
    assert done.returncode == 0 and done.stdout == "store: status 0x1\n", done
    assert done.stderr.count("File too large") == 1, done
    text = (capture.folder / "whv.cap.jsonl").read_text()
    assert len(text) == 8192 and json.loads(text.splitlines()[-2])


def test_recording_can_be_turned_off(capture):
    env = dict(os.environ, WHV_CAPTURE="0")
    subprocess.run([VMM, "store"], cwd=capture.folder, env=env, check=True, capture_output=True)
    assert not list(capture.folder.iterdir())


def test_values_that_cannot_be_read(capture):
    done = capture.run("store", KEEP="many", SNAPSHOT="some", MAX_BYTES="1T", REDACT="yes")
    assert done.returncode == 0 and done.stderr.count("\n") == 4, done.stderr
    assert len(capture.cases()) == 1


def test_a_vmm_that_was_not_built_for_it(capture):
    done = capture.run("store", "copy", program=PLAIN)
    assert done.stdout == "store: status 0x1\ncopy: status 0x1\n", done
    assert len(capture.cases()) == 2
    assert capture.events()[0]["source"]["emulator"]["file"].startswith("libwhvemu.so")


def imported(capture, *options, code=0):
    """Imports the capture and replays what came of it. Gives the summary line of the import."""
    env = dict(os.environ, **SANITIZED)
    done = subprocess.run([WHVTRACE, "import", "whv.cap.jsonl", *options], cwd=capture.folder, env=env,
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == code, done
    replay = subprocess.run([WHVTRACE, "run", "whv.trace.jsonl"], cwd=capture.folder, env=env,
                            text=True, capture_output=True, timeout=60)
    assert replay.returncode == 0, replay.stdout
    return done.stdout.splitlines()[-1]


EVERYTHING = ("store", "load", "copy", "out", "out_bare", "fetch", "flash", "unsupported", "failing",
              "long", "movups", "vmovups")


def test_what_was_recorded_replays(capture):
    for options in ((), ("--strict",)):
        capture.run(*EVERYTHING)
        imported(capture, *options)
    capture.run(*EVERYTHING, SNAPSHOT="all", PATH="whv.cap.jsonl")
    assert imported(capture).startswith(f"{3 * len(EVERYTHING)} cases in whv.trace.jsonl")


def test_what_was_recorded_without_a_snapshot_replays(capture):
    capture.run(*EVERYTHING, SNAPSHOT="none")
    imported(capture, "--strict")


def without_control_registers(capture):
    """Makes of the capture that of an emulator which asks for neither CR0 nor CR4."""
    file = capture.folder / "whv.cap.jsonl"
    events = [json.loads(line) for line in file.read_text().splitlines()]
    asked = [event["get"] for event in events if "cr0" in event.get("get", ())]
    assert asked
    for registers in asked:
        del registers["cr0"], registers["cr4"]
    file.write_text("".join(json.dumps(event) + "\n" for event in events if event.get("get", True)))


def test_what_an_emulator_recorded_that_asks_for_less_replays(capture):
    capture.run("movups", "vmovups")
    without_control_registers(capture)
    assert imported(capture).startswith("2 cases in whv.trace.jsonl")
    for line in (capture.folder / "whv.trace.jsonl").read_text().splitlines()[1:]:
        assert {"cr0", "cr4"} <= set(json.loads(line)["init"]), line


def test_what_was_redacted_replays(capture):
    capture.run(*EVERYTHING, REDACT=1)
    imported(capture)


def test_the_call_that_killed_the_process_is_a_case(capture):
    capture.run("store", "kill")
    assert imported(capture) == "2 cases in whv.trace.jsonl, 1 incomplete"
    assert not capture.files("*.ring"), "the ring was read in place"


def test_a_damaged_capture_gives_what_is_whole(capture):
    capture.run("store", "load", "out")
    file = capture.folder / "whv.cap.jsonl"
    text = file.read_text()
    file.write_text(text[:-20])
    assert imported(capture, code=3) == "3 cases in whv.trace.jsonl, 1 incomplete, 1 error"
    file.write_text(text.replace('"mem":"write"', '"mem":5', 1))
    assert imported(capture, code=3) == "2 cases in whv.trace.jsonl, 1 left out"


def main():
    failed = 0
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    for name, test in tests:
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(Capture(folder))
            except Exception as error:  # each test is judged, whatever another does
                failed += 1
                print(f"{name.replace('_', ' ')}: {type(error).__name__}: {error}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
