"""The model registry: what every implementation promises, and what the directory withstands."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections import UserDict
from collections.abc import Callable, Iterator, KeysView
from contextlib import closing
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import msgspec
import pytest

from core.bundle import CARD_NAME, CARD_PAGE_NAME, GOLDEN_NAME, REFERENCE_NAME, Bundle
from core.errors import CorruptArtifact, RegistryError, TagTaken, UnknownTag, UnsupportedFormat
from core.github.client import GitHub
from core.github.releases import ReleasesRegistry
from core.manifest import FORMAT, MANIFEST_NAME, Metric
from core.registry import SEAL_NAME, DirectoryRegistry, ModelRegistry
from core.scorer import check_golden, load_scorer
from core.tags import ModelTag
from tests.contract.trouble import largest_file, racing
from tests.disk import SmallDisk
from tests.factories import GRAPH_NAME, make_bundle

V1, V2, V10 = (ModelTag.parse(f"model-v1.{minor}.0") for minor in (0, 2, 10))


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle as training leaves it; no test changes it."""
    return make_bundle(tmp_path_factory.mktemp("training") / "candidate")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the directory registry lies; not there until something is published."""
    return tmp_path / "deep" / "registry"


@pytest.fixture
def directory_registry(root: Path) -> DirectoryRegistry:
    return DirectoryRegistry(root)


@pytest.fixture
def releases_registry(github_client: GitHub, tmp_path: Path) -> ReleasesRegistry:
    return ReleasesRegistry(github_client, DirectoryRegistry(tmp_path / "cache"))


@pytest.fixture(params=["directory_registry", "releases_registry"])
def registry(request: pytest.FixtureRequest) -> ModelRegistry:
    """Each implementation in turn, empty; a new one adds the name of its fixture here."""
    implementation: ModelRegistry = request.getfixturevalue(request.param)
    return implementation


def tagged(bundle: Bundle, tag: ModelTag, accuracy: float = 0.9) -> Bundle:
    """The same model under another tag, told apart by a metric."""
    metrics = {"accuracy": Metric(value=accuracy, low=0.0, high=1.0)}
    return replace(bundle, manifest=msgspec.structs.replace(bundle.manifest, tag=tag, metrics=metrics))


def spoilt(bundle: Bundle) -> Bundle:
    """A bundle whose golden rows are not those that its manifest vouches for."""
    return replace(bundle, files={**bundle.files, GOLDEN_NAME: b"{}"})


def test_an_empty_registry_has_no_tags(registry: ModelRegistry) -> None:
    assert registry.tags() == []


def test_a_published_bundle_is_fetched_byte_for_byte(registry: ModelRegistry, candidate: Bundle) -> None:
    registry.publish(candidate)
    fetched = registry.fetch(V1)
    assert fetched.files == candidate.files
    assert fetched.manifest == candidate.manifest
    assert fetched.contract == candidate.contract


def test_a_fetched_bundle_scores_its_golden_rows(registry: ModelRegistry, candidate: Bundle) -> None:
    registry.publish(candidate)
    fetched = registry.fetch(V1)
    check_golden(fetched, load_scorer(fetched))


def test_a_bundle_is_published_under_the_tag_of_its_manifest(registry: ModelRegistry, candidate: Bundle) -> None:
    registry.publish(tagged(candidate, V2))
    assert registry.tags() == [V2]
    assert registry.fetch(V2).manifest.tag == V2


def test_tags_are_listed_oldest_first_whatever_the_order_of_publishing(
    registry: ModelRegistry, candidate: Bundle
) -> None:
    for tag in (V2, V10, V1):
        registry.publish(tagged(candidate, tag))
    assert registry.tags() == [V1, V2, V10]


def test_each_tag_keeps_its_own_bundle(registry: ModelRegistry, candidate: Bundle) -> None:
    registry.publish(tagged(candidate, V1, accuracy=0.1))
    registry.publish(tagged(candidate, V2, accuracy=0.2))
    assert [registry.fetch(tag).manifest.metrics["accuracy"].value for tag in (V1, V2)] == [0.1, 0.2]


def test_a_published_tag_is_taken_and_keeps_what_it_was(registry: ModelRegistry, candidate: Bundle) -> None:
    registry.publish(tagged(candidate, V1, accuracy=0.1))
    with pytest.raises(TagTaken, match=r"^model-v1\.0\.0 is already published") as caught:
        registry.publish(tagged(candidate, V1, accuracy=0.2))
    assert caught.value.tag == str(V1)
    assert registry.fetch(V1).manifest.metrics["accuracy"].value == 0.1


def test_the_same_bundle_is_not_published_twice(registry: ModelRegistry, candidate: Bundle) -> None:
    registry.publish(candidate)
    with pytest.raises(TagTaken):
        registry.publish(candidate)


def test_an_unknown_tag_is_told_what_is_held(registry: ModelRegistry, candidate: Bundle) -> None:
    for tag in (V10, V1):
        registry.publish(tagged(candidate, tag))
    with pytest.raises(UnknownTag, match=r"it holds model-v1\.0\.0, model-v1\.10\.0$") as caught:
        registry.fetch(V2)
    assert (caught.value.tag, caught.value.known) == (str(V2), (str(V1), str(V10)))


def test_an_unknown_tag_of_an_empty_registry_is_told_to_train(registry: ModelRegistry) -> None:
    with pytest.raises(UnknownTag, match="it is empty; scripts/train fills it"):
        registry.fetch(V1)


def test_a_bundle_that_does_not_fit_its_manifest_is_not_published(registry: ModelRegistry, candidate: Bundle) -> None:
    with pytest.raises(RegistryError, match=GOLDEN_NAME):
        registry.publish(spoilt(candidate))
    assert registry.tags() == []


def test_a_tag_whose_publishing_failed_is_free(registry: ModelRegistry, candidate: Bundle) -> None:
    with pytest.raises(RegistryError):
        registry.publish(spoilt(candidate))
    registry.publish(candidate)
    assert registry.fetch(V1).files == candidate.files


# From here on the directory itself is damaged, so that no other implementation can take part.
FILES = (GRAPH_NAME, GOLDEN_NAME, REFERENCE_NAME, CARD_NAME, CARD_PAGE_NAME, MANIFEST_NAME, SEAL_NAME)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "cut by one byte": lambda content: content[:-1],
    "cut in half": lambda content: content[: len(content) // 2],
    "without its first byte": lambda content: content[1:],
    "with a byte more": lambda content: content + b"\0",
    "with a newline more": lambda content: content + b"\n",
    "twice": lambda content: content + content,
    "zeroed": lambda content: bytes(len(content)),
}


@pytest.fixture
def published(directory_registry: DirectoryRegistry, candidate: Bundle, root: Path) -> Path:
    """The directory of a published bundle."""
    directory_registry.publish(candidate)
    return root / str(V1)


def assert_refused(registry: DirectoryRegistry, path: Path) -> None:
    with pytest.raises(CorruptArtifact) as caught:
        registry.fetch(V1)
    # A manifest and its seal vouch for each other, so that damage to one is told by naming both.
    assert path.parent == caught.value.path.parent
    assert path.name in str(caught.value)


def test_the_files_of_the_damage_tests_are_all_there_are(published: Path) -> None:
    assert sorted(path.name for path in published.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_length_or_content_is_refused_by_name(
    name: str, damage: Callable[[bytes], bytes], published: Path, directory_registry: DirectoryRegistry
) -> None:
    (published / name).write_bytes(damage((published / name).read_bytes()))
    assert_refused(directory_registry, published / name)


@pytest.mark.parametrize("name", FILES)
def test_a_deleted_file_is_refused_by_name(name: str, published: Path, directory_registry: DirectoryRegistry) -> None:
    (published / name).unlink()
    assert_refused(directory_registry, published / name)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_refused_by_name(name: str, published: Path, directory_registry: DirectoryRegistry) -> None:
    content = (published / name).read_bytes()
    # Nothing but the seal and the manifest vouches for these two, so every byte of theirs is tried.
    every = name in {MANIFEST_NAME, SEAL_NAME}
    some = {0, len(content) - 1, *random.Random(name).choices(range(len(content)), k=20)}  # noqa: S311  # not a secret
    with (published / name).open("rb+", buffering=0) as file:
        for position in range(len(content)) if every else sorted(some):
            for bit in (0x01, 0x20):
                os.pwrite(file.fileno(), bytes([content[position] ^ bit]), position)
                assert_refused(directory_registry, published / name)
            os.pwrite(file.fileno(), content[position : position + 1], position)
    directory_registry.fetch(V1)


def test_two_files_that_changed_places_are_refused(published: Path, directory_registry: DirectoryRegistry) -> None:
    card, page = (published / CARD_NAME).read_bytes(), (published / CARD_PAGE_NAME).read_bytes()
    (published / CARD_NAME).write_bytes(page)
    (published / CARD_PAGE_NAME).write_bytes(card)
    assert_refused(directory_registry, published / CARD_PAGE_NAME)


def test_a_damaged_bundle_does_not_hinder_others(
    published: Path, directory_registry: DirectoryRegistry, candidate: Bundle
) -> None:
    (published / GRAPH_NAME).write_bytes(b"")
    directory_registry.publish(tagged(candidate, V2))
    assert directory_registry.fetch(V2).files == candidate.files


def test_a_damaged_bundle_keeps_its_tag_taken(
    published: Path, directory_registry: DirectoryRegistry, candidate: Bundle
) -> None:
    (published / MANIFEST_NAME).unlink()
    with pytest.raises(TagTaken):
        directory_registry.publish(candidate)


def test_a_bundle_of_a_newer_format_is_unsupported_not_corrupt(
    published: Path, directory_registry: DirectoryRegistry
) -> None:
    newer = json.dumps(json.loads((published / MANIFEST_NAME).read_bytes()) | {"format": FORMAT + 1}).encode()
    (published / MANIFEST_NAME).write_bytes(newer)
    (published / SEAL_NAME).write_text(f"{hashlib.sha256(newer).hexdigest()}\n")
    with pytest.raises(UnsupportedFormat) as caught:
        directory_registry.fetch(V1)
    assert (caught.value.found, caught.value.supported) == (FORMAT + 1, FORMAT)


def test_a_bundle_that_was_moved_under_another_tag_is_refused(
    published: Path, directory_registry: DirectoryRegistry, root: Path
) -> None:
    published.rename(root / str(V2))
    for read in (directory_registry.fetch, directory_registry.manifest):
        with pytest.raises(CorruptArtifact, match=r"is the manifest of model-v1\.0\.0, not of model-v1\.2\.0"):
            read(V2)


@pytest.mark.parametrize("name", ["notes", "model-v1", "model-v01.0.0", ".staging-abc", "model-v1.0.0.bak"])
def test_a_directory_that_no_tag_names_is_not_listed(
    name: str, published: Path, directory_registry: DirectoryRegistry, root: Path
) -> None:
    shutil.copytree(published, root / name)
    assert directory_registry.tags() == [V1]


def test_a_file_named_like_a_tag_is_not_listed(
    published: Path, directory_registry: DirectoryRegistry, root: Path
) -> None:
    (root / str(V2)).write_text("not a bundle")
    assert directory_registry.tags() == [V1]


def test_a_published_bundle_may_be_read_by_other_users(published: Path) -> None:
    assert published.stat().st_mode & 0o777 == 0o755


def test_a_root_below_a_file_cannot_be_written(candidate: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    registry = DirectoryRegistry(tmp_path / "file" / "registry")
    with pytest.raises(RegistryError, match=r"file/registry cannot be written \(Not a directory\)"):
        registry.publish(candidate)
    assert registry.tags() == []
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_cannot_be_written_leaves_nothing(
    directory_registry: DirectoryRegistry, candidate: Bundle, root: Path
) -> None:
    smallest = min(len(content) for content in candidate.files.values())
    with largest_file(smallest), pytest.raises(RegistryError, match=r"could not be published .*File too large"):
        directory_registry.publish(candidate)
    assert list(root.iterdir()) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with four pages free, which hold some of a bundle's seven files, and a ballast."""
    size_bytes = 1_048_576
    with closing(SmallDisk(tmp_path / "disk", size_bytes=size_bytes)) as disk:
        (disk.outside / "ballast").write_bytes(bytes(size_bytes - 4 * 4096))
        yield disk.outside


