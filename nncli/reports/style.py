"""How a report looks: one style sheet, light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.drawing.shapes import COLOURS, FAINT, FRAME, FRAME_FILL, INK, LINE
from nncli.reports.inks import DARK, LIGHT

_DARK_BOXES: Final = {
    "weights": ("#1f3350", "#6f9fdc"),
    "layer": ("#262b33", "#76839a"),
    "function": ("#3b3118", "#c9a347"),
    "end": ("#1d3521", "#67ab6d"),
}
_DARK_LINES: Final = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    LINE: "#8c97a8",
    FRAME: "#444b57",
    FRAME_FILL: "#8fa0c4",
}
_LETTERS: Final = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
_RULES: Final = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 var(--letters)}
main{max-width:1180px;margin:0 auto;padding:36px 24px 80px}
h1{font-size:30px;line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:break-word;min-width:0}
h2{font-size:19px;margin:0 0 14px}
h3{font-size:14px;margin:18px 0 8px;color:var(--faint);font-weight:600}
p{margin:6px 0;max-width:80ch}
a{color:var(--series-1);text-decoration:none}
a:hover{text-decoration:underline}
header .lead{color:var(--faint);margin:8px 0 0;overflow-wrap:anywhere}
.top{display:flex;gap:14px;align-items:center;flex-wrap:wrap}
.state{font-size:13px;font-weight:600;border-radius:999px;padding:2px 11px;border:1px solid currentColor}
.good{color:var(--good)}.bad{color:var(--bad)}.middle{color:var(--middle)}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:22px 0 14px}
.tile{flex:1 1 130px;background:var(--surface);
border:1px solid var(--grid);border-radius:12px;padding:12px 16px}
.tile b{display:block;font-size:21px;font-weight:650;line-height:1.3;overflow-wrap:anywhere}
.tile b.long{font-size:15px}
.tile span{color:var(--faint);font-size:13px;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px;padding:6px 0 2px}
section{background:var(--surface);border:1px solid var(--grid);border-radius:14px;padding:20px 22px;
margin:18px 0}
.note{color:var(--faint);font-size:14px}
.figures{display:flex;flex-wrap:wrap;gap:18px 26px;align-items:flex-start}
figure{margin:0;flex:1 1 min(100%,calc(var(--wide)*.8));max-width:var(--wide);min-width:0}
figcaption{font-weight:600;font-size:14px;margin:0 0 6px;overflow-wrap:anywhere}
.plot svg,.graph svg{display:block;max-width:100%;height:auto}
.plot svg{width:100%;min-width:calc(var(--wide)*.62)}
figure{overflow-x:auto}
.plot svg text{font-family:var(--letters)!important}
.plot svg image{image-rendering:pixelated}
.graph{overflow:auto;max-height:900px;text-align:center}
.graph svg{display:inline-block;max-width:none}
.graph>svg>rect:first-of-type{fill:none}
.wide{overflow-x:auto;background:
linear-gradient(90deg,var(--surface) 40%,transparent) 0 0/40px 100% no-repeat local,
linear-gradient(270deg,var(--surface) 40%,transparent) 100% 0/40px 100% no-repeat local,
linear-gradient(90deg,var(--grid),transparent) 0 0/14px 100% no-repeat scroll,
linear-gradient(270deg,var(--grid),transparent) 100% 0/14px 100% no-repeat scroll}
.wide td:last-child{min-width:26ch}
.wide td.long{min-width:40ch}
.wide td.number,.wide td.whole{min-width:0}
.whole{white-space:nowrap}
table{border-collapse:collapse;font-size:14px;width:100%}
th{text-align:left;font-weight:600;color:var(--faint);font-size:13px;white-space:nowrap}
th,td{padding:6px 18px 6px 0;border-bottom:1px solid var(--grid);
vertical-align:top;overflow-wrap:break-word;max-width:46ch}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--page);border:1px solid var(--grid);border-radius:10px;padding:12px 14px;overflow:auto;
margin:10px 0;max-height:640px}
td pre{margin:0;max-height:200px}
.verdict{border-left:4px solid var(--faint);padding:2px 0 2px 16px;margin:0 0 18px}
.verdict.error{border-color:var(--bad)}.verdict.warning{border-color:var(--middle)}
.verdict.note-of{border-color:var(--series-1)}
.verdict h3{margin:0 0 4px;color:var(--ink);font-size:15px}
.verdict h3 span{font-weight:400;color:var(--faint)}
.samples{display:flex;flex-wrap:wrap;gap:12px}
.sample{flex:1 1 150px;max-width:172px;border:1px solid var(--grid);
border-radius:10px;padding:10px;font-size:13px;min-width:0;
overflow-wrap:anywhere}
.sample img{width:100%;max-width:150px;display:block;margin:0 auto 8px;image-rendering:pixelated;
border-radius:6px;background:#888}
.sample b{font-weight:600}
.bar{display:flex;align-items:flex-end;gap:1px;height:22px;width:110px}
.bar i{flex:1;background:var(--series-1);opacity:.75;min-height:0}
details.run{margin:22px 0}
details.run>summary{cursor:pointer;font-size:22px;font-weight:650;padding:8px 0}
details>summary{cursor:pointer}
.key{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:8px}
footer{color:var(--faint);font-size:13px;margin-top:26px}
@media (max-width:640px){main{padding:20px 12px 60px}section{padding:16px 14px}}
@media print{body{background:none}section{break-inside:avoid}}
"""


def style_sheet() -> str:
    """Writes the rules of the page; colours of plots and of the drawing are variables."""
    light = {**LIGHT, "page": "#f3f4f5", "good": "#137a4f", "bad": "#c42b2b", "middle": "#a96400"}
    dark = {**DARK, "page": "#0f1113", "good": "#4cc38a", "bad": "#ff7a70", "middle": "#e5a13a"}
    boxes = "".join(_boxes())
    return (
        f":root{{color-scheme:light dark;--letters:{_LETTERS};{_variables(light)}}}{_RULES}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(dark)}}}{boxes}}}\n"
    )


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _boxes() -> list[str]:
    """Gives the drawing of a network other colours where the page is dark: rules win over its attributes."""
    rules = []
    for kind, (fill, border) in COLOURS.items():
        dark_fill, dark_border = _DARK_BOXES[kind]
        rules.append(
            f'.graph [fill="{fill}"]{{fill:{dark_fill}}}.graph [stroke="{border}"]{{stroke:{dark_border}}}'
        )
    for colour, dark in _DARK_LINES.items():
        rules.append(f'.graph [fill="{colour}"]{{fill:{dark}}}.graph [stroke="{colour}"]{{stroke:{dark}}}')
    rules.append('.graph [stroke="white"]{stroke:var(--surface)}')
    return rules
