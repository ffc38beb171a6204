"""Prints every compiled statement for the kind of database that is configured; none has to be there."""

import sys

from adapters.django_orm.bootstrap import setup_django

if __name__ == "__main__":
    setup_django()
    from tests.compiled_sql.statements import snapshot  # models can be imported only once Django is set up

    sys.stdout.write(snapshot())
