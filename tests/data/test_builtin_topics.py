from __future__ import annotations

import csv
import io

from nncli.data.builtin_topics import CLASSES, paragraphs_table, topics_text


def test_the_topics_are_one_long_text() -> None:
    text = topics_text().decode()
    assert len(text) > 100_000
    assert '"assert"' in text and "\0" not in text
    assert text == topics_text().decode()


def test_paragraphs_have_the_class_of_their_topic_once() -> None:
    header, *rows = csv.reader(io.StringIO(paragraphs_table().decode()))
    assert header == ["paragraph", "chapter"]
    texts = [text for text, _ in rows]
    assert len(set(texts)) == len(texts) > 500
    assert {chapter for _, chapter in rows} == set(CLASSES)
    for chapter in CLASSES:
        assert sum(each == chapter for _, each in rows) >= 30
    assert all(len(text) >= 40 and "\n" not in text for text in texts)
