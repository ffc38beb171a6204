import adapters.django_orm.columns
from django.db import migrations, models

from adapters.django_orm.row_security.map_tables import IndexMap
from adapters.django_orm.row_security.policies import ProtectTenants


class Migration(migrations.Migration):

    accepted_risks = {'adding-trigger': 'no release has only the migrations before this one'}

    dependencies = [
        ('goatfish', '0003_row_level_security'),
    ]

    operations = [
        migrations.AddField(
            model_name='simulationrow',
            name='description',
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='simulationrow',
            name='labels',
            field=adapters.django_orm.columns.JsonField(db_default={}, default={}),
        ),
        migrations.CreateModel(
            name='RunRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('simulation_id', adapters.django_orm.columns.ReferenceField(to='simulation')),
                ('name', models.CharField(blank=True, max_length=300, null=True)),
                ('name_folded', adapters.django_orm.columns.FoldedField(max_length=900, null=True)),
                ('status', adapters.django_orm.columns.FoldedField(db_default='queued', default='queued', max_length=9)),
                ('status_reason', models.TextField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('solver', models.CharField(blank=True, max_length=100, null=True)),
                ('solver_version', models.CharField(blank=True, max_length=100, null=True)),
                ('external_id', models.CharField(blank=True, max_length=255, null=True)),
                ('parent_id', adapters.django_orm.columns.ReferenceField(blank=True, null=True, to='run')),
                ('labels', adapters.django_orm.columns.JsonField(db_default={}, default={})),
                ('parameters', adapters.django_orm.columns.JsonField(db_default={}, default={})),
                ('results', adapters.django_orm.columns.JsonField(db_default={}, default={})),
                ('artifacts', adapters.django_orm.columns.JsonField(db_default=(), default=())),
                ('created_by', models.CharField(max_length=200)),
                ('updated_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'run',
                'db_table': 'run',
                'indexes': [models.Index(fields=['owner_id', 'created_at', 'id'], name='run_newest'), models.Index(fields=['owner_id', 'updated_at', 'id'], name='run_by_updated_at'), models.Index(fields=['owner_id', 'name_folded', 'id'], name='run_by_name'), models.Index(fields=['owner_id', 'simulation_id', 'created_at', 'id'], name='run_of_simulation_id'), models.Index(fields=['owner_id', 'status', 'created_at', 'id'], name='run_of_status'), models.Index(fields=['owner_id', 'solver', 'created_at', 'id'], name='run_of_solver'), models.Index(fields=['owner_id', 'parent_id', 'created_at', 'id'], name='run_of_parent_id')],
                'constraints': [models.CheckConstraint(condition=models.Q(('finished_at__gte', models.F('started_at'))), name='run_before_start'), models.UniqueConstraint(condition=models.Q(('external_id__isnull', False)), fields=('owner_id', 'external_id'), name='run_external_id_taken')],
            },
        ),
        ProtectTenants('RunRow'),
        IndexMap('SimulationRow', 'labels'),
        IndexMap('RunRow', 'labels'),
    ]
