"""
The same graph behind MLflow's own server.

Usage: python -m bench.peers.mlflow_model FOLDER PORT, in an environment that has mlflow and requirements.txt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import mlflow.pyfunc


class Peer(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is not in the environment that checks types
    """Scores rows of a data frame."""

    def load_context(self, context: object) -> None:  # noqa: ARG002  # as its base
        """Load once, in the server."""
        from bench.peers import model  # noqa: PLC0415  # the model is saved without its bundle

        self.model = model

    def predict(self, context: object, model_input: Any, params: object = None) -> list[dict[str, object]]:  # noqa: ARG002  # as its base
        """One answer a row."""
        rows = model_input.to_dict(orient="records")
        return [self.model.answer(value) for value in self.model.score(self.model.encode(rows))]


if __name__ == "__main__":
    folder, port = sys.argv[1:]
    mlflow.pyfunc.save_model(folder, python_model=Peer())
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    # It looks for uvicorn there.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", folder, *options])  # noqa: S606  # as the shell would
