"""Makes the judge's modules and those of the functional tests known; the size of the sample is an option."""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "functional")]


def pytest_addoption(parser):
    parser.addoption("--questions", type=int, default=int(os.environ.get("DIFFERENTIAL_QUESTIONS", "20000")),
                     help="how many questions of the sample are asked")
    parser.addoption("--seed", type=int, default=int(os.environ.get("DIFFERENTIAL_SEED", "1")),
                     help="the same seed asks the same questions")
