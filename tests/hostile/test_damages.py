"""A damaged run folder is named with its cure, and read neither wrongly nor by its own code."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from damages import Damage, damages

from asn_nlp.errors import RunError
from asn_nlp.predictor import Predictor

TEXT = "Gubernur Riau Hasan Basri, M.Si melantik lima pejabat di aula kantor."
ALL = list(damages())


@pytest.fixture(scope="module")
def run(tiny_run, tmp_path_factory) -> Path:
    return shutil.copytree(tiny_run, tmp_path_factory.mktemp("damaged") / "run")


@pytest.fixture
def mended(run, tiny_run) -> Iterator[Path]:
    yield run
    for path in run.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(tiny_run, run, dirs_exist_ok=True)


def test_the_run_is_read_while_it_is_whole(run):
    for engine in ("onnx", "torch"):
        assert Predictor.from_pretrained(run, engine=engine)(TEXT).text == TEXT


@pytest.mark.parametrize("damage", ALL, ids=lambda damage: damage.name[:70])
def test_a_damaged_run_is_refused(mended, damage: Damage):
    damage(mended)
    with pytest.raises(RunError) as caught:
        Predictor.from_pretrained(mended, engine=damage.engine)(TEXT)
    assert not (mended / "executed").exists()
    message = str(caught.value)
    assert str(mended) in message or "no finite number" in message
    assert any(cure in message for cure in ("again", "anew", "upgrade", "make it longer"))


def test_there_are_many_ways():
    assert len({damage.name for damage in ALL}) == len(ALL) > 250
