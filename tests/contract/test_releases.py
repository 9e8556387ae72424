"""Releases as the registry: whatever breaks, a whole verified model is there or none, and a second try works."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from core.bundle import GOLDEN_NAME, Bundle
from core.errors import CorruptArtifact, RegistryError, TagTaken, UnknownTag
from core.github.client import GitHub
from core.github.releases import ReleasesRegistry
from core.manifest import MANIFEST_NAME, Metric
from core.registry import SEAL_NAME, DirectoryRegistry
from core.tags import ModelTag
from doubles import github as double
from tests.disk import SmallDisk
from tests.factories import GRAPH_NAME, make_bundle
from tests.github import REPOSITORY, Caller, make_client

V1, V2 = ModelTag(1, 0, 0), ModelTag(1, 1, 0)
LIMITED = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1", "x-ratelimit-limit": "1000"}
TROUBLE: dict[str, double.Status | double.CutUpload | double.CutDownload | double.AnswerLost] = {
    "500": double.Status(status=500),
    "502 that leaves a stub": double.Status(status=502, leaves_starter=True),
    "503": double.Status(status=503),
    "429": double.Status(status=429, headers={"retry-after": "1"}),
    "403 primary limit": double.Status(status=403, headers=LIMITED),
    "403 secondary limit": double.Status(status=403, headers={"retry-after": "1"}),
    "cut before the end of the upload": double.CutUpload(after=10, leaves_starter=True),
    "cut before the end of the answer": double.CutDownload(after=10),
    "answer lost": double.AnswerLost(),
}


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle as training leaves it; no test changes it."""
    return make_bundle(tmp_path_factory.mktemp("training") / "candidate")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def registry(github_client: GitHub, cache: Path) -> ReleasesRegistry:
    return ReleasesRegistry(github_client, DirectoryRegistry(cache))


@pytest.fixture
def stranger(github: double.GitHub, tmp_path: Path) -> ReleasesRegistry:
    """What somebody without a token has of it."""
    return ReleasesRegistry(make_client(github), DirectoryRegistry(tmp_path / "stranger"))


def other(bundle: Bundle, accuracy: float = 0.5, tag: ModelTag = V1) -> Bundle:
    """Another model under the same tag."""
    metrics = {"accuracy": Metric(value=accuracy, low=0.0, high=1.0)}
    return replace(bundle, manifest=msgspec.structs.replace(bundle.manifest, tag=tag, metrics=metrics))


def calls_of(github: double.GitHub, act: Callable[[], Any]) -> int:
    """How many calls something takes."""
    before = len(github.calls)
    act()
    return len(github.calls) - before


def assert_published(registry: ReleasesRegistry, stranger: ReleasesRegistry, bundle: Bundle) -> None:
    tag = bundle.manifest.tag
    assert registry.tags() == stranger.tags() == [tag]
    for reader in (registry, stranger):
        assert reader.fetch(tag).files == bundle.files


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_a_publication_withstands_one_trouble_at_any_of_its_calls(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle, trouble: Any
) -> None:
    count = calls_of(github, lambda: registry.publish(other(candidate, tag=V2)))
    assert count > 2 * len(candidate.files)
    for number in range(count):
        tag = ModelTag(2, number, 0)
        bundle = other(candidate, tag=tag)
        github.plant(trouble, skip=number)
        try:
            registry.publish(bundle)
        except RegistryError:
            # Nothing of it is seen, and the second try goes on with what is there.
            assert tag not in stranger.tags()
            registry.publish(bundle)
        github.faults.clear()
        assert tag in stranger.tags()
        assert stranger.fetch(tag).files == candidate.files
    drafts = [each for each in github.repository(REPOSITORY).releases.values() if each.draft]
    assert drafts == []


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
@pytest.mark.parametrize("has_token", [True, False], ids=["token", "stranger"])
def test_a_fetch_withstands_one_trouble_at_any_of_its_calls(
    github: double.GitHub, github_client: GitHub, tmp_path: Path, candidate: Bundle, trouble: Any, has_token: bool
) -> None:
    reader = github_client if has_token else make_client(github)
    ReleasesRegistry(github_client, DirectoryRegistry(tmp_path / "publisher")).publish(candidate)
    count = calls_of(github, lambda: ReleasesRegistry(reader, DirectoryRegistry(tmp_path / "first")).fetch(V1))
    for number in range(count):
        root = tmp_path / f"cache-{number}"
        registry = ReleasesRegistry(reader, DirectoryRegistry(root))
        github.plant(trouble, skip=number)
        try:
            fetched = registry.fetch(V1)
        except RegistryError:
            assert DirectoryRegistry(root).tags() == []
            fetched = registry.fetch(V1)
        github.faults.clear()
        assert fetched.files == candidate.files
        assert DirectoryRegistry(root).fetch(V1).files == candidate.files


