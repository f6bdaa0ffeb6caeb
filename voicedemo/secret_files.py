"""Secrets from files, as Docker, Kubernetes and systemd hand them over."""

from pathlib import Path

from environs import Env, EnvError


def secret(env: Env, name: str, base: Path) -> str:
    """Return the value of ``NAME``, or the content of the file that ``NAME_FILE`` names.

    White space around the content is left out, because editors end a file with a new line.

    :param base: the folder that a relative path is relative to.
    :returns: '' if neither is set.
    :raises EnvError: if both are set, or if the file cannot be read or is empty.
    """
    value, path = env.str(name, ""), env.str(f"{name}_FILE", "")
    if not path:
        return value
    if value:
        raise EnvError(f"{name} and {name}_FILE are both set. Unset one of them")
    try:
        content = (base / path).read_text().strip()
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "it is no text"
        raise EnvError(f"{name}_FILE: {path} cannot be read ({why})") from None
    if not content:
        raise EnvError(f"{name}_FILE: {path} is empty")
    return content
