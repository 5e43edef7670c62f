"""`nncli explain`: what a layer, a word, a key or an error code means, and the schema for editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nncli.errors import Exit
from nncli.explaining.asking import everything, explain_word
from nncli.explaining.explanations import Verb
from nncli.messages.catalogue import failure
from nncli.runs.atomic import write_atomic
from nncli.terminal.explanations import show_explanation, show_groups
from nncli.terminal.streams import Streams


@dataclass(frozen=True)
class ExplainOptions:
    """What `nncli explain` was asked to do."""

    word: str | None = None
    schema: bool = False
    output: Path | None = None
    overwrite: bool = False
    json: bool = False
    verbs: Mapping[str, Verb] = field(default_factory=dict)


def explain(options: ExplainOptions, streams: Streams) -> int:
    """Prints explanations of a word, what can be asked, or the schema for editors."""
    if options.schema and (options.word is not None or options.json):
        raise failure("schema-alone")
    if options.schema:
        return _write_schema(options, streams)
    if options.output is not None or options.overwrite:
        raise failure("schema-output")
    if options.word is None:
        _show_everything(options, streams)
        return Exit.DONE
    found = explain_word(options.word, options.verbs)
    if options.json:
        documents = [each.document() for each in found]
        streams.document({"version": 1, "word": options.word, "explanations": documents})
        return Exit.DONE
    for number, explanation in enumerate(found):
        if number:
            streams.data("\n")
        show_explanation(streams, explanation)
    return Exit.DONE


def _show_everything(options: ExplainOptions, streams: Streams) -> None:
    groups = {"verb": list(options.verbs), **everything()}
    if options.json:
        streams.document({"version": 1, "groups": groups})
    else:
        show_groups(streams, groups)


def _write_schema(options: ExplainOptions, streams: Streams) -> int:
    from nncli.explaining.editor_schema import editor_schema

    output = options.output
    if output is not None and output.exists() and not options.overwrite:
        raise failure("output-exists", file=str(output))
    if output is not None and not output.parent.is_dir():
        raise failure("file-unreadable", file=str(output.parent), reason="no such folder")
    text = json.dumps(editor_schema(), ensure_ascii=False, separators=(",", ":")) + "\n"
    if output is None:
        streams.data(text)
    else:
        write_atomic(output, text.encode())
        streams.say(f"wrote {output}")
    return Exit.DONE
