"""
Everything Slipway refuses, as one tree.

SlipwayError                 a mistake or a damage that one sentence can describe
├── Faults                   a file or an environment that breaks its rules in one or more named places
│   ├── ModelFileError       model.toml
│   ├── SettingsError        environment variables
│   └── ManifestError        manifest.json and the other JSON files of a bundle
├── DatasetError             the data do not fit the contract, or are too few
├── RegistryError
│   ├── NothingPublished
│   ├── UnknownTag
│   ├── TagTaken
│   └── CorruptArtifact      bytes are not those that were published
├── GitHubError
│   ├── GitHubAway           nobody answers, or not in time, or with an error of its own
│   │   └── DownloadCut      an answer ended before its end
│   ├── GitHubRefused        it answers that this may not or cannot be done
│   ├── IssuesDisabled
│   ├── LabelsDropped        an issue was opened without its labels, so that it would not be found again
│   └── DispatchRefused      a workflow cannot be started
├── UnsupportedFormat        written by a newer Slipway
├── LedgerError
│   └── DeploymentRuns       another deployment to the same environment has not ended
├── PlatformError            what a service runs on did not do what was asked
│   ├── PlatformAway         it does not answer, or not in time, or with an error of its own
│   ├── PlatformRefused      it answers that this may not or cannot be done
│   └── NotSwitched          green was not let near the public
├── DeploymentFailed         what was to serve does not
├── ScheduleUnclear          nobody can count how often a workflow runs
├── ExperimentError          two models cannot be compared like this
├── BundleRefused            a candidate that may not be published
├── JournalUnavailable       a record cannot be kept, or the journal not be read
├── SourceError              rows that a service answered cannot be read
├── ServiceError             a running service cannot be asked, or answers not as one does
│   └── ServiceAway          nothing answers there, or not in time
├── ReportNotSaved           Weights & Biases did not take a report, or nobody here can make one
├── PortBusy
├── NoService                nothing answers, or something else than a service for this model
└── ServiceRefused           a running service takes not what it was sent
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.github.advice import github_advice


class SlipwayError(Exception):
    """Base of all errors whose message is meant for the person who runs Slipway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One broken rule: where, and what would be right."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


class Faults(SlipwayError):
    """All the broken rules of one source, reported together."""

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        if len(self.faults) == 1:
            text = f"{source}: {self.faults[0]}"
        else:
            text = "\n".join([f"{source}: {len(self.faults)} faults", *(f"  {fault}" for fault in self.faults)])
        super().__init__(text)


class ModelFileError(Faults):
    """model.toml breaks its rules."""


class SettingsError(Faults):
    """One or more environment variables are malformed or missing."""


class ManifestError(Faults):
    """A bundle's JSON file breaks its rules."""


class DatasetError(SlipwayError):
    """The data cannot be read, or do not fit the contract."""


class RegistryError(SlipwayError):
    """A registry could not do what was asked."""


class NothingPublished(RegistryError):
    """The registry is empty."""

    def __init__(self, registry: str) -> None:
        self.registry = registry
        super().__init__(f"the registry {registry} is empty; run scripts/train, or set MODEL_REGISTRY to another")


class UnknownTag(RegistryError):
    """The registry holds no such tag."""

    def __init__(self, tag: str, known: Sequence[str]) -> None:
        self.tag, self.known = tag, tuple(known)
        held = f"it holds {', '.join(self.known)}" if self.known else "it is empty; scripts/train fills it"
        super().__init__(f"{tag} is not in the registry: {held}")


