#!/usr/bin/env bash
# Install the distribution's packages that the tests need: browsers, a TURN server, and for root the
# tools that build networks. Without root, only say what is missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
  command -v google-chrome >/dev/null || missing+=(chromium)
command -v turnserver >/dev/null || missing+=(coturn)
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing+=(firefox-esr)
if [ "$(id -u)" -eq 0 ]; then
  command -v ip >/dev/null && command -v ss >/dev/null || missing+=(iproute2)
  command -v nft >/dev/null || missing+=(nftables)
  command -v conntrack >/dev/null || missing+=(conntrack)
  command -v certutil >/dev/null || missing+=(libnss3-tools)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} for the tests"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need ${missing[*]}. Install what is missing (Debian: apt-get install ${missing[*]}) and run make again." >&2
  exit 1
fi
