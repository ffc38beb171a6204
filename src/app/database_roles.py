"""Creates Goatfish's two PostgreSQL roles and its database, or corrects them where they exist.

The operators' role owns the database and its tables. The API's role may connect; migrations grant it the rest. Neither
has server-wide privileges. Passwords are sent as SCRAM verifiers, so that none appears in the server's log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from config.databases import DatabaseUrl, psycopg_parameters

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

ATTRIBUTES: dict[
    str, tuple[bool, Composable]
] = {  # column of pg_roles: its required value, and the option that sets it
    "rolcanlogin": (True, SQL("LOGIN")),
    "rolsuper": (False, SQL("NOSUPERUSER")),
    "rolcreatedb": (False, SQL("NOCREATEDB")),
    "rolcreaterole": (False, SQL("NOCREATEROLE")),
    "rolbypassrls": (False, SQL("NOBYPASSRLS")),
    "rolreplication": (False, SQL("NOREPLICATION")),
}
SYSTEM_DATABASES = {"postgres", "template0", "template1"}  # the server's own databases
BOOTSTRAP_OID = 10  # the superuser that initdb creates


class DatabaseRoleError(Exception):
    """The roles and the database cannot be created; the message says why in one line."""


def provision(administrator: DatabaseUrl, *, api: DatabaseUrl, operator: DatabaseUrl) -> list[str]:
    """Creates the roles and the database that the two URLs name, and returns a line for each.

    Raises ``DatabaseRoleError``.
    """
    _check_urls(administrator, api, operator)
    with _connect(administrator) as connection:
        done = [_create_or_correct_role(connection, url) for url in (operator, api)]
        with _as_member(connection, operator.user):
            done.append(_create_or_correct_database(connection, operator.database, operator.user))
            with _connect(administrator.of(operator.database)) as inside:
                _grant_connect(inside, operator.database, api.user, operator.user)
                done += _other_roles(inside, api.user, operator.user)
    return done


def _check_urls(administrator: DatabaseUrl, api: DatabaseUrl, operator: DatabaseUrl) -> None:
    if api.is_sqlite or operator.is_sqlite or administrator.is_sqlite:
        raise DatabaseRoleError("SQLite has no roles: goatfish migrate alone creates an SQLite database.")
    if api.database != operator.database:
        raise DatabaseRoleError(f"The API uses {api}, but operators use another database: {operator}.")
    if operator.database in SYSTEM_DATABASES:
        raise DatabaseRoleError(f"{operator.database} is a system database: choose another name.")
    if not api.user or not operator.user:
        raise DatabaseRoleError("Both URLs must name a user: postgresql://user:password@host/name")
    if api.user == operator.user:
        raise DatabaseRoleError(f"The API and the operators need different roles, but both URLs name {api.user}.")
    if administrator.user in {api.user, operator.user}:
        raise DatabaseRoleError(
            f"The API and the operators need roles of their own, not the administrator's: {administrator.user}."
        )


@contextmanager
def _connect(url: DatabaseUrl) -> Iterator[Connection]:
    """A connection in autocommit mode; PostgreSQL's errors become ``DatabaseRoleError``."""
    try:
        with psycopg.connect(autocommit=True, **psycopg_parameters(url)) as connection:
            yield connection
    except errors.InsufficientPrivilege as error:
        raise DatabaseRoleError(f"The administrator {url.user} lacks a privilege: {_one_line(error)}") from None
    except psycopg.ProgrammingError as error:
        # libpq's message about an invalid URL would repeat it, with the password.
        raise DatabaseRoleError(_one_line(error) if error.sqlstate else f"{url} is not a valid URL.") from None
    except psycopg.Error as error:
        raise DatabaseRoleError(f"PostgreSQL at {url} cannot be used: {_one_line(error)}") from None


def _one_line(error: psycopg.Error) -> str:
    return error.diag.message_primary or " ".join(str(error).split())


