"""Commands that look at instruments."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import app, refusing

if TYPE_CHECKING:
    from ..instruments.discovery import Finding

_HEADER = """\
# A bench: give the channels names that suit you, and limits that hold for whatever runs on them, such as
#   limits: {potential_max: 4.6 V, potential_min: -0.5 V, current_max: 5 mA}
"""


@app.command()
def instruments(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ADDRESS]...", help="Look there as well: a host, socket://host:port, a port."
        ),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what was found as a bench file.")
    ] = None,
    add: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Add what was found to a bench file that is there.")
    ] = None,
    all_ports: Annotated[
        bool, typer.Option("--all-ports", help="Also ask at serial ports that are not on USB.")
    ] = False,
) -> None:
    """Find the instruments that are connected, say what they are, and propose a bench file."""
    import yaml

    from ..instruments.bench_adding import add_to_bench
    from ..instruments.bench_file import read_bench
    from ..instruments.discovery import look_around

    with refusing():
        if add is not None:
            # One that cannot be added to is refused before anyone waits.
            read_bench(add)
        if write is not None and write.exists():
            raise ValueError(f"{write} exists already; choose another name, or remove it.")
        findings = []
        for finding in look_around(addresses or (), all_ports=all_ports):
            findings.append(finding)
            what = finding.identity.model if finding.identity else finding.trouble
            print(f"{finding.address:32} {finding.driver or '-':10} {what}")
        if not findings:
            print("There is no port to look at. Connect an instrument, or name a host.")
        if not any(finding.driver for finding in findings):
            return
        bench = _bench_of(findings)
        proposal = _HEADER + yaml.safe_dump(bench, sort_keys=False, allow_unicode=True)
        if add is not None:
            added = add_to_bench(add, bench)
            for address in added.chambers_left_out:
                print(f"The chamber at {address} is not added: only you know which cells stand in it.")
            print(f"\nAdded to {add}: {', '.join(added.instruments) or 'nothing, as all of them are in it'}.")
        elif write is None:
            print(f"\nA bench file for them (write it with --write bench.yaml):\n\n{proposal}")
        else:
            write.write_text(proposal, encoding="utf-8")
            print(f"\nWritten to {write}. Measure with: faradaic run PROTOCOL --bench {write} --channel NAME")


def _bench_of(findings: "list[Finding]") -> dict[str, dict[str, Any]]:
    """Return a bench of what was found, as its file says it."""
    bench: dict[str, dict[str, Any]] = {"instruments": {}, "chambers": {}}
    names: list[str] = []
    for finding in findings:
        if not finding.driver or finding.driver == "julabo":
            continue
        key = _new_name(finding.driver, bench["instruments"])
        channels = {
            own: {"name": key if len(finding.channels) == 1 else f"{key} {own}"} for own in finding.channels
        }
        names += [channel["name"] for channel in channels.values()]
        bench["instruments"][key] = {
            "driver": finding.driver,
            "address": finding.address,
            "channels": channels,
        }
    for finding in findings:
        if finding.driver == "julabo" and names:
            key = _new_name("chamber", bench["chambers"])
            bench["chambers"][key] = {"address": finding.address, "channels": names[:1]}
    return {part: entries for part, entries in bench.items() if entries}


def _new_name(base: str, taken: dict[str, Any]) -> str:
    count = sum(name.startswith(base) for name in taken)
    return base if not count else f"{base}{count + 1}"
