"""How long is looked, at how much, and what is too far; docs/adr/0024 says what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings import SettingsReader, whole_number


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """
    The judge's numbers.

    Attributes:
        ready_s: READY_S, so long a green that was started may take until it is ready, in seconds.
        replay_rows: REPLAY_ROWS, so many rows of the journal are sent to green and blue.
        watch_s: WATCH_S, so long the public is watched after a switch, in seconds.
        interval_s: WATCH_INTERVAL_S, from one look to the next, in seconds.
        least_replayed: With fewer rows of the journal the golden rows are sent too.
        distance: Of scores on the same rows, at most this Kolmogorov-Smirnov distance, and a little more on few rows.
        unmoved: A score that differs by no more counts as equal there; a probability, or a part of blue's standard
            deviation.
        mean_change: Of scores on the same rows, at most this: a probability, or a part of blue's standard deviation.
        distance_apart: Of scores on different rows, at most this distance beyond chance.
        factor: Green's median and 95th percentile may be so many times blue's.
        slack_ms: Beyond that, side by side.
        watch_slack_ms: Beyond that, in the journal.
        timed: So many single requests are sent to each side by side.
        least_timed: Requests for one row that the journal must hold of each for their time to be judged.
        least_scored: Rows since the switch from which on their scores are judged, on the same rows.
        least_scored_apart: The same, on different rows.
        error_share: Green may answer so many requests with 5xx, or as many as blue did.
        least_errors: Fewer are no evidence.
        failing_probes: So many in a row are a crash.
    """

    ready_s: float = 60.0
    replay_rows: int = 1000
    watch_s: float = 300.0
    interval_s: float = 5.0
    least_replayed: int = 50
    distance: float = 0.3
    unmoved: float = 0.02
    mean_change: float = 0.1
    distance_apart: float = 0.6
    factor: float = 2.0
    slack_ms: float = 5.0
    watch_slack_ms: float = 10.0
    timed: int = 50
    least_timed: int = 50
    least_scored: int = 200
    least_scored_apart: int = 200
    error_share: float = 0.01
    least_errors: int = 5
    failing_probes: int = 3

    @classmethod
    def read(cls, reader: SettingsReader) -> Policy:
        """The policy that the environment says; malformed variables are the reader's faults."""
        return cls(
            ready_s=reader.read("READY_S", "60", whole_number(1, 3600)),
            replay_rows=reader.read("REPLAY_ROWS", "1000", whole_number(0, 100_000)),
            watch_s=reader.read("WATCH_S", "300", whole_number(0, 86_400)),
            interval_s=reader.read("WATCH_INTERVAL_S", "5", whole_number(1, 60)),
        )
