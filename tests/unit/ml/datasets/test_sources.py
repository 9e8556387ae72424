"""What `path` of [dataset] may name, and which files that is."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from core.errors import DatasetError
from ml.datasets.sources import Files, digest, file_digest, find_files, no_download, path_fault, plain, url_fault

URL = "https://data.example.org/customers.csv"


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"age\n{name}\n")


def _find(text: str, folder: Path) -> Files:
    return find_files(text, folder, no_download)


def test_a_file_is_that_file_whether_it_is_there_or_not(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert _find("a.csv", tmp_path) == Files(paths=(path,), names=(str(path),), label=str(path))


def test_a_glob_is_its_files_by_name(tmp_path: Path) -> None:
    _write(tmp_path, "data/b.csv", "data/a.csv", "data/.hidden.csv", "data/.csv", "data/c.txt", "data/deep/d.csv")
    (tmp_path / "data/folder.csv").mkdir()
    found = _find("data/*.csv", tmp_path)
    assert found.names == ("data/a.csv", "data/b.csv")
    assert found.paths == (tmp_path / "data/a.csv", tmp_path / "data/b.csv")
    assert found.label == f"{tmp_path}/data/*.csv (2 files)"


def test_two_stars_reach_every_folder_below(tmp_path: Path) -> None:
    _write(tmp_path, "data/2025/a.csv", "data/2024/b.csv", "data/c.csv", "data/.git/d.csv")
    assert _find("data/**/*.csv", tmp_path).names == ("data/2024/b.csv", "data/2025/a.csv", "data/c.csv")


def test_a_glob_may_begin_at_the_root(tmp_path: Path) -> None:
    _write(tmp_path, "a.csv")
    assert _find(f"{tmp_path}/*.csv", Path("/elsewhere")).paths == (tmp_path / "a.csv",)


def test_a_file_with_a_bracket_in_its_name_is_no_glob(tmp_path: Path) -> None:
    _write(tmp_path, "a[1].csv", "a1.csv")
    assert _find("a[1].csv", tmp_path).paths == (tmp_path / "a[1].csv",)


def test_a_file_under_two_names_counts_once_even_where_links_lead_in_a_circle(tmp_path: Path) -> None:
    _write(tmp_path, "data/a.csv")
    (tmp_path / "data/newest.csv").symlink_to("a.csv")
    (tmp_path / "data/loop").symlink_to(".")
    assert _find("data/**/*.csv", tmp_path).names == ("data/a.csv",)


def test_a_glob_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"data/\*\.csv matches no file; dataset\.path in model\.toml names it"):
        _find("data/*.csv", tmp_path)


def test_a_url_is_fetched_and_shown_without_what_may_be_its_signature(tmp_path: Path) -> None:
    asked: list[str] = []

    def fetch(url: str) -> Path:
        asked.append(url)
        return tmp_path / "kept.csv"

    found = find_files(f"{URL}?signature=abc", tmp_path, fetch)
    assert asked == [f"{URL}?signature=abc"]
    assert found == Files(paths=(tmp_path / "kept.csv",), names=(URL,), label=URL)


def test_what_does_not_download_says_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is downloaded by the commands of python -m ml only"):
        _find(URL, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data.xlsx", "or in .gz behind that of a text, found 'data.xlsx'"),
        ("data/*", "takes a file that ends in"),
        ("a\0.csv", "takes a file that ends in"),
        ("s3://bucket/a.csv", "takes a file, a glob of files or an https URL"),
        ("http://data.example.org/a.csv", "takes an https URL (http only on this machine), found"),
        ("https://me:secret@data.example.org/a.csv", "without a name or password in it; set DATASET_TOKEN"),
        ("https://me@data.example.org/a.csv", "without a name or password in it"),
        ("https:///a.csv", "takes a URL such as"),
        ("https://data.example.org:0/a.csv", "takes a URL such as"),
        ("https://data.example.org:port/a.csv", "takes a URL such as"),
        ("https://[::1/a.csv", "takes a URL such as"),
        ("https://data.example.org/my data.csv", "with %20 for a space"),
        ("https://data.example.org/a.csv\n", "takes a URL such as"),
    ],
)
def test_a_path_that_names_no_table_is_refused_and_no_password_repeated(text: str, words: str) -> None:
    fault = path_fault(text)
    assert fault is not None
    assert words in fault
    assert "secret" not in fault


@pytest.mark.parametrize(
    "text",
    ["a.csv", "data/**/*.parquet", URL, "HTTPS://data.example.org/export?format=csv", "http://127.0.0.1:1/a.csv"],
)
def test_files_globs_and_urls_are_taken(text: str) -> None:
    assert path_fault(text) is None


def test_a_url_is_shown_up_to_the_question_mark() -> None:
    assert plain("https://data.example.org/a.csv?key=1#x") == "https://data.example.org/a.csv"
    assert url_fault("http://[::1]:8000/a.csv?key=1") is None


def test_the_checksum_of_one_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    _write(tmp_path, "a.csv")
    sha256 = hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert file_digest(tmp_path / "a.csv") == sha256
    assert digest(["a.csv"], [sha256]) == sha256


def test_the_checksum_of_several_files_is_that_of_what_sha256sum_prints(tmp_path: Path) -> None:
    names = ("a.csv", "b.csv")
    _write(tmp_path, *names)
    printed = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True, check=True).stdout
    assert digest(names, [file_digest(tmp_path / name) for name in names]) == hashlib.sha256(printed).hexdigest()


def test_a_file_of_another_name_or_place_makes_another_checksum() -> None:
    one, other = "1" * 64, "2" * 64
    told = [
        digest(["a.csv", "b.csv"], [one, other]),
        digest(["a.csv", "b.csv"], [other, one]),
        digest(["a.csv", "c.csv"], [one, other]),
        digest(["a.csv", "b.csv", "c.csv"], [one, other, one]),
    ]
    assert len(set(told)) == len(told)
