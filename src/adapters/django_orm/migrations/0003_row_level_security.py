from django.db import migrations

from adapters.django_orm.row_security.policies import ProtectDelivering, ProtectKeys, ProtectOwners, ProtectTenants


class Migration(migrations.Migration):

    dependencies = [
        ('goatfish', '0002_append_only_revisions'),
    ]

    operations = [
        ProtectTenants('SimulationRow', 'IdempotencyRow', 'RevisionRow'),
        ProtectDelivering('ChangeCountRow'),
        ProtectKeys('ApiKeyRow'),
        ProtectOwners('OwnerRow'),
    ]
