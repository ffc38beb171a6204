"""What ``goatfish owner`` does, by the same use cases as the API's; ``owner_data`` erases, exports and imports."""

from app.cli.terminal import format_time, print_json, print_message, print_result, print_table
from app.cli.use_case_runner import operator_context, run_use_case
from domain.access.owner import Owner


def owner_members(owner: Owner) -> dict[str, object]:
    """An owner for JSON."""
    return {name: getattr(owner, name) for name in ("id", "name", "created_at", "deactivated_at")}


def create_owner(name: str, *, as_json: bool) -> None:
    created = run_use_case(lambda use_cases: use_cases.owners().create(name, operator_context()))
    print_message(f"Owner {created.name!r} is created. Next: goatfish key create {created.id}")
    if as_json:
        print_json(owner_members(created))
    else:
        print_result(str(created.id))


def list_owners(*, as_json: bool) -> None:
    owners = run_use_case(lambda use_cases: use_cases.owners().list())
    if as_json:
        print_json([owner_members(owner) for owner in owners])
        return
    print_table(
        ("id", "name", "created", "deactivated"),
        (
            (str(owner.id), owner.name, format_time(owner.created_at), format_time(owner.deactivated_at))
            for owner in owners
        ),
    )


def deactivate_owner(of: str, *, as_json: bool) -> None:
    owner = run_use_case(lambda use_cases: use_cases.owners().deactivate(of, operator_context()))
    within = f"{owner.DEACTIVATION_DELAY.total_seconds():g} s"
    since = format_time(owner.deactivated_at)
    print_message(f"Owner {owner.name!r} is deactivated since {since}: its keys are rejected within {within}.")
    if as_json:
        print_json(owner_members(owner))


def activate_owner(of: str, *, as_json: bool) -> None:
    owner = run_use_case(lambda use_cases: use_cases.owners().activate(of, operator_context()))
    print_message(f"Owner {owner.name!r} is active: its keys are valid again unless revoked or expired.")
    if as_json:
        print_json(owner_members(owner))
