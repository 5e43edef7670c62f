"""A tokenizer.json of any origin, checked and brought into a form that always gives the same tokens."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nncli.columns.tokenizing import PADDING, SPECIAL, Tokenizer, opened

MOST_BYTES: Final = 64 * 2**20
"""A tokenizer.json is no larger; those with 260,000 tokens take some 34 MB."""
# The names that special tokens have in published tokenizers.
_PADDING: Final = (SPECIAL[0], "[PAD]", "<pad>", "<|pad|>", "<|padding|>", "<|finetune_right_pad_id|>")
_BEGIN: Final = (SPECIAL[2], "[CLS]", "<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "[BOS]")
_END: Final = (SPECIAL[3], "[SEP]", "</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>", "[EOS]")
_PROBE: Final = "The 1st test.\n\tÀ é 中文 \u0301\u202e🙂\0"


def read_tokenizer(content: bytes) -> Tokenizer:
    """Reads a tokenizer.json; its tokens keep their numbers.

    What adds tokens, cuts, fills up or draws at random is switched off. Raises ValueError, which says what
    is wrong with it.
    """
    if len(content) >= MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES // 2**20} MB")
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    model = document.get("model") if isinstance(document, dict) else None
    if not isinstance(model, dict):
        raise ValueError("it has no `model`: it is not of the library `tokenizers`")
    for normalizer in _steps(document.get("normalizer")):
        _check_charsmap(normalizer)
    padding = document.get("padding")
    fixed = {"truncation": None, "padding": None, "post_processor": None}
    text = json.dumps(
        document | fixed | {"model": model | ({"dropout": None} if "dropout" in model else {})},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    vocabulary = opened(text).get_vocab(with_added_tokens=True)
    tokenizer = Tokenizer(
        text,
        max(vocabulary.values(), default=0) + 1,
        _padding_of(padding, vocabulary),
        _unknown_of(model, vocabulary),
        _first(_BEGIN, vocabulary),
        _first(_END, vocabulary),
    )
    if tokenizer.unknown is None and not _knows_every_byte(document, vocabulary):
        raise ValueError("it has no token for what is unknown, and would leave that out")
    tokenizer.decode(tokenizer.encode([_PROBE])[0].tolist())
    return tokenizer


def _steps(part: object) -> Iterator[Mapping[str, Any]]:
    """Walks over a part of a tokenizer, and over the parts of a sequence."""
    if isinstance(part, Mapping):
        yield part
        for key in ("normalizers", "pretokenizers", "decoders"):
            inner = part.get(key)
            for each in inner if isinstance(inner, list) else ():
                yield from _steps(each)


def _check_charsmap(normalizer: Mapping[str, Any]) -> None:
    """Refuses a table of characters that the library would panic at. Raises ValueError."""
    if normalizer.get("type") != "Precompiled":
        return
    try:
        table = base64.b64decode(str(normalizer.get("precompiled_charsmap")), validate=True)
        size = int.from_bytes(table[:4], "little")
        if len(table) < 4 or size % 4 or size > len(table) - 4:
            raise ValueError
        table[4 + size :].decode()
    except (binascii.Error, ValueError):
        raise ValueError("its `precompiled_charsmap` is damaged") from None


def _padding_of(padding: object, vocabulary: Mapping[str, int]) -> int:
    stated = padding.get("pad_id") if isinstance(padding, Mapping) else None
    if isinstance(stated, int) and not isinstance(stated, bool) and stated in vocabulary.values():
        return stated
    found = _first(_PADDING, vocabulary)
    return PADDING if found is None else found


def _unknown_of(model: Mapping[str, Any], vocabulary: Mapping[str, int]) -> int | None:
    stated = model.get("unk_id")
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated
    if model.get("type") == "Unigram":
        return None
    token = model.get("unk_token")
    return vocabulary.get(token) if isinstance(token, str) else None


def _first(names: Sequence[str], vocabulary: Mapping[str, int]) -> int | None:
    return next((vocabulary[name] for name in names if name in vocabulary), None)


def _knows_every_byte(document: Mapping[str, Any], vocabulary: Mapping[str, int]) -> bool:
    """Tells whether any text can be spelt: in signs for bytes, as GPT-2's, or in tokens such as <0x0A>."""
    if document["model"].get("byte_fallback"):
        return all(f"<0x{byte:02X}>" in vocabulary for byte in range(256))
    from tokenizers import pre_tokenizers

    parts = (document.get("normalizer"), document.get("pre_tokenizer"))
    is_byte_level = any(step.get("type") == "ByteLevel" for part in parts for step in _steps(part))
    return is_byte_level and all(sign in vocabulary for sign in pre_tokenizers.ByteLevel.alphabet())
