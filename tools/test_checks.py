#!/usr/bin/env python3
"""The checks of this folder find what they look for: each judges one bad and one good example."""
import atexit
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import check_architecture
import check_forbidden
import check_levels
import check_rfc
import check_sizes
import check_tables
import gen_docs
import sourcetree
import sum_results


def in_tree(text, name="src/zone/x.c"):
    """A file of a repository made for one test; returns its path."""
    root = Path(tempfile.mkdtemp(prefix="understudy-tools-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    for module in (sourcetree, check_sizes, check_forbidden, check_architecture, check_rfc, gen_docs):
        module.ROOT = root
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Checks(unittest.TestCase):
    def test_includes_go_downward_only(self):
        self.assertIsNone(check_levels.judge("zone", "dns/name.h"))
        self.assertIsNone(check_levels.judge("zone", "zone/image.h"))
        self.assertIn("sideways", check_levels.judge("serve", "transfer/ingest.h"))
        self.assertIn("upward", check_levels.judge("zone", "store/store.h"))
        self.assertIn("folder", check_levels.judge("zone", "image.h"))
        self.assertIn("cli", check_levels.judge("cli", "zone/image.h"))

    def test_a_long_function_is_found(self):
        body = "\tf();\n" * 79
        self.assertTrue(check_sizes.judge(in_tree("int x(void) {\n" + body + "}\n")))
        self.assertFalse(check_sizes.judge(in_tree("int x(void) {\n" + body[:-5] + "}\n")))
        self.assertTrue(check_sizes.judge(in_tree("static int\nx(int a)\n{\n" + body + "}\n")))

    def test_a_long_file_is_found(self):
        self.assertTrue(check_sizes.judge(in_tree("\n" * 801)))
        self.assertFalse(check_sizes.judge(in_tree("\n" * 800)))

    def test_the_eighth_parameter_is_found(self):
        many = ", ".join(f"int a{i}" for i in range(8))
        self.assertTrue(check_sizes.judge(in_tree(f"int x({many});\n")))
        self.assertFalse(check_sizes.judge(in_tree("int x(int a, int (*f)(int, int, int), " + many[24:] + ");\n")))

    def test_a_table_is_no_function(self):
        self.assertFalse(check_sizes.judge(in_tree("static const int t[] = {\n" + "\tF(1),\n" * 100 + "};\n")))

    def test_forbidden_functions_are_found_in_code_only(self):
        judge = lambda text: list(check_forbidden.judge(in_tree(text), check_forbidden.FORBIDDEN))
        self.assertTrue(judge("int a = atoi(s);"))
        self.assertFalse(judge("/* atoi(s) */ int a = my_atoi(s); log(\"strcpy(\"); x->gets(1);"))

    def test_a_missing_stop_is_found(self):
        path = in_tree("`src/zone/x.c`", "ARCHITECTURE.md")
        self.assertTrue(list(check_architecture.judge("ARCHITECTURE.md")))
        (path.parent / "src/zone").mkdir(parents=True)
        (path.parent / "src/zone/x.c").write_text("int here;")
        self.assertFalse(list(check_architecture.judge("ARCHITECTURE.md")))
        path.write_text("`src/zone/x.c:there`")
        self.assertTrue(list(check_architecture.judge("ARCHITECTURE.md")))

    def rfc_faults(self, *rows):
        """What is wrong with a document of these rows; the tree has one source file and two of tests."""
        source = "/* RFC 1035 */\nint make(void) {\n\treturn 1;\n}\n"
        root = in_tree("| RFC | what is asked | where | test |\n|---|---|---|---|\n" + "\n".join(rows) + "\n",
                       "docs/rfc.md").parents[1]
        tests = "void shown(void **s) {\n}\nvoid unlisted(void **s) {\n}\nstruct t t[] = { ROW(shown) };\n"
        python = "def test_a():\n    pass\n"
        for name, text in (("src/dns/x.c", source), ("tests/x.c", tests), ("tests/x.py", python)):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return "\n".join(check_rfc.judge()[0])

    def test_places_and_tests_of_rfcs_are_looked_up(self):
        row = "| 1035 4.1 | it | `src/dns/x.c:{}` | {} |".format
        self.assertEqual(self.rfc_faults(row("make", "`tests/x.c:shown`, `tests/x.py::test_a`")), "")
        self.assertEqual(self.rfc_faults(row("make", "(by review)")), "")
        self.assertIn("does not define call", self.rfc_faults(row("call", "`tests/x.c:shown`")))
        self.assertIn("has no test missing", self.rfc_faults(row("make", "`tests/x.c:missing`")))
        self.assertIn("has no test unlisted", self.rfc_faults(row("make", "`tests/x.c:unlisted`")))
        self.assertIn("has no test test_b", self.rfc_faults(row("make", "`tests/x.py::test_b`")))
        self.assertIn("knows no case odd", self.rfc_faults(row("make", "`tests/x.py::test_a[odd]`")))
        self.assertIn("not written as one", self.rfc_faults(row("make", "`tests/x.c:shown what`")))
        self.assertIn("tests/y.c does not exist", self.rfc_faults(row("make", "`tests/y.c:shown`")))
        self.assertIn("no test, nor", self.rfc_faults(row("make", "later")))

    def test_rfcs_stand_in_order_and_none_that_is_cited_is_missing(self):
        row = "| {} | it | `src/dns/x.c:make` | `tests/x.c:shown` |".format
        self.assertEqual(self.rfc_faults(row("1034 3.1"), row("1035 4.1, 4.2")), "")
        self.assertIn("RFC 1035 stands behind RFC 4035", self.rfc_faults(row("4035 3.1"), row("1035 4.1")))
        self.assertIn("RFC 1035 has no row", self.rfc_faults(row("1034 3.1")))
        self.assertIn("is not an RFC", self.rfc_faults(row("1035 4.1"), row("some")))
        self.assertIn("no table", self.rfc_faults())

    def test_tables_are_read_whole(self):
        in_tree('/* EVENT(NO) */\nEVENT(A_B, INFO, "a.b: one, two (three) "\n "four")\n', "src/base/events.def")
        self.assertEqual(gen_docs.rows("src/base/events.def", "EVENT"),
                         [["A_B", "INFO", "a.b: one, two (three) four"]])
        self.assertIn("| `a.b` | info | one, two (three) four |", gen_docs.events())

    def test_an_unused_row_is_found(self):
        in_tree('EVENT(A, INFO, "a: x")\nEVENT(B, INFO, "b: x")\n', "src/base/events.def")
        self.assertEqual(check_tables.unused("src/base/events.def", "EVENT", "log_event(l, EVENT_A);"), ["B"])

    def test_sums_are_true(self):
        err = "[==========] 3 test(s) run.\n[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] x\n"
        row = {"name": "t", "result": "FAIL", "stdout": "", "stderr": err}
        self.assertEqual(sum_results.count_program(row), (2, ["t: x"]))
        self.assertEqual(sum_results.count_program({"name": "t", "result": "TIMEOUT", "stdout": ""}), (0, ["t: TIMEOUT"]))
        self.assertEqual(sum_results.count_program({"name": "t", "result": "OK", "stdout": ""}), (1, []))
        self.assertEqual(sum_results.count_program({"name": "t", "result": "SKIP"}), (0, []))
        crash = {"name": "t", "result": "FAIL", "stdout": "", "stderr": "[  PASSED  ] 2 test(s).\n"}
        self.assertEqual(sum_results.count_program(crash), (2, ["t: FAIL"]))


if __name__ == "__main__":
    unittest.main()
