"""The specimens' models, each a line as an entity of the product has it."""

from adapters.django_orm.entity_models import entity_model
from tests.specimens import Material, Specimen

MaterialRow = entity_model(Material, __name__)
SpecimenRow = entity_model(Specimen, __name__)
