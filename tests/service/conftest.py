import pytest
from fastapi.testclient import TestClient

from asn_nlp import Predictor
from asn_nlp.config import ServeConfig
from asn_nlp.service import make_app


@pytest.fixture(scope="session")
def predictor():
    return Predictor.from_pretrained()


@pytest.fixture(scope="session")
def client(predictor):
    app = make_app(predictor, run="ready", config=ServeConfig(articles=3, megabytes=1))
    return TestClient(app, base_url="http://127.0.0.1:8000")
