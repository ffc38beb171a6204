"""Makes Goatfish's two roles and its database on a PostgreSQL server; done again, it corrects what differs.

The operators' role owns the database and its tables. The API's may connect, and what else it may do is granted by
migrations. Neither may do anything to the server itself. Passwords are sent as what the server keeps of them, so that
none is written to a log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from config.databases import CONNECT_TIMEOUT, DatabaseUrl

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

ATTRIBUTES: dict[str, tuple[bool, Composable]] = {  # of pg_roles, and how to have them as they should be
    "rolcanlogin": (True, SQL("LOGIN")),
    "rolsuper": (False, SQL("NOSUPERUSER")),
    "rolcreatedb": (False, SQL("NOCREATEDB")),
    "rolcreaterole": (False, SQL("NOCREATEROLE")),
    "rolbypassrls": (False, SQL("NOBYPASSRLS")),
    "rolreplication": (False, SQL("NOREPLICATION")),
}
SYSTEM = {"postgres", "template0", "template1"}  # the server's own databases
BOOTSTRAP = 10  # the oid of the superuser with whom a server is made


class RolesRefused(Exception):
    """The roles and the database cannot be made as they are asked for; the message says why in one line."""


def provision(administrator: DatabaseUrl, *, api: DatabaseUrl, operator: DatabaseUrl) -> list[str]:
    """Makes the roles and the database that the two URLs name, and says what was done. Raises ``RolesRefused``."""
    _refuse_what_cannot_be(administrator, api, operator)
    with _connected(administrator) as connection:
        done = [_role(connection, url) for url in (operator, api)]
        with _as_member(connection, operator.user):
            done.append(_database(connection, operator.database, operator.user))
            with _connected(administrator.of(operator.database)) as inside:
                _admit(inside, operator.database, api.user, operator.user)
                done += _others(inside, api.user, operator.user)
    return done


def _refuse_what_cannot_be(administrator: DatabaseUrl, api: DatabaseUrl, operator: DatabaseUrl) -> None:
    if api.is_sqlite or operator.is_sqlite or administrator.is_sqlite:
        raise RolesRefused("Roles are PostgreSQL's: an SQLite database is made by goatfish migrate.")
    if api.database != operator.database:
        raise RolesRefused(f"These are two databases: {api} is the API's, {operator} the operators'.")
    if operator.database in SYSTEM:
        raise RolesRefused(f"{operator.database} is the server's own database: take another name.")
    if not api.user or not operator.user:
        raise RolesRefused("Both URLs must name a user: postgresql://user:password@host/name")
    if api.user == operator.user:
        raise RolesRefused(f"The API and the operators need two roles, and both URLs name {api.user}.")
    if administrator.user in {api.user, operator.user}:
        raise RolesRefused(
            f"{administrator.user} is the administrator: the API and the operators need roles of their own."
        )


@contextmanager
def _connected(url: DatabaseUrl) -> Iterator[Connection]:
    """A connection that commits each statement; what PostgreSQL refuses on it becomes ``RolesRefused``."""
    try:
        with psycopg.connect(url.with_password, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            yield connection
    except errors.InsufficientPrivilege as error:
        raise RolesRefused(f"The administrator {url.user} may not do this: {_line(error)}") from None
    except psycopg.ProgrammingError as error:
        # Where the URL itself is wrong, libpq repeats it, and there are passwords in it.
        raise RolesRefused(_line(error) if error.sqlstate else f"{url} is not a valid URL.") from None
    except psycopg.Error as error:
        raise RolesRefused(f"PostgreSQL at {url} cannot be used: {_line(error)}") from None


def _line(error: psycopg.Error) -> str:
    return error.diag.message_primary or " ".join(str(error).split())


def _role(connection: Connection, url: DatabaseUrl) -> str:
    name = Identifier(url.user)
    columns = SQL(", ").join(map(Identifier, ATTRIBUTES))
    query = SQL("SELECT oid, {} FROM pg_roles WHERE rolname = {}").format(columns, Literal(url.user))
    found = connection.execute(query).fetchone()
    password = _password(connection, url)
    if found is None:
        wanted = [option for _, option in ATTRIBUTES.values()]
        connection.execute(_with_options(SQL("CREATE ROLE {}").format(name), wanted + password))
        return f"Role {url.user} is made."
    if found[0] == BOOTSTRAP:
        raise RolesRefused(f"{url.user} is the server's own superuser: take another name.")
    # Naming an attribute at all takes rights that an administrator of a hosted server may not have.
    differing = [option for has, (needs, option) in zip(found[1:], ATTRIBUTES.values(), strict=True) if has != needs]
    if differing or password:
        connection.execute(_with_options(SQL("ALTER ROLE {}").format(name), differing + password))
    return (
        f"Role {url.user} {'is corrected' if differing else 'was there'}{', its password is set' if password else ''}."
    )


def _with_options(command: Composed, options: list[Composable]) -> Composed:
    return SQL(" ").join([command, *options])


def _password(connection: Connection, url: DatabaseUrl) -> list[Composable]:
    if not url.password:  # the role comes in by other means, like a certificate
        return []
    secret = connection.pgconn.encrypt_password(url.password.encode(), url.user.encode(), b"scram-sha-256")
    return [SQL("PASSWORD {}").format(Literal(secret.decode()))]


@contextmanager
def _as_member(connection: Connection, role: str) -> Iterator[None]:
    """Makes an administrator who is no superuser a member of the role meanwhile, which giving it a database takes."""
    ((member,),) = connection.execute("SELECT pg_has_role(%s, 'USAGE')", [role]).fetchall()
    if member:
        yield
        return
    connection.execute(SQL("GRANT {} TO CURRENT_USER").format(Identifier(role)))
    try:
        yield
    finally:
        connection.execute(SQL("REVOKE {} FROM CURRENT_USER").format(Identifier(role)))


def _database(connection: Connection, name: str, owner: str) -> str:
    database, role = Identifier(name), Identifier(owner)
    query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
    found = connection.execute(query, [name]).fetchone()
    if found is None:
        # The template without anything of this server's in it can have another encoding than the server's.
        template = SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
        connection.execute(template.format(database, role))
        return f"Database {name} is made."
    if found[0] != owner:
        connection.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(database, role))
        return f"Database {name} is {owner}'s now."
    return f"Database {name} was there."


def _admit(connection: Connection, database: str, api: str, operator: str) -> None:
    """Both roles may connect, nobody else may; tables are made by the operators alone."""
    for command in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC, {api}",
        "GRANT CONNECT ON DATABASE {database} TO {api}, {operator}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {api}",
        "GRANT USAGE ON SCHEMA public TO {api}",
        "GRANT USAGE, CREATE ON SCHEMA public TO {operator}",
    ):
        names = {"database": database, "api": api, "operator": operator}
        connection.execute(SQL(command).format(**{key: Identifier(name) for key, name in names.items()}))


def _others(connection: Connection, api: str, operator: str) -> list[str]:
    """A line for each role that may connect and is none of the two: one that was the API's before, or a stranger's."""
    query = """
        SELECT format('Role %%s may connect too. Was it the API''s? REVOKE CONNECT ON DATABASE %%I FROM %%I',
            rolname, datname, rolname)
        FROM pg_database, aclexplode(datacl) AS held JOIN pg_roles AS role ON role.oid = held.grantee
        WHERE datname = current_database() AND privilege_type = 'CONNECT' AND rolname NOT IN (%s, %s)
        ORDER BY rolname
    """
    return [line for (line,) in connection.execute(query, [api, operator])]
