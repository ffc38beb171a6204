"""Django's URLs: the admin. Importing them loads its pages."""

from django.contrib import admin
from django.urls import path

admin.autodiscover()
urlpatterns = [path("admin/", admin.site.urls)]
