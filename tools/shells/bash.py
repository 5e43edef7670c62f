"""The completion script of bash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tools.command_tree import Option, Tree, Verb

SCRIPT: Final = r"""# bash completion for nncli; written by `make generated`, changes here are lost.
# To use it, source this file in ~/.bashrc. It starts no process of nncli. bash 4.4 or newer.

# Sets what may follow a verb.
_nncli_verb() {
    case $1 in
{verbs}
    esac
}

# Sets `value` to what may follow an option; fails for a switch.
_nncli_value() {
    value=()
    case $1 in
{values}
        *) return 1 ;;
    esac
}

# Sets `words` to the line as typed up to the cursor: bash has split it at = and : too.
_nncli_words() {
    local piece rest=$COMP_LINE
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD + 1}"; do
        if [[ $rest == "$piece"* && $rest != ' '* && ($piece == [:=]* || ${words[*]: -1} == *[:=]) ]]; then
            words[-1]+=$piece
        else
            words+=("$piece")
        fi
        rest=${rest#*"$piece"}
    done
}

# Adds the paths that begin with `start`, chosen by the given options of compgen.
_nncli_paths() {
    local count=${#COMPREPLY[@]}
    mapfile -t -O "$count" COMPREPLY < <(compgen "$@" -- "$start")
    [[ ${#COMPREPLY[@]} -gt $count ]] && paths=1
}

# Adds the run folders that begin with `start`.
_nncli_runs() {
    local file
    for file in "$start"*/run.json runs/*/run.json runs/*/*/run.json; do
        file=${file%/run.json}
        if [[ $file == "$start"* && -e $file/run.json && " ${COMPREPLY[*]} " != *" $file "* ]]; then
            COMPREPLY+=("$file")
        fi
    done
}

# Adds what of `value` begins with `start`: words, and @ with a kind of path.
_nncli_offer() {
    local each
    for each in "${value[@]}"; do
        case $each in
            @specs)
                _nncli_paths -f -X '!*.yaml'
                _nncli_paths -f -X '!*.yml'
                _nncli_paths -d
                ;;
            @runs)
                _nncli_runs
                _nncli_paths -f -X '!*.safetensors'
                # Folders lead to runs that lie elsewhere.
                [[ ${#COMPREPLY[@]} -eq 0 ]] && _nncli_paths -d
                ;;
            @files) _nncli_paths -f ;;
            @folders) _nncli_paths -d ;;
            "$start"*) COMPREPLY+=("$each") ;;
        esac
    done
}

# Brings COMPREPLY into the form that bash wants: it replaces only what follows the last = or :.
_nncli_finish() {
    local before=${current%"$start"} cut='' mark i
    for mark in : =; do
        if [[ $COMP_WORDBREAKS == *$mark* && ${current%"${current##*"$mark"}"} == "$cut"* ]]; then
            cut=${current%"${current##*"$mark"}"}
        fi
    done
    [[ -n $paths ]] && compopt -o filenames 2>/dev/null
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=$before${COMPREPLY[i]}
        COMPREPLY[i]=${COMPREPLY[i]#"$cut"}
        [[ -z $paths ]] && printf -v "COMPREPLY[$i]" %q "${COMPREPLY[i]}"
    done
}

_nncli() {
    local verb='' option='' place=0 repeats='' paths='' words=() value=() word
    local options='{options}' arguments=('{names}')
    COMPREPLY=()
    _nncli_words
    local current=${words[-1]}
    local start=$current
    for word in "${words[@]:1:${#words[@]} - 2}"; do
        if [[ -n $option ]]; then
            option=''
        elif [[ $word == -* ]]; then
            _nncli_value "$verb $word" && option=$word
        elif [[ -z $verb ]]; then
            verb=$word
            arguments=()
            _nncli_verb "$verb"
        elif [[ -z $repeats ]]; then
            place=$((place + 1))
        fi
    done
    if [[ -n $option ]]; then
        _nncli_value "$verb $option"
    elif [[ $current == --*=* ]]; then
        _nncli_value "$verb ${current%%=*}"
        start=${current#*=}
    elif [[ $current == -* ]]; then
        read -r -a value <<<"$options"
    else
        read -r -a value <<<"${arguments[place]}"
    fi
    _nncli_offer
    _nncli_finish
}

complete -F _nncli nncli
"""


def render(tree: Tree) -> str:
    """Writes the script."""
    parts = {
        "{verbs}": "\n".join(line for verb in tree.verbs for line in _verb(verb)),
        "{values}": "\n".join(
            _value(verb, each) for verb in tree.verbs for each in verb.options if each.metavar
        ),
        "{options}": _names(tree.options),
        "{names}": " ".join(verb.name for verb in tree.verbs),
    }
    script = SCRIPT
    for mark, text in parts.items():
        script = script.replace(mark, text)
    return script


def _names(options: tuple[Option, ...]) -> str:
    return " ".join(option.long for option in options)


def _verb(verb: Verb) -> Iterator[str]:
    indent = " " * 12
    yield f"        {verb.name})"
    yield f"{indent}options='{_names(verb.options)}'"
    yield f"{indent}arguments=({' '.join(repr(' '.join(each.value)) for each in verb.arguments)})"
    if any(each.repeatable for each in verb.arguments):
        yield f"{indent}repeats=1"
    yield f"{indent};;"


def _value(verb: Verb, option: Option) -> str:
    names = " | ".join(f"'{verb.name} {name}'" for name in option.names)
    return f"        {names}) value=({' '.join(option.value)}) ;;"
