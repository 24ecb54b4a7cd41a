"""The sample: two invented shops' exports under the real headers, with every quirk seen in real files.

`晴川家居` is healthy. `云岭百货` changes to a slow courier on 2026-07-20 and drifts into trouble.
Orders run from 2026-04-18 to 2026-09-14. No shop, product, person or number in it is real.
"""

from pathlib import Path


def write(folder: Path, evidence: Path | None = None) -> None:
    """Write all sample exports below `folder`, one folder a shop, and the shops' proof files below `evidence` where given.

    The same content every time: fixed seeds, no clock, fixed times inside workbooks. Existing files of
    the same names are overwritten, others are left alone.
    """
    from analysis.sample import after_sales, money, orders, proof, templates, world
    from analysis.sample.draws import Draws

    for plan in world.PLANS:
        truth = world.build(plan)
        names = Draws(plan.seed + 1)
        orders.write(truth, folder / plan.shop, names)
        after_sales.write(truth, folder / plan.shop, names)
        templates.write(truth, folder / plan.shop)
        money.write(truth, folder / plan.shop)
        if evidence is not None:
            proof.write(truth, evidence)
