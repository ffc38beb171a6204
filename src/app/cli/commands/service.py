"""Commands that run the service, describe it and check its configuration."""

from typing import Annotated

import typer

from app.cli.commands.arguments import AsJson, Host, LogFormat, Port


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
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many worker processes. Default: GOATFISH_WORKERS.")
    ] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when the source changes.")] = False,
    proxy: Annotated[
        str,
        typer.Option(
            metavar="ADDRESSES", help="Trust X-Forwarded-For and X-Forwarded-Proto from these proxies; * trusts all."
        ),
    ] = "",
    access_log: Annotated[
        bool | None,
        typer.Option(
            "--access-log/--no-access-log", help="Log a line for each request. Default: with --log-format json."
        ),
    ] = None,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="How to write the log. Default: GOATFISH_LOG_FORMAT, or text.")
    ] = None,
) -> None:
    """Serve the API, its documentation and the admin."""
    from app.cli.serving import serve

    serve(host, port, workers=workers, reload=reload, proxies=proxy, access_log=access_log, log_format=log_format)


def openapi() -> None:
    """Print the OpenAPI document; needs neither database nor configuration."""
    from app.cli.document import openapi

    openapi()


def doctor(
    *,
    workers: Annotated[int, typer.Option(min=1, help="How many worker processes are planned.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Check the configuration and the databases; exit status 1 if there is an error."""
    from app.cli.doctor import doctor

    doctor(workers, as_json=as_json)
