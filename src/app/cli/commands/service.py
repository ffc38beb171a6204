"""Commands that run the service, describe it and check its configuration."""

from typing import Annotated

import typer

from app.cli.commands.arguments import AsJson, Host, LogFormat, Port


def _seconds(what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(help=f"{what}, in seconds.", metavar="SECONDS")
    return option


def up(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    demo: Annotated[
        bool, typer.Option("--demo", help="Fill the demo owner, if it is empty, with simulations and runs.")
    ] = False,
) -> None:
    """Start a demo with one command: a database, an owner with a key, an operator and the server."""
    from app.cli.up import up

    up(host, port, demo=demo)


def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int | None, typer.Option(help="How many worker processes.")] = None,
    keep_alive: Annotated[float | None, _seconds("How long an idle connection stays open")] = None,
    head_timeout: Annotated[float | None, _seconds("How long headers may take to arrive")] = None,
    body_timeout: Annotated[float | None, _seconds("How long a body may take to arrive")] = None,
    write_timeout: Annotated[float | None, _seconds("How long a client may take to read 64 KiB of a response")] = None,
    request_timeout: Annotated[float | None, _seconds("How long a request may take")] = None,
    drain_time: Annotated[float | None, _seconds("How long to serve on after SIGTERM, not ready")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when the source changes.")] = False,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESSES",
            help="Trust X-Forwarded-For and X-Forwarded-Proto from these proxies: addresses, or networks like"
            " 10.0.0.0/8, separated by commas or in several options; * trusts all.",
        ),
    ] = None,
    access_log: Annotated[
        bool | None,
        typer.Option(
            "--access-log/--no-access-log", help="Log a line for each request. Default: with --log-format json."
        ),
    ] = None,
    log_format: Annotated[LogFormat | None, typer.Option(case_sensitive=False, help="How to write the log.")] = None,
) -> None:
    """Serve the API, its documentation and the admin.

    An option that is left out has the value of its setting: --keep-alive that of GOATFISH_KEEP_ALIVE, and so on.
    """
    from app.cli.serving import serve
    from config.loading import override

    override(
        workers=workers,
        keep_alive=keep_alive,
        head_timeout=head_timeout,
        body_timeout=body_timeout,
        write_timeout=write_timeout,
        request_timeout=request_timeout,
        drain_time=drain_time,
        log_format=log_format,
    )
    serve(host, port, reload=reload, proxy=",".join(proxy or ()), access_log=access_log)


def deliver(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Send what is due now, and end, instead of going on until it is stopped.")
    ] = False,
) -> None:
    """Send changes to webhooks. On SQLite "serve" and "up" do it themselves.

    Several may run at a time; each webhook is served by one of them.
    """
    from app.cli.delivering import deliver

    deliver(once=once)


def openapi() -> None:
    """Print the OpenAPI document; needs neither database nor configuration."""
    from app.cli.document import openapi

    openapi()


def doctor(
    *,
    workers: Annotated[
        int | None, typer.Option(help="How many worker processes are planned. Default: GOATFISH_WORKERS.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the configuration and the databases; exit status 1 if there is an error."""
    from app.cli.doctor import doctor

    doctor(workers, as_json=as_json)
