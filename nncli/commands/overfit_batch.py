"""`nncli train --overfit-batch`: can it learn one batch by heart? Yes or no, with the curve."""

from __future__ import annotations

from typing import Final

from nncli.diagnosis.by_heart import ENOUGH, STEPS
from nncli.doctor.measuring import Patient, measure_by_heart
from nncli.errors import Exit
from nncli.messages.catalogue import failure
from nncli.preparing.prepared import Prepared
from nncli.terminal.figures import short
from nncli.terminal.streams import Streams
from nncli.training.job import TrainJob

_BARS: Final = "▁▂▃▄▅▆▇█"
_WIDTH: Final = 50


def overfit_batch(prepared: Prepared, job: TrainJob, streams: Streams, *, json: bool) -> int:
    """Says whether one batch can be learnt; writes nothing. Returns NO where it cannot.

    Raises UsageError `model-of-updates`.
    """
    if prepared.judge is None:
        raise failure("model-of-updates", file=prepared.spec.origin.file)
    assert prepared.data is not None
    facts = (prepared.spec, prepared.networks, prepared.data, prepared.judge, job.device, prepared.code)
    found = measure_by_heart(Patient(*facts))
    losses = found.losses or (float("nan"),)
    if json:
        streams.document(
            {
                "version": 1,
                "kind": "overfit-batch",
                "learned": found.is_learned,
                "rows": found.rows,
                "error": found.error,
                "learning_rate": found.rate,
                "losses": list(losses),
            }
        )
    else:
        answer = "yes" if found.is_learned else "no"
        rate = "" if found.rate is None else f", at a learning rate of {found.rate:g}"
        streams.say(f"{answer}: {found.rows} rows, {len(losses)} of {STEPS} steps{rate}")
        streams.say(f"  loss   {short(losses[0])} {curve(losses)} {short(losses[-1])}")
        streams.say(
            f"  error  {found.error:.1%} of that of one answer for all rows; by heart is {ENOUGH:.0%}"
        )
        if not found.is_learned:
            streams.say(
                "hint: `nncli inspect-gradients` says what may be wrong; else take more units or layers"
            )
    return Exit.DONE if found.is_learned else Exit.NO


def curve(losses: tuple[float, ...]) -> str:
    """Draws losses as a line of bars, the highest a full one."""
    step = max(1, len(losses) // _WIDTH)
    shown = [each for each in losses[::step] if each == each][:_WIDTH]
    highest, lowest = max(shown, default=1.0), min(shown, default=0.0)
    span = highest - lowest or 1.0
    return "".join(_BARS[min(7, int(8 * (each - lowest) / span))] for each in shown)
