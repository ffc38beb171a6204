"""The service without its owner condition, which a test removes on purpose; the product has no such switch.

Every condition that compares with the caller's owner is taken out of every statement, wherever it was put in. What
remains between tenants is PostgreSQL's own lock.
"""

from typing import Any

from adapters.django_orm.bootstrap import setup_django


def _names_the_owner(condition: Any) -> bool:
    from adapters.django_orm.sql.expressions import Param

    compared = getattr(condition, "rhs", None)
    return isinstance(compared, Param) and compared.name.endswith("owner_id")


def _without(node: Any) -> None:
    for child in list(node.children):
        if _names_the_owner(child):
            node.children.remove(child)
        elif hasattr(child, "children"):
            _without(child)


def remove() -> None:
    """Compiles every statement of this process without the condition, from now on."""
    from adapters.django_orm.sql.compiler import Compiler

    gated = Compiler._with_rls

    def everybodys(compiler: Compiler, rows: Any, named: Any) -> Any:
        every = rows.all()
        _without(every.query.where)
        return gated(compiler, every, named)

    Compiler._with_rls = everybodys  # type: ignore[assignment,method-assign]  # -- the very thing that a test is to show


if __name__ == "__main__":
    setup_django()
    remove()
    from app.cli import main

    main()
