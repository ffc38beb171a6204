"""Django's URLs: the admin, with a first page of ours. Importing them loads its pages."""

from django.contrib import admin
from django.urls import path

admin.autodiscover()

from adapters.django_orm.admin.first_page import first_page  # noqa: E402 -- pages are found first

urlpatterns = [path("admin/", admin.site.admin_view(first_page)), path("admin/", admin.site.urls)]