def test_a_full_disk_leaves_nothing_and_the_tag_free(disk: Path, candidate: Bundle) -> None:
    registry = DirectoryRegistry(disk / "registry")
    with pytest.raises(RegistryError, match="No space left on device"):
        registry.publish(candidate)
    assert registry.tags() == []
    assert list((disk / "registry").iterdir()) == []
    (disk / "ballast").unlink()
    registry.publish(candidate)
    assert registry.fetch(V1).files == candidate.files


class Overtaken(UserDict[str, bytes]):
    """Files that another publisher publishes first, while they are being copied."""

    def __init__(self, bundle: Bundle, rival: Callable[[], None]) -> None:
        super().__init__(bundle.files)
        self._rival = rival

    def keys(self) -> KeysView[str]:
        self._rival()
        return super().keys()


def test_a_tag_that_appears_while_its_files_are_copied_is_taken(
    directory_registry: DirectoryRegistry, candidate: Bundle, root: Path
) -> None:
    rival = tagged(candidate, V1, accuracy=0.1)
    files = Overtaken(candidate, lambda: DirectoryRegistry(root).publish(rival))
    with pytest.raises(TagTaken):
        directory_registry.publish(replace(candidate, files=files))
    assert directory_registry.fetch(V1).manifest == rival.manifest
    assert [path.name for path in root.iterdir()] == [str(V1)]


