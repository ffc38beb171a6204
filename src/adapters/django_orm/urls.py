"""Django's URLs: the admin, with a first page and one of figures. Importing them loads its pages."""

from django.contrib import admin
from django.urls import path

admin.autodiscover()

from adapters.django_orm.admin.first_page import first_page  # noqa: E402 -- pages are found first
from adapters.django_orm.admin.status_page import status_page  # noqa: E402 -- likewise

urlpatterns = [
    path("admin/", admin.site.admin_view(first_page)),
    path("admin/status/", admin.site.admin_view(status_page), name="status"),
    path("admin/", admin.site.urls),
]
