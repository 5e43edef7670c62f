"""Where everything stands: top to bottom, scopes as frames, branches side by side, skips on lanes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nncli.drawing.routing import LANE, Detour, Lanes, detour, direct
from nncli.drawing.shapes import (
    FRAME_SIZE,
    SMALL_SIZE,
    Box,
    Frame,
    Label,
    Line,
    Picture,
    box,
    text_width,
    written,
)
from nncli.network.summary.folding import Part, folded, stands_for
from nncli.network.summary.steps import Step, Wiring
from nncli.terminal.tables import shape_text

_GAP, _COLUMN_GAP, _PADDING, _FOOT, _HEADER, _MARGIN = 30.0, 26.0, 14.0, 20.0, 24.0, 20.0
# Room beside a scope is kept for so many lines that pass its border; more of them lie on each other.
_MOST_LANES = 4
_WIDEST_TITLE = 170.0


@dataclass
class _Block:
    """Something placed: it reaches from -left to right of its middle line, and from 0 down to height.

    `keys` are the boxes inside.
    """

    left: float
    right: float
    height: float
    boxes: list[Box] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        return {each.key for each in self.boxes}

    def add(self, other: _Block, x: float, y: float) -> None:
        """Puts another block inside this one."""
        self.boxes += [each.moved(x, y) for each in other.boxes]
        self.frames += [each.moved(x, y) for each in other.frames]
        self.lines += [each.moved(x, y) for each in other.lines]
        self.labels += [each.moved(x, y) for each in other.labels]
        self.left, self.right = max(self.left, other.left - x), max(self.right, other.right + x)
        self.height = max(self.height, other.height + y)


def draw_networks(networks: Mapping[str, Wiring]) -> Picture:
    """Places the networks of a spec side by side; a single one has no frame."""
    whole = _Block(0, 0, 0)
    across = 0.0
    for name, wiring in networks.items():
        block = _network(wiring)
        if len(networks) > 1:
            block = _framed(block, name)
        whole.add(block, across + block.left, 0)
        across += block.left + block.right + _COLUMN_GAP
    dx, dy = _MARGIN, _MARGIN
    return Picture(
        width=whole.left + whole.right + 2 * _MARGIN,
        height=whole.height + 2 * _MARGIN,
        frames=tuple(each.moved(dx, dy) for each in whole.frames),
        lines=tuple(each.moved(dx, dy) for each in whole.lines),
        boxes=tuple(each.moved(dx, dy) for each in whole.boxes),
        labels=tuple(each.moved(dx, dy) for each in whole.labels),
    )


def _network(wiring: Wiring) -> _Block:
    parts = folded(wiring.steps)
    shown = stands_for(parts)
    edges: dict[tuple[str, str], None] = {}
    for step in wiring.steps:
        # What flows from one repetition to the next is what `×` says.
        if shown[step.key] == step.key:
            edges.update({(shown.get(source, source), step.key): None for source in step.sources})
    ends = {f"output {name}": shown.get(key, key) for name, key in wiring.outputs.items()}
    edges.update({(key, end): None for end, key in ends.items()})
    shapes = {**wiring.input_shapes, **{step.key: step.output for step in wiring.steps}}
    blocks = _inputs(wiring, {key for key, _ in edges})
    blocks += [_part(part, list(edges), shapes) for part in parts]
    blocks += [_lone(_output_box(end)) for end in ends]
    return _stacked(blocks, list(edges), shapes)


def _inputs(wiring: Wiring, read: Collection[str]) -> list[_Block]:
    """Makes the boxes of inputs; a mask that only travels beside its input stands in the box of that."""
    silent = {name for key, name in wiring.inputs.items() if key not in read}
    found = []
    for key, name in wiring.inputs.items():
        masked = " · with mask" if f"{name}.mask" in silent else ""
        if name not in silent:
            found.append(_lone(box(key, name, shape_text(wiring.input_shapes[key]) + masked, "end")))
    return found


def _part(part: Part, edges: Sequence[tuple[str, str]], shapes: Mapping[str, tuple[int, ...]]) -> _Block:
    if isinstance(part, Step):
        return _lone(_step_box(part))
    times = f" × {part.times}" if part.times > 1 else ""
    inside = _stacked([_part(child, edges, shapes) for child in part.children], edges, shapes)
    return _framed(inside, written(part.name) + times)


def _output_box(end: str) -> Box:
    name = end.removeprefix("output ")
    return box(end, name, "" if name == "output" else "output", "end")


def _step_box(step: Step) -> Box:
    own = step.name.rpartition(".")[2]
    kind = step.type.lower()
    name = "" if own == kind or own.rpartition("_")[0] == kind or own.isdigit() else own
    shared = "shared weights" if step.has_shared else ""
    count = f"{step.parameters:,} parameters" if step.parameters else shared
    subtitle = " · ".join(text for text in (name, count) if text)
    return box(
        step.key, step.type, subtitle, "weights" if count else "layer" if step.is_layer else "function"
    )


def _lone(single: Box) -> _Block:
    return _Block(single.width / 2, single.width / 2, single.height, [single])


def _framed(block: _Block, title: str) -> _Block:
    wide = text_width(title, FRAME_SIZE) + 2 * _PADDING
    # What comes in from above should pass the title by, where that is short.
    left = max(block.left + _PADDING, min(wide - _PADDING, _WIDEST_TITLE))
    right = max(block.right + _PADDING, wide - left)
    framed = _Block(left, right, 0)
    framed.frames.append(Frame(title, -left, 0, left + right, block.height + _HEADER + _FOOT))
    framed.add(block, 0, _HEADER)
    framed.height = framed.frames[0].height
    return framed


def _stacked(
    blocks: Sequence[_Block], edges: Sequence[tuple[str, str]], shapes: Mapping[str, tuple[int, ...]]
) -> _Block:
    """Puts blocks below each other in the order in which they depend on each other, then draws the lines."""
    owner = {key: number for number, each in enumerate(blocks) for key in each.keys}
    inner = [(owner[a], owner[b]) for a, b in edges if a in owner and b in owner and owner[a] != owner[b]]
    fed = {owner[b] for _, b in edges if b in owner}
    ranks = _ranks(len(blocks), inner, fed)
    side = [number for number, each in enumerate(blocks) if number not in fed and not _is_input(each)]
    columns = _columns(ranks, inner, side)
    middles, tops = _middles(blocks, columns), _tops(blocks, ranks)
    whole = _Block(0, 0, 0)
    for number, each in enumerate(blocks):
        whole.add(each, middles[columns[number]], tops[ranks[number]])
    _join(whole, [(a, b) for a, b in edges if a in owner and b in owner and owner[a] != owner[b]], shapes)
    entering = [b for a, b in edges if a not in owner and b in owner and ranks[owner[b]] > 0]
    leaving = [a for a, b in edges if a in owner and b not in owner and ranks[owner[a]] < max(ranks)]
    whole.right += LANE * min(_MOST_LANES, len(entering) + len(leaving))
    return whole


def _is_input(block: _Block) -> bool:
    return any(each.kind == "end" for each in block.boxes)


def _ranks(count: int, edges: Sequence[tuple[int, int]], fed: Collection[int]) -> list[int]:
    """Numbers rows: each block stands below all that flows into it, what is not fed above its first use."""
    ranks = [0] * count
    for number in range(count):
        ranks[number] = max((ranks[a] + 1 for a, b in edges if b == number and a < number), default=0)
    for number in range(count):
        if number not in fed:
            ranks[number] = max(0, min((ranks[b] for a, b in edges if a == number), default=0) - 1)
    return ranks


def _columns(ranks: Sequence[int], edges: Sequence[tuple[int, int]], side: Collection[int]) -> list[int]:
    """Numbers columns: below the first of what flows in, or the next that is free in the row.

    `side` are learned tensors and their like, which leave the middle to what flows.
    """
    columns: dict[int, int] = {}
    taken: set[tuple[int, int]] = set()
    for number in sorted(range(len(ranks)), key=lambda each: each in side):
        above = [columns[a] for a, b in edges if b == number and a < number and a in columns]
        column = min(above, default=0)
        while (ranks[number], column) in taken:
            column += 1
        taken.add((ranks[number], column))
        columns[number] = column
    return [columns[number] for number in range(len(ranks))]


def _middles(blocks: Sequence[_Block], columns: Sequence[int]) -> list[float]:
    middles: list[float] = []
    edge = 0.0
    for column in range(max(columns, default=0) + 1):
        here = [each for each, number in zip(blocks, columns, strict=True) if number == column]
        left = max((each.left for each in here), default=0.0)
        middles.append(edge + _COLUMN_GAP + left if middles else 0.0)
        edge = middles[-1] + max((each.right for each in here), default=0.0)
    return middles


def _tops(blocks: Sequence[_Block], ranks: Sequence[int]) -> list[float]:
    tops: list[float] = []
    top = 0.0
    for rank in range(max(ranks, default=0) + 1):
        tops.append(top)
        heights = [each.height for each, number in zip(blocks, ranks, strict=True) if number == rank]
        top += max(heights, default=0.0) + _GAP
    return tops


def _join(whole: _Block, edges: Sequence[tuple[str, str]], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Draws what flows between blocks; what cannot go straight goes round, short ways inside long ones."""
    boxes = {each.key: each for each in whole.boxes}
    lanes = Lanes(whole.lines, whole.frames)
    bends = [boxes[b].x - boxes[a].x for a, b in edges]
    # A shape stands on the side to which no line bends.
    bent = {a for (a, _), bend in zip(edges, bends, strict=True) if bend > 1}
    for a, b in sorted(edges, key=lambda edge: boxes[edge[1]].y - boxes[edge[0]].y):
        start, end = boxes[a], boxes[b]
        others = [each for each in whole.boxes if each.key not in (a, b)]
        line = direct(start, end, others)
        if line is None:
            way = detour(start, end, others)
            beside = max(_right_edges(whole, way, (start, end)), default=0.0)
            lane = lanes.take(way.top, way.bottom, beside)
            line = way.along(lane)
            whole.right = max(whole.right, lane + LANE / 2)
        elif shapes.get(a):
            _label(whole, start, shape_text(shapes[a]), on_left=a in bent)
        whole.lines.append(line)


def _right_edges(whole: _Block, way: Detour, ends: tuple[Box, Box]) -> list[float]:
    """Finds how far to the right things reach beside a line; frames around its ends are crossed."""
    start, end = ends
    found = [start.x + start.width / 2, end.x + end.width / 2]
    found += [
        each.x + each.width / 2
        for each in whole.boxes
        if each.y < way.bottom and way.top < each.y + each.height
    ]
    for frame in whole.frames:
        beside = frame.y < way.bottom and way.top < frame.y + frame.height
        if beside and not any(frame.y <= each.y <= frame.y + frame.height for each in (start, end)):
            found.append(frame.x + frame.width)
    return found


def _label(whole: _Block, start: Box, text: str, *, on_left: bool) -> None:
    wide = text_width(text, SMALL_SIZE)
    label = Label(text, start.x - 9 - wide if on_left else start.x + 5, start.y + start.height + 13)
    if label not in whole.labels:
        whole.labels.append(label)
        whole.left, whole.right = max(whole.left, -label.x), max(whole.right, label.x + wide)
