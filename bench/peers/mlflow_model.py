"""
The same graph behind MLflow's own server.

Usage: python -m bench.peers.mlflow_model FOLDER PORT [--schema], in an environment that has mlflow and what
requirements.txt names. With a schema it checks what it is sent, as its documentation advises and the service does.
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


def signature() -> Any:
    """What the golden rows say of the columns."""
    import pandas as pd  # noqa: PLC0415  # mlflow brings it

    from bench.peers import model  # noqa: PLC0415  # as above

    rows = [dict(entry.row) for entry in model.bundle.golden().rows]
    return mlflow.models.infer_signature(pd.DataFrame(rows), [model.answer(0.5)])


if __name__ == "__main__":
    folder, port, *rest = sys.argv[1:]
    mlflow.pyfunc.save_model(folder, python_model=Peer(), signature=signature() if rest else None)
    options = ["--env-manager", "local", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    # It looks for uvicorn there.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", folder, *options])  # noqa: S606  # as the shell would
