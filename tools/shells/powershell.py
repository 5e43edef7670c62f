"""The completion script of PowerShell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tools.command_tree import Option, Tree

SCRIPT: Final = r"""# PowerShell completion for nncli; written by `make generated`, changes here are lost.
# To use it, dot-source this file in $PROFILE. It starts no process of nncli.

Register-ArgumentCompleter -Native -CommandName nncli -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $verbs = [ordered]@{
{names}
    }
    # What may stand in each place: words, and @ with a kind of path.
    $arguments = @{
{arguments}
    }
    $repeats = @({repeats})
    # The options of each verb, and in '' those before a verb. A switch has no Value.
    $options = @{
{options}
    }

    $verb = ''
    $option = $null
    $place = 0
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($wordToComplete -and $element.Extent.EndOffset -ge $cursorPosition) { break }
        $word = $element.Extent.Text
        if ($option) { $option = $null }
        elseif ($word.StartsWith('-')) {
            $option = $options[$verb] | Where-Object { $_.Names -contains $word -and $null -ne $_.Value }
        }
        elseif (-not $verb) { $verb = $word }
        elseif ($repeats -notcontains $verb) { $place++ }
    }

    if ($option) { $value = $option.Value }
    elseif ($wordToComplete.StartsWith('-')) {
        foreach ($each in $options[$verb]) {
            foreach ($name in $each.Names | Where-Object { $_ -like "$wordToComplete*" }) {
                [Management.Automation.CompletionResult]::new($name, $name, 'ParameterName', $each.Help)
            }
        }
        return
    }
    elseif (-not $verb) {
        foreach ($name in $verbs.Keys | Where-Object { $_ -like "$wordToComplete*" }) {
            [Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $verbs[$name])
        }
        return
    }
    else { $value = $arguments[$verb][$place] }

    $folder = $wordToComplete -replace '[^/\\]*$', ''
    $here = Get-ChildItem -Path "$wordToComplete*" -ErrorAction SilentlyContinue
    $folders = $here | Where-Object { $_.PSIsContainer } | ForEach-Object { "$folder$($_.Name)/" }
    $found = switch ($value -split ' ') {
        '@specs' {
            $here | Where-Object { $_.Extension -in '.yaml', '.yml' } | ForEach-Object { "$folder$($_.Name)" }
            $folders
        }
        '@runs' {
            Get-ChildItem -Path 'runs/*/run.json' | ForEach-Object { "runs/$($_.Directory.Name)" }
            Get-ChildItem -Path 'runs/*/*/run.json' |
                ForEach-Object { "runs/$($_.Directory.Parent.Name)/$($_.Directory.Name)" }
            $here | Where-Object { $_.Extension -eq '.safetensors' } | ForEach-Object { "$folder$($_.Name)" }
            $folders
        }
        '@files' { $here | ForEach-Object { "$folder$($_.Name)" } }
        '@folders' { $folders }
        default { $_ }
    }
    foreach ($text in $found | Where-Object { $_ -and $_ -like "$wordToComplete*" } | Select-Object -Unique) {
        $typed = if ($text -match '\s') { "'$text'" } else { $text }
        [Management.Automation.CompletionResult]::new($typed, $text, 'ParameterValue', $text)
    }
}
"""


def render(tree: Tree) -> str:
    """Writes the script."""
    names = (f"        {_quoted(verb.name)} = {_quoted(verb.help)}" for verb in tree.verbs)
    arguments = (
        f"        {_quoted(verb.name)} = {_list(' '.join(each.value) for each in verb.arguments)}"
        for verb in tree.verbs
    )
    repeats = (verb.name for verb in tree.verbs if any(each.repeatable for each in verb.arguments))
    options = (line for verb in tree.verbs for line in _options(verb.name, verb.options))
    parts = {
        "{names}": "\n".join(names),
        "{arguments}": "\n".join(arguments),
        "{repeats}": ", ".join(_quoted(name) for name in repeats),
        "{options}": "\n".join([*_options("", tree.options), *options]),
    }
    script = SCRIPT
    for mark, text in parts.items():
        script = script.replace(mark, text)
    return script


def _options(verb: str, options: tuple[Option, ...]) -> Iterator[str]:
    yield f"        {_quoted(verb)} = @("
    for each in options:
        value = f"; Value = {_quoted(' '.join(each.value))}" if each.metavar else ""
        yield f"            @{{ Names = {_list(each.names)}{value}; Help = {_quoted(each.help)} }}"
    yield "        )"


def _list(words: Iterable[str]) -> str:
    return f"@({', '.join(_quoted(each) for each in words)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
