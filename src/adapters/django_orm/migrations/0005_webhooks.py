import adapters.django_orm.columns
from django.db import migrations, models

from adapters.django_orm.row_security.owned_limits import LimitOwned
from adapters.django_orm.row_security.policies import ProtectDelivering, ProtectTenants


class Migration(migrations.Migration):

    dependencies = [
        ('goatfish', '0004_runs'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookCursorRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('number', models.PositiveBigIntegerField()),
                ('attempts', models.PositiveIntegerField()),
                ('failing_since', models.DateTimeField(blank=True, null=True)),
                ('next_attempt_at', models.DateTimeField()),
                ('requested', models.UUIDField(blank=True, null=True)),
                ('active', models.BooleanField()),
                ('holder', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'cursor of a webhook',
                'verbose_name_plural': 'cursors of webhooks',
                'db_table': 'webhook_cursor',
                'indexes': [models.Index(fields=['owner_id', 'id'], name='webhook_cursor_of_owner')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDeliveryRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('webhook_id', models.UUIDField()),
                ('message_id', models.CharField(max_length=50)),
                ('type', models.CharField(max_length=100)),
                ('number', models.PositiveBigIntegerField()),
                ('cause', adapters.django_orm.columns.FoldedField(max_length=10)),
                ('attempt', models.PositiveIntegerField()),
                ('status_code', models.PositiveIntegerField(blank=True, null=True)),
                ('duration_ms', models.PositiveIntegerField()),
                ('answer', models.CharField(blank=True, max_length=1000)),
                ('error', models.CharField(blank=True, max_length=1000, null=True)),
                ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'delivery to a webhook',
                'verbose_name_plural': 'deliveries to webhooks',
                'db_table': 'webhook_delivery',
                'indexes': [models.Index(fields=['owner_id', 'webhook_id', 'created_at', 'id'], name='webhook_delivery_newest')],
            },
        ),
        migrations.CreateModel(
            name='WebhookRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('url', models.CharField(max_length=2048)),
                ('kinds', adapters.django_orm.columns.JsonField()),
                ('description', models.TextField(blank=True, null=True)),
                ('enabled', models.BooleanField()),
                ('disabled_reason', adapters.django_orm.columns.FoldedField(blank=True, max_length=20, null=True)),
                ('secret', models.TextField(blank=True)),
                ('previous_secret', models.TextField(blank=True)),
                ('previous_secret_until', models.DateTimeField(blank=True, null=True)),
                ('updated_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'webhook',
                'db_table': 'webhook',
                'indexes': [models.Index(fields=['owner_id', 'created_at', 'id'], name='webhook_newest')],
            },
        ),
        ProtectTenants('WebhookRow', 'WebhookDeliveryRow'),
        ProtectDelivering('WebhookCursorRow'),
        LimitOwned('WebhookRow', 100),
    ]
