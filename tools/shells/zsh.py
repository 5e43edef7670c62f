"""The completion script of zsh, for its own `_arguments`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tools.command_tree import Argument, Option, Tree, Value, Verb

SCRIPT: Final = r"""#compdef nncli
# zsh completion for nncli; written by `make generated`, changes here are lost.
# To use it, put this file's folder into fpath before compinit. It starts no process of nncli.

# Offers words, and @ with a kind of path.
_nncli_offer() {
    local each found=1
    local -a words runs
    for each; do
        case $each in
            @specs) _files -g '*.(yaml|yml)' && found=0 ;;
            @runs)
                runs=(runs/*/run.json(N:h) runs/*/*/run.json(N:h))
                compadd -a runs && found=0
                _files -g '*.safetensors' && found=0
                ;;
            @files) _files && found=0 ;;
            @folders) _files -/ && found=0 ;;
            *) words+=($each) ;;
        esac
    done
    compadd -a words && found=0
    return found
}

_nncli() {
    local context state state_descr line
    local -A opt_args
    local -a verbs
    verbs=(
{names}
    )
    _arguments -C -A '-*' \
{options}
        '1:verb:->verb' \
        '*::argument:->argument' && return 0
    if [[ $state == verb ]]; then
        _describe -t verbs verb verbs
        return
    fi
    case $words[1] in
{verbs}
    esac
}

if [[ $funcstack[1] == _nncli ]]; then
    _nncli "$@"
else
    compdef _nncli nncli
fi
"""


def render(tree: Tree) -> str:
    """Writes the script."""
    names = "\n".join(f"        {_quoted(f'{verb.name}:{verb.help}')}" for verb in tree.verbs)
    options = "\n".join(f"        {_option(each)} \\" for each in tree.options)
    verbs = "\n".join(line for verb in tree.verbs for line in _verb(verb))
    return SCRIPT.replace("{names}", names).replace("{options}", options).replace("{verbs}", verbs)


def _verb(verb: Verb) -> Iterator[str]:
    yield f"        {verb.name})"
    yield "            _arguments -S \\"
    given = [_option(each) for each in verb.options] + [_argument(each) for each in verb.arguments]
    for line in given[:-1]:
        yield f"                {line} \\"
    yield f"                {given[-1]}"
    yield "            ;;"


def _option(option: Option) -> str:
    """Writes `'(-o --output)'{-o+,--output=}'[help]:FILE: _nncli_offer @files'`."""
    mark = {True: "+", False: "="} if option.metavar else {True: "", False: ""}
    names = [name + mark[len(name) == 2] for name in option.names]
    alone = "*" if option.repeatable else f"({' '.join(option.names)})" if len(names) > 1 else ""
    taken = f":{_escaped(option.metavar)}:{_action(option.value)}" if option.metavar else ""
    rest = f"[{_escaped(option.help)}]{taken}"
    if len(names) == 1:
        return _quoted(f"{alone}{names[0]}{rest}")
    return f"{_quoted(alone)}{{{','.join(names)}}}{_quoted(rest)}"


def _argument(argument: Argument) -> str:
    repeated = "*" if argument.repeatable else ""
    return _quoted(f"{repeated}:{_escaped(argument.metavar)}:{_action(argument.value)}")


def _action(value: Value) -> str:
    """Writes what offers a value; the space in front keeps `_arguments` from adding words of its own."""
    return f" _nncli_offer {' '.join(_escaped(each) for each in value)}" if value else " "


def _escaped(text: str) -> str:
    return "".join(f"\\{mark}" if mark in "[]:\\" else mark for mark in text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
