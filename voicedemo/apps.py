from django.apps import AppConfig


class VoicedemoConfig(AppConfig):
    name = "voicedemo"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers the system checks
