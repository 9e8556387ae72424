"""The floor: Flask answering a constant."""

from __future__ import annotations

from flask import Flask

application = Flask(__name__)


@application.post("/v1/predict")
def predict() -> str:
    """Nothing is read, checked or scored."""
    return "hello"
