"""Workflows run on this machine, by act."""

from __future__ import annotations

from pathlib import Path

import pytest

from doubles.actions.processes import run_to_end
from doubles.actions.runner import MissingStandIn, run_workflow
from tests.workflows import FILE, make_repository, run_steps

_SHA = "0123456789abcdef0123456789abcdef01234567"


def test_a_run_tells_its_steps_and_that_it_went_well(tmp_path: Path) -> None:
    run = run_steps(tmp_path, "- {name: greet, run: echo hello}")
    assert run.conclusion == "success"
    assert [(step.job, step.name, step.conclusion) for step in run.steps] == [("only", "greet", "success")]
    assert "[only] hello" in run.log


def test_a_step_that_fails_fails_the_run_and_what_comes_after_is_skipped_but_for_always(tmp_path: Path) -> None:
    run = run_steps(
        tmp_path,
        """
- {name: fails, run: exit 3}
- {name: after, run: echo after}
- {name: in any case, if: always(), run: echo always}
""",
    )
    assert run.conclusion == "failure"
    assert [(step.name, step.conclusion) for step in run.steps] == [("fails", "failure"), ("in any case", "success")]


def test_a_job_gets_the_outputs_of_the_one_it_needs(tmp_path: Path) -> None:
    repository = make_repository(
        tmp_path,
        """
  decide:
    runs-on: ubuntu-latest
    outputs: {tag: "${{ steps.decide.outputs.tag }}"}
    steps: [{id: decide, run: 'echo "tag=model-v1.2.0" >> "$GITHUB_OUTPUT"'}]
  publish:
    needs: decide
    runs-on: ubuntu-latest
    steps: [{env: {TAG: "${{ needs.decide.outputs.tag }}"}, run: echo "publishes $TAG"}]
  never:
    if: needs.decide.outputs.tag == ''
    needs: decide
    runs-on: ubuntu-latest
    steps: [{run: exit 1}]
""",
    )
    run = run_workflow(repository, FILE, "workflow_dispatch", folder=tmp_path / "run")
    assert run.jobs == {"decide": "success", "publish": "success"}
    assert "publishes model-v1.2.0" in run.log


def test_what_is_given_reaches_the_steps_that_ask_for_it(tmp_path: Path) -> None:
    run = run_steps(
        tmp_path,
        """
- env:
    ASKED: ${{ github.event.inputs.tag }} ${{ vars.COLOUR }} ${{ github.event.sender.login }}
    SECRET: ${{ secrets.WANDB_API_KEY }}
    TOKEN: ${{ github.token }}
  run: echo "$ASKED $GITHUB_API_URL $GITHUB_REPOSITORY $EXTRA ${#SECRET} ${#TOKEN}"
""",
        inputs={"tag": "model-v1.0.0"},
        variables={"COLOUR": "red"},
        payload={"sender": {"login": "somebody"}},
        # What a shell or a YAML file would stumble over.
        secrets={"WANDB_API_KEY": 'it\'s "$HOME"\n#'},
        environment={"EXTRA": "extra"},
        token="x" * 22,
        api_url="http://127.0.0.1:1",
        repository="somebody/model",
    )
    assert "model-v1.0.0 red somebody http://127.0.0.1:1 somebody/model extra 14 22" in run.log


def test_a_step_that_does_not_ask_gets_no_secret_and_no_token(tmp_path: Path) -> None:
    run = run_steps(
        tmp_path, '- run: echo "<${GITHUB_TOKEN-absent}${KEY-absent}>"', secrets={"KEY": "a-secret"}, token="x" * 22
    )
    assert "[only] <absentabsent>" in run.log


def test_secrets_are_masked_in_the_log_and_on_no_disk(tmp_path: Path) -> None:
    run = run_steps(
        tmp_path,
        "- {env: {KEY: '${{ secrets.KEY }}', TOKEN: '${{ github.token }}'}, run: echo $KEY $TOKEN}",
        secrets={"KEY": "a-secret"},
        token="x" * 22,
    )
    assert "[only] *** ***" in run.log
    for path in (tmp_path / "run").rglob("*"):
        assert not path.is_file() or b"a-secret" not in path.read_bytes(), path


