"""What ``./invoke`` takes from the host's pip settings is what pip itself reads there: where packages come from, no more."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from verbatim.paths import PROJECT

#: What pip's parser calls the options that are kept.
_KEPT = {
    "index_url",
    "extra_index_urls",
    "no_index",
    "find_links",
    "proxy",
    "trusted_hosts",
    "cert",
    "client_cert",
    "timeout",
    "retries",
    "resume_retries",
    "keyring_provider",
    "no_input",
    "cache_dir",
    "features_enabled",
    "deprecated_features_enabled",
}

#: Options, as people write them, with a few values that pip takes.
_OPTIONS = {
    "index-url": ["https://one.example/simple", "https://two.example/simple", ""],
    "index_url": ["https://three.example/simple"],
    "pypi-url": ["https://four.example/simple"],
    "extra-index-url": ["https://five.example/simple", "file:///six file:///seven", "file:///a\n  file:///b"],
    "no-index": ["true", "0"],
    "find-links": ["/wheels", "/wheels /more"],
    "proxy": ["http://proxy.example:3128", ""],
    "trusted-host": ["one.example", "one.example two.example"],
    "cert": ["/etc/company.pem"],
    "client-cert": ["/etc/me.pem"],
    "timeout": ["30"],
    "default-timeout": ["60"],
    "retries": ["2"],
    "keyring-provider": ["disabled", "subprocess"],
    "cache-dir": ["/var/cache/pip"],
    "no-cache-dir": ["true"],
    "use-deprecated": ["legacy-resolver"],
    "user": ["true", "yes"],
    "prefix": ["/elsewhere"],
    "target": ["/elsewhere"],
    "root": ["/elsewhere"],
    "no-deps": ["1"],
    "dry-run": ["1"],
    "python": [sys.executable],
    "no-binary": [":all:"],
    "require-virtualenv": ["true"],
    "constraint": ["/etc/constraints.txt"],
    "pre": ["true"],
    "quiet": ["2"],
}
_PLACES = ("xdg/pip", "etc/pip", "home/.pip", "home/.config/pip", "site", "named")

_settings = st.lists(
    st.sampled_from(sorted(_OPTIONS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(_OPTIONS[name]))
    ),
    max_size=4,
    # pip refuses a file that has one name in two spellings.
    unique_by=lambda setting: setting[0].replace("_", "-"),
).map(dict)
_file = st.dictionaries(st.sampled_from(["global", "install", "download"]), _settings, max_size=2)


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    """``invoke``, as a module."""
    loader = importlib.machinery.SourceFileLoader("bootstrap", str(PROJECT / "invoke"))
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def install_options(environment: Mapping[str, str]) -> dict[str, Any]:
    """What ``pip install`` would go by."""
    commands = importlib.import_module("pip._internal.commands")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        values = commands.create_command("install").parser.get_default_values()
    return {name: str(value) if name == "format_control" else value for name, value in vars(values).items()}


def write(path: Path, content: Mapping[str, Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "".join(
            f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in said.items())
            for section, said in content.items()
        )
    )


@settings(max_examples=60, deadline=None)
# Two names of one option, of which a later file has only one: pip goes by where each stood first.
@example(
    files={
        "xdg/pip": {"global": {"timeout": "30", "default-timeout": "60"}},
        "etc/pip": {"global": {"timeout": "30"}},
    },
    variables={},
)
@given(
    files=st.dictionaries(st.sampled_from(_PLACES), _file, max_size=3),
    variables=_settings,
)
def test_pip_hears_of_its_own_settings_those_that_say_where_packages_come_from(
    bootstrap: ModuleType,
    tmp_path_factory: pytest.TempPathFactory,
    files: Mapping[str, Mapping[str, Mapping[str, str]]],
    variables: Mapping[str, str],
) -> None:
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PIP_", "XDG_CONFIG_"))]:
            patch.delenv(name)
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("XDG_CONFIG_DIRS", f"{folder}/xdg:{folder}/etc")
        patch.setattr(sys, "prefix", str(folder / "site"))
        for place, content in files.items():
            write(folder / place / "pip.conf", content)
        for name, value in variables.items():
            patch.setenv("PIP_" + name.upper().replace("-", "_"), value)
        if "named" in files:
            patch.setenv("PIP_CONFIG_FILE", str(folder / "named" / "pip.conf"))
        # Of two spellings of one option the last counts, so nothing may change the order of the variables before.
        environment = bootstrap.pip_environment()
        hosts = install_options(
            {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        )
        ours = install_options(environment)
        plain = install_options({"PIP_CONFIG_FILE": os.devnull})
    assert {name: ours[name] for name in _KEPT} == {name: hosts[name] for name in _KEPT}
    rest = ours.keys() - _KEPT
    assert {name: ours[name] for name in rest} == {name: plain[name] for name in rest}


def test_each_setting_that_is_kept_is_one_of_pips(bootstrap: ModuleType) -> None:
    commands = importlib.import_module("pip._internal.commands")
    parser = commands.create_command("install").parser
    options = {name: parser.get_option(f"--{name}") for name in bootstrap.KEPT}
    assert [name for name, option in options.items() if option is None] == []
    assert {option.dest for option in options.values()} == _KEPT


def test_where_no_file_is_to_be_read_none_is(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / ".config" / "pip" / "pip.conf", {"global": {"index-url": "https://one.example/simple"}})
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert "PIP_INDEX_URL" not in bootstrap.pip_environment()
