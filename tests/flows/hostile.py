"""A report with hostile words wherever words can come from tasks, models and assets."""

from __future__ import annotations

from flows.report import TaskReport
from pipeline.core.learning import Curve, StageWay, WayTried
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.refinement import Round, Variant

HOSTILE = (
    "<script>alert(1)</script><img src=http://evil.example/beacon.png onerror=alert(1)> "
    "![beacon](http://evil.example/a.png) [click](javascript:alert(1)) # not a heading | not a cell ` | ``` "
    "<https://evil.example> https://evil.example www.evil.example mail@evil.example &lt;b&gt; \\[x\\](http://e.example)\n"
    "# heading\n\n- item\n\n\u202etxet desrever"
)


def hostile(report: TaskReport) -> TaskReport:
    """The same numbers, with hostile words wherever words can come from outside."""
    task = report.task.model_copy(
        update={"instruction": HOSTILE[:300], "goal": f"(on a b) ` {HOSTILE}", "author": HOSTILE[:80]}
    )
    stage = Stage(skill=HOSTILE, body="|", relations=(Relation(predicate="`", anchor="](http://evil.example)"),))
    program = Program(stages=(stage,), author=HOSTILE)
    rounds = (Round(variants=(Variant(program=program, patches=(HOSTILE,), solved=0, attempts=1),), diagnosis=HOSTILE),)
    curve = Curve(
        name=HOSTILE,
        reward=HOSTILE,
        author=HOSTILE,
        steps=(1, 2),
        success=(0, 1),
        value=(0, 1),
        terms={HOSTILE: (0, 1)},
    )
    tried = WayTried(way="dense", reached=1, starts=2, steps=2, curves=(curve, curve))
    way = StageWay(number=0, stage=HOSTILE, way="dense", reason=HOSTILE, tried=(tried,))
    return report.model_copy(
        update={
            "task": task,
            "reasons": (HOSTILE,),
            "refused": {HOSTILE: 2},
            "causes": {HOSTILE: 1},
            "examples": {HOSTILE: HOSTILE},
            "program": program,
            "refinement": rounds,
            "ways": (way,),
        }
    )
