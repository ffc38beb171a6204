"""The ``goatfish`` command: the command line for operators."""

import os

from typer import _completion_shared

from app.cli.commands import commands


def main() -> None:
    """Runs the command line of this process."""
    if os.environ.get("NO_COLOR"):
        _without_styles()
    _complete_at_once()
    commands()


def _complete_at_once() -> None:
    """Has the completion for zsh work at the first Tab of a session too, when zsh has only just loaded it."""
    scripts = _completion_shared._completion_scripts
    register, call = "compdef %(complete_func)s %(prog_name)s", '%(complete_func)s "$@"'
    is_loading = "[[ $zsh_eval_context[-1] == loadautofunc ]]"
    at_once = f"if {is_loading}; then\n  {call}\nelse\n  {register}\nfi"
    scripts["zsh"] = _completion_shared.COMPLETION_SCRIPT_ZSH.replace(register, at_once)


def _without_styles() -> None:
    """Has nothing write any style: by itself Rich would leave out colours alone, and Django nothing."""
    from typer import rich_utils

    rich_utils.COLOR_SYSTEM = None
    os.environ.setdefault("DJANGO_COLORS", "nocolor")
