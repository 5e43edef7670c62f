"""A word to its explanations; torch is imported only where the tables of the language do not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nncli.explaining.explanations import Explanation, Verb
from nncli.explaining.words import (
    explain_code,
    explain_keys,
    explain_words,
    function_names,
    known_words,
    word_groups,
)
from nncli.messages.catalogue import failure, nearest
from nncli.spec.habits import HABITS
from nncli.spec.key_examples import may_be_key

_NO_VERBS: Final[Mapping[str, Verb]] = {}


def explain_word(word: str, verbs: Mapping[str, Verb] = _NO_VERBS) -> tuple[Explanation, ...]:
    """Explains a word in every meaning that it has.

    Raises UsageError `word-unknown` with what to write instead of it, or the nearest word.
    """
    found = [*explain_words(word), *explain_code(word)]
    # pydantic takes longer to import than all the rest of an answer about a word.
    if not found or may_be_key(word):
        found += explain_keys(word)
    if word in verbs:
        found.append(_explain_verb(word, verbs[word]))
    if not found or word in function_names():
        # Importing torch takes longer than all the rest.
        from nncli.explaining.offers import explain_offers

        found += explain_offers(word)
    if not found:
        raise failure(
            "word-unknown", word=word, instead=HABITS.get(word.lower(), ""), nearest=_nearest(word, verbs)
        )
    return tuple(found)


def _explain_verb(name: str, verb: Verb) -> Explanation:
    facts = (("options", f"`nncli {name} --help` lists them"),)
    return Explanation(name, "verb", verb.text, facts, example="".join(f"{each}\n" for each in verb.examples))


def _nearest(word: str, verbs: Mapping[str, Verb]) -> str:
    from nncli.explaining.offers import KINDS
    from nncli.network.layers.torch_layers import KNOWN_ELSEWHERE

    # Where only case differs the last one counts: Conv2D means the layer, not the function conv2d.
    offered = [name for kind in reversed(KINDS) for name in kind.offered()]
    if word.lower() in KNOWN_ELSEWHERE:
        return KNOWN_ELSEWHERE[word.lower()].partition(":")[0]
    return nearest(word, [*known_words(), *verbs, *offered])


def everything() -> Mapping[str, Sequence[str]]:
    """Lists what can be asked, by groups."""
    from nncli.explaining.offers import KINDS

    groups = dict(word_groups())
    codes = groups.pop("error code")
    offered = {kind.name: sorted(kind.offered()) for kind in KINDS}
    return {**groups, **{name: words for name, words in offered.items() if words}, "error code": codes}
