"""A little of what ``make fuzz`` does at length."""

from fuzz import fuzz_predictor, fuzz_readers, fuzz_threads

from asn_nlp.predictor import Predictor


def test_broken_files_are_told_and_never_raise(tmp_path, news):
    assert fuzz_readers(tmp_path, news[:3], seed=7, files=8).endswith("records told")


def test_odd_texts_are_read_whole(tiny_run):
    assert fuzz_predictor(Predictor.from_pretrained(tiny_run), seed=7, texts=60)


def test_readings_by_threads_are_those_of_one(tiny_run, news):
    told = fuzz_threads(Predictor.from_pretrained(tiny_run), news, rounds=2)
    assert told == "96 readings by 4 threads: as by one"
