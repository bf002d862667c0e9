# SPDX-FileCopyrightText: The Darkroom authors
# SPDX-License-Identifier: Apache-2.0
"""Every console command is there and explains itself."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]["scripts"]


@pytest.mark.parametrize("command", SCRIPTS)
def test_command_help_names_itself_and_its_arguments(command, monkeypatch, capsys):
    module, function = SCRIPTS[command].split(":")
    monkeypatch.setattr("sys.argv", [command, "--help"])
    with pytest.raises(SystemExit) as ended:
        getattr(import_module(module), function)()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {command} ")
