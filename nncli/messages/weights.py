"""Words for the codes of weights files, run folders and the disk below them."""

from __future__ import annotations

from typing import Final

from nncli.errors import BusyError, ResourceError, WeightsError
from nncli.messages.words import Words

_AGAIN: Final = "write the file again with nncli export, or copy it again from where it came"
_NEWER: Final = "install nncli {version} or later: pip install --upgrade nncli"
_UPGRADE: Final = "install a later nncli: pip install --upgrade nncli"
_NEW_RUN: Final = "start a new run without --resume"

_FILES: Final = {
    "run-without-weights": Words(
        WeightsError,
        "{run} has no weights file, and its state is {state}",
        ("its checkpoints give one: {command}",),
        "The first checkpoint of a run writes model.safetensors; --resume writes it again where it is lost.",
    ),
    "run-unsaved": Words(
        WeightsError,
        "{run} has no weights yet: nothing was saved, and its state is {state}",
        (
            "`{inspect}` says why; this trains it again: {command}",
            "this trains it: {command}",
            "wait for its first checkpoint, which comes after `checkpoint_every:` at the latest",
        ),
        "Weights are there from the first checkpoint on, which the end of a run or Ctrl-C saves too.",
    ),
    "run-weights-damaged": Words(
        WeightsError,
        "the weights file of {run} cannot be used: {reason}",
        ("its checkpoints give another: {command}",),
        "model.safetensors of a run folder was changed or cut; --resume writes it again from a checkpoint.",
    ),
    "weights-differ": Words(
        WeightsError,
        "the weights in {file} are not those of its spec: {differing}",
        (),
        "Names or shapes of tensors differ from what the spec inside the file builds.",
    ),
    "weights-metadata": Words(
        WeightsError,
        "{file} carries no usable {key}",
        ("export it again: nncli export RUN --output FILE",),
        "The metadata of a weights file does not describe a model.",
    ),
    "weights-missing": Words(
        WeightsError,
        "{file} cannot be read: {reason}",
        ("give a run folder or a weights file that nncli export wrote",),
        "The weights file is not there, or its permissions keep it closed.",
    ),
    "weights-empty": Words(
        WeightsError,
        "{file} is empty",
        (_AGAIN,),
        "A weights file of zero bytes, mostly left by a copy that failed.",
    ),
    "weights-pickle": Words(
        WeightsError,
        "{file} is a pickle, zip, NumPy or HDF5 file, and only safetensors files are read",
        ("convert it where you trust it: safetensors.torch.save_file(torch.load(...), ...)",),
        "Loading a pickle can run code that its author put there, so nncli never loads one.",
    ),
    "weights-unknown": Words(
        WeightsError,
        "{file} is no safetensors file",
        ("give a run folder or a weights file that nncli export wrote",),
        "The first bytes of the file are not those of a safetensors file.",
    ),
    "weights-cut": Words(
        WeightsError,
        "{file} is cut short: it has {size_bytes} bytes of {expected_bytes}",
        (_AGAIN,),
        "The file ends before the last tensor that its header lists, mostly because a copy broke off.",
    ),
    "weights-damaged": Words(
        WeightsError,
        "{file} is damaged: its content does not match the digest that was written with it",
        (_AGAIN,),
        "A sha256 covers every byte of a weights file. One of them changed after the file was written.",
    ),
    "weights-header-large": Words(
        WeightsError,
        "{file} says that its header has {size_bytes} bytes, and at most {most_bytes} are read",
        (_AGAIN,),
        "A header lists names and shapes. One this large is damage, or made to fill the memory.",
    ),
    "weights-foreign": Words(
        WeightsError,
        "{file} is a safetensors file without the metadata of nncli",
        ("give a run folder or a weights file that nncli export wrote",),
        "A weights file holds its spec, encoders and outputs. Another program wrote this one.",
    ),
    "weights-newer": Words(
        WeightsError,
        "{file} has format {format}, and this nncli reads up to {known}",
        (_NEWER, _UPGRADE),
        "The file was written by a later version of nncli.",
    ),
    "weights-not-finite": Words(
        WeightsError,
        "tensor {tensor} in {file} holds a number that is not finite",
        ("train again with a lower learning rate or clip_gradients",),
        "A NaN or an infinity among the weights makes every prediction worthless.",
    ),
    "file-linked": Words(
        WeightsError,
        "{file} is a link, and files in a run folder must be files of their own",
        ("put a copy of the file in its place",),
        "A link inside a run folder could make nncli read or write somewhere else.",
    ),
    "file-not-regular": Words(
        WeightsError,
        "{file} is no regular file",
        ("give a file, not a folder, a pipe or a device",),
        "Weights and run folders are read from regular files only.",
    ),
}

_EXPORTS: Final = {
    "export-constant-large": Words(
        WeightsError,
        "constant {constant} has {numbers} numbers, and a Python program is written with at most {most}",
        ("export it with --format pt2 or onnx",),
        "A constant of the network stands in the program as a list, which nobody reads at this length.",
    ),
    "export-differs": Words(
        WeightsError,
        "the {format} export differs from the network: {output} by {difference} of its largest, above {most}",
        ("the file was removed; export in another format, and report this with the spec",),
        "Every export is run on the same rows as the network, and is kept only where both give the same.",
    ),
    "export-refused": Words(
        WeightsError,
        "the network cannot be written as {format}: {reason}",
        ("--format safetensors always can be written",),
        "The exporter does not know a layer or function of the network, or needs a fixed number of rows.",
    ),
    "export-too-large": Words(
        WeightsError,
        "the weights have {size_bytes} bytes, and one ONNX file holds at most {most_bytes}",
        ("export it with --format pt2 or safetensors",),
        "ONNX files are protocol buffers, which end at 2 GiB.",
    ),
}

