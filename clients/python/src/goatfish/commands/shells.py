"""Completion scripts, made from the parser of ``gf``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from goatfish.commands.run_columns import STATUS_STYLES

FILES = "files"
WORDS = {
    "STATUS": " ".join(STATUS_STYLES),
    "SORT": " ".join(sign + name for name in ("created_at", "name") for sign in ("", "-")),
}
KINDS = {
    "FILE": FILES,
    "GLOB": FILES,
    "-- COMMAND": FILES,
    "NAME|ID": "simulations",
    "SIMULATION": "simulations",
    "RUN": "runs",
    "RUN|SIMULATION": "runs",
}
"""What a value is, by the name that the help gives it."""
NAMES = ("simulations", "runs")


@dataclass(frozen=True)
class Grammar:
    """What may follow a command: options with their help, what their values are, and what its other words are."""

    help: str
    options: Mapping[str, str]
    values: Mapping[str, str]
    words: str


def grammars(parser: argparse.ArgumentParser) -> dict[str, Grammar]:
    """The grammar of each command, that of ``gf`` itself under an empty name."""
    found = {"": grammar_of(parser, "")}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            found.update({name: grammar_of(each, helps.get(name, "")) for name, each in action.choices.items()})
    return found


def grammar_of(parser: argparse.ArgumentParser, help: str) -> Grammar:
    """What may follow this command."""
    options: dict[str, str] = {}
    values: dict[str, str] = {}
    words = ""
    for action in parser._actions:
        takes = kind_of(action)
        options.update(dict.fromkeys(action.option_strings, action.help or ""))
        if action.nargs != 0:
            values.update(dict.fromkeys(action.option_strings, takes))
        if not action.option_strings and takes:
            words = takes
    return Grammar(help, options, values, words)


def kind_of(action: argparse.Action) -> str:
    """What the value of the argument is: files, simulations, runs, ``=`` and words to choose from, or unknown."""
    if action.choices is not None:
        return "=" + " ".join(map(str, action.choices))
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return "=" + WORDS[name] if name in WORDS else KINDS.get(name, "")


def options_with_values(grammar: Grammar) -> str:
    """The options that take the word behind them, as a pattern of a shell."""
    return "|".join(grammar.values) or "--"


def value_cases(found: Mapping[str, Grammar]) -> str:
    """The cases of a value behind an option, for bash and zsh."""
    return "\n".join(
        f'        ("{name} {option}") _gf_value {shlex.quote(kind)}; return ;;'
        for name, grammar in found.items()
        for option, kind in grammar.values.items()
    )


def command_cases(found: Mapping[str, Grammar]) -> str:
    """The cases of an option or another word of a command, for bash and zsh."""
    return "\n".join(
        f"        ({shlex.quote(name)}) if [[ $current == -* ]]; then _gf_value '={' '.join(grammar.options)}';"
        f" else _gf_value {shlex.quote(grammar.words)}; fi ;;"
        for name, grammar in found.items()
    )


# ── bash ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

BASH = r"""# Completion of gf for bash: gf completion bash > ~/.local/share/bash-completion/completions/gf
_gf_reply() {
    # Each line of standard input that begins as what is typed, quoted as what is typed: names are never run.
    local name typed=$current quote=
    case $current in
        \'*|\"*) quote=${current:0:1} typed=${current:1} ;;
        *) typed=${current//\\/} ;;
    esac
    while IFS= read -r name; do
        [[ $name == "$typed"* ]] || continue
        case $quote in
            \') [[ $name == *\'* ]] || COMPREPLY+=("$name") ;;
            \") [[ $name == *[\"\\\$\`!]* ]] || COMPREPLY+=("$name") ;;
            *) [[ $name == -* ]] && COMPREPLY+=("$name") || COMPREPLY+=("$(printf %q "$name")") ;;
        esac
    done
}
_gf_value() {
    case $1 in
        =*) _gf_reply < <(printf '%s\n' ${1#=}) ;;
        files) compopt -o default 2>/dev/null ;;
        simulations|runs) _gf_reply < <(command gf completion --names "$1" 2>/dev/null) ;;
    esac
}
_gf() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= i
    [[ $current == = ]] && current=
    [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) compopt -o default 2>/dev/null; return ;;
            %(taking)s) [[ -n $command ]] || ((i++)) ;;
            -*) ;;
            *) command=${command:-${COMP_WORDS[i]}} ;;
        esac
    done
    case "$command $previous" in
%(values)s
    esac
    case $command in
%(commands)s
    esac
}
complete -F _gf gf
"""


def bash(parser: argparse.ArgumentParser) -> str:
    """The script for bash, from 3.2 on."""
    found = grammars(parser)
    return filled(
        BASH,
        taking=options_with_values(found[""]),
        values=value_cases(found),
        commands=command_cases(found),
    )


# ── zsh ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

ZSH = r"""#compdef gf
# Completion of gf for zsh: gf completion zsh > "${fpath[1]}/_gf"
_gf_value() {
    case $1 in
        ('='*) compadd -- ${=${1#'='}} ;;
        (files) _files ;;
        (simulations|runs) compadd -- ${(f)"$(command gf completion --names $1 2>/dev/null)"} ;;
    esac
}
_gf() {
    local current=$words[CURRENT] previous=$words[CURRENT-1] gf_command= i
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
            (--) _files; return ;;
            (%(taking)s) [[ -n $gf_command ]] || ((i++)) ;;
            (-*) ;;
            (*) gf_command=${gf_command:-$words[i]} ;;
        esac
    done
    case "$gf_command $previous" in
%(values)s
    esac
    case $gf_command in
%(commands)s
    esac
}
if [[ $funcstack[1] == _gf ]]; then _gf "$@"; else compdef _gf gf; fi
"""


def zsh(parser: argparse.ArgumentParser) -> str:
    """The script for zsh."""
    found = grammars(parser)
    return filled(
        ZSH,
        taking=options_with_values(found[""]),
        values=value_cases(found),
        commands=command_cases(found),
    )


# ── fish ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def fish(parser: argparse.ArgumentParser) -> str:
    """The script for fish."""
    return "\n".join(fish_lines(grammars(parser))) + "\n"


def fish_lines(found: Mapping[str, Grammar]) -> Iterator[str]:
    """A line for each command and option."""
    yield "# Completion of gf for fish: gf completion fish > ~/.config/fish/completions/gf.fish"
    yield "complete -c gf -f"
    for name, grammar in found.items():
        if name:
            yield f"complete -c gf -n __fish_use_subcommand -a {name} -d {quoted(grammar.help)}"
        condition = f"-n '__fish_seen_subcommand_from {name}'" if name else "-n __fish_use_subcommand"
        for option, help in grammar.options.items():
            form = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            takes = fish_value(grammar.values[option]) if option in grammar.values else ""
            yield f"complete -c gf {condition} {form}{takes} -d {quoted(help)}"
        if name and grammar.words:
            yield f"complete -c gf {condition}{fish_value(grammar.words).replace(' -x', '').replace(' -r', '')}"


def fish_value(kind: str) -> str:
    """The part of a line about a value."""
    if kind == FILES:
        return " -r -F"
    if kind in NAMES:
        return f" -x -a '(command gf completion --names {kind} 2>/dev/null)'"
    return f" -x -a {quoted(kind[1:])}" if kind else " -x"


def quoted(text: str) -> str:
    """The text in quotes of fish."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def filled(script: str, **parts: str) -> str:
    """The script with its parts."""
    for name, part in parts.items():
        script = script.replace(f"%({name})s", part)
    return script
