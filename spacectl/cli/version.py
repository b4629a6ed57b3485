"""`spacectl version`: which spacectl this is, and which engines it would use."""

from __future__ import annotations

from spacectl.cli.options import JsonOption


def version(*, as_json: JsonOption = False) -> None:
    """Print the versions of spacectl, Python and the engines.

    Example: spacectl version --json
    """
    import platform

    import spacectl
    from spacectl.adapters.envoy.program import envoy_version, find_envoy
    from spacectl.adapters.nats_server import find_nats_server, server_version
    from spacectl.cli import output
    from spacectl.errors import MachineError
    from spacectl.model.report_version import VersionReport

    try:
        nats = server_version(find_nats_server())
    except MachineError:
        nats = None
    try:
        envoy = envoy_version(find_envoy())
    except MachineError:
        envoy = None
    report = VersionReport(
        spacectl=spacectl.__version__, python=platform.python_version(), nats_server=nats, envoy=envoy
    )
    if as_json:
        output.out_json(report)
        return
    output.out(f"spacectl {report.spacectl}")
    output.out(f"python {report.python}")
    output.out(f"nats-server {report.nats_server or 'not found'}")
    output.out(f"envoy {report.envoy or 'not found'}")
