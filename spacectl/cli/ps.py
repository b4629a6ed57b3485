"""`spacectl ps`: what runs, and how it is."""

from __future__ import annotations

from spacectl.cli.options import JsonOption, SystemOption


def ps(*, as_json: JsonOption = False, system: SystemOption = None) -> None:
    """Show the spaces of the running system, their replicas and how they are.

    Example: spacectl ps --json
    """
    from spacectl.adapters.control.client import ControlClient
    from spacectl.adapters.folders import find_system
    from spacectl.cli import output
    from spacectl.cli.endings import report_of

    layout = find_system(system)
    report = report_of(ControlClient(layout.control_socket), layout)
    if as_json:
        output.out_json(report)
        return
    from spacectl.view.ps import headline, table, warnings

    output.show(headline(report))
    output.show(table(report, width=output.console().width))
    for warning in warnings(report):
        output.show(f"! {warning}")
