from django.db import migrations

from adapters.django_orm.row_security import ProtectKeys, ProtectOwners, ProtectTenants


class Migration(migrations.Migration):

    dependencies = [
        ('goatfish', '0001_initial'),
    ]

    operations = [
        ProtectTenants('SimulationRow', 'OutcomeRow'),
        ProtectKeys('KeyRow'),
        ProtectOwners('OwnerRow'),
    ]
