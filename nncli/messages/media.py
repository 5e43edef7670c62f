"""Words for what is wrong with images and sounds, and with the folders that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.errors import DataError
from nncli.messages.words import Words

_FOLDERS: Final = {
    "folder-class-empty": Words(
        DataError,
        "no file lies in {shown}",
        ("take out folders of classes that have no files",),
        "In a folder with a folder for each class, every class has files.",
    ),
    "folder-empty": Words(
        DataError,
        "no image or sound lies in the folder",
        ("put a folder for each class into it, or the files themselves where they have no classes",),
        "A folder as data holds images or sounds.",
    ),
    "folder-files": Words(
        DataError,
        "{files} in the folder are no images or sounds, by their names: {shown}",
        ("take them out of the folder; files end in {known}",),
        "What a file of a folder is follows its suffix. Nothing is left out in silence but hidden files.",
    ),
    "folder-hidden": Words(
        DataError,
        "hidden files are left out, {files}: {shown}",
        (),
        "Names that start with a dot, and what systems leave behind in folders, are no data.",
    ),
    "folder-levels": Words(
        DataError,
        "{files} lie beside the folders of classes: {shown}",
        ("put each file into the folder of its class",),
        "A folder has a folder for each class, or files alone.",
    ),
    "folder-links": Words(
        DataError,
        "the folder has links that lead out of it or nowhere, {links}: {shown}",
        ("put the files themselves there; a link to a folder is not followed either",),
        "What belongs to a folder of data lies below it.",
    ),
    "folder-mixed": Words(
        DataError,
        "the folder holds both images and sounds, such as {shown}",
        ("give each kind a folder of its own, or a table with a column of paths for each",),
        "All files of a folder are of one kind.",
    ),
    "folder-name": Words(
        DataError,
        "these names of files are no UTF-8 text: {shown}",
        ("rename the files",),
        "Names of files are data: they become rows and classes.",
    ),
}
TABLE: Final[Mapping[str, Words]] = _FOLDERS
