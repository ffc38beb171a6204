"""Django REST framework: a ModelViewSet, its serializer, its cursor pagination, django-filter, a class for keys.

Served by gunicorn, with one worker of threads, which keeps connections open.
"""

from typing import Any, ClassVar

from django.urls import include, path
from django_filters import rest_framework as filters
from rest_framework import serializers, status, viewsets
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import exception_handler

from benchmarks.peers.tables.models import ApiKey, Simulation, digest


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        text = request.headers.get("X-API-Key")
        if text is None:
            return None
        key = ApiKey.objects.select_related("owner").filter(digest=digest(text)).first()
        if key is None or not key.opens:
            raise AuthenticationFailed
        return key.owner, key

    def authenticate_header(self, request: Any) -> str:
        return "ApiKey"


class SimulationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Simulation
        fields: ClassVar = ["id", "name", "start_date", "end_date", "created_at", "updated_at"]
        read_only_fields: ClassVar = ["id", "created_at", "updated_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start = attrs.get("start_date") or self.instance.start_date
        end = attrs.get("end_date") or self.instance.end_date
        if end < start:
            raise serializers.ValidationError({"end_date": "before the start"})
        return attrs


class Newest(CursorPagination):
    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = ("-created_at", "-id")


class SimulationFilter(filters.FilterSet):
    name = filters.CharFilter(lookup_expr="icontains")
    start_date_from = filters.DateFilter(field_name="start_date", lookup_expr="gte")

    class Meta:
        model = Simulation
        fields: ClassVar = []


class SimulationViewSet(viewsets.ModelViewSet):
    serializer_class = SimulationSerializer
    authentication_classes: ClassVar = [KeyAuthentication]
    permission_classes: ClassVar = [IsAuthenticated]
    pagination_class = Newest
    filter_backends: ClassVar = [filters.DjangoFilterBackend]
    filterset_class = SimulationFilter

    def get_queryset(self) -> Any:
        return Simulation.objects.filter(owner_id=self.request.user.id)

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        simulation = self.get_object()
        tag = {"ETag": simulation.etag}
        if request.headers.get("If-None-Match") == simulation.etag:
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=tag)
        return Response(self.get_serializer(simulation).data, headers=tag)

    def perform_create(self, serializer: Any) -> None:
        serializer.save(owner_id=self.request.user.id)

    def perform_update(self, serializer: Any) -> None:
        serializer.save(version=serializer.instance.version + 1)


def unprocessable(error: Exception, context: dict[str, Any]) -> Response | None:
    """The framework's own answer, but 422 for what is invalid, as all others here have it."""
    response = exception_handler(error, context)
    if response is not None and isinstance(error, ValidationError):
        response.status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    return response


router = SimpleRouter()
router.register("simulations", SimulationViewSet, basename="simulation")
urlpatterns = [path("", include(router.urls))]
