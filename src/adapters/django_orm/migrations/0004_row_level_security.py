from django.db import migrations

from adapters.django_orm.row_security import ProtectKeys, ProtectOwners, ProtectTenants


class Migration(migrations.Migration):

    dependencies = [
        ('goatfish', '0003_revisions_are_kept'),
    ]

    operations = [
        ProtectTenants('SimulationRow', 'OutcomeRow', 'RevisionRow', 'ChangeCountRow'),
        ProtectKeys('KeyRow'),
        ProtectOwners('OwnerRow'),
    ]
