#!/usr/bin/env bash
# Install the distribution's packages that the tests need: browsers, a TURN server, Redis, PostgreSQL, reverse proxies,
# Prometheus' promtool, and for root the tools that build networks. Without root, only say what is missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
  command -v google-chrome >/dev/null || missing+=(chromium)
command -v turnserver >/dev/null || missing+=(coturn)
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing+=(firefox-esr)
command -v redis-server >/dev/null || missing+=(redis-server)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v caddy >/dev/null || missing+=(caddy)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
if [ "$(id -u)" -eq 0 ]; then
  command -v ip >/dev/null && command -v ss >/dev/null || missing+=(iproute2)
  command -v nft >/dev/null || missing+=(nftables)
  command -v conntrack >/dev/null || missing+=(conntrack)
  command -v certutil >/dev/null || missing+=(libnss3-tools)
fi

may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A caller with Pion's stack. Not every release has it, and its test is skipped without it.
pion=(golang-go golang-github-pion-webrtc.v3-dev)
if may_install && ! { command -v go >/dev/null && [ -d /usr/share/gocode/src/github.com/pion/webrtc ]; }; then
  echo "Installing ${pion[*]} for the tests"
  apt_install "${pion[@]}" || echo "Pion cannot be installed here: tests/media/test_pion.py is skipped" >&2
fi

# Only promtool out of the package: installed as a whole, it would start a Prometheus on port 9090.
install_promtool() (
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cd "$folder"
  apt-get update -qq
  apt-get download -qq -o APT::Sandbox::User=root prometheus
  dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
  install -m 755 usr/bin/promtool /usr/local/bin/promtool
)

if ! command -v promtool >/dev/null; then
  if may_install; then
    echo "Installing promtool for the tests"
    install_promtool
  else
    missing+=(prometheus)
  fi
fi

[ ${#missing[@]} -eq 0 ] && exit 0

if may_install; then
  echo "Installing ${missing[*]} for the tests"
  apt_install "${missing[@]}"
else
  echo "The tests need ${missing[*]}. Install what is missing (Debian: apt-get install ${missing[*]}) and run make again." >&2
  exit 1
fi
