"""Pages that export an owner and erase one, as the command line does; both are noted in the log of the admin."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.utils.http import content_disposition_header

from adapters.django_orm.admin.read_only import list_url
from adapters.django_orm.admin.use_case_actions import UseCaseAdmin, run_use_case, use_cases
from adapters.django_orm.management import unknown_data
from adapters.django_orm.tenant_data import erasing
from adapters.django_orm.tenant_data.exporting import open_export
from adapters.django_orm.tenant_tables import tenant_tables

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator
    from uuid import UUID

    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

    from adapters.django_orm.models import OwnerRow

_log = logging.getLogger("goatfish.admin")


class EraseForm(forms.Form):
    """Asks for the owner's name, which confirms that it is the one to erase."""

    name = forms.CharField(strip=False, label="Owner's name", help_text="Type it to confirm.")

    def __init__(self, *args: Any, owner: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owner = owner

    def clean_name(self) -> str:
        """The name. Rejects any other than the owner's."""
        name: str = self.cleaned_data["name"]
        if name != self._owner:
            raise forms.ValidationError("That is not its name.")
        return name


class OwnerDataAdmin(UseCaseAdmin):
    """Owners, with all that is theirs."""

    row_pages = ("export", "erase")

    def may_export(self, request: HttpRequest) -> bool:
        """Whether the operator may view every kind of row that the file contains."""
        models = (table.model._meta.model_name for table in tenant_tables())
        return use_cases(request) is not None and request.user.has_perms([f"goatfish.view_{name}" for name in models])

    def may_erase(self, request: HttpRequest, row: Model) -> bool:
        """Whether owners may be erased. ``has_delete_permission`` stays False, or Django would offer to delete one."""
        return use_cases(request) is not None and admin.ModelAdmin.has_delete_permission(self, request, row)

    def tools(self, request: HttpRequest, row: Model) -> list[tuple[str, str]]:
        own = {"export": self.may_export(request), "erase": self.may_erase(request, row)}
        return super().tools(request, row) + [
            (self.url_of(name, row), name.capitalize()) for name, allowed in own.items() if allowed
        ]

    def export_page(self, request: HttpRequest, row: OwnerRow) -> HttpResponse | StreamingHttpResponse:
        """Asks whether to export the owner, and then is the file."""
        if not self.may_export(request):
            raise PermissionDenied("Exporting an owner needs the permission to view every kind of its data.")
        if why := unknown_data():
            return self._refused(request, row, why)
        if request.method == "GET":
            warning = "The file contains all data of this owner, its history included: store it securely."
            return self.confirmation(request, row, "export", warning)
        self._note(request, row, "Exported.")
        name = f"owner-{row.pk}.jsonl"
        return StreamingHttpResponse(
            _exported(row.pk),
            content_type="application/jsonl",
            headers={"Content-Disposition": content_disposition_header(as_attachment=True, filename=name)},
        )

    def erase_page(self, request: HttpRequest, row: OwnerRow) -> HttpResponse:
        """Asks for the owner's name, and then erases it with all its data."""
        if not self.may_erase(request, row):
            raise PermissionDenied("Erasing an owner needs the permission to delete owners.")
        if row.deactivated_at is None:
            return self._refused(request, row, f"The owner {row.name} is active. Deactivate it first, then erase it.")
        if why := unknown_data():
            return self._refused(request, row, why)
        rows = erasing.rows_per_table(row.pk)
        form = EraseForm(request.POST or None, owner=row.name)
        if not form.is_valid():
            context = {"form": form, "original": row, "title": f"Erase {row}?", "submit": "Erase", "rows": _words(rows)}
            return self.page(request, "goatfish/erase.html", context)
        owner = run_use_case(request, lambda cases, _: cases.owners.get(row.pk))
        if owner.deactivated_at is None:
            return self._refused(request, row, f"The owner {row.name} was activated meanwhile. Nothing was deleted.")
        self._note(request, row, f"Erasing begins: {sum(rows.values())} rows.")
        time.sleep(owner.wait_to_erase(datetime.now(UTC)).total_seconds())
        erased = dict.fromkeys(rows, 0)
        for name, count in erasing.erase(row.pk):
            erased[name] += count
        said = ", ".join(f"{count:,} {name}" for name, count in _words(erased))
        self._note(request, row, f"Erased: {said}.")
        messages.success(request, f"The owner {row.name} is erased: {said}. No rows are left.")
        return HttpResponseRedirect(list_url("ownerrow"))

    def _refused(self, request: HttpRequest, row: OwnerRow, why: str) -> HttpResponse:
        messages.error(request, why)
        return self.redirect_to_row(row.pk)

    def _note(self, request: HttpRequest, row: OwnerRow, what: str) -> None:
        """Writes it down where it outlives the owner's history."""
        self.log_change(request, row, what)
        _log.info("operator:%s, owner %s: %s", request.user.get_username(), row.pk, what)


def _words(rows: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The names of tables that have rows, as people say them, and how many."""
    for table in tenant_tables():
        if count := rows[table.name]:
            names = table.model._meta
            yield str(names.verbose_name if count == 1 else names.verbose_name_plural), count


async def _exported(owner: UUID) -> AsyncGenerator[bytes]:
    """The file in parts, each of which is read in the thread of the request, and so on its connection."""

    def parts() -> Generator[bytes]:
        # Where it fails, Django does not come to closing the connection.
        with closing(connection), open_export(owner, datetime.now(UTC)) as (_, found):
            for _, part in found:
                yield part

    made = parts()
    try:
        while (part := await sync_to_async(lambda: next(made, None))()) is not None:
            yield part
    finally:
        await sync_to_async(made.close)()
