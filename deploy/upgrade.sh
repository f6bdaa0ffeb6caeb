#!/usr/bin/env bash
# Bring the version in this folder into use, with calls up. Run as root after `git pull`.
# docs/deploy.md says how the service is set up.
set -euo pipefail
cd "$(dirname "$0")/.."

manage() {
  runuser -u voicedemo -- env VOICEDEMO_ENV_FILE=/etc/voicedemo.env VOICEDEMO_VAR_DIR=/var/lib/voicedemo \
    .venv/bin/python manage.py "$@"
}

.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
manage check --deploy
manage migrate --no-input --verbosity 0
manage collectstatic --no-input --verbosity 0

# The process with the pages first. It leaves the workers to the next one, which systemd starts.
main=$(systemctl show --property MainPID --value voicedemo)
systemctl kill --kill-whom=main --signal=SIGUSR1 voicedemo
while [ "$(systemctl show --property MainPID --value voicedemo)" = "$main" ]; do sleep 0.2; done
url="http://127.0.0.1:$(manage shell -v 0 -c 'from django.conf import settings; print(settings.PORT)')/healthz"
until .venv/bin/python -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])" "$url" 2>/dev/null; do
  sleep 0.2
done
sleep 1

# Then the workers, one by one. Their calls move to the others first.
systemctl reload voicedemo
echo "The pages are of the new version. The workers follow as their calls move: journalctl -fu voicedemo"
