import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from doctor.examination import examine
from doctor.findings import Finding
from doctor.setup import Setup
from signaling.ice import registry
from wire.findings import Status


class Command(BaseCommand):
    help = "Test everything that calls need, from this machine, and say how to repair what fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = asyncio.run(examine(_setup()))
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_dict() for finding in findings], indent=2))
        else:
            self._print(findings)
        if any(finding.status is Status.BAD for finding in findings):
            sys.exit(1)

    def _print(self, findings: list[Finding]) -> None:
        for finding in findings:
            self.stdout.write(
                f"{finding.status.mark} {finding.check:18} {finding.subject}: {finding.detail}"
            )
            if finding.next_step:
                self.stdout.write(f"{'':21}→ {finding.next_step}")


def _setup() -> Setup:
    return Setup(
        secret_key=settings.SECRET_KEY,
        debug=settings.DEBUG,
        allowed_hosts=settings.ALLOWED_HOSTS,
        public_url=settings.VOICEDEMO_PUBLIC_URL,
        public_ips=settings.VOICEDEMO_PUBLIC_IPS,
        media_port=settings.VOICEDEMO_MEDIA_PORT,
        bind=settings.VOICEDEMO_BIND,
        proxies=settings.VOICEDEMO_PROXIES,
        stun_urls=settings.VOICEDEMO_STUN_URLS,
        stun_is_default=settings.STUN_IS_DEFAULT,
        providers=[registry.KINDS[name].make() for name in registry.chosen()],
        env_file=_relative(settings.ENV_FILE),
        env_file_names=settings.ENV_FILE_NAMES,
    )


def _relative(path: Path | None) -> str:
    """Return the path of a settings file relative to the project's folder; '' for None."""
    return os.path.relpath(path, settings.BASE_DIR) if path else ""
