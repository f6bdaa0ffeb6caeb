"""The log as JSON."""

import json
import logging
import os
import subprocess
import sys
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from calls.log_context import current_call
from voicedemo.json_log import JsonFormatter

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
CALL = uuid.UUID("0c8f6a52-9c2f-4f3e-8f5a-0d8b7f3f2a11")


def line(message: str, *args: Any, **options: Any) -> dict[str, Any]:
    """What the log has of a message."""
    record = logging.getLogger("voicedemo.test").makeRecord(
        "voicedemo.test",
        logging.WARNING,
        "file.py",
        1,
        message,
        args,
        options.pop("error", None),
        **options,
    )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_says_when_how_bad_where_and_what() -> None:
    told = line("%d of %d „calls“\nfail", 1, 2)
    assert list(told) == ["time", "level", "logger", "message"]
    assert (told["level"], told["logger"]) == ("WARNING", "voicedemo.test")
    assert told["message"] == "1 of 2 „calls“\nfail"
    assert told["time"].endswith("Z")
    assert datetime.fromisoformat(told["time"]).utcoffset() is not None


def test_text_that_utf8_cannot_hold_makes_a_line_too() -> None:
    assert line("%s", "\ud800")["message"] == "\ud800"


def test_an_exception_is_text() -> None:
    try:
        raise ValueError("a fault")
    except ValueError:
        told = line("it failed", error=sys.exc_info())
    assert told["message"] == "it failed"
    assert told["exception"].startswith("Traceback (most recent call last):\n")
    assert told["exception"].endswith("ValueError: a fault")


def test_the_call_that_a_message_names_is_a_field() -> None:
    assert line("call %s admitted, voice %s", CALL, "echo")["call"] == str(CALL)
    assert line("out of reach", extra={"call": CALL})["call"] == str(CALL)
    assert "call" not in line("media on port %d", 50000)


def test_what_a_calls_task_says_has_its_call() -> None:
    token = current_call.set(CALL)
    try:
        assert line("no answer")["call"] == str(CALL)
        other = uuid.uuid4()
        assert line("call %s ended", other)["call"] == str(other)
    finally:
        current_call.reset(token)


def logged(**environment: str) -> subprocess.CompletedProcess[str]:
    """What a process with these settings writes into its log."""
    script = (
        "import django, logging; django.setup(); logging.getLogger('voicedemo.test').info('hello')"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "voicedemo.settings",
            "VOICEDEMO_ENV_FILE": "",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_setting_chooses(tmp_path: Path) -> None:
    var = str(tmp_path)
    as_json = json.loads(logged(VOICEDEMO_VAR_DIR=var, VOICEDEMO_LOG_FORMAT="json").stderr)
    assert (as_json["logger"], as_json["message"]) == ("voicedemo.test", "hello")
    text = logged(VOICEDEMO_VAR_DIR=var, VOICEDEMO_LOG_FORMAT="text").stderr
    assert text.endswith(" INFO voicedemo.test: hello\n")
    wrong = logged(VOICEDEMO_VAR_DIR=var, VOICEDEMO_LOG_FORMAT="xml")
    assert wrong.returncode != 0
    assert "VOICEDEMO_LOG_FORMAT" in wrong.stderr