_RUNS: Final = {
    "run-missing": Words(
        WeightsError,
        "{run} is no folder",
        (
            "did you mean `{nearest}`?",
            "give the run folder that nncli train named, such as runs/digits-cnn/1",
        ),
        "The run folder is not there.",
    ),
    "run-foreign": Words(
        WeightsError,
        "{run} is no run folder: it has no run.json",
        (
            "did you mean `{nearest}`?",
            "give the run folder that nncli train named, such as runs/digits-cnn/1",
        ),
        "Every run folder holds a run.json. This folder was made by something else, or lost it.",
    ),
    "run-damaged": Words(
        WeightsError,
        "{run} is damaged: {file} is not as nncli wrote it",
        ("write {file} again: {command}", "restore {file} from a copy, or train again"),
        "A file of the run folder is missing, cut short or was changed by hand.",
    ),
    "run-newer": Words(
        WeightsError,
        "{run} has format {format}, and this nncli reads up to {known}",
        (_NEWER, _UPGRADE),
        "The run was made by a later version of nncli.",
    ),
    "run-differs": Words(
        WeightsError,
        "{run} was made with another value of {what}: {recorded} then, {given} now",
        ("add `{add}`", "give the same again, or start a new run without --resume"),
        "A run is resumed with the spec, --set, --seed, --code and data that it began with.",
    ),
    "rows-damaged": Words(
        WeightsError,
        "line {line} of {file} is no row of a run",
        (_NEW_RUN,),
        "Each line of metrics.jsonl, statistics.jsonl and log.jsonl is one JSON object; its counts are whole "
        "numbers, its figures numbers or null.",
    ),
    "rows-changed": Words(
        WeightsError,
        "{file} is not any more what run.json notes of it",
        ("restore {file} from a copy",),
        "Rows that were written are never changed. A run goes on all the same, with a warning.",
    ),
    "rows-short": Words(
        WeightsError,
        "{file} has {size_bytes} bytes, and the checkpoint counts on rows up to byte {noted_bytes}",
        ("restore {file} from a copy, or start a new run without --resume",),
        "A checkpoint notes how many bytes of rows came before it. It is shorter, or no row ends there.",
    ),
    "checkpoint-damaged": Words(
        WeightsError,
        "{checkpoint} is damaged ({file} is missing or changed), and the checkpoint before it is taken",
        (),
        "A file of a checkpoint does not match its manifest. It is a warning, since an older one verifies.",
    ),
    "checkpoint-spoilt": Words(
        WeightsError,
        "{checkpoint} is damaged: {file} is missing or changed",
        ("that of step {step} verifies, and --resume goes on there: {command}",),
        "A file of a checkpoint does not match its manifest, as `nncli check RUN` found.",
    ),
    "checkpoints-gone": Words(
        WeightsError,
        "{folder} holds no checkpoint, and the run is done",
        ("the run can still be used; to make it longer, start a new one",),
        "A run that is done has at least one checkpoint. Somebody removed it.",
    ),
    "checkpoints-damaged": Words(
        WeightsError,
        "none of the checkpoints in {folder} verifies ({count} found)",
        ("restore one from a copy, or start a new run without --resume",),
        "Every checkpoint of the run is damaged. Nothing is deleted.",
    ),
    "checkpoint-newer": Words(
        WeightsError,
        "{checkpoint} has version {version}, and this nncli reads up to {known}",
        (_UPGRADE,),
        "The checkpoint was saved by a later version of nncli.",
    ),
    "replay-differs": Words(
        WeightsError,
        "{run} does not give itself again: step {step}, replayed from step {first}, has {what}",
        ("compare environment.json with this machine: another CPU or torch can change the last bits",),
        "`nncli check RUN --replay N` does recorded steps again, and compares them bit for bit.",
    ),
    "run-in-use": Words(
        BusyError,
        "{run} is in use by another process",
        ("wait until process {process} ends, or stop it: kill {process}", "wait until it ends"),
        "One process at a time writes into a run folder.",
    ),
    "run-exists": Words(
        BusyError,
        "{run} exists already, and nothing is overwritten",
        (
            "add {resume} to go on with it, or name another folder with --run",
            "it is no run folder: name another one with --run",
        ),
        "A new run needs a folder that is not there or empty.",
    ),
}

_DISK: Final = {
    "disk-full": Words(
        ResourceError,
        "no room for {file}: {needed_bytes} bytes are needed, {free_bytes} are free",
        ("free some space, or name a folder on another disk with --run",),
        "The disk or a quota is full. What was saved before is unharmed, and --resume goes on from it.",
    ),
    "disk-failed": Words(
        ResourceError,
        "{file} cannot be written: {reason}",
        (),
        "The system refused to write. What was saved before is unharmed.",
    ),
    "folder-read-only": Words(
        ResourceError,
        "{file} cannot be written: {folder} allows no writing",
        ("name another folder with --run, or change the permissions of {folder}",),
        "The folder is read-only, or belongs to somebody else.",
    ),
    "save-damaged": Words(
        ResourceError,
        "{checkpoint} did not read back as it was written",
        ("check the disk; the checkpoints before it are kept",),
        "A checkpoint is read again after it was saved. This one came back changed, so the older ones stay.",
    ),
}

TABLE: Final[dict[str, Words]] = {**_FILES, **_EXPORTS, **_RUNS, **_DISK}
