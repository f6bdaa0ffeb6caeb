from typing import Any

from django.db import migrations, models


def take(apps: Any, schema_editor: Any) -> None:
    """Workers have the calls that are up while a new version comes into use."""
    apps.get_model("calls", "Call").objects.filter(ended_at=None).update(is_taken=True)


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0004_waiting'),
    ]

    operations = [
        migrations.AddField(
            model_name='call',
            name='is_taken',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunPython(take, migrations.RunPython.noop),
    ]
