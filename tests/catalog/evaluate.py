"""Prints how the classifier does: `python -m tests.catalog.evaluate`; with `--errors`, also each tool that it gets wrong."""

from __future__ import annotations

import sys

from tests.catalog.figures import HINTED, OWN, Figures, hinted, main_figures, own_figures
from tests.catalog.split import CORPORA
from yett.catalog.model import RiskClass


def main(arguments: list[str]) -> None:
    """Print every table."""
    if CORPORA.exists():
        figures = main_figures()
        for name, found in figures.items():
            _print(f"public labels, {name}", found, errors="--errors" in arguments)
        print("vendors' hints                      tools  read=Read  changing  surely Read  destructive  found")
        for shown in (False, True):
            for file in HINTED:
                row = hinted(file, hints=shown)
                told = "shown" if shown else "withheld"
                print(
                    f"{row.file:26} {told:8} {row.tools:5}  {row.read_agreed:9.3f} {row.changing:9} {len(row.read_surely):12}"
                    f" {row.destructive:12}  {row.destructive_found:.3f}  {', '.join(row.read_surely[:4])}"
                )
    else:
        print(f"the corpora are not at {CORPORA}")
    for name in OWN:
        _print(f"own set, {name}", own_figures(name), errors="--errors" in arguments)


def _print(title: str, found: Figures, *, errors: bool) -> None:
    print(f"\n{title}: {len(found.pairs)} tools")
    print(f"  Destructive or Financial called Read: {len(found.called_read())} {found.called_read()}")
    print(f"  Execute called Read: {len(found.called_read([RiskClass.EXECUTE]))}")
    print(f"  agreement: {found.agreement:.3f}")
    print(f"  {'label / verdict':16}" + "".join(f"{risk:>13}" for risk in RiskClass) + "       missed")
    confusion = found.confusion
    for label in RiskClass:
        counts = "".join(f"{confusion[label, risk]:13}" for risk in RiskClass)
        print(f"  {label:16}{counts}        {found.missed(label):.3f}")
    if errors:
        for wanted, verdict, id in found.pairs:
            if wanted is not verdict.risk:
                print(f"    {wanted} → {verdict.risk} ({verdict.confidence}{' unsure' if verdict.unsure else ''}) {id}")


if __name__ == "__main__":
    main(sys.argv[1:])
