"""The lines of a text file, found by reading it again when a message needs them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from nncli.errors import DataError
from nncli.sources.data_files import DataFile
from nncli.sources.delimited_records import piece_text
from nncli.sources.spots import Index
from nncli.sources.text_pieces import text_pieces


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a file are: `index` tells where its pieces begin.

    `delimiter` is empty where quotes mean nothing, and a line end is always one.
    """

    file: DataFile
    encoding: str
    delimiter: str
    index: Index = ()

    def from_line(self, number: int) -> list[str]:
        """Gives the lines of a file from one on, counted from 1, to the end of a piece.

        None where there is no such line, or the file is no longer what it was.
        """
        place = bisect_right(self.index, number, key=lambda mark: mark.line) - 1
        offset, line = (self.index[place].offset, self.index[place].line) if place >= 0 else (0, 1)
        try:
            quoted = bool(self.delimiter)
            for piece in text_pieces(self.file, self.encoding, is_quoted=quoted, offset=offset):
                text = self._normal(piece.content)
                line_ends = text.count(b"\n")
                if number < line + line_ends:
                    return text.decode("utf-8").split("\n")[number - line : -1]
                line += line_ends
        except DataError:
            pass
        return []

    def _normal(self, content: bytes) -> bytes:
        if self.delimiter:
            return piece_text(content, self.file.shown, self.delimiter).content
        return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
