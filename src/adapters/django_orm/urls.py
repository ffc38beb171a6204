"""The paths that Django answers: its admin, whose pages are loaded with them."""

from django.contrib import admin
from django.urls import path

admin.autodiscover()
urlpatterns = [path("admin/", admin.site.urls)]
