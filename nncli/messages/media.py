"""Words for what is wrong with images and sounds, and with the folders that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.errors import DataError, ResourceError, SpecError
from nncli.messages.words import Words

_FOLDERS: Final = {
    "folder-class-empty": Words(
        DataError,
        "no file of `{file}` lies in {shown}",
        ("take out folders of classes that have no files",),
        "In a folder with a folder for each class, every class has files.",
    ),
    "folder-empty": Words(
        DataError,
        "no image or sound lies in `{file}`",
        ("put a folder for each class into it, or the files themselves where they have no classes",),
        "A folder as data holds images or sounds.",
    ),
    "folder-files": Words(
        DataError,
        "{files} in `{file}` are no images or sounds, by their names: {shown}",
        ("take them out of the folder; files end in {known}",),
        "What a file of a folder is follows its suffix. Nothing is left out in silence but hidden files.",
    ),
    "folder-hidden": Words(
        DataError,
        "hidden files in `{file}` are left out, {files}: {shown}",
        (),
        "Names that start with a dot, and what systems leave behind in folders, are no data.",
    ),
    "folder-levels": Words(
        DataError,
        "{files} lie beside the folders of classes in `{file}`: {shown}",
        ("put each file into the folder of its class",),
        "A folder has a folder for each class, or files alone.",
    ),
    "folder-links": Words(
        DataError,
        "`{file}` has links that lead out of it or nowhere, {links}: {shown}",
        ("put the files themselves there; a link to a folder is not followed either",),
        "What belongs to a folder of data lies below it.",
    ),
    "folder-mixed": Words(
        DataError,
        "`{file}` holds both images and sounds, such as {shown}",
        ("give each kind a folder of its own, or a table with a column of paths for each",),
        "All files of a folder are of one kind.",
    ),
    "folder-pairs": Words(
        DataError,
        "`{file}` has {files} without exactly one partner: {shown}",
        ("give each image one mask of its name: images/7.jpg and masks/7.png",),
        "In a folder of `images` and `masks`, files of one name belong together.",
    ),
    "folder-name": Words(
        DataError,
        "these names of files in `{file}` are no UTF-8 text: {shown}",
        ("rename the files",),
        "Names of files are data: they become rows and classes.",
    ),
}
_IMAGES: Final = {
    "augment-unknown": Words(
        SpecError,
        "there is no transform `{transform}`",
        ("did you mean `{nearest}`?", "there are {known}"),
        "Transforms of `augment:` have torchvision's names for images, and audiomentations' for sounds.",
    ),
    "augment-value": Words(
        SpecError,
        "{transform} cannot be made: {reason}",
        (),
        "An argument of a transform makes no sense, or does not suit the column.",
    ),
    "file-unnamed": Words(
        DataError,
        "`{column}` names no file in {rows}: {lines}",
        ("remove these rows, or fill in the paths; they start from the folder of the table",),
        "Every cell of a column of files is the path of one.",
    ),
    "image-channels": Words(
        SpecError,
        "`{name}` has 2 channels, and an image has 1, 3 or 4",
        ("1 is grey, 3 colour, 4 colour with how opaque it is",),
        "Images are grey, colours, or colours with an alpha channel.",
    ),
    "image-gone": Words(
        DataError,
        "`{file}` can no longer be decoded: {reason}",
        ("put the file back; training goes on from its last checkpoint with `--resume`",),
        "An image that could be decoded when training began is gone or changed.",
    ),
    "image-scale": Words(
        SpecError,
        "the pixels of `{name}` cannot be scaled by quantiles",
        ("write standard, minmax (0 to 1) or none (0 to 255)",),
        "Pixels are scaled by channel.",
    ),
    "image-size": Words(
        SpecError,
        "size of `{name}` is [{received}], but must be from 1 to 16384",
        (),
        "The height and width of images.",
    ),
    "image-sizes": Words(
        DataError,
        "the images of `{name}` have sizes from {smallest} to {largest}, and no size is stated",
        ("say to which size they are brought: `size: [224, 224]` beside the type of `{name}`",),
        "All images of a column have one size: the one that is stated, else the one that all of them have.",
    ),
    "image-too-large": Words(
        ResourceError,
        "images of `{column}` are too large in {rows}: {reasons}",
        ("take them out or make them smaller: an image has at most 50 million pixels",),
        "An image is refused by its header where its pixels would take too much memory or time.",
    ),
    "image-unreadable": Words(
        DataError,
        "files of `{column}` cannot be decoded in {rows}: {reasons}",
        ("repair them, or remove their rows; nncli reads PNG, JPEG, GIF, BMP, WebP and TIFF",),
        "Every image is decoded whole before the first step, so that none of them ends training later.",
    ),
    "mask-augment": Words(
        SpecError,
        "the mask `{name}` is augmented, and there is no image whose draws it could share",
        ("write `augment:` beside the type of the image",),
        "A mask moves as its image does.",
    ),
    "mask-classes": Words(
        DataError,
        "`{column}` has {count} classes, and a mask has at most 255 of values up to 65535",
        ("say which values are classes: `classes: [0, 1, 2]`, and `unknown: keep` for all others",),
        "The class of a pixel is its palette index or grey value.",
    ),
    "mask-image": Words(
        SpecError,
        "the mask `{name}` does not say which image it belongs to",
        ("write `image: NAME` beside its type; the images are {known}", "there is no input of type image"),
        "A mask has the size of its image and moves with it, so that it has to name one of several.",
    ),
    "mask-input": Words(
        SpecError,
        "`{name}` is a mask, which can be predicted, but cannot flow in",
        ("an image whose values are looked at can flow in: `{name}: {{type: image, channels: 1}}`",),
        "Masks are targets.",
    ),
    "mix-inputs": Words(
        SpecError,
        "{mixer} mixes `{name}` with another row, and the network also takes {others}",
        ("take {mixer} out of `augment:`, or let `{name}` alone flow in",),
        "MixUp and CutMix mix the only input of a network: all that belongs to a row is mixed, or nothing.",
    ),
    "mix-targets": Words(
        SpecError,
        "{mixer} mixes `{name}` with another row, and `{target}` has a class at each {what}",
        ("take {mixer} out of `augment:`",),
        "MixUp and CutMix mix rows with a class, with several, or with numbers.",
    ),
    "view-name": Words(
        SpecError,
        "`{view}` cannot be the name of a view of `{name}`",
        ("names have letters, digits and underscores; each input has its own",),
        "A view is an input of its own.",
    ),
}
_SOUNDS: Final = {
    "sound-cells": Words(
        DataError,
        "the samples of `{column}` in row {row} are no sound: {reason}",
        ("a cell has (samples,) or (channels, samples), of int16, int32 or float32",),
        "A column of sounds names files, or holds samples: whole numbers, or floats from -1 to 1.",
    ),
    "sound-channels": Words(
        SpecError,
        "`{name}` has {received} channels, and a sound has 1 or 2",
        ("files of more channels are mixed to one: leave `channels` out",),
        "Sounds are brought to one channel, or two.",
    ),
    "sound-gone": Words(
        DataError,
        "`{file}` can no longer be decoded: {reason}",
        ("put the file back; training goes on from its last checkpoint with `--resume`",),
        "A sound that could be decoded when training began is gone or changed.",
    ),
    "sound-length": Words(
        SpecError,
        "length of `{name}` is a number of samples, or a time; received {received}",
        ("write `length: 1.5s`, `length: 250ms`, or the samples: `length: 16000`",),
        "Every sound is cut, or filled up with silence, to the length that is stated.",
    ),
    "sound-length-missing": Words(
        DataError,
        "the longest sound of `{name}` has {seconds} seconds, and no length is stated",
        ("state how much of a sound is taken at a time: `length: 5s`", "{most} seconds at most without it"),
        "Without a length all sounds are as long as the longest one of the training part.",
    ),
    "sound-rate": Words(
        SpecError,
        "rate of `{name}` is {received}, but must be from 1,000 to 768,000",
        ("the rate of a sound is in samples a second: 16000",),
        "Sounds are brought to the rate that is stated.",
    ),
    "sound-rate-missing": Words(
        DataError,
        "`{name}` holds samples, which do not say how many of them make a second",
        ("write it beside the type: `{name}: {{type: audio, rate: 16000}}`",),
        "Files of sound say their rate; samples in a table do not.",
    ),
    "sound-shift": Words(
        SpecError,
        "Shift moves a sound, and `{name}` has no length in which it could",
        ("state one, longer than most sounds: `length: 1s`",),
        "Without a length the end of a sound is where its file ends, which is no place to move it to.",
    ),
    "sound-too-large": Words(
        ResourceError,
        "sounds of `{column}` are too long in {rows}: {reasons}",
        ("cut them into pieces: a file has at most 67 million samples, 25 minutes of 44.1 kHz",),
        "A sound is refused by its header where its samples would take too much memory.",
    ),
    "sound-unreadable": Words(
        DataError,
        "files of `{column}` cannot be decoded in {rows}: {reasons}",
        ("repair them, or remove their rows; nncli reads WAV, FLAC, OGG and MP3",),
        "Every sound is decoded whole before the first step, so that none of them ends training later.",
    ),
    "sounds-differ": Words(
        DataError,
        "the sounds of `{name}` differ: {kinds}; all are brought to {form}",
        ("say what they are brought to: `rate: {rate}` and `channels: {channels}` beside the type",),
        "Sounds of other rates are resampled, and those of other channels mixed to one.",
    ),
}
TABLE: Final[Mapping[str, Words]] = {**_FOLDERS, **_IMAGES, **_SOUNDS}