def test_the_developers_own_environment_and_files_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    repository = make_repository(
        tmp_path,
        "  only: {runs-on: ubuntu-latest, steps: [{env: {S: '${{ secrets.MINE }}', V: '${{ vars.MINE }}'},"
        ' run: echo "<$AWS_SECRET_ACCESS_KEY$MINE$S$V> $HOME"}]}\n',
    )
    for name in (".env", ".secrets", ".vars"):
        (repository / name).write_text("MINE=mine\n")
    run = run_workflow(repository, FILE, "workflow_dispatch", folder=tmp_path / "run")
    assert f"[only] <> {tmp_path / 'run/home'}" in run.log


def test_summaries_are_kept(tmp_path: Path) -> None:
    run = run_steps(tmp_path, "- run: printf '## Gate\\n\\naccepted\\n' >> \"$GITHUB_STEP_SUMMARY\"")
    assert run.summaries == ("## Gate\n\naccepted\n",)


def test_an_artifact_keeps_its_names_without_hidden_files_and_reaches_other_steps(tmp_path: Path) -> None:
    run = run_steps(
        tmp_path,
        f"""
- run: mkdir -p out/plots && touch out/card.md out/plots/a.svg out/plots/a.tmp out/.hidden
- uses: actions/upload-artifact@{_SHA}
  with: {{name: model, path: "out\\n!out/**/*.tmp"}}
- uses: actions/download-artifact@{_SHA}
  with: {{name: model, path: back}}
- run: cat back/plots/a.svg
""",
    )
    assert run.conclusion == "success", run.log
    files = [path for path in run.artifacts.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(run.artifacts)) for path in files) == ["model/card.md", "model/plots/a.svg"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("out/one.txt", ["one.txt"]),
        ("out/*.txt", ["one.txt", "two.txt"]),
        ("out/**/deep.txt", ["sub/deep.txt"]),
        ("out/one.txt\\nout/sub", ["one.txt", "sub/deep.txt"]),
    ],
)
def test_names_in_an_artifact_begin_where_the_real_action_has_them_begin(
    tmp_path: Path, path: str, names: list[str]
) -> None:
    run = run_steps(
        tmp_path,
        f"""
- run: mkdir -p out/sub && touch out/one.txt out/two.txt out/sub/deep.txt
- uses: actions/upload-artifact@{_SHA}
  with: {{path: "{path}"}}
""",
    )
    root = run.artifacts / "artifact"
    assert sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()) == names


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            "upload-artifact@{} \n  with: {{path: nothing, if-no-files-found: error}}",
            "no files were found with nothing",
        ),
        ("download-artifact@{} \n  with: {{name: model}}", "this run has no artifact model"),
    ],
)
def test_an_artifact_that_is_not_there_fails_the_step(tmp_path: Path, step: str, words: str) -> None:
    run = run_steps(tmp_path, f"- uses: actions/{step.format(_SHA)}")
    assert run.conclusion == "failure"
    assert words in run.log


def test_an_action_without_a_stand_in_is_named_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(MissingStandIn, match="owner/unknown has no stand-in"):
        run_steps(tmp_path, f"- uses: owner/unknown@{_SHA}")


def test_a_workflow_that_is_not_valid_does_not_start(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, "  only: {runs-on: ubuntu-latest, nonsense: 1}\n")
    run = run_workflow(repository, FILE, "workflow_dispatch", folder=tmp_path / "run")
    assert run.conclusion == "startup_failure"
    assert "Unknown Property nonsense" in run.log


def test_a_run_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    running = tmp_path / "running"
    # The pipe has an end as long as anything that was started is alive.
    steps = f"- run: mkfifo {running}; trap '' TERM INT HUP; (sleep 600 & sleep 600) > {running} & cat {running}"
    repository = make_repository(tmp_path, f'  only: {{runs-on: ubuntu-latest, steps: [{{run: "{steps[7:]}"}}]}}\n')
    run = run_workflow(repository, FILE, "workflow_dispatch", folder=tmp_path / "run", timeout_s=2)
    assert run.conclusion == "timed_out"
    assert _processes_with(str(running)) == []


def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    output, mark = tmp_path / "output", str(tmp_path / "left")
    command = ["sh", "-c", f"setsid env LEFT={mark} sleep 600 & exit 5"]
    status = run_to_end(command, folder=tmp_path, environment={"PATH": "/usr/bin:/bin"}, output=output, timeout_s=30)
    assert status == 5
    assert _processes_with(mark) == []


def _processes_with(text: str) -> list[Path]:
    """The processes that have a text among their arguments or their environment."""
    return [
        folder
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal() and any(text.encode() in _read(folder / name) for name in ("cmdline", "environ"))
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
