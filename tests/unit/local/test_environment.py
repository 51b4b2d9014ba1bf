from __future__ import annotations

from pathlib import Path

from local.sam.project import add_defaults, read_env_file


def test_a_file_of_settings(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# a comment\nA=1\n B = two words \nC='quoted'\nEMPTY=\n#D=4\nnonsense\nE=a=b\n")
    assert read_env_file(path) == {"A": "1", "B": "two words", "C": "quoted", "E": "a=b"}
    assert read_env_file(tmp_path / "missing") == {}


def test_what_is_set_wins() -> None:
    environment = {"A": "mine", "B": ""}
    add_defaults(environment, {"A": "1", "B": "2", "C": "3"})
    assert environment == {"A": "mine", "B": "2", "C": "3"}