def test_what_lasts_is_an_error_that_says_so_and_nothing_is_seen(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    github.plant(double.Status(status=502, leaves_starter=True), path="*/assets", method="POST", times=99)
    with pytest.raises(RegistryError, match=r"model-v1\.0\.0 could not be published to github:acme/forecast: .* 502"):
        registry.publish(candidate)
    assert (registry.tags(), stranger.tags()) == ([], [])
    github.faults.clear()
    registry.publish(candidate)
    assert_published(registry, stranger, candidate)


def test_a_draft_of_the_same_model_is_gone_on_with(
    github: double.GitHub, registry: ReleasesRegistry, candidate: Bundle
) -> None:
    github.plant(double.Status(status=502), path="*/assets", method="POST", skip=3, times=99)
    with pytest.raises(RegistryError):
        registry.publish(candidate)
    github.faults.clear()
    uploads = len([call for call in github.calls if call.site == "uploads" and call.status == 201])
    registry.publish(candidate)
    assert len([call for call in github.calls if call.site == "uploads" and call.status == 201]) == uploads + 4


def test_a_draft_of_another_model_is_left_alone_and_then_removed(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    github.plant(double.Status(status=502), path="*/assets", method="POST", skip=3, times=99)
    with pytest.raises(RegistryError):
        registry.publish(other(candidate))
    github.faults.clear()
    registry.publish(candidate)
    assert_published(registry, stranger, candidate)
    assert len(github.repository(REPOSITORY).releases) == 1


@pytest.mark.parametrize(
    "fault", [double.WrongDigest(digest=f"sha256:{'0' * 64}"), double.WrongDigest(digest=None)], ids=["wrong", "none"]
)
def test_a_digest_that_is_not_that_of_what_was_sent_stops_the_release(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle, fault: Any
) -> None:
    github.plant(fault, times=999, path="*/releases/*/assets", method="GET")
    if fault.digest is None:
        # GitHub may give none; then the file is fetched and looked at.
        registry.publish(candidate)
    else:
        with pytest.raises(RegistryError, match="is not what was sent; publish again"):
            registry.publish(candidate)
        assert stranger.tags() == []
        github.faults.clear()
        registry.publish(candidate)
    github.faults.clear()
    assert_published(registry, stranger, candidate)


def test_of_two_publishers_who_race_for_a_tag_one_wins_and_the_other_is_told(
    github: double.GitHub,
    github_client: GitHub,
    registry: ReleasesRegistry,
    stranger: ReleasesRegistry,
    candidate: Bundle,
) -> None:
    rival = other(candidate)
    overtake = double.Before(action=lambda: registry.publish(rival))
    github.plant(overtake, method="PATCH", path="*/releases/*")
    slow = ReleasesRegistry(github_client, DirectoryRegistry(Path("unused")))
    with pytest.raises(TagTaken):
        slow.publish(candidate)
    assert stranger.fetch(V1).manifest == rival.manifest
    assert len(github.repository(REPOSITORY).releases) == 1


def test_a_list_that_is_behind_does_not_take_the_release_for_a_draft(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    reader = Caller(github=github, token=github.token(contents="write"))

    def fall_behind() -> None:
        stale = double.Status(status=200, body=reader.ask("GET", "releases").text)
        github.plant(stale, method="GET", path="*/releases")

    github.plant(double.Before(action=fall_behind), method="PATCH", path="*/releases/*")
    registry.publish(candidate)
    assert github.faults.waiting == 0
    assert_published(registry, stranger, candidate)


def test_a_file_that_is_listed_late_is_waited_for(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    # The lists before the uploads are the first two.
    github.plant(double.Status(status=200, body="[]"), method="GET", path="*/releases/*/assets", skip=2, times=2)
    registry.publish(candidate)
    assert github.faults.waiting == 0
    assert_published(registry, stranger, candidate)


def test_trouble_after_the_release_is_public_is_not_told_as_a_failure(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    github.plant(double.Status(status=500), method="GET", path="*/releases", skip=1, times=9)
    registry.publish(candidate)
    github.faults.clear()
    assert_published(registry, stranger, candidate)


def test_two_publishers_at_once_leave_one_whole_release(
    github: double.GitHub, github_client: GitHub, stranger: ReleasesRegistry, candidate: Bundle, tmp_path: Path
) -> None:
    said: list[str] = []

    def publish(bundle: Bundle, name: str) -> None:
        try:
            ReleasesRegistry(github_client, DirectoryRegistry(tmp_path / name)).publish(bundle)
            said.append("published")
        except TagTaken:
            said.append("taken")

    threads = [Thread(target=publish, args=(other(candidate, n / 10), str(n))) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == ["published", "taken"]
    assert stranger.fetch(V1).files == candidate.files
    assert len(github.repository(REPOSITORY).releases) == 1


def test_two_who_fetch_one_tag_at_once_both_get_it(
    registry: ReleasesRegistry, github_client: GitHub, candidate: Bundle, cache: Path
) -> None:
    registry.publish(candidate)
    fetched: list[Bundle] = []

    def fetch() -> None:
        fetched.append(ReleasesRegistry(github_client, DirectoryRegistry(cache)).fetch(V1))

    threads = [Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [bundle.files for bundle in fetched] == [candidate.files] * 4
    assert [path.name for path in cache.iterdir()] == [str(V1)]


@pytest.mark.parametrize("fault", [double.Truncated(to=10), double.WrongByte(at=5)], ids=["truncated", "wrong byte"])
@pytest.mark.parametrize("name", [GRAPH_NAME, GOLDEN_NAME, MANIFEST_NAME, SEAL_NAME])
@pytest.mark.parametrize("has_token", [True, False], ids=["token", "stranger"])
def test_a_damaged_download_is_refused_by_name_and_not_kept(
    github: double.GitHub,
    registry: ReleasesRegistry,
    stranger: ReleasesRegistry,
    candidate: Bundle,
    fault: Any,
    name: str,
    has_token: bool,
    tmp_path: Path,
) -> None:
    registry.publish(candidate)
    reader = registry if has_token else stranger
    github.plant(fault, site="assets", path=f"*/{name}")
    with pytest.raises(CorruptArtifact) as caught:
        reader.fetch(V1)
    # The manifest and its seal vouch for each other.
    named = caught.value.path.name
    assert named == name or {named, name} == {MANIFEST_NAME, SEAL_NAME}
    assert DirectoryRegistry(tmp_path / "cache").tags() == DirectoryRegistry(tmp_path / "stranger").tags() == []
    assert reader.fetch(V1).files == candidate.files


def test_an_asset_that_was_exchanged_on_github_is_refused(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    registry.publish(candidate)
    github.plant(double.WrongDigest(digest=f"sha256:{'0' * 64}", name=GRAPH_NAME), path="*/releases/tags/*")
    with pytest.raises(CorruptArtifact, match=rf"acme/forecast/model-v1\.0\.0/{GRAPH_NAME}: .* GitHub has sha256:0000"):
        registry.fetch(V1)


def test_a_full_disk_does_not_hinder_serving_and_leaves_no_half(
    registry: ReleasesRegistry, github_client: GitHub, candidate: Bundle, tmp_path: Path
) -> None:
    registry.publish(candidate)
    size_bytes = 1_048_576
    with closing(SmallDisk(tmp_path / "disk", size_bytes=size_bytes)) as disk:
        (disk.outside / "ballast").write_bytes(bytes(size_bytes - 4 * 4096))
        full = ReleasesRegistry(github_client, DirectoryRegistry(disk.outside / "cache"))
        assert full.fetch(V1).files == candidate.files
        assert DirectoryRegistry(disk.outside / "cache").tags() == []
        (disk.outside / "ballast").unlink()
        assert full.fetch(V1).files == candidate.files
        assert DirectoryRegistry(disk.outside / "cache").tags() == [V1]


@pytest.fixture
def away(github: double.GitHub, registry: ReleasesRegistry, candidate: Bundle) -> double.GitHub:
    """A GitHub that answers nobody, after a model was published and fetched."""
    registry.publish(candidate)
    registry.fetch(V1)
    github.plant(double.Status(status=503), times=9999)
    return github


def test_a_model_that_was_fetched_needs_no_github(
    away: double.GitHub, registry: ReleasesRegistry, candidate: Bundle
) -> None:
    assert calls_of(away, lambda: registry.fetch(V1)) == 0
    assert registry.fetch(V1).files == candidate.files


def test_a_model_that_was_not_fetched_cannot_be_had_while_github_is_away(
    away: double.GitHub, stranger: ReleasesRegistry
) -> None:
    with pytest.raises(RegistryError, match=r"model-v1\.0\.0 cannot be fetched from github:acme/forecast: .*503"):
        stranger.fetch(V1)
    with pytest.raises(RegistryError, match="the models in github:acme/forecast cannot be listed"):
        stranger.tags()


def test_a_damaged_copy_is_refused_by_name_while_github_is_away(
    away: double.GitHub, registry: ReleasesRegistry, cache: Path
) -> None:
    path = cache / str(V1) / GRAPH_NAME
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(CorruptArtifact) as caught:
        registry.fetch(V1)
    assert caught.value.path == path


def test_a_damaged_copy_is_replaced_while_github_is_there(
    registry: ReleasesRegistry, candidate: Bundle, cache: Path
) -> None:
    registry.publish(candidate)
    registry.fetch(V1)
    (cache / str(V1) / GRAPH_NAME).write_bytes(b"")
    assert registry.fetch(V1).files == candidate.files
    assert DirectoryRegistry(cache).fetch(V1).files == candidate.files
    assert [path.name for path in cache.iterdir()] == [str(V1)]


def test_of_two_who_find_a_damaged_copy_both_get_the_model(
    github: double.GitHub, github_client: GitHub, registry: ReleasesRegistry, candidate: Bundle, cache: Path
) -> None:
    registry.publish(candidate)
    registry.fetch(V1)
    (cache / str(V1) / GRAPH_NAME).write_bytes(b"")
    rival = ReleasesRegistry(github_client, DirectoryRegistry(cache))
    github.plant(double.Before(action=lambda: DirectoryRegistry(cache).discard(V1)), path=f"*/{GOLDEN_NAME}")
    assert rival.fetch(V1).files == candidate.files
    assert [path.name for path in cache.iterdir()] == [str(V1)]


def test_a_tag_that_an_immutable_release_had_is_told_to_be_spent(
    github: double.GitHub, registry: ReleasesRegistry, candidate: Bundle
) -> None:
    github.repository(REPOSITORY).immutable_releases = True
    registry.publish(candidate)
    owner = Caller(github=github, token=github.token(contents="write"))
    assert owner.ask("DELETE", f"releases/{next(iter(github.repository(REPOSITORY).releases))}").ok
    with pytest.raises(RegistryError, match="the tag can never be used again; train with --tag and a later version"):
        registry.publish(candidate)


def test_a_public_model_is_fetched_without_the_api(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    registry.publish(candidate)
    before = len(github.calls)
    assert stranger.fetch(V1).files == candidate.files
    assert {call.site for call in github.calls[before:]} == {"web", "assets"}


def test_a_private_model_needs_a_token_and_says_so(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    github.repository(REPOSITORY).private = True
    registry.publish(candidate)
    assert registry.fetch(V1).files == candidate.files
    with pytest.raises(RegistryError, match="set GITHUB_TOKEN if the repository is private"):
        stranger.tags()
    # What is not told to strangers may be there all the same.
    with pytest.raises(RegistryError, match="set GITHUB_TOKEN if the repository is private"):
        stranger.fetch(V1)


def test_a_token_that_may_only_read_cannot_publish_and_is_told_why(
    github: double.GitHub, candidate: Bundle, cache: Path
) -> None:
    reader = ReleasesRegistry(make_client(github, github.token(contents="read")), DirectoryRegistry(cache))
    with pytest.raises(RegistryError, match=r"403 .*the token may lack a permission, which a workflow grants"):
        reader.publish(candidate)


def test_a_wrong_token_is_told_to_be_set_anew(github: double.GitHub, cache: Path) -> None:
    registry = ReleasesRegistry(make_client(github, "ghs_wrong"), DirectoryRegistry(cache))
    with pytest.raises(RegistryError, match="set GITHUB_TOKEN to a token that has not expired"):
        registry.tags()


def test_immutable_releases_are_published_and_never_changed(
    github: double.GitHub, registry: ReleasesRegistry, stranger: ReleasesRegistry, candidate: Bundle
) -> None:
    github.repository(REPOSITORY).immutable_releases = True
    registry.publish(candidate)
    assert_published(registry, stranger, candidate)
    with pytest.raises(TagTaken):
        registry.publish(other(candidate))


def test_releases_of_code_and_unfinished_ones_are_passed_over(
    github_client: GitHub, registry: ReleasesRegistry, candidate: Bundle
) -> None:
    for tag, is_draft in (("v1.0.0", False), ("model-v9.9.9", False), ("model-v8.0.0", True)):
        github_client.send("POST", "releases", body={"tag_name": tag, "draft": is_draft})
    registry.publish(candidate)
    assert registry.tags() == [V1]


def test_the_card_is_the_text_of_the_release(
    github: double.GitHub, registry: ReleasesRegistry, candidate: Bundle
) -> None:
    registry.publish(candidate)
    (release,) = github.repository(REPOSITORY).releases.values()
    assert release.body is not None
    assert release.body.startswith(candidate.files["MODEL_CARD.md"].decode().strip())
    assert release.name == str(V1)
    # Which release is the latest is nobody's business here; it is no prerelease either.
    assert github.repository(REPOSITORY).latest_id is None


def test_every_file_of_a_release_is_told_of_while_it_goes(
    github_client: GitHub, cache: Path, candidate: Bundle
) -> None:
    told: dict[str, tuple[int, int]] = {}
    registry = ReleasesRegistry(
        github_client, DirectoryRegistry(cache), watch=lambda name, done, total: told.update({name: (done, total)})
    )
    registry.publish(candidate)
    sizes = {name: (len(content), len(content)) for name, content in candidate.files.items()}
    assert sizes.items() <= told.items()
    told.clear()
    registry.fetch(V1)
    assert sizes.items() <= told.items()


def test_a_manifest_is_read_without_the_rest(
    github: double.GitHub, registry: ReleasesRegistry, candidate: Bundle
) -> None:
    registry.publish(candidate)
    calls = calls_of(github, lambda: registry.manifest(V1))
    assert registry.manifest(V1) == candidate.manifest
    # The release, and two files with a redirection each.
    assert calls == 5
    with pytest.raises(UnknownTag):
        registry.manifest(V2)


def test_the_seal_is_the_manifests_checksum(registry: ReleasesRegistry, candidate: Bundle, cache: Path) -> None:
    registry.publish(candidate)
    registry.fetch(V1)
    seal = (cache / str(V1) / SEAL_NAME).read_text().strip()
    assert seal == hashlib.sha256((cache / str(V1) / MANIFEST_NAME).read_bytes()).hexdigest()
