"""Understudy beside NSD, Knot and BIND: the same zones, the same questions, the same answers."""
import pytest

import choices
from judge import run


def judge(folder, questions, seed, complete=False):
    print(f"seed {seed}, {questions} questions")
    report = run.run(choices.judge_case, folder, questions, seed, complete=complete)
    assert not report.failed, f"seed {seed}: {report.text()}"
    print(report.text())
    return report


def test_a_sample_is_answered_as_the_peers_do(tmp_path, request):
    questions, seed = request.config.getoption("--questions"), request.config.getoption("--seed")
    report = judge(tmp_path, questions, seed)
    assert report.asked >= questions * 0.99 and report.zones >= 12
    # A judge that accepts too much would still pass: most answers need no choice.
    assert report.equal > 0.8 * report.asked


@pytest.mark.big
def test_every_name_with_every_type_is_answered_as_the_peers_do(tmp_path, request):
    report = judge(tmp_path, 200000, request.config.getoption("--seed"), complete=True)
    assert report.asked >= 200000
