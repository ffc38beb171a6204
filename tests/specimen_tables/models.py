"""The models of the specimens, declared in one line each, like those of the product."""

from adapters.django_orm.entity_models import entity_model
from tests.specimens import Material, Specimen

MaterialRow = entity_model(Material, __name__)
SpecimenRow = entity_model(Specimen, __name__)
