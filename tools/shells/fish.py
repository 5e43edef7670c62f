"""The completion script of fish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tools.command_tree import Option, Tree, Value, Verb

SCRIPT: Final = r"""# fish completion for nncli; written by `make generated`, changes here are lost.
# To use it, copy this file into ~/.config/fish/completions. It starts no process of nncli.

# Tells whether the line stands at VERB and its argument number PLACE; both are left out before a verb.
function __nncli_at
    set -l verb
    set -l place 0
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if string match -q -- '-*' $word
            contains -- $word {takers}; and set skip yes
        else if test -z "$verb"
            set verb $word
            set place 1
        else
            set place (math $place + 1)
        end
    end
    test "$verb" = "$argv[1]"; and begin
        test (count $argv) -lt 2; or test $place = $argv[2]
    end
end

# Offers the paths of a kind that begin with what was typed.
function __nncli_paths
    set -l start (commandline -ct | string replace -r -- '^-[^=]*=' '')
    set -l found (__fish_complete_path "$start" | string replace -r -- '\t.*' '')
    switch $argv[1]
        case specs
            string match -r -- '.*(?:\.yaml|\.yml|/)$' $found
        case runs
            for file in runs/*/run.json runs/*/*/run.json "$start"*/run.json
                string replace -- /run.json '' $file
            end
            for path in (string match -r -- '.*(?:\.safetensors|/)$' $found)
                test -e "$path"run.json; or echo $path
            end
    end
end

complete -c nncli -f
"""


def render(tree: Tree) -> str:
    """Writes the script."""
    takers = {name for verb in tree.verbs for each in verb.options if each.metavar for name in each.names}
    start = "__nncli_at ''"
    lines = [_option(start, each) for each in tree.options]
    lines += [
        f"complete -c nncli -n {_quoted(start)} -a {verb.name} -d {_quoted(verb.help)}" for verb in tree.verbs
    ]
    for verb in tree.verbs:
        lines += ["", *_verb(verb)]
    return SCRIPT.replace("{takers}", " ".join(sorted(takers))) + "\n".join(lines) + "\n"


def _verb(verb: Verb) -> Iterator[str]:
    for place, argument in enumerate(verb.arguments, start=1):
        at = f"__nncli_at {verb.name}" + ("" if argument.repeatable else f" {place}")
        yield f"complete -c nncli -n {_quoted(at)} {_value(argument.value)}"
    for option in verb.options:
        yield _option(f"__nncli_at {verb.name}", option)


def _option(at: str, option: Option) -> str:
    names = " ".join(f"-s {name[1]}" if len(name) == 2 else f"-l {name[2:]}" for name in option.names)
    value = f" -x {_value(option.value)}".rstrip() if option.metavar else ""
    return f"complete -c nncli -n {_quoted(at)} {names}{value} -d {_quoted(option.help)}"


def _value(value: Value) -> str:
    """Writes what is offered; fish completes files and folders itself."""
    places = {"@files": "(__fish_complete_path)", "@folders": "(__fish_complete_directories)"}
    named = {"@specs": "(__nncli_paths specs)", "@runs": "(__nncli_paths runs)", **places}
    return f"-a {_quoted(' '.join(named.get(each, each) for each in value))}" if value else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