def publish_each(start: Barrier, root: Path, bundles: list[Bundle], answers: Path) -> None:
    """In a process of its own: publish bundle after bundle, each together with the other processes."""
    registry = DirectoryRegistry(root)
    said = []
    for bundle in bundles:
        start.wait()
        try:
            registry.publish(bundle)
        except TagTaken:
            said.append("taken")
        else:
            said.append("published")
    answers.write_text(json.dumps(said))


def test_of_processes_that_race_for_a_tag_exactly_one_wins(
    directory_registry: DirectoryRegistry, candidate: Bundle, root: Path, tmp_path: Path
) -> None:
    tags = [ModelTag(1, 0, patch) for patch in range(12)]
    racers = [
        (root, [tagged(candidate, tag, accuracy=number / 10) for tag in tags], tmp_path / f"answers-{number}")
        for number in range(4)
    ]
    with racing(publish_each, racers):
        pass
    rounds = zip(*(json.loads(answers.read_text()) for _, _, answers in racers), strict=True)
    for tag, answers in zip(tags, rounds, strict=True):
        assert sorted(answers) == ["published", "taken", "taken", "taken"]
        winner = directory_registry.fetch(tag).manifest.metrics["accuracy"].value
        assert winner == answers.index("published") / 10
    assert sorted(path.name for path in root.iterdir()) == sorted(str(tag) for tag in tags)


def test_a_reader_sees_a_whole_bundle_or_none(
    directory_registry: DirectoryRegistry, candidate: Bundle, root: Path, tmp_path: Path
) -> None:
    tags = [ModelTag(1, 0, patch) for patch in range(40)]
    bundles = [tagged(candidate, tag) for tag in tags]
    refused = 0
    with racing(publish_each, [(root, bundles, tmp_path / "answers")]) as (writer,):
        for bundle in bundles:
            fetched = None
            while fetched is None:
                alive = writer.is_alive()
                try:
                    fetched = directory_registry.fetch(bundle.manifest.tag)
                except UnknownTag:
                    assert alive, "the writer ended without publishing"
                    refused += 1
            assert fetched.manifest == bundle.manifest
            assert bundle.manifest.tag in directory_registry.tags()
    assert refused > 0