def _create_or_correct_role(connection: Connection, url: DatabaseUrl) -> str:
    name = Identifier(url.user)
    columns = SQL(", ").join(map(Identifier, ATTRIBUTES))
    query = SQL("SELECT oid, {} FROM pg_roles WHERE rolname = {}").format(columns, Literal(url.user))
    found = connection.execute(query).fetchone()
    password = _password_option(connection, url)
    if found is None:
        wanted = [option for _, option in ATTRIBUTES.values()]
        connection.execute(_with_options(SQL("CREATE ROLE {}").format(name), wanted + password))
        return f"Role {url.user} is created."
    if found[0] == BOOTSTRAP_OID:
        raise DatabaseRoleError(f"{url.user} is the server's bootstrap superuser: choose another name.")
    # Only what differs: to set some attributes takes privileges that administrators of hosted servers may not have.
    differing = [option for has, (needs, option) in zip(found[1:], ATTRIBUTES.values(), strict=True) if has != needs]
    if differing or password:
        connection.execute(_with_options(SQL("ALTER ROLE {}").format(name), differing + password))
    return f"Role {url.user} {'is corrected' if differing else 'exists'}{', its password is set' if password else ''}."


def _with_options(command: Composed, options: list[Composable]) -> Composed:
    return SQL(" ").join([command, *options])


def _password_option(connection: Connection, url: DatabaseUrl) -> list[Composable]:
    if not url.password:  # the role authenticates by other means, like a certificate
        return []
    secret = connection.pgconn.encrypt_password(url.password.encode(), url.user.encode(), b"scram-sha-256")
    return [SQL("PASSWORD {}").format(Literal(secret.decode()))]


@contextmanager
def _as_member(connection: Connection, role: str) -> Iterator[None]:
    """Makes the administrator a member of the role meanwhile: only members, or a superuser, may give it a database."""
    ((member,),) = connection.execute("SELECT pg_has_role(%s, 'USAGE')", [role]).fetchall()
    if member:
        yield
        return
    connection.execute(SQL("GRANT {} TO CURRENT_USER").format(Identifier(role)))
    try:
        yield
    finally:
        connection.execute(SQL("REVOKE {} FROM CURRENT_USER").format(Identifier(role)))


def _create_or_correct_database(connection: Connection, name: str, owner: str) -> str:
    database, role = Identifier(name), Identifier(owner)
    query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
    found = connection.execute(query, [name]).fetchone()
    if found is None:
        # Only template0 allows an encoding other than the server's.
        template = SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
        connection.execute(template.format(database, role))
        return f"Database {name} is created."
    if found[0] != owner:
        connection.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(database, role))
        return f"Database {name} now belongs to {owner}."
    return f"Database {name} exists."


def _grant_connect(connection: Connection, database: str, api: str, operator: str) -> None:
    """Allows both roles alone to connect, and the operators' role alone to create tables."""
    for command in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC, {api}",
        "GRANT CONNECT ON DATABASE {database} TO {api}, {operator}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {api}",
        "GRANT USAGE ON SCHEMA public TO {api}",
        "GRANT USAGE, CREATE ON SCHEMA public TO {operator}",
    ):
        names = {"database": database, "api": api, "operator": operator}
        connection.execute(SQL(command).format(**{key: Identifier(name) for key, name in names.items()}))


def _other_roles(connection: Connection, api: str, operator: str) -> list[str]:
    """A line for each other role that may connect, like a former role of the API."""
    query = """
        SELECT format('Role %%s may also connect. If it is not needed: REVOKE CONNECT ON DATABASE %%I FROM %%I',
            rolname, datname, rolname)
        FROM pg_database, aclexplode(datacl) AS held JOIN pg_roles AS role ON role.oid = held.grantee
        WHERE datname = current_database() AND privilege_type = 'CONNECT' AND rolname NOT IN (%s, %s)
        ORDER BY rolname
    """
    return [line for (line,) in connection.execute(query, [api, operator])]
