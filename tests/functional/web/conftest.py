"""Fixtures: `web` is understudy-web before a scripted daemon."""
import pytest

from .server import Web


@pytest.fixture
def make_web(tmp_path):
    made = []

    def make(**options):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        web = Web(folder, **options)
        made.append(web)
        web.start()
        return web
    yield make
    for web in made:
        web.close()


@pytest.fixture
def web(make_web):
    return make_web()
