#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `run.py --check` finds."""

import unittest

import baseline
from counts import Figure

GCC = "gcc 12.2.0"


def compare(old, new, compiler=GCC):
    return baseline.compare(GCC, old, compiler, new)


class Baseline(unittest.TestCase):
    def test_a_written_file_reads_back(self):
        figures = {"mov eax, [rbx]": Figure(283.5, 3.0), "rep stosd": Figure(51.0, 1.002)}
        self.assertEqual(baseline.parse(baseline.text(GCC, figures)), (GCC, figures))

    def test_up_to_five_percent_more_is_accepted(self):
        self.assertEqual(compare({"mov": Figure(200, 3)}, {"mov": Figure(210, 3)}), ([], []))

    def test_more_than_that_fails_and_says_by_how_much(self):
        failures, _ = compare({"mov": Figure(200, 3)}, {"mov": Figure(211, 3)})
        self.assertEqual(failures, ["mov: instructions retired: 200 before, 211 now (+5.5%)"])

    def test_one_more_callback_fails(self):
        failures, _ = compare({"mov": Figure(200, 3)}, {"mov": Figure(200, 4)})
        self.assertEqual(failures, ["mov: callbacks: 3 before, 4 now (+33.3%)"])

    def test_what_is_better_is_told_but_does_not_fail(self):
        failures, notes = compare({"mov": Figure(200, 3)}, {"mov": Figure(100, 3)})
        self.assertEqual((len(failures), len(notes)), (0, 1))

    def test_a_row_without_a_baseline_fails_and_so_does_one_that_is_gone(self):
        failures, _ = compare({"mov": Figure(200, 3)}, {"add": Figure(200, 3)})
        self.assertEqual(len(failures), 2)

    def test_another_compiler_is_judged_by_callbacks_alone(self):
        failures, notes = compare({"mov": Figure(200, 3)}, {"mov": Figure(900, 3)}, "gcc 13.1.0")
        self.assertEqual((len(failures), len(notes)), (0, 1))
        failures, _ = compare({"mov": Figure(200, 3)}, {"mov": Figure(900, 4)}, "gcc 13.1.0")
        self.assertEqual(len(failures), 1)


if __name__ == "__main__":
    unittest.main()
