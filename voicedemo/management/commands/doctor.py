import asyncio
import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from doctor.examination import Setup, examine
from doctor.findings import Finding, Verdict
from signaling.ice import registry

MARKS = {Verdict.GOOD: "✓", Verdict.BAD: "✗", Verdict.SKIPPED: "–"}


class Command(BaseCommand):
    help = "Try everything a call needs, from this machine, and say what to do about what fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = asyncio.run(examine(_setup()))
        if options["json"]:
            self.stdout.write(json.dumps([finding.as_dict() for finding in findings], indent=2))
        else:
            self._print(findings)
        if any(finding.verdict is Verdict.BAD for finding in findings):
            sys.exit(1)

    def _print(self, findings: list[Finding]) -> None:
        for finding in findings:
            mark = MARKS[finding.verdict]
            self.stdout.write(f"{mark} {finding.check:18} {finding.subject}: {finding.detail}")
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
        proxies=settings.VOICEDEMO_PROXIES,
        stun_urls=settings.VOICEDEMO_STUN_URLS,
        providers=[registry.KINDS[name].make() for name in registry.chosen()],
    )
