from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0005_is_taken'),
    ]

    operations = [
        migrations.AddField(
            model_name='waiting',
            name='enters_until',
            field=models.DateTimeField(null=True),
        ),
    ]
