"""
gunicorn's settings, for development and production alike.

The application is not preloaded: onnxruntime imported before the fork makes workers abort at exit.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

_own_metrics_dir = None
if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    _own_metrics_dir = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="slipway-metrics-")
else:
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)

# prometheus_client looks at that variable when it is imported.
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics  # noqa: E402  # see above

import app.started  # noqa: E402, F401  # see above; it says when that was
from app.metrics.exposition import open_port  # noqa: E402  # see above
from app.metrics.room import clear, take_room  # noqa: E402  # see above
from app.settings import ServiceSettings  # noqa: E402  # see above
from app.worker import PatientWorker  # noqa: E402  # see above
from core.errors import SettingsError  # noqa: E402  # see above

try:
    _settings = ServiceSettings.from_env(os.environ)
except SettingsError as error:
    if _own_metrics_dir is not None:
        shutil.rmtree(_own_metrics_dir)
    raise SystemExit(f"error: {error}") from error

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
worker_class = "app.worker.PatientWorker"
PatientWorker.most_waiting = _settings.max_waiting_requests
PatientWorker.deadline_s = _settings.request_deadline_s
# Two threads answer while one waits for the network; more fight for the interpreter and cost latency.
threads = 2
# Without it one worker may end up with every keep-alive connection.
reuse_port = workers > 1
keepalive = 75
timeout = 60
graceful_timeout = 30
# The application writes one line a request itself.
accesslog = None
errorlog = "-"
loglevel = "warning"
# A client on this machine could otherwise move the application to another path by a header.
forwarder_headers = ""
# Nobody administers the server by a socket in the home directory.
control_socket_disable = True
_COLLECT_AFTER = 20_000


def when_ready(server: object) -> None:  # noqa: ARG001  # gunicorn calls it so
    """Before there are workers, begin to count anew."""
    clear(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))


def post_fork(server: object, worker: Any) -> None:  # noqa: ARG001  # gunicorn calls it so
    """Before anything is counted, have room for it."""
    take_room(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]), worker.pid)


def post_worker_init(worker: Any) -> None:
    """Begin what goes on beside answers; what is loaded by now lives as long as the worker, and needs no collector."""
    extensions = worker.wsgi.extensions
    extensions["journal"].shipper.start()
    worker.note_sent_away = extensions["meters"].requests.send_away
    if _settings.metrics_port is not None:
        open_port(extensions["metrics"], _settings.host, _settings.metrics_port)
    gc.collect()
    gc.freeze()
    # A batch makes thousands of objects and no cycles; to look for some takes one part in twenty-five of its time.
    gc.set_threshold(_COLLECT_AFTER)


def worker_exit(server: object, worker: Any) -> None:  # noqa: ARG001  # gunicorn calls it so
    """Ship what is left once the last request is answered; a worker whose application did not load has nothing."""
    application = getattr(worker, "wsgi", None)
    if application is not None:
        application.extensions["journal"].shipper.close()
        if application.extensions["traces"] is not None:
            application.extensions["traces"].close()


def child_exit(server: object, worker: Any) -> None:  # noqa: ARG001  # gunicorn calls it so
    """A worker that has ended counts no more."""
    GunicornInternalPrometheusMetrics.mark_process_dead_on_child_exit(worker.pid)


def on_exit(server: object) -> None:  # noqa: ARG001  # gunicorn calls it so
    """Leave nothing behind."""
    if _own_metrics_dir is not None:
        shutil.rmtree(_own_metrics_dir, ignore_errors=True)
