"""Runs by Django REST framework: quantities in JSON fields, beside what ``drf`` has."""

from typing import Any, ClassVar

from django.urls import include, path
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ModelViewSet

from benchmarks.peers import drf
from benchmarks.peers.tables.models import Run, Simulation


class ValueField(serializers.Field):
    """A number, a boolean or a text: of this the framework has no field of its own."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, bool | int | float | str) or (isinstance(data, str) and len(data) > 1000):
            raise serializers.ValidationError("neither a number, nor a boolean, nor a text")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class QuantitySerializer(serializers.Serializer):
    value = ValueField()
    unit = serializers.CharField(max_length=32, allow_null=True, required=False, default=None)


class RunSerializer(serializers.ModelSerializer):
    parameters = serializers.DictField(child=QuantitySerializer(), required=False, default=dict)
    results = serializers.DictField(child=QuantitySerializer(), required=False, default=dict)
    labels = serializers.DictField(child=serializers.CharField(max_length=255), required=False, default=dict)

    class Meta:
        model = Run
        fields: ClassVar = [
            *("id", "simulation_id", "name", "status", "started_at", "finished_at", "solver", "solver_version"),
            *("labels", "parameters", "results", "artifacts", "created_by", "created_at", "updated_at"),
        ]
        read_only_fields: ClassVar = ["id", "artifacts", "created_by", "created_at", "updated_at"]

    def validate_simulation_id(self, id: Any) -> Any:
        if not Simulation.objects.filter(owner_id=self.context["request"].user.id, id=id).exists():
            raise serializers.ValidationError("no such simulation")
        return id


class RunFilter(filters.FilterSet):
    simulation_id = filters.UUIDFilter()
    status = filters.CharFilter()
    equals = filters.NumberFilter(method="by_quantity", lookup_expr="exact")
    at_least = filters.NumberFilter(method="by_quantity", lookup_expr="gte")

    class Meta:
        model = Run
        fields: ClassVar = []

    def by_quantity(self, rows: Any, name: str, value: Any) -> Any:
        lookup = "exact" if name == "equals" else "gte"
        return rows.filter(**{f"parameters__{self.data['parameter']}__value__{lookup}": float(value)})


class RunViewSet(ModelViewSet):
    serializer_class = RunSerializer
    authentication_classes: ClassVar = [drf.KeyAuthentication]
    permission_classes: ClassVar = [IsAuthenticated]
    pagination_class = drf.Newest
    filter_backends: ClassVar = [filters.DjangoFilterBackend]
    filterset_class = RunFilter

    def get_queryset(self) -> Any:
        return Run.objects.filter(owner_id=self.request.user.id)

    def retrieve(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        run = self.get_object()
        return Response(self.get_serializer(run).data, headers={"ETag": f'"{run.version}"'})

    def perform_create(self, serializer: Any) -> None:
        owner = self.request.user.id
        serializer.save(owner_id=owner, created_by=str(owner))


router = SimpleRouter()
router.register("simulations", drf.SimulationViewSet, basename="simulation")
router.register("runs", RunViewSet, basename="run")
urlpatterns = [path("", include(router.urls))]