class TagTaken(RegistryError):
    """The tag is published already; a published tag never changes."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        super().__init__(f"{tag} is already published and cannot be overwritten; train again to get the next tag")


class CorruptArtifact(RegistryError):
    """A file of a bundle is not the one that was published."""

    def __init__(self, path: Path, problem: str, *, remedy: str | None = None) -> None:
        """
        Args:
            path: Of the file.
            problem: What is wrong with it.
            remedy: What to do; by default to restore its folder.
        """
        self.path, self.problem = path, problem
        advice = remedy or f"restore {path.parent} from a good copy"
        super().__init__(f"{path}: {problem}; {advice}, or serve another tag")


class GitHubError(SlipwayError):
    """GitHub did not do what was asked."""


class GitHubAway(GitHubError):
    """GitHub cannot be reached, or is in trouble of its own."""

    def __init__(self, url: str, problem: str) -> None:
        self.url, self.problem = url, problem
        super().__init__(f"{url}: {problem}; try again later (https://www.githubstatus.com)")


class DownloadCut(GitHubAway):
    """A connection was cut in the middle of a file, which may come whole if it is asked for again at once."""


class GitHubRefused(GitHubError):
    """GitHub answers that something may not or cannot be done."""

    def __init__(
        self, call: str, status: int, said: str, *, codes: Sequence[str] = (), is_limited: bool, has_token: bool
    ) -> None:
        """
        Args:
            call: Method and URL.
            status: Of the answer.
            said: GitHub's own words.
            codes: Of the faults that it names.
            is_limited: Whether it was asked too much.
            has_token: Whether the call had a token.
        """
        self.status, self.said, self.codes, self.is_limited = status, said, tuple(codes), is_limited
        answer = f"{call} is answered {status}" + (f" ({said})" if said else "")
        super().__init__(
            "; ".join(filter(None, [answer, github_advice(status, said, is_limited=is_limited, has_token=has_token)]))
        )


class IssuesDisabled(GitHubError):
    """The repository has no issues, into which alerts go."""

    def __init__(self, page: str) -> None:
        """
        Args:
            page: Of the repository.
        """
        self.page = page
        super().__init__(f"issues are switched off in {page}; switch them on under Features at {page}/settings")


class LabelsDropped(GitHubError):
    """GitHub opened an issue and passed over its labels, as it does where the token may not set them."""

    def __init__(self, issue: str, label: str) -> None:
        self.issue, self.label = issue, label
        super().__init__(
            f"{issue} was opened without the label {label}, so that it would not be found again; "
            "close it if it is still open, and grant `issues: write` to the token"
        )


class DispatchRefused(GitHubError):
    """A workflow cannot be started."""

    def __init__(self, file: str, problem: str, *, remedy: str) -> None:
        self.file, self.problem, self.remedy = file, problem, remedy
        super().__init__(f"{file} cannot be started: {problem}; {remedy}")


class UnsupportedFormat(SlipwayError):
    """The bundle was written by a newer Slipway than this one."""

    def __init__(self, source: str, *, found: int, supported: int) -> None:
        self.source, self.found, self.supported = source, found, supported
        super().__init__(
            f"{source}: bundle format {found}, this Slipway reads up to {supported}; "
            "upgrade Slipway or serve an older tag"
        )


class LedgerError(SlipwayError):
    """The deployment ledger could not be read or written."""


class DeploymentRuns(LedgerError):
    """Somebody else is deploying to the same environment."""

    def __init__(self, environment: str, holder: str, *, remedy: str) -> None:
        """
        Args:
            environment: Where.
            holder: What is deployed, at which step, since when and by whom, as far as that is known.
            remedy: What to do.
        """
        self.environment, self.holder = environment, holder
        super().__init__(f"another deployment to {environment} runs ({holder}); {remedy}")


class PlatformError(SlipwayError):
    """What a service runs on did not do what was asked of it."""


class PlatformAway(PlatformError):
    """It does not answer, or not in time, or with an error of its own."""


class PlatformRefused(PlatformError):
    """It answers that this may not or cannot be done."""


class NotSwitched(PlatformError):
    """Green was not let near the public, which is still served by blue."""


class DeploymentFailed(SlipwayError):
    """A deployment did not end as it was wanted; its message says what serves."""


class ScheduleUnclear(SlipwayError):
    """How often a workflow's line `cron` comes due is not counted."""


class ExperimentError(SlipwayError):
    """Two models cannot be compared like this."""


class BundleRefused(SlipwayError):
    """A candidate bundle failed a check that publishing requires."""


class JournalUnavailable(SlipwayError):
    """The journal cannot be written or read."""

    def __init__(self, place: Path | str, problem: str) -> None:
        self.place, self.problem = place, problem
        super().__init__(f"the journal at {place} is not available: {problem}")


class SourceError(SlipwayError):
    """Rows that a service answered cannot be read, or what was found not be kept beside them."""


class ServiceError(SlipwayError):
    """A running service cannot be asked, or does not answer as one does."""


class ServiceAway(ServiceError):
    """Nothing answers where a service should be, or not in time, or not to the end."""


class ReportNotSaved(SlipwayError):
    """Weights & Biases did not take a report, or nobody here can make one."""


class PortBusy(SlipwayError):
    """Another process listens where the server should."""

    def __init__(self, host: str, port: int, variable: str = "PORT") -> None:
        self.host, self.port = host, port
        super().__init__(f"port {port} on {host} is in use; stop that process or set {variable} to a free one")


class NoService(SlipwayError):
    """Where a service should be is none, or one that serves something else."""

    def __init__(self, url: str, problem: str) -> None:
        self.url, self.problem = url, problem
        super().__init__(f"{url}: {problem}; run scripts/serve, or set --url to where the service is")


class ServiceRefused(SlipwayError):
    """A running service takes not what it was sent."""

    def __init__(self, what: str, *, status: int, detail: str, advice: str = "") -> None:
        self.what, self.status, self.detail = what, status, detail
        super().__init__(f"the service refused {what} ({status}): {detail}" + (f"; {advice}" if advice else ""))
