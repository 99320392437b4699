"""Fixtures: `lab` makes servers for one test and ends them; failures show the servers' logs."""
import pytest

from lib.lab import Lab

LATENCIES = []


def pytest_addoption(parser):
    parser.addoption("--secondary", default="understudy", choices=("understudy", "knot", "nsd", "bind"),
                     help="server under test; another one than ours checks the tests themselves")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    funcargs = getattr(item, "funcargs", {})
    lab = funcargs.get("lab") or funcargs.get("module_lab")
    if report.failed and lab:
        report.sections += [(f"log of {name}", text) for name, text in lab.logs()]


@pytest.fixture
def lab(tmp_path, request):
    laboratory = Lab(tmp_path, request.config.getoption("--secondary"))
    yield laboratory
    laboratory.close()


@pytest.fixture(scope="module")
def module_lab(tmp_path_factory, request):
    """A lab for all tests of a module (at each pytest worker): for servers that no test changes."""
    laboratory = Lab(tmp_path_factory.mktemp(request.module.__name__.rsplit(".", 1)[-1]),
                     request.config.getoption("--secondary"))
    yield laboratory
    laboratory.close()


@pytest.fixture
def record_figure(record_property, request):
    """Keeps a measured figure with the report; all of them are listed at the end of the run."""
    def record(what, value, unit):
        record_property("figure", f"{what} [{request.node.name}]: {value:.3f} {unit}")
    return record


def pytest_terminal_summary(terminalreporter):
    figures = [text for report in terminalreporter.getreports("passed") if report.when == "call"
               for name, text in report.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("measured")
        for text in sorted(figures):
            terminalreporter.write_line(text)
